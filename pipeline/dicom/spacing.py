"""Steps between sorted slices, and whether they are even."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from pipeline.dicom.geometry import Vector, dot
from pipeline.dicom.instance import Instance

TOLERANCE = 0.05
"""Largest deviation of one step from the others, relative to the step, that still counts as even spacing."""

ROUNDING_MM = 0.02
"""What exporters may round away from a position, however fine the spacing."""


def place(one: Instance) -> tuple[float, ...]:
    """ImagePositionPatient, LPS mm."""
    return one.position_mm or (0.0, 0.0, 0.0)


def height(one: Instance, direction: Vector) -> float:
    """Position along a unit normal in mm."""
    return dot(place(one), direction)


def steps_of(ordered: Sequence[Instance]) -> list[Vector]:
    """Vectors from each slice to the next, LPS mm."""
    return [difference(place(before), place(after)) for before, after in pairwise(ordered)]


def difference(before: Sequence[float], after: Sequence[float]) -> Vector:
    """Vector from one point to another."""
    return after[0] - before[0], after[1] - before[1], after[2] - before[2]


def alike(step: Sequence[float], other: Sequence[float], times: int = 1) -> bool:
    """Whether a step is ``times`` the other one, within the tolerance for even spacing."""
    target = other[0] * times, other[1] * times, other[2] * times
    return math.dist(step, target) <= max(TOLERANCE * math.hypot(*other), ROUNDING_MM)


def is_even(ordered: Sequence[Instance]) -> bool:
    """Whether all steps are alike."""
    steps = steps_of(ordered)
    if not steps:
        return True
    middle = median([s[0] for s in steps]), median([s[1] for s in steps]), median([s[2] for s in steps])
    return all(alike(step, middle) for step in steps)


def median(values: Sequence[float]) -> float:
    """Middle value; the module ``statistics`` costs more to import than a study to stack."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
