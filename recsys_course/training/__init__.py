r"""The one loop that trains a torch module: batches, early stop, checkpoints, one seed.

>>> from recsys_course.training import Training, seeded, train
>>> with seeded(0): module = torch.nn.Linear(4, 1)                       # doctest: +SKIP
>>> def loss(module, rows, rng):                                        # doctest: +SKIP
...     return ((module(X[rows]) - y[rows]) ** 2).mean()
>>> train(module, loss, len(X), Training(n_epochs=10))                  # doctest: +SKIP
"""

from recsys_course.training.loop import Trained, train
from recsys_course.training.settings import Training, seeded

__all__ = ["Trained", "Training", "seeded", "train"]
