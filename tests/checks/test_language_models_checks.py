"""The references against something else: the package, scipy, scikit-learn, torch, brute force."""

from __future__ import annotations

import itertools
import math
from random import Random

import numpy as np
import pytest
import torch
from every_check import drawn
from scipy.stats import rankdata
from sklearn.linear_model import Ridge

from recsys_course.checks import language_models as lm


def test_prompt_budget_is_the_largest_pair_of_all_that_fit():
    """Brute force: every count of each, candidates first, and the history as a tail."""
    for history, candidates, fixed, per_answer, limit in drawn(lm.prompt_budget):
        fits = [
            (c, h, size)
            for c in range(len(candidates) + 1)
            for h in range(len(history) + 1)
            for size in [fixed + sum(candidates[:c]) + sum(history[len(history) - h :])]
            if size + c * per_answer <= limit
        ]
        n_history, n_candidates, used = lm.prompt_budget.reference(
            history, candidates, fixed, per_answer, limit
        )
        if fits:
            assert (n_candidates, n_history, used) == max(fits)
        else:
            assert (n_history, n_candidates, used) == (0, 0, fixed) and fixed > limit


def test_parse_ranking_gives_a_permutation_and_accounts_for_every_number():
    for text, n in drawn(lm.parse_ranking):
        order, repeated, outside, missing = lm.parse_ranking.reference(text, n)
        assert sorted(order) == list(range(n))
        numbers = [int(word) for word in "".join(c if c.isdigit() else " " for c in text).split()]
        assert repeated + outside + (n - missing) == len(numbers)
        assert outside == sum(number not in range(1, n + 1) for number in numbers)
        named = list(dict.fromkeys(number - 1 for number in numbers if 1 <= number <= n))
        assert order[: len(named)] == named and order[len(named) :] == sorted(set(range(n)) - set(named))


def test_average_orders_is_the_mean_of_inverse_permutations():
    for shown, answers in drawn(lm.average_orders):
        ranks = np.zeros(len(shown[0]))
        for places, answer in zip(shown, answers, strict=True):
            named = [places[place] for place in answer]  # candidates, best first
            ranks += np.argsort(named) / len(shown)  # the inverse of a permutation
        order, means = lm.average_orders.reference(shown, answers)
        np.testing.assert_allclose(means, ranks)
        assert order == sorted(range(len(means)), key=lambda c: (round(means[c], 9), c))
        assert sum(means) == pytest.approx(len(means) * (len(means) - 1) / 2)


def test_averaging_over_all_orders_hides_a_bias_by_place_altogether():
    worth, bonus = np.array([0.3, 0.1, 0.0]), np.array([1.0, 0.5, 0.0])  # the place weighs more
    shown = [list(places) for places in itertools.permutations(range(3))]
    answers = [list(np.argsort(-(worth[places] + bonus))) for places in shown]
    order, _ = lm.average_orders.reference(shown, answers)
    assert order == [0, 1, 2]
    wrong = [i for i, a in enumerate(answers) if [shown[i][place] for place in a] != order]
    assert wrong  # although some single answers are not that order


def test_place_effect_is_the_regression_on_places_when_candidates_are_balanced():
    rng = Random(3)
    shown = [list(places) for places in itertools.permutations(range(4))]
    answers = [sorted(range(4), key=lambda p: p + 3 * rng.random()) for _ in shown]
    rank = np.array([rankdata(np.argsort(a), method="ordinal") - 1 for a in answers])  # (O, P)
    np.testing.assert_allclose(lm.place_effect.reference(shown, answers), rank.mean(axis=0) - 1.5)


def test_place_effect_adds_up_to_zero_over_places():
    for shown, answers in drawn(lm.place_effect):
        assert sum(lm.place_effect.reference(shown, answers)) == pytest.approx(0)


def test_serving_cost_is_a_day_simulated_request_by_request():
    qps, hit_rate, tokens, prices, seconds = 2.0, 0.25, (300, 20), (2.0, 8.0), 1.5
    money, n, step = 0.0, 0, 1 / qps
    while n * step < 86_400:
        if n % 4:  # every fourth request from the cache
            money += tokens[0] * prices[0] / 1e6 + tokens[1] * prices[1] / 1e6
        n += 1
    day, thousand, at_once = lm.serving_cost.reference(qps, hit_rate, tokens, prices, seconds)
    assert day == pytest.approx(money) and thousand == pytest.approx(1000 * money / n)
    assert at_once == pytest.approx(0.75 * qps * seconds)


def test_break_even_is_the_first_request_at_which_the_student_is_no_dearer():
    for teacher, student, n_labels, training, per_day, days in drawn(lm.break_even):
        requests, saved = lm.break_even.reference(teacher, student, n_labels, training, per_day, days)
        first = n_labels * teacher + training
        assert saved == per_day * days * teacher - (first + per_day * days * student)
        if math.isinf(requests):
            assert teacher <= student
            continue
        assert first + requests * student <= requests * teacher
        if requests:
            assert first + (requests - 1) * student > (requests - 1) * teacher


def test_rankings_to_targets_is_torchs_cross_entropy_with_soft_labels():
    some_empty = 0
    for rankings, scores, temperature in drawn(lm.rankings_to_targets):
        losses = []
        for row, ranking in enumerate(rankings):
            items = ranking[ranking >= 0]
            some_empty += not len(items)
            if len(items):
                soft = torch.softmax(-torch.arange(len(items), dtype=torch.float64) / temperature, 0)
                picked = torch.tensor(scores[row, items])
                losses.append(float(torch.nn.functional.cross_entropy(picked, soft)))
                got = lm.rankings_to_targets.reference(rankings, scores, temperature)[0][row]
                np.testing.assert_allclose(got[: len(items)], soft.numpy())
                assert not got[len(items) :].any()
        assert lm.rankings_to_targets.reference(rankings, scores, temperature)[1] == pytest.approx(
            np.mean(losses)
        )
    assert some_empty >= 2


def test_project_to_ids_is_scikit_learns_weighted_ridge():
    for X, Q, counts, reg in drawn(lm.project_to_ids):
        known = counts > 0
        ridge = Ridge(alpha=reg, fit_intercept=False).fit(X[known], Q[known], sample_weight=counts[known])
        got = lm.project_to_ids.reference(X, Q, counts, reg)
        np.testing.assert_allclose(got, np.reshape(ridge.coef_, got.T.shape).T, atol=1e-9)


def test_cold_vectors_are_the_rule_item_by_item():
    for X, Q, counts, W, a in drawn(lm.cold_vectors):
        got = lm.cold_vectors.reference(X, Q, counts, W, a)
        for i, n in enumerate(counts):
            text = [sum(X[i, d] * W[d, k] for d in range(len(W))) for k in range(W.shape[1])]
            expected = (
                text if n == 0 else [(n * q + a * t) / (n + a) for q, t in zip(Q[i], text, strict=True)]
            )
            np.testing.assert_allclose(got[i], expected)


def test_random_cases_cover_what_the_text_speaks_of():
    budgets = [lm.prompt_budget.reference(*args) for args in drawn(lm.prompt_budget)]
    assert any(h == 0 for h, _, _ in budgets) and any(c == 0 for _, c, _ in budgets)
    answers = [lm.parse_ranking.reference(*args) for args in drawn(lm.parse_ranking)]
    assert all(any(answer[part] for answer in answers) for part in (1, 2, 3))
    assert any(math.isinf(lm.break_even.reference(*args)[0]) for args in drawn(lm.break_even))
    assert all((counts == 0).any() for _, _, counts, _ in drawn(lm.project_to_ids))
