"""The course's own models, by their registered names."""

from __future__ import annotations

import numpy as np

from adapters.common import Adapter
from recsys_course import Interactions, registry
