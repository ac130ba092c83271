r"""Several vectors per item made one, by arithmetic alone: average, weighted average, concatenation.

With :math:`x_{im}` the vectors and :math:`w_{im}` the weights of (5.1),

.. math::
    \text{average:} \quad x_i = \sum_m w_{im}\, x_{im}, \qquad
    \text{concatenation:} \quad x_i = \bigl[\sqrt{M w_{i1}}\, x_{i1};\ \dots;\ \sqrt{M w_{iM}}\, x_{iM}\bigr]
                                                                                          \tag{5.2}

so that the product of two concatenated items that lack nothing is M times the weighted sum of the products
in each modality; with equal weights nothing is scaled, except where something is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from recsys_course.multimodal.modalities import (
    Modalities,
    check_modalities,
    check_weights,
    filled,
    presence,
    shares,
    unit_rows,
)

Fusing = Literal["average", "weighted", "concatenate"]


def fuse(
    modalities: Modalities,
    how: Fusing = "average",
    weights: Mapping[str, float] | None = None,
    normalize: bool = True,
    n_factors: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """One vector per item out of several; equation (5.2).

    Args:
        modalities: name -> (I, D_m); a missing vector is a row of NaN.
        how: "average" (equal weights), "weighted" (``weights`` are needed), or "concatenate" (equal
            weights unless given).
        weights: name -> share, 0 or more, adding up to 1; of what an item lacks they are shared out.
        normalize: scale each vector to length 1 first; otherwise the modality with the longest vectors
            decides, whatever the weights say.
        n_factors: project each modality to so many columns first, by :func:`random_projection`.
        seed: of the projections.

    Returns:
        (I, D) floats without NaN. D is the one dimension of all, or their sum for "concatenate". An
        item without any vector gets zeros.

    Raises:
        ValueError: see ``check_modalities`` and ``check_weights``; an unknown ``how``;
            dimensions that differ where they are averaged; n_factors < 1.

    Cost: O(I sum of D_m), times n_factors where projected.
    Book: equations (5.1) and (5.2); exercise standardize_and_average.
    Averaging adds column 3 of a picture to column 3 of a sound, which means something only if the columns of
    both mean the same (see :class:`.ContrastiveAlignment`) or after a random projection, which keeps
    lengths and angles about as concatenation does.
    """
    checked = check_modalities(modalities)
    shared = _shares(checked, how, weights)  # (I, M)
    blocks = [filled(unit_rows(vectors) if normalize else vectors) for vectors in checked.values()]
    if n_factors is not None:
        rng = np.random.default_rng(seed)
        blocks = [x @ random_projection(x.shape[1], n_factors, rng) for x in blocks]  # M of (I, n_factors)
    if how == "concatenate":
        return np.hstack(
            [x * np.sqrt(len(blocks) * w)[:, None] for x, w in zip(blocks, shared.T, strict=True)]
        )
    _need_one_dimension(checked, blocks)
    return np.einsum("mid,im->id", np.stack(blocks), shared)


def random_projection(n_columns: int, n_factors: int, rng: np.random.Generator) -> np.ndarray:
    """(n_columns, n_factors) normal numbers of variance 1 / n_factors: lengths are kept in the mean.

    The sum of projections of several modalities is one projection of their concatenation, so that products
    of averaged items estimate those of concatenated ones, with an error of about 1 / sqrt(n_factors).

    Raises:
        ValueError: n_factors < 1.

    Source: Johnson and Lindenstrauss 1984.
    """
    if n_factors < 1:
        raise ValueError(f"n_factors: {n_factors}; expected at least 1 column")
    return rng.normal(0, n_factors**-0.5, (n_columns, n_factors))


def _shares(checked: Modalities, how: str, weights: Mapping[str, float] | None) -> np.ndarray:
    """(I, M) weights for the way of fusing, of (5.1)."""
    if how not in Fusing.__args__:  # type: ignore[attr-defined]
        raise ValueError(f"how: {how!r}; expected 'average', 'weighted' or 'concatenate'")
    if how == "average" and weights is not None:
        raise ValueError("weights: given, but how='average' takes equal ones; expected how='weighted'")
    if how == "weighted" and weights is None:
        raise ValueError("weights: None; how='weighted' expected one per modality")
    return shares(presence(checked), check_weights(weights, list(checked)))


def _need_one_dimension(checked: Modalities, blocks: list[np.ndarray]) -> None:
    """Refuse to average vectors of different lengths."""
    sizes = {name: x.shape[1] for name, x in zip(checked, blocks, strict=True)}
    if len(set(sizes.values())) > 1:
        raise ValueError(
            f"modalities: dimensions differ, {sizes}; an average expected one. Project first with "
            "n_factors=..., or take how='concatenate'"
        )
