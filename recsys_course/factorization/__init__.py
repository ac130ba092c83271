"""Factor models: users and items as short vectors whose inner product is the score."""

from recsys_course.factorization.als import ALS
from recsys_course.factorization.bpr import BPR
from recsys_course.factorization.fm import FM
from recsys_course.factorization.implicit_als import ImplicitALS
from recsys_course.factorization.sgd import FunkSVD
from recsys_course.factorization.svdpp import SVDpp

__all__ = ["ALS", "BPR", "FM", "FunkSVD", "ImplicitALS", "SVDpp"]
