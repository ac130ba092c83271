"""A simulated platform with a known truth: the book's default data.

>>> from recsys_course.data.world import make_world
>>> world = make_world("shop", n_users=50, n_items=30, n_exposures=1_000)
>>> world
World('shop': 50 users, 30 items, 1,000 exposures, ... clicks, seed 0)

Read it in the order of generation: ``scenarios`` (parameters), ``items``, ``users``,
``logging`` (the policy that wrote the log), ``sessions``, ``feedback``; ``simulate`` puts
them together and ``world`` answers questions about the truth.
"""

from recsys_course.data.world.logging import LoggingPolicy
from recsys_course.data.world.scenarios import SCENARIOS, Mix, Scenario
from recsys_course.data.world.sessions import Slates
from recsys_course.data.world.simulate import make_world, make_world_pair
from recsys_course.data.world.world import World

__all__ = [
    "SCENARIOS",
    "LoggingPolicy",
    "Mix",
    "Scenario",
    "Slates",
    "World",
    "make_world",
    "make_world_pair",
]
