"""Connected components of displaced material: which are false, and which disc the others belong to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Level, SeriesSegmentation
from pipeline.segmentation.candidates import MIGRATION_MM, Candidates
from pipeline.segmentation.stray import as_bright_as_fluid, is_stray, lumps_of
from pipeline.segmentation.wall import PosteriorWall, WallCoordinates

SEED_PROBABILITY = 0.5
GROWTH_PROBABILITY = 0.15
CONTACT_MM = 7.0
"""Material within this distance along the wall lies at the disc itself."""
SHARED_FRACTION = 0.15
HALF_HEIGHT_MM, MARGIN_MM = 4.0, 1.5
"""A disc's posterior margin: this far up and down from its middle, and as far behind the wall as its edge is unsure."""
NEAREST_SHARE = 0.05
"""A component is as near to a disc as the nearest part of it that holds this share."""
TOUCHES_MM = 2.0
EITHER_MM = 3.0
"""A component that is so little nearer to another disc may come from either."""
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
    *,
    wall: PosteriorWall,
    asked: str | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which candidates are this level's material, and which near it are taken for noise.

    ``number`` tells the connected component of each, 0 for none; ``asked`` the level that gets what may be its own.
    """
    voxel_mm3 = segmentation.labels.voxel_volume_mm3
    names, positions = list(wall.positions_mm), np.array(list(wall.positions_mm.values()))
    own, claims = names.index(level.name), names.index(asked) if asked in names else None
    accepted, rejected = np.zeros((2, number.size), dtype=bool)
    for component in np.unique(number[number > 0]):
        member = number == component
        share = candidates.mass[member]
        place = candidates.place.of(member)
        false = is_stray(
            place,
            share,
            float(share.sum()) * voxel_mm3,
            lowest_mm=float(positions.max()),
            touches=bool((np.abs(place.along[:, None] - positions) <= CONTACT_MM).any()),
        )
        if false or share.max() < SEED_PROBABILITY:
            rejected[member] = True
        else:
            accepted[member] = disc_of_each(place, share, positions, claims) == own
    near = within_reach(candidates, level, wall)
    return accepted & near, rejected & near


def within_reach(candidates: Candidates, level: Level, wall: PosteriorWall) -> NDArray[np.bool_]:
    """Which candidates lie within reach of the level along the wall."""
    return np.asarray(np.abs(candidates.place.along - wall.positions_mm[level.name]) <= MIGRATION_MM)


def _gaps(
    distance: NDArray[np.float64], behind: NDArray[np.float64], share: NDArray[np.floating]
) -> NDArray[np.float64]:
    """How far (mm) the nearest part of a component lies from the posterior margin of each disc.

    ``distance`` (n, discs) is that along the wall. A migrated fragment may hang beside the next disc, behind the sac's
    front, and still come from the one that its neck touches.
    """
    off = np.hypot(np.maximum(distance - HALF_HEIGHT_MM, 0.0), np.maximum(behind - MARGIN_MM, 0.0)[:, None])
    result = np.empty(off.shape[1])
    for disc, one in enumerate(off.T):
        order = np.argsort(one)
        held = np.cumsum(share[order])
        result[disc] = one[order[np.searchsorted(held, NEAREST_SHARE * held[-1])]]
    return result


def disc_of_each(
    place: WallCoordinates, share: NDArray[np.floating], positions: NDArray[np.float64], asked: int | None
) -> NDArray[np.intp]:
    """The disc that each voxel of one connected component belongs to.

    Parameters
    ----------
    place, share
        Where its n voxels lie, and how much material they hold.
    positions
        (discs,): arc lengths of the discs' posterior margins along the wall, mm.
    asked
        Which disc gets what may as well be its own; None where all are told.

    Returns
    -------
    (n,), indices into ``positions``: one parent, or each voxel's nearest where the component lies at several discs.
    """
    distance = np.abs(place.along[:, None] - positions)
    contact = np.where(distance <= CONTACT_MM, share[:, None], 0.0).sum(axis=0) / share.sum()
    gap = _gaps(distance, place.behind, share)
    touched = np.flatnonzero((contact >= SHARED_FRACTION) & (gap <= TOUCHES_MM))
    if touched.size > 1:
        return np.asarray(touched[np.argmin(distance[:, touched], axis=1)])
    parent = touched[0] if touched.size else np.argmin(gap)
    if asked is not None and gap[asked] <= gap[parent] + EITHER_MM:
        parent = asked
    return np.full(len(distance), parent)
