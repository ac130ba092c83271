"""Texts as vectors: bags of words, word vectors, sentence encoders, behind one protocol."""

from recsys_course.content.text.bag import BagOfWords, TfIdf
from recsys_course.content.text.bm25 import BM25
from recsys_course.content.text.cached import Cached
from recsys_course.content.text.encoder import TextEncoder
from recsys_course.content.text.glove import GloVe, glove_loss
from recsys_course.content.text.hashing import HashingSVD
from recsys_course.content.text.sentence import SentenceEncoder
from recsys_course.content.text.sgns import (
    keep_probabilities,
    negative_probabilities,
    sgns_gradient,
)
from recsys_course.content.text.sgns_training import train_sgns
from recsys_course.content.text.tokens import check_texts, tokenize
from recsys_course.content.text.word2vec import Word2Vec

__all__ = [
    "BM25",
    "BagOfWords",
    "Cached",
    "GloVe",
    "HashingSVD",
    "SentenceEncoder",
    "TextEncoder",
    "TfIdf",
    "Word2Vec",
    "check_texts",
    "glove_loss",
    "keep_probabilities",
    "negative_probabilities",
    "sgns_gradient",
    "tokenize",
    "train_sgns",
]
