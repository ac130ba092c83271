"""Fewer bytes for the same model: pruning, quantisation, embedding tables, low rank.

Each function takes a module, such as ``model.module_``, and returns a new one; the old one never changes.

>>> smaller = quantize_module(model.module_, n_bits=8)                    # doctest: +SKIP
>>> model.with_module(smaller).recommend(users)                          # doctest: +SKIP
"""

from recsys_course.compression.codebooks import ProductQuantized, share_weights
from recsys_course.compression.convert import quantize_module, torch_dynamic
from recsys_course.compression.features import pca, select
from recsys_course.compression.hashing import HashedEmbedding, QuotientRemainder
from recsys_course.compression.int8 import Int8Embedding, Int8Linear
from recsys_course.compression.layers import Tied, replace_table, tie
from recsys_course.compression.lowrank import factorize, svd_linear, truncated_svd
from recsys_course.compression.measure import Latency, bytes_on_disk, expected_bytes, latency
from recsys_course.compression.packing import pack, unpack
from recsys_course.compression.pruning import (
    GradualPruning,
    cubic_schedule,
    magnitude_mask,
    magnitude_prune,
    sparsity_of,
)
from recsys_course.compression.qat import convert, fake_quantize, prepare_qat
from recsys_course.compression.quantization import Grid, Observer, Quantized, affine
from recsys_course.compression.saving import load, save
from recsys_course.compression.sparse import SparseLinear, SparseTable, csr_bytes, store_sparse
from recsys_course.compression.structure import hidden_layers, prune_heads, prune_neurons
from recsys_course.compression.tables import (
    FrequentRows,
    LowRankEmbedding,
    Table,
    imitate,
    keep_frequent,
)
from recsys_course.compression.tuning import train_on

__all__ = [
    "FrequentRows",
    "GradualPruning",
    "Grid",
    "HashedEmbedding",
    "Int8Embedding",
    "Int8Linear",
    "Latency",
    "LowRankEmbedding",
    "Observer",
    "ProductQuantized",
    "Quantized",
    "QuotientRemainder",
    "SparseLinear",
    "SparseTable",
    "Table",
    "Tied",
    "affine",
    "bytes_on_disk",
    "convert",
    "csr_bytes",
    "cubic_schedule",
    "expected_bytes",
    "factorize",
    "fake_quantize",
    "hidden_layers",
    "imitate",
    "keep_frequent",
    "latency",
    "load",
    "magnitude_mask",
    "magnitude_prune",
    "pack",
    "pca",
    "prepare_qat",
    "prune_heads",
    "prune_neurons",
    "quantize_module",
    "replace_table",
    "save",
    "select",
    "share_weights",
    "sparsity_of",
    "store_sparse",
    "svd_linear",
    "tie",
    "torch_dynamic",
    "train_on",
    "truncated_svd",
    "unpack",
]
