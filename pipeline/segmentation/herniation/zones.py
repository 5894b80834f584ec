"""From side to side and up and down: zones, migration, and Wiltse's levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.herniation.landmarks import Landmarks, Pedicle
from pipeline.segmentation.herniation.material import Material
from pipeline.segmentation.herniation.terms import Migration, Side, Vertical, Zone

MIDLINE_MM = 2.0
TOUCHED_SHARE = 0.15
MIGRATED_MM = 3.0
"""Less beyond the endplate is within the error of its drawn border."""


@dataclass(frozen=True)
class Place:
    """Zone of the centre, its side, and every zone that holds a fair share."""

    zone: Zone
    side: Side
    zones: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """Migration: direction, distance, how far beyond either border, and the level of the far end."""

    migration: Migration
    distance_mm: float
    beyond_upper_mm: float
    beyond_lower_mm: float
    vertical: Vertical
    behind: str | None


def place_of(material: Material, marks: Landmarks) -> Place:
    """Zones of the material. A voxel counts in each zone by the part of its width that lies there."""
    bounds = {
        Zone.CENTRAL: (0.0, marks.facet_mm),
        Zone.SUBARTICULAR: (marks.facet_mm, marks.pedicle_medial_mm),
        Zone.FORAMINAL: (marks.pedicle_medial_mm, marks.pedicle_lateral_mm),
        Zone.EXTRAFORAMINAL: (marks.pedicle_lateral_mm, np.inf),
    }
    lateral, share = material.place.lateral, material.share
    centre = float(np.average(lateral, weights=share))
    zone = next(z for z, (low, high) in bounds.items() if low <= abs(centre) < high)
    held: dict[str, float] = {}
    for z, (low, high) in bounds.items():
        left = float((share * _overlap(lateral, material.width_mm, low, high)).sum() / share.sum())
        right = float((share * _overlap(-lateral, material.width_mm, low, high)).sum() / share.sum())
        if z is Zone.CENTRAL:
            held["central"] = left + right
        else:
            held[f"left {z}"], held[f"right {z}"] = left, right
    touched = sorted((name for name in held if held[name] >= TOUCHED_SHARE), key=lambda name: -held[name])
    side = Side.MIDLINE if abs(centre) < MIDLINE_MM else Side.LEFT if centre > 0 else Side.RIGHT
    return Place(zone, side, tuple(touched))


def _overlap(lateral: NDArray[np.float64], width: float, low: float, high: float) -> NDArray[np.float64]:
    """Part 0…1 of intervals of ``width`` around ``lateral`` inside low … high."""
    start, end = np.maximum(lateral - width / 2, low), np.minimum(lateral + width / 2, high)
    return np.asarray(np.clip(end - start, 0.0, None) / width)


def way_of(material: Material, marks: Landmarks) -> Way:
    """How far the material reaches beyond the disc space, and the level of its far end."""
    along = material.place.along[material.share >= material.solid]
    half = material.pixel_mm / 2
    up = float(marks.upper_mm - np.quantile(along, 0.01) + half)
    down = float(np.quantile(along, 0.99) + half - marks.lower_mm)
    upper, lower = max(0.0, up), max(0.0, down)
    if max(upper, lower) <= MIGRATED_MM:
        return Way(Migration.NONE, 0.0, upper, lower, Vertical.DISC, None)
    if lower >= upper:
        level = _vertical(marks.lower_mm + lower, marks.pedicle_below)
        return Way(Migration.DOWN, lower, upper, lower, level, marks.below)
    level = _vertical(marks.upper_mm - upper, marks.pedicle_above)
    return Way(Migration.UP, upper, upper, lower, level, marks.above)


def _vertical(along: float, pedicle: Pedicle) -> Vertical:
    if along < pedicle.upper_mm:
        return Vertical.SUPRAPEDICULAR
    return Vertical.PEDICULAR if along <= pedicle.lower_mm else Vertical.INFRAPEDICULAR
