"""Optional libraries: found, missing, and broken inside."""

import sys

import pytest

from recsys_course.extras import MissingExtra, need


def test_an_installed_module_is_returned():
    assert need("json", "language", "a test") is sys.modules["json"]


def test_a_missing_one_names_the_remedy():
    with pytest.raises(MissingExtra, match=r"Thing needs no_such_library, .*'recsys-course\[ann\]'"):
        need("no_such_library.part", "ann", "Thing")


def test_a_broken_one_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import no_such_library")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_library") as raised:
        need("half_installed", "ann", "Thing")
    assert not isinstance(raised.value, MissingExtra)
