"""Dates and times of headers, which need not be dates or times at all."""

from __future__ import annotations

import re
from datetime import date, datetime, time

_DATE = re.compile(r"(\d{4})[-./:]?(\d{2})[-./:]?(\d{2})(?:\D.*|\d{6}.*)?")
_TIME = re.compile(r"(\d{2}):?(\d{2})?(?::?(\d{2}))?(?:\.(\d{1,6}))?.*")

EARLIEST_YEAR = 1977
"""Year of the first image of a person by magnetic resonance; whatever is dated earlier is a placeholder."""

LATEST_YEAR = 2100


def usable_date(text: str | None) -> date | None:
    """A date that an MR study can have; None for text, zeros, placeholders and impossible years (PS3.5 6.2, VR DA)."""
    found = _DATE.fullmatch((text or "").strip())
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups())
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def usable_time(text: str | None) -> time | None:
    """A time of day; None for anything else (PS3.5 6.2, VR TM)."""
    found = _TIME.fullmatch((text or "").strip())
    if found is None:
        return None
    hour, minute, second, fraction = found.groups()
    try:
        return time(int(hour), int(minute or 0), min(int(second or 0), 59), int((fraction or "0").ljust(6, "0")))
    except ValueError:
        return None


def moment(day: date | None, clock: time | None) -> datetime | None:
    """Date and time together; a time without a date falls on one fixed day, so that times can still be compared."""
    return None if clock is None else datetime.combine(day or date(1900, 1, 1), clock)
