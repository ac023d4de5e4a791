"""The cycle collector is made rare for a while, and then is as it was."""

from __future__ import annotations

import gc

import pytest

from app.collector import SELDOM, seldom_collecting


def test_it_is_rare_within_and_as_before_after() -> None:
    before = gc.get_threshold()
    with seldom_collecting():
        assert gc.get_threshold()[0] == SELDOM
        assert gc.isenabled()
    assert gc.get_threshold() == before


def test_it_is_as_before_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), seldom_collecting():
        raise KeyError
    assert gc.get_threshold() == before
