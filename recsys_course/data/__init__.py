"""Data: splits, datasets with checksums, reviews, planted toys and the simulated world."""

from recsys_course.data.catalog import DATASETS, DatasetInfo, load
from recsys_course.data.fetch import DatasetError
from recsys_course.data.logged import Coat, LoggedBandit, load_coat, load_open_bandit
from recsys_course.data.reviews import Reviews, load_reviews, texts_of_items
from recsys_course.data.split import (
    Nested,
    Split,
    k_fold,
    leave_last_out,
    split_by_time,
    split_cold_items,
    split_cold_users,
    split_random,
    split_random_per_user,
    split_twice,
)
from recsys_course.data.tags import tags_before

__all__ = [
    "DATASETS",
    "Coat",
    "DatasetError",
    "DatasetInfo",
    "LoggedBandit",
    "Nested",
    "Reviews",
    "Split",
    "k_fold",
    "leave_last_out",
    "load",
    "load_coat",
    "load_open_bandit",
    "load_reviews",
    "split_by_time",
    "split_cold_items",
    "split_cold_users",
    "split_random",
    "split_random_per_user",
    "split_twice",
    "tags_before",
    "texts_of_items",
]
