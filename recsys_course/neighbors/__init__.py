"""Neighbourhood methods: who resembles whom, and what that says."""

from recsys_course.neighbors.incremental import IncrementalItemKNN
from recsys_course.neighbors.ranking import ItemKNN, UserKNN
from recsys_course.neighbors.rating import ItemKNNRating, UserKNNRating
from recsys_course.neighbors.swing import Swing

__all__ = ["IncrementalItemKNN", "ItemKNN", "ItemKNNRating", "Swing", "UserKNN", "UserKNNRating"]
