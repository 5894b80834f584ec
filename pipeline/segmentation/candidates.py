"""Where displaced disc material of one level may be: voxels that hold some, in canal and foramina."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure
from pipeline.segmentation.margin import disc_share_beyond_margin, fragment_share_beyond_margin, margins_of
from pipeline.segmentation.wall import PosteriorWall, WallCoordinates
from pipeline.volume import Volume

MIGRATION_MM = 25.0
"""Displaced material is looked for this far along the canal from its disc."""
LATERAL_MM = 20.0
"""Half width of canal and foramina: beyond it there is psoas and root, not fragment."""
CANAL_DEPTH_MM = 24.0
NEAR_MM = MIGRATION_MM + LATERAL_MM + CANAL_DEPTH_MM
"""Farther from the disc's posterior margin than this nothing is looked at."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Voxels that hold some displaced material: flat indices, their mass and where they lie along the wall.

    ``image`` is the series itself where brightness tells, else None.
    """

    flat: NDArray[np.int64]
    fragment_share: NDArray[np.float64]
    disc_share: NDArray[np.float64]
    mass: NDArray[np.float64]
    place: WallCoordinates
    image: Volume | None = None


def candidates_of(segmentation: SeriesSegmentation, level: Level, anatomy: Anatomy, wall: PosteriorWall) -> Candidates:
    """Voxels near the level with some fragment or outstanding disc, inside canal and foramina."""
    fragment = segmentation.probabilities[Structure.FRAGMENT]
    disc = segmentation.probabilities[Structure.DISC]
    index = _some_near(fragment, disc, segmentation.labels, level)
    lps = segmentation.labels.to_lps(index.astype(np.float64))
    near = np.linalg.norm(lps - level.posterior_margin_lps_mm, axis=1) < NEAR_MM
    flat, lps = np.ravel_multi_index(tuple(index[near].T), fragment.shape), lps[near]
    margins = margins_of(segmentation, anatomy)
    fragment_share = fragment_share_beyond_margin(margins, lps)
    disc_share = disc_share_beyond_margin(margins, lps)
    mass = values_at(fragment, flat) * fragment_share + values_at(disc, flat) * disc_share
    some = np.flatnonzero(mass > 0.01)
    place = wall.coordinates(lps[some])
    canal = _in_canal(place)
    some = some[canal]
    return Candidates(
        flat=flat[some],
        fragment_share=fragment_share[some],
        disc_share=disc_share[some],
        mass=np.minimum(mass[some], 1.0),
        place=place.of(canal),
    )


def _some_near(
    fragment: NDArray[np.floating], disc: NDArray[np.floating], grid: Volume, level: Level
) -> NDArray[np.intp]:
    """Indices (n, 3) of the voxels with some fragment or disc, in a box that reaches :data:`NEAR_MM` from the level."""
    centre = grid.to_index(level.posterior_margin_lps_mm)
    reach = NEAR_MM * np.linalg.norm(np.linalg.inv(grid.affine[:3, :3]), axis=1) + 1.0
    low = np.clip(np.floor(centre - reach), 0, grid.shape).astype(np.intp)
    high = np.clip(np.ceil(centre + reach) + 1, 0, grid.shape).astype(np.intp)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return np.asarray(np.argwhere((fragment[box] > 0.02) | (disc[box] > 0.3)) + low, dtype=np.intp)


def values_at(values: NDArray[np.floating], flat: NDArray[np.intp]) -> NDArray[np.float32]:
    """Values of an array at flat indices."""
    return values.ravel()[flat].astype(np.float32)


def _in_canal(place: WallCoordinates) -> NDArray[np.bool_]:
    """Canal and foramina: behind the wall, not deeper than the laminae, not further aside than the foramina."""
    return (np.abs(place.lateral) <= LATERAL_MM) & (place.behind > -6.0) & (place.behind < CANAL_DEPTH_MM)
