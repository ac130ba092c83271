"""Equality and display of what a function returns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recsys_course.checks.engine.values import kind, same, show


@pytest.mark.parametrize(
    ("got", "expected", "equal"),
    [
        (1.0 + 1e-9, 1.0, True),
        (1.001, 1.0, False),
        (1e9 + 1, 1e9, True),
        (1, 1.0, True),
        (True, 1.0, True),
        (10**400, 1.0, False),
        (math.inf, math.inf, True),
        (1.0, math.inf, False),
        (np.nan, math.nan, True),
        (np.nan, 1.0, False),
        (np.float32(2), 2.0, True),
        (np.int64(2), 2, True),
        (np.array(2.0), 2.0, True),
        (2.0, np.array(2.0), True),
        (np.array([[1.0]]), 1.0, False),
        ("1.0", 1.0, False),
        (None, np.nan, False),
        (None, 1.0, False),
        ([1, 2], np.array([1.0, 2.0]), True),
        ([[1], [1, 2]], np.ones((2, 2)), False),
        (None, np.ones(1), False),
        (np.array([1, 2]), [1, 2], True),
        (np.array([1, 3]), [1, 2], False),
        (np.array(1), [1], False),
        ((1, 2), [1, 2], True),
        ([1.0, np.ones(2)], (1.0, np.ones(2)), True),
        ((1.0,), (1.0, 2.0), False),
        ({"a": 1.0}, {"a": 1.0 + 1e-9}, True),
        ({"a": 1.0, "b": 1.0}, {"a": 1.0}, False),
        ({"a"}, {"a"}, True),
        (["a"], {"a"}, False),
        ("a", "a", True),
        (b"a", "a", False),
    ],
)
def test_same(got, expected, equal):
    assert same(got, expected) is equal


def test_without_tolerance_only_equal_is_same():
    assert same([1.0, np.nan, {"a": 2}], [1.0, np.nan, {"a": 2}], 0)
    assert not same([1.0 + 1e-9], [1.0], 0)
    assert not same(np.array([1.0 + 1e-9]), np.array([1.0]), 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([[1.0, np.nan]]), "[[ 1., nan]]"),
        (np.array([-1e-9, 1.0]), "[0., 1.]"),
        (np.float64(0.25), "0.25"),
        (np.array(0.25), "0.25"),
        (-1e-9, "0.0"),
        ((1, 0.123456), "(1, 0.1235)"),
        ((1,), "(1,)"),
        ([[0, 1], []], "[[0, 1], []]"),
        ({(0, 1): 2 / 3}, "{(0, 1): 0.6667}"),
        ({10: 1, 9: 2}, "{9: 2, 10: 1}"),
        ({"b", "a"}, "{'a', 'b'}"),
        ({10, 9}, "{9, 10}"),
        ({"a", 1}, "{1, 'a'}"),
        (set(), "set()"),
        (None, "None"),
    ],
)
def test_show(value, text):
    assert show(value) == text


def test_kind_counts_alike_what_compares_alike():
    assert kind([1, 2]) == kind((1, 2)) == kind(np.array([1, 2]), like=[0, 0]) == "2 values"
    assert kind([1, 2], like=np.zeros(3)) == kind(np.array([1, 2])) == "an array of shape (2,)"
    assert kind([[1], [1, 2]], like=np.zeros(3)) == "2 values"
    assert kind(3) == kind(np.float64(3)) == kind(True) == "a number"
    assert kind({}) == "a dict"
