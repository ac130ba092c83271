"""Logs whose propensities are known: Open Bandit and Coat.

They are no interaction logs, so :func:`~recsys_course.data.catalog.load` does not take them; each has a
function of its own. Neither has an archive at an address that is known to stay, so nothing is downloaded:
fetch the files by hand (the error says where) into a folder, and name the folder above it in
``RECSYS_COURSE_DATA``.
"""

from recsys_course.data.logged.coat import Coat, load_coat
from recsys_course.data.logged.info import LOGGED, LoggedInfo, where
from recsys_course.data.logged.open_bandit import LoggedBandit, load_open_bandit

__all__ = ["LOGGED", "Coat", "LoggedBandit", "LoggedInfo", "load_coat", "load_open_bandit", "where"]
