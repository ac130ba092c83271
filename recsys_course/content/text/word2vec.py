"""Word2Vec: word vectors that tell a word's true neighbours from drawn ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_course.content.text.sgns_training import train_sgns
from recsys_course.content.text.tokens import Language
from recsys_course.content.text.vocabulary import Coded
from recsys_course.content.text.wordvectors import WordVectors


@dataclass
class Word2Vec(WordVectors):
    r"""Skip-gram with negative sampling on the words of texts; see :mod:`~recsys_course.content.text.sgns`.

    Args:
        n_factors: K, at least 1. window: how far a neighbour may stand, in words, at least 1.
        n_negatives: words drawn for each pair, at least 1.
        n_epochs: passes over the texts, at least 1; few texts need many, a thousand short ones some 30.
        learning_rate: of the first step, more than 0; it falls linearly to almost 0.
        sample: frequent words are left out by chance above this share of all words; 0 keeps all.
        min_count: occurrences that a word needs to enter, at least 1.
        power: negatives are drawn by count ** power.
        idf: weigh words by :math:`\ln \frac{1 + N}{1 + \mathrm{df}} + 1` in the mean of a text.
        seed: of everything drawn. language: see :func:`tokenize`.

    Attributes:
        vocabulary_: (V,) words in alphabetical order. V_, C_: (V, K) float32, a word in the middle
        and as a neighbour. loss_: (n_epochs,) mean loss of the pairs met. idf_: (V,).

    Raises:
        ValueError: a setting outside its range, no word left, or no two words in one text.
        Diverged: vectors left the finite numbers.

    Cost: O(T window n_negatives K) per epoch for T words, one thread.
    Book: chapter 4; exercises sgns_gradient and pooled_embedding.
    Source: Mikolov et al. 2013. Differs: see :func:`train_sgns`; a text's window stops at its ends.
    """

    n_factors: int = 50
    window: int = 5
    n_negatives: int = 5
    n_epochs: int = 5
    learning_rate: float = 0.025
    sample: float = 1e-3
    min_count: int = 2
    power: float = 0.75
    idf: bool = False
    seed: int = 0
    language: Language = "auto"

    def _train(self, coded: Coded) -> None:
        sequences = np.split(coded.codes, coded.start[1:-1])
        self.V_, self.C_, self.loss_ = train_sgns(
            sequences, len(self.vocabulary_), n_factors=self.n_factors, window=self.window,
            n_negatives=self.n_negatives, n_epochs=self.n_epochs, learning_rate=self.learning_rate,
            sample=self.sample, power=self.power, seed=self.seed, what="Word2Vec",
        )  # fmt: skip
