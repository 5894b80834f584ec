"""Where a level's material is looked for: every block of every series that may show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Role, Visit
from pipeline.measurement.volumetry import Occupancy, occupancy
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation
from pipeline.segmentation.blocks import from_middle_mm, labelled_blocks, shown_best
from pipeline.segmentation.candidates import MIGRATION_MM
from pipeline.segmentation.displaced import DisplacedMaterial, displaced_probability
from pipeline.volume import Volume

HALF = 0.5
WHOLE = 0.95
"""A series that shows less of the fragment's place than this has no say in the volume."""


@dataclass(frozen=True, eq=False)
class Seen:
    """The level's material in one block of one series, whose labels are ``block``."""

    block: SeriesSegmentation
    material: DisplacedMaterial
    found: Occupancy


def look_around(visit: Visit, anatomy: Anatomy, level: str, role: Role) -> dict[Role, list[Seen]]:
    """The level's material in every series that shows its place, and in ``role`` in any case.

    Of a series in several blocks the one nearest the disc comes first.

    Raises
    ------
    ValueError
        If the segmentation of ``role`` does not lie on its series.
    """
    seen: dict[Role, list[Seen]] = {}
    for each in anatomy.segmentations:
        blocks = blocks_near(visit, anatomy, anatomy.levels[level], each, always=each is role)
        if blocks:
            seen[each] = [look(block, anatomy, level) for block in blocks]
    if role not in seen:
        raise ValueError(f"the segmentation of {role} does not lie on its series")
    return seen


def blocks_near(
    visit: Visit, anatomy: Anatomy, level: Level, role: Role, *, always: bool
) -> list[tuple[Volume, SeriesSegmentation]]:
    """Image and labels of a series' blocks that may show material of the level, that nearest the disc first.

    None where no block shows the level's posterior margin, unless the series is ``always`` wanted, and none whose
    labels are those of another series: they are no measurement of their own.
    """
    own = [
        (image, labels)
        for image, labels in labelled_blocks(visit.series[role], anatomy.segmentations[role])
        if not labels.carried and image.shape == labels.labels.shape
    ]
    margin = level.posterior_margin_lps_mm
    if not always and not any(reaches(image, level) for image, _ in own):
        return []
    near = [one for one in own if reaches(one[0], level, MIGRATION_MM)] or own[:1]
    return sorted(near, key=lambda one: (not reaches(one[0], level), float(from_middle_mm(one[0], margin)[0])))


def look(block: tuple[Volume, SeriesSegmentation], anatomy: Anatomy, level: str) -> Seen:
    """Tell the level's displaced material in one block."""
    image, segmentation = block
    material = displaced_probability(segmentation, anatomy.levels[level], anatomy, image)
    return Seen(
        segmentation, material, occupancy(image, material.probability, np.asarray(material.region.array, dtype=bool))
    )


def volume_mm3(blocks: Sequence[Seen]) -> float:
    """Volume in all blocks of one series, without what a block shows that its neighbour shows better."""
    if len(blocks) == 1:
        return blocks[0].found.volume_mm3
    total = 0.0
    for one in blocks:
        share = one.found.share
        index = np.argwhere(share.array > 0)
        others = [other.found.share for other in blocks if other is not one]
        counted = shown_best(share, others, share.to_lps(index.astype(np.float64)))
        total += float(share.array[tuple(index[counted].T)].sum(dtype=np.float64)) * share.voxel_volume_mm3
    return total


def reaches(image: Volume, level: Level, beyond_mm: float = 0.0) -> bool:
    """Whether the stack shows the level's posterior margin, so that finding nothing there means something.

    With ``beyond_mm`` also where it ends so far from it.
    """
    index, room = image.to_index(level.posterior_margin_lps_mm), beyond_mm / np.array(image.spacing_mm)
    return bool(np.all((index >= -room) & (index <= np.array(image.shape) - 1 + room)))


def shows(blocks: Sequence[Seen], share: Volume, shift_mm: NDArray[np.float64] | None) -> bool:
    """Whether the blocks of a series reach the place where the trusted one shows the fragment."""
    index = np.argwhere(share.array > HALF)
    if not len(index):
        return True
    points = share.to_lps(index.astype(np.float64)) + (0.0 if shift_mm is None else shift_mm)
    inside = np.zeros(len(points), dtype=bool)
    for one in blocks:
        place = one.found.share.to_index(points)
        inside |= ((place >= -0.5) & (place <= np.array(one.found.share.shape) - 0.5)).all(axis=1)
    return float(inside.mean()) >= WHOLE
