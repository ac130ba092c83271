"""Small nets and inputs that the tests of compression share."""

from itertools import pairwise

import torch
from torch import nn

from recsys_course.training import seeded


def mlp(seed=0, sizes=(6, 10, 7, 3)):
    """Linear layers with ReLU between them, every number drawn."""
    with seeded(seed):
        layers = []
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), nn.ReLU()]
        return nn.Sequential(*layers[:-1]).eval()


class Scorer(nn.Module):
    """An item in, a score for each item out; the table serves twice, and a third layer shares its weight."""

    def __init__(self, n=12, k=4, seed=0):
        super().__init__()
        with seeded(seed):
            self.items = nn.Embedding(n, k)
            self.body = nn.Sequential(nn.Linear(k, 6), nn.ReLU(), nn.Linear(6, k))
            self.head = nn.Linear(k, n)
        self.head.weight = self.items.weight

    def forward(self, codes):
        h = self.body(self.items(codes))
        return h @ self.items.weight.T + self.head(h)


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def state_of(module):
    """A copy of all numbers, to see later that nothing changed."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def unchanged(module, state):
    now = module.state_dict()
    return now.keys() == state.keys() and all(torch.equal(now[name], state[name]) for name in state)
