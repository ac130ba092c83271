"""Texts from the columns of an item table; what is missing is empty, what is wrong is named."""

import numpy as np
import pandas as pd
import pytest

from recsys_course.content import text_features, texts_of
from recsys_course.content.text import TfIdf
from recsys_course.data.world import make_world

ITEMS = pd.DataFrame(
    {
        "genres": ["Action|Comedy", None, "Drama", np.nan],
        "price": [1.0, 2.0, 3.0, 4.0],
        "title": ["Up (2009)", "Big", None, ""],
        "tags": [["sad", "old dog"], [], "a|b", None],
    }
)


def test_columns_are_joined_in_a_fixed_order_and_what_is_missing_is_empty():
    assert texts_of(ITEMS) == ["Up (2009) Action Comedy sad old dog", "Big", "Drama a b", ""]
    assert texts_of(ITEMS, ["genres", "title"]) == ["Action Comedy Up (2009)", "Big", "Drama", ""]
    nullable = pd.DataFrame({"title": pd.array(["x", pd.NA], dtype="string")})
    assert texts_of(nullable) == ["x", ""]
    assert texts_of(pd.DataFrame({"title": []})) == []


def test_features_are_tf_idf_of_the_texts():
    got = text_features(ITEMS)
    np.testing.assert_array_equal(got.toarray(), TfIdf().fit_encode(texts_of(ITEMS)).toarray())
    assert got.shape[0] == 4 and not got[[3]].nnz


def test_the_world_has_texts():
    items = make_world("shop", n_users=20, n_items=30, n_exposures=500).dataset.items
    for text, title, category in zip(texts_of(items), items["title"], items["category"], strict=True):
        assert text.startswith(title) and text.endswith(category)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="items: None; expected a table with texts"):
        texts_of(None)
    with pytest.raises(ValueError, match=r"items: no text; expected one of the columns title, .* not price"):
        texts_of(ITEMS[["price"]])
    with pytest.raises(
        ValueError, match="columns: 'name' is not in the table, which has genres, price, title"
    ):
        texts_of(ITEMS, ["title", "name"])


def test_one_name_in_place_of_a_list_is_told_how():
    with pytest.raises(
        ValueError, match=r"columns: 'title', one text; expected a list of names, as in \['title'\]"
    ):
        texts_of(pd.DataFrame({"title": ["a tent"]}), columns="title")
