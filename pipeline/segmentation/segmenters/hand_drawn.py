"""A mask by hand on the voxels of the series that it was drawn on, and in its label map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.dicom.visit import Role, Visit
from pipeline.errors import UsageError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure
from pipeline.segmentation.candidates import MIGRATION_MM
from pipeline.segmentation.components import disc_of_each
from pipeline.segmentation.displaced import displaced_probability
from pipeline.segmentation.segmenters.mask import HandMask
from pipeline.segmentation.segmenters.place import Placed, placed
from pipeline.segmentation.wall import PosteriorWall
from pipeline.volume import Volume

ENOUGH_INSIDE = 0.98
"""Less of a mask inside the stack is said."""
FAR_MM = MIGRATION_MM + 5.0
"""A mask centred so far from its disc along the wall, and nearer to another, belongs to the other."""


@dataclass(frozen=True, eq=False)
class DrawnFragment:
    """The fragment of one level as a person drew it, on the voxels of one series.

    Attributes
    ----------
    role
        The series: the one whose voxels the mask shares, else the one that would have been measured.
    share
        float32, 0…1, on that series' native grid.
    volume_mm3
        Sum over the mask's own voxels: N voxels of a binary mask are exactly N times the volume of one.
    exact
        True where the mask's voxels are the series' own.
    sha256
        Of the mask's file.
    """

    role: Role
    share: Volume
    volume_mm3: float
    voxels: int
    exact: bool
    sha256: str
    format: str
    chosen: str


def fit_mask(
    mask: HandMask, visit: Visit, anatomy: Anatomy, level: str, preferred: Iterable[Role]
) -> tuple[DrawnFragment, tuple[Finding, ...]]:
    """Bring a mask to the voxels of the series that it was drawn on.

    Parameters
    ----------
    anatomy
        Names the levels; ``level`` must be among them.
    preferred
        Roles in the order in which they are trusted, for a mask that lies on no series' voxels or on several.

    Raises
    ------
    UsageError
        If the mask lies at another level.
    """
    findings = list(mask.findings)
    share = mask.share
    if mask.whole_spine:
        share = share.with_array(np.where(_of_level(share, anatomy, level), share.array, np.float32(0.0)))
    else:
        _require_level(share, anatomy, level)
    role, on_grid = _best(share, visit, anatomy, preferred)
    if not on_grid.exact:
        findings.append(_resampled(mask, role))
    if on_grid.inside < ENOUGH_INSIDE:
        text = f"{1 - on_grid.inside:.0%} of the mask lies outside the {role.words} stack; its volume is counted whole."
        findings.append(Finding("mask-partly-outside", Severity.WARNING, text))
    volume = float(share.array.sum(dtype=np.float64)) * share.voxel_volume_mm3
    voxels = int(np.count_nonzero(share.array))
    drawn = DrawnFragment(role, on_grid.share, volume, voxels, on_grid.exact, mask.sha256, mask.format, mask.chosen)
    return drawn, tuple(findings)


def _resampled(mask: HandMask, role: Role) -> Finding:
    spacing = " × ".join(f"{mm:.2f}" for mm in mask.share.spacing_mm)
    text = (
        f"The mask has voxels of its own ({spacing} mm). Its volume was counted on them; for pictures, surface and "
        f"place it was brought to the {role.words} series."
    )
    return Finding("mask-resampled", Severity.INFO, text)


def _best(share: Volume, visit: Visit, anatomy: Anatomy, preferred: Iterable[Role]) -> tuple[Role, Placed]:
    """The series whose voxels the mask shares, else the most trusted one that holds most of it."""
    order = [role for role in preferred if role in anatomy.segmentations and role in visit.series]
    others = [role for role in anatomy.segmentations if role in visit.series and role not in order]
    options = [(role, placed(share, visit.series[role].volume)) for role in (*order, *others)]
    for role, option in options:
        if option.exact:
            return role, option
    return max(options[: len(order)] or options, key=lambda one: round(one[1].inside, 1))


def _require_level(share: Volume, anatomy: Anatomy, level: str) -> None:
    where = np.argwhere(share.array > 0)
    if not len(where):
        return
    wall = PosteriorWall(anatomy.levels.values())
    along = float(np.mean(wall.coordinates(share.to_lps(where.astype(np.float64))).along))
    away = {name: abs(along - position) for name, position in wall.positions_mm.items()}
    nearest = min(away, key=lambda name: away[name])
    if away[level] > FAR_MM and nearest != level:
        raise UsageError(
            f"The mask lies {away[level]:.0f} mm from {level} along the spine, at {nearest}. Name its level with "
            f"--level {nearest}, or give the mask of {level}."
        )


def _of_level(share: Volume, anatomy: Anatomy, level: str) -> NDArray[np.bool_]:
    """Voxels of the components that belong to a level, as of what is found."""
    wall = PosteriorWall(anatomy.levels.values())
    positions, own = np.array(list(wall.positions_mm.values())), list(wall.positions_mm).index(level)
    numbered, count = ndimage.label(share.array > 0, structure=np.ones((3, 3, 3)))
    result = np.zeros(share.shape, dtype=bool)
    for number in range(1, count + 1):
        where = np.argwhere(numbered == number)
        place = wall.coordinates(share.to_lps(where.astype(np.float64)))
        member = disc_of_each(place, share.array[tuple(where.T)], positions, own) == own
        near = np.abs(place.along - positions[own]) <= MIGRATION_MM
        result[tuple(where[member & near].T)] = True
    return result


def corrected(anatomy: Anatomy, drawn: DrawnFragment, level: str) -> Anatomy:
    """The anatomy with the drawn fragment in the label map of its series in place of the one found there.

    What was called fragment of this level and is not drawn becomes what is next most probable there.
    """
    before = anatomy.segmentations[drawn.role]
    found = np.asarray(displaced_probability(before, anatomy.levels[level], anatomy).region.array, dtype=bool)
    labels, instances = before.labels.array.copy(), before.instances.array.copy()
    inside = drawn.share.array >= 0.5
    gone = found & (labels == Structure.FRAGMENT) & ~inside
    labels[gone] = before.probabilities[: Structure.FRAGMENT][:, gone].argmax(axis=0).astype(labels.dtype)
    labels[inside], instances[inside] = Structure.FRAGMENT, 0
    after: SeriesSegmentation = replace(
        before, labels=before.labels.with_array(labels), instances=before.instances.with_array(instances)
    )
    return replace(anatomy, segmentations={**anatomy.segmentations, drawn.role: after})
