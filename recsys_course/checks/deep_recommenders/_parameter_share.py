"""What the parameters of a deep recommender are spent on."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def model(rng: Random) -> tuple[list[int], int, list[int]]:
    """One to four fields, none to three hidden layers."""
    return (
        [rng.randint(2, 50) for _ in range(rng.randint(1, 4))],
        rng.randint(2, 8),
        [rng.randint(2, 9) for _ in range(rng.randint(0, 3))],
    )


@check(
    by_hand=[
        Case(
            ([100, 50], 4, [3]),
            (631, 600 / 631),
            "tables 100 x 4 and 50 x 4: 600. The network reads 2 x 4 = 8 numbers: 8 x 3 + 3 and 3 + 1, "
            "together 31",
        ),
        Case(([10], 2, []), (23, 20 / 23), "no hidden layer: 2 weights and a bias lead to the logit"),
        Case(
            ([1_000_000_000, 10_000_000], 64, [512, 256]),
            (64_640_197_633, 64_640_000_000 / 64_640_197_633),
            "tables 64.64 billion; 128 x 512 + 512, 512 x 256 + 256, 256 + 1: 197,633 in the layers",
        ),
    ],
    at_random=model,
    slips=[
        Slip("every layer has biases, one a unit", ("width * units + units", "width * units")),
        Slip(
            "the last layer, from the last hidden one to the single logit, is missing",
            ("[*hidden, 1]", "hidden"),
        ),
        Slip(
            "the network reads the vectors of all fields side by side: fields x n_factors numbers",
            ("len(fields) * n_factors", "n_factors"),
        ),
        Slip(
            "a layer reads what the layer before gives out: its width changes on the way",
            ("        width = units\n", ""),
        ),
        Slip("that is the share of the layers: of the tables", ("tables / total", "layers / total")),
        Slip(
            "that is how many times the layers: divide by all parameters",
            ("tables / total", "tables / layers"),
        ),
        Slip(
            "a table has a row of n_factors numbers for each value of its field",
            ("sum(fields) * n_factors", "sum(fields)"),
        ),
    ],
    then="double the hidden layers, then double n_factors: what do the parameters and the time do?",
)
def parameter_share(fields: list[int], n_factors: int, hidden: list[int]) -> tuple[int, float]:
    """Values a field, length of a vector, units a hidden layer -> all parameters, share of the tables."""
    tables = sum(fields) * n_factors
    layers, width = 0, len(fields) * n_factors
    for units in [*hidden, 1]:
        layers += width * units + units
        width = units
    total = tables + layers
    return total, tables / total
