"""Texts that all tests of encoders share, and a cache folder of their own."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def no_cache_of_ours(tmp_path_factory):
    """Nothing is read from or written to the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECSYS_COURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def texts() -> list[str]:
    """Twelve short texts; one of them repeats, one is empty, one holds no word."""
    return [
        "A light tent for two, a rope and a lantern.",
        "A rope, a rope, and another rope: the climber's set!",
        "Lantern with a battery; the battery is new.",
        "Keyboard and screen, with a battery of keys",
        "",
        "tent",
        "A light tent for two, a rope and a lantern.",
        "Screen, keyboard, speaker, screen",
        "... !?",
        "a a a a a",
        "speaker with battery and keyboard",
        "new rope for the tent",
    ]
