"""Connected components of displaced material: which are false, and which disc the others belong to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Level, SeriesSegmentation
from pipeline.segmentation.candidates import MIGRATION_MM, Candidates
from pipeline.segmentation.stray import as_bright_as_fluid, is_stray, lumps_of
from pipeline.segmentation.wall import PosteriorWall

SEED_PROBABILITY = 0.5
GROWTH_PROBABILITY = 0.15
CONTACT_MM = 7.0
"""Material within this distance along the wall lies at the disc itself."""
SHARED_FRACTION = 0.15
MOSTLY_BRIGHT = 0.5
"""A component of which more is as bright as fluid is no disc material at all; of others the bright part is cut off."""


def numbered(mass: NDArray[np.float32]) -> NDArray[np.integer]:
    """Numbers of the connected components of what holds some material; 0 elsewhere."""
    numbers: NDArray[np.integer] = ndimage.label(mass > GROWTH_PROBABILITY, structure=np.ones((3, 3, 3)))[0]
    return numbers


def fluid_among(
    segmentation: SeriesSegmentation, number: NDArray[np.integer], candidates: Candidates
) -> NDArray[np.bool_]:
    """Which candidates are as bright as fluid or fat: lumps of them, or all of a component where most of it is."""
    fluid = np.zeros(number.size, dtype=bool)
    if candidates.image is None:
        return fluid
    for component in np.unique(number[number > 0]):
        member = number == component
        share = candidates.mass[member]
        flat = candidates.flat[member]
        bright = as_bright_as_fluid(segmentation, candidates.image, flat)
        if float(share[bright].sum()) > MOSTLY_BRIGHT * float(share.sum()):
            fluid[member] = True
        else:
            fluid[member] = lumps_of(bright, flat, segmentation.labels)
    return fluid


def sorted_out(
    segmentation: SeriesSegmentation,
    number: NDArray[np.integer],
    candidates: Candidates,
    level: Level,
    wall: PosteriorWall,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which candidates are this level's material, and which near it are taken for noise.

    ``number`` tells the connected component of each, 0 for none.
    """
    voxel_mm3 = segmentation.labels.voxel_volume_mm3
    positions = np.array(list(wall.positions_mm.values()))
    own = list(wall.positions_mm).index(level.name)
    accepted, rejected = np.zeros((2, number.size), dtype=bool)
    for component in np.unique(number[number > 0]):
        member = number == component
        share = candidates.mass[member]
        distance = np.abs(candidates.place.along[member][:, None] - positions)
        contact = np.where(distance <= CONTACT_MM, share[:, None], 0.0).sum(axis=0) / share.sum()
        false = is_stray(
            candidates.place.of(member),
            share,
            float(share.sum()) * voxel_mm3,
            lowest_mm=float(positions.max()),
            touches=contact.max() > 0.0,
        )
        if false or share.max() < SEED_PROBABILITY:
            rejected[member] = True
        else:
            accepted[member] = _members_of(own, contact, distance)
    near = within_reach(candidates, level, wall)
    return accepted & near, rejected & near


def within_reach(candidates: Candidates, level: Level, wall: PosteriorWall) -> NDArray[np.bool_]:
    """Which candidates lie within reach of the level along the wall."""
    return np.asarray(np.abs(candidates.place.along - wall.positions_mm[level.name]) <= MIGRATION_MM)


def _members_of(own: int, contact: NDArray[np.float64], distance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which voxels of one component belong to disc ``own``, given the distances (n, discs) along the wall."""
    touched = np.flatnonzero(contact >= SHARED_FRACTION)
    if touched.size > 1:
        return np.asarray(touched[np.argmin(distance[:, touched], axis=1)] == own)
    parent = int(np.argmax(contact)) if contact.max() > 0 else int(np.argmin(distance.min(axis=0)))
    return np.full(distance.shape[0], parent == own)
