"""Local figures from scattered rows: weighed by nearness, from as wide a neighbourhood as it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.validation.lessons import Rows, Vector

CLOSE_BRIGHTNESS = 0.1
"""Difference of brightness that weighs like one step of the other coordinates."""
WIDENED = 1.25
WIDEST = 6.0
ABSOLUTE = float(np.sqrt(np.pi / 2))
"""Standard deviation of a normal law over its mean absolute deviation: the latter hardly minds a few wild errors."""


@dataclass(frozen=True, eq=False)
class Spot:
    """A place that figures are wanted for: coordinates as in :class:`Rows`."""

    place: Vector
    brightness: float


@dataclass(frozen=True, eq=False)
class Near:
    """The rows around a spot.

    Attributes
    ----------
    weight
        (n,): of each row.
    count
        Number of rows of equal weight that would tell as much: (Σw)² / Σw².
    """

    weight: Vector
    count: float


def near(rows: Rows, spot: Spot, enough: float, *, width: float = 1.0) -> Near:
    """Weights by a normal kernel, widened until the rows count as ``enough`` (or the kernel is as wide as it may be).

    That is what lets a cell with few rows of its own borrow from its neighbours, the nearer the more.
    """
    apart = ((rows.place - spot.place) ** 2).sum(axis=1) + ((rows.brightness - spot.brightness) / CLOSE_BRIGHTNESS) ** 2
    while True:
        weight = rows.weight * np.exp(-0.5 * (apart - apart.min(initial=np.inf)) / width**2)
        total = float(weight.sum())
        count = total**2 / float((weight**2).sum()) if total > 0 else 0.0
        if count >= enough or width >= WIDEST:
            return Near(weight, count * float(rows.weight.mean()) if total > 0 else 0.0)
        width *= WIDENED


def middle(values: Vector, weight: Vector) -> float:
    """Weighted median."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def spread(values: Vector, weight: Vector, about: float) -> float:
    """Standard deviation about a point by the weighted mean of absolute deviations."""
    return ABSOLUTE * float(np.average(np.abs(values - about), weights=weight))


def shrunk(location: float, deviation: float, count: float) -> float:
    """A location drawn towards 0 as far as its own standard error leaves it in doubt (James and Stein 1961).

    The standard error of a median is √(π/2) · deviation / √count.
    """
    if location == 0 or count <= 0:
        return 0.0
    error = ABSOLUTE * deviation / np.sqrt(count)
    return location * max(0.0, 1.0 - float(error**2) / location**2)
