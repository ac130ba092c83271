"""Metrics: arrays in, a number out. Conventions are stated once, here.

Lists are ``ranked``, (B, n) item codes best first, padded with -1; an item stands in a list once.
What a user really took is ``relevant``, a (B, I) sparse matrix whose stored entries, zeros too, count.

- Users without a relevant item cannot be scored; they are left out of the mean.
- A list shorter than k counts as if filled with misses: precision divides by k.
- F1 is taken per user and then averaged; it is 0 where precision and recall both are.
- Average precision divides by min(k, relevant items), so that a perfect list scores 1.
- nDCG has gain 1 for a relevant item and discount log2(rank + 1).
- AUC: a tie counts one half. GAUC: groups weigh as many impressions as they have, and a group with one
  class is left out.
- Logarithms: log loss and miscalibration are in nats, novelty is in bits.
- What cannot be computed is NaN: no pairs, one class, an empty list, a list of one for its diversity. A mean
  over users leaves NaN out. What is wrong (lengths that differ, an item listed twice, a probability
  of 1.2) is a ValueError that names the argument.
"""

from recsys_course.metrics.beyond import (
    coverage,
    gini,
    intra_list_diversity,
    novelty,
    serendipity,
)
from recsys_course.metrics.binary import auc, expected_calibration_error, gauc, log_loss
from recsys_course.metrics.ranking import (
    average_precision,
    f1,
    hit_rate,
    hits_at,
    mrr,
    ndcg,
    precision,
    ranking_metric,
    recall,
)
from recsys_course.metrics.rating import mae, rmse
from recsys_course.metrics.sampled import RANK_METRICS, expected_when_sampled, full_rank, sampled_rank
from recsys_course.metrics.taste import miscalibration, popularity_lift

__all__ = [
    "RANK_METRICS",
    "auc",
    "average_precision",
    "coverage",
    "expected_calibration_error",
    "expected_when_sampled",
    "f1",
    "full_rank",
    "gauc",
    "gini",
    "hit_rate",
    "hits_at",
    "intra_list_diversity",
    "log_loss",
    "mae",
    "miscalibration",
    "mrr",
    "ndcg",
    "novelty",
    "popularity_lift",
    "precision",
    "ranking_metric",
    "recall",
    "rmse",
    "sampled_rank",
    "serendipity",
]
