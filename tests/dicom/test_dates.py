"""Dates that are none."""

from __future__ import annotations

from datetime import date, time

import pytest

from pipeline.dicom.dates import usable_date, usable_time


@pytest.mark.parametrize("text", ["20130311", "2013.03.11", "2013-03-11", " 20130311 ", "20130311101500.000"])
def test_dates(text: str) -> None:
    assert usable_date(text) == date(2013, 3, 11)


@pytest.mark.parametrize(
    "text", [None, "", "Anonymous", "00000000", "18500101", "19000101", "99991231", "20130231", "2013", "20131301"]
)
def test_what_is_no_date_of_an_mr_study(text: str | None) -> None:
    assert usable_date(text) is None


def test_times() -> None:
    assert usable_time("133211.36") == time(13, 32, 11, 360000)
    assert usable_time("10:15:00") == time(10, 15)
    assert usable_time("0915") == time(9, 15)
    for text in (None, "", "Anonymous", "256100"):
        assert usable_time(text) is None
