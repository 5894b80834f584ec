"""Numbers as they leave the house: rounded for files, and set in type for people."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

from pipeline.measurement.change import Interval

NARROW_SPACE = "\u202f"
NO_BREAK = "\u00a0"
MINUS = "\u2212"
EN_DASH = "\u2013"
EM_DASH = "\u2014"


def rounded(value: float | None, digits: int) -> float | None:
    """``value`` to ``digits`` decimals; None for None and for what JSON cannot hold (NaN, infinity).

    Negative zero becomes zero, so that a rerun cannot differ in the sign of nothing.
    """
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0


def rounded_interval(interval: Interval | None, digits: int) -> list[float | None] | None:
    """``[low, high]``; an infinite end is None, meaning unbounded."""
    return None if interval is None else [rounded(interval.low, digits), rounded(interval.high, digits)]


def rounded_matrix(matrix: NDArray[np.float64], digits: int) -> list[list[float | None]]:
    """A matrix as nested lists."""
    return [[rounded(float(v), digits) for v in row] for row in matrix]


def in_words(value: float | None, *, signed: bool = False, digits: int = 0) -> str:
    """A number for a reader: ``1 310``, ``−803``; a dash when there is none."""
    if value is None or not math.isfinite(value):
        return EM_DASH
    text = f"{abs(value):,.{digits}f}".replace(",", NARROW_SPACE)
    if not any(c in "123456789" for c in text):
        return text
    return MINUS + text if value < 0 else "+" + text if signed else text


def confidence_in_words(value: float) -> str:
    """A level's confidence as ``0.98``: two decimals of what ``report.json`` holds, halves up.

    It was fitted to few known cases, so it is never written as a percentage.
    """
    return str(Decimal(str(rounded(value, 3))).quantize(Decimal("0.01"), ROUND_HALF_UP))


def range_in_words(interval: Interval | None, *, signed: bool = False, digits: int = 0) -> str:
    """``1 190 to 1 430``; an en dash would be ambiguous beside minus signs."""
    if interval is None:
        return EM_DASH
    low = in_words(interval.low, signed=signed, digits=digits) if math.isfinite(interval.low) else "unbounded"
    high = in_words(interval.high, signed=signed, digits=digits) if math.isfinite(interval.high) else "unbounded"
    return f"{low} to {high}"
