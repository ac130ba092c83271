"""From what an item is to who will like it: texts as vectors, profiles, search."""

from recsys_course.content.item2vec import Item2Vec, sessions
from recsys_course.content.knn import ContentKNN
from recsys_course.content.profiles import ContentProfile
from recsys_course.content.reasons import because, shared_words
from recsys_course.content.search import ItemSearch
from recsys_course.content.tables import text_features, texts_of

__all__ = [
    "ContentKNN",
    "ContentProfile",
    "Item2Vec",
    "ItemSearch",
    "because",
    "sessions",
    "shared_words",
    "text_features",
    "texts_of",
]
