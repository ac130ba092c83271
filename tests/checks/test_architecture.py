"""The references against something else: fractions, the package, scipy, loops."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from every_check import drawn
from scipy.special import logsumexp
from scipy.stats import entropy

from recsys_course import drift, sampling
from recsys_course.checks import architecture
from recsys_course.features import point_in_time
from recsys_course.interactions import Interactions


def test_funnel_budget_is_exact_in_fractions():
    for stages, qps, speed in drawn(architecture.funnel_budget):
        busy = sum((Fraction(n) * Fraction(each) / Fraction(speed) for n, each, _ in stages), Fraction(0))
        ms, machines = architecture.funnel_budget.reference(stages, qps, speed)
        assert ms == pytest.approx(float(1000 * busy) + sum(wait for *_, wait in stages))
        assert machines == math.ceil(Fraction(qps) * busy)


def test_point_in_time_rate_is_the_packages():
    compared = 0
    for log, delay, prior, strength in drawn(architecture.point_in_time_rate):
        table = pd.DataFrame(log, columns=["item", "time", "click"])
        got = architecture.point_in_time_rate.reference(log, delay, prior, strength)
        expected = point_in_time(table, key="item", prior=prior, strength=strength, delay=delay)
        np.testing.assert_allclose(got, expected["item_rate"])
        compared += len(log)
    assert compared > 50


def test_corrected_probability_is_bayes_on_counts():
    """A made-up group of impressions, sampled by its label: the share of clicks is restored."""
    for clicks, others in ((30, 970), (1, 1), (700, 300)):
        for kept, copies in ((0.1, 1.0), (0.5, 3.0), (1.0, 2.0)):
            p = copies * clicks / (copies * clicks + kept * others)
            got = architecture.corrected_probability.reference(p, kept, copies)
            assert got == pytest.approx(clicks / (clicks + others))


def test_corrected_probability_is_the_packages_without_copies():
    for p, kept, _ in drawn(architecture.corrected_probability):
        got = architecture.corrected_probability.reference(p, kept, 1.0)
        assert got == pytest.approx(float(sampling.corrected_probability(p, kept)))


def test_negative_sampling_probabilities_are_the_formula_and_the_packages():
    for counts, beta, known in drawn(architecture.negative_sampling_probabilities):
        got = architecture.negative_sampling_probabilities.reference(counts, beta, known)
        left = {i: c**beta for i, c in enumerate(counts.tolist()) if i not in known}
        total = sum(left.values())
        expected = [left.get(i, 0.0) / total if total else 0.0 for i in range(len(counts))]
        np.testing.assert_allclose(got, expected)
        if counts.sum():
            items = np.repeat(np.arange(len(counts)), counts.astype(int))
            log = Interactions(np.zeros(len(items), dtype=int), items, 1, len(counts))
            everyone = architecture.negative_sampling_probabilities.reference(counts, beta, set())
            np.testing.assert_allclose(everyone, sampling.NegativeSampler(log, beta).probabilities)


def test_psi_is_the_packages_and_both_divergences_added():
    for expected, actual, n_bins in drawn(architecture.psi):
        got = architecture.psi.reference(expected, actual, n_bins)
        assert got == pytest.approx(drift.psi(expected, actual, n_bins))
        edges = [-np.inf, *np.quantile(expected, np.arange(1, n_bins) / n_bins), np.inf]
        e, a = (np.histogram(x, edges)[0] / len(x) for x in (expected, actual))
        if (e > 0).all() and (a > 0).all():
            assert got == pytest.approx(entropy(e, a) + entropy(a, e))


def test_logq_is_the_softmax_loss_written_as_loops():
    for S, items, counts in drawn(architecture.logq):
        log_q = np.log(counts / counts.sum())
        losses = []
        for b in range(len(S)):
            columns = [c for c in range(len(S)) if c == b or items[c] != items[b]]
            x = {c: S[b, c] - log_q[items[c]] for c in columns}
            losses.append(logsumexp(list(x.values())) - x[b])
        assert architecture.logq.reference(S, items, counts) == pytest.approx(np.mean(losses))
        corrected = sampling.logq_correction(S, np.exp(log_q)[items])
        if len(set(items.tolist())) == len(items):
            whole = np.mean(logsumexp(corrected, axis=1) - np.diag(corrected))
            assert architecture.logq.reference(S, items, counts) == pytest.approx(whole)
