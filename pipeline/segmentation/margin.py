"""The posterior margin of a disc space: the line between the corners of the vertebrae above and below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation
from pipeline.volume import Points

CENTRAL_MM = 10.0
"""Corners are read this far to both sides of the midline, where no pedicle stands behind the body."""
NEAR_MM = (3.0, 13.0)
"""Corners are read at this distance from the disc's mid-plane."""
BEHIND_MM = (-12.0, 6.0)
"""Corners are read this far behind the level's own margin point."""
DISC_SPACE_MM = 8.0
"""Half height of the space in which the margin decides; above and below it bone does."""
OUTSTANDING_LATERAL_MM = CENTRAL_MM + 3.0
"""Disc tissue is judged this far to both sides of the midline, for the same reason."""
OUTSTANDING_MM = 2.5
"""Disc tissue counts as displaced from here on. Healthy discs are hollow at the back: the borders drawn of 102 discs
graded neither herniated nor bulging (SPIDER) lie 0.4 to 1.6 mm in front of this line, nine in ten of them less than
1.6 mm behind it; a label that leaves out the cortex of the bodies puts the line up to 1 mm too far in front."""


@dataclass(frozen=True)
class Margin:
    """The posterior margin of one disc space: how far behind the level's own point it lies above and below, mm."""

    level: Level
    above_mm: float
    below_mm: float

    def beyond(self, lps: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far points lie behind the margin (mm), and their height over the disc's mid-plane (mm)."""
        offset = lps - self.level.posterior_margin_lps_mm
        height = offset @ self.level.axes_lps[:, 2]
        margin = np.interp(height, [-DISC_SPACE_MM, DISC_SPACE_MM], [self.below_mm, self.above_mm])
        return offset @ self.level.axes_lps[:, 1] - margin, height


def margins_of(segmentation: SeriesSegmentation, anatomy: Anatomy) -> list[Margin]:
    """The margins of all named disc spaces, as one series shows them."""
    return [_margin(segmentation, anatomy, level) for level in anatomy.levels.values()]


def fragment_share_beyond_margin(margins: Sequence[Margin], lps: Points) -> NDArray[np.float64]:
    """Share 0…1 of FRAGMENT at points (n, 3) in LPS mm that lies behind the disc spaces, not inside them."""
    share = np.ones(len(lps))
    for margin in margins:
        beyond, height = margin.beyond(lps)
        in_space = (np.abs(height) < DISC_SPACE_MM) & (np.abs(beyond) < 40.0)
        share = np.where(in_space, np.minimum(share, np.clip(beyond + 1.0, 0.0, 1.0)), share)
    return share


def disc_share_beyond_margin(margins: Sequence[Margin], lps: Points) -> NDArray[np.float64]:
    """Share 0…1 of DISC at points (n, 3) in LPS mm that stands out so far behind its space that it is displaced."""
    share = np.zeros(len(lps))
    for margin in margins:
        beyond, height = margin.beyond(lps)
        lateral = np.abs((lps - margin.level.posterior_margin_lps_mm) @ margin.level.axes_lps[:, 0])
        behind = (np.abs(height) < 1.5 * DISC_SPACE_MM) & (beyond < 15.0) & (lateral < OUTSTANDING_LATERAL_MM)
        share = np.where(behind, np.maximum(share, np.clip(beyond - OUTSTANDING_MM + 0.5, 0.0, 1.0)), share)
    return share


def _margin(segmentation: SeriesSegmentation, anatomy: Anatomy, level: Level) -> Margin:
    upper, _, lower = level.name.partition("/")
    return Margin(
        level,
        above_mm=_corner(segmentation, anatomy, level, upper, +1),
        below_mm=_corner(segmentation, anatomy, level, lower, -1),
    )


def _corner(segmentation: SeriesSegmentation, anatomy: Anatomy, level: Level, name: str, side: int) -> float:
    """How far behind the level's own margin point the wall of one neighbouring body ends, mm; 0 when unseen."""
    if name not in anatomy.vertebrae:
        return 0.0
    bone = _bone_near(segmentation, anatomy.vertebrae[name].instance, level, side)
    if bone.shape[0] == 0:
        return 0.0
    offset = bone - level.posterior_margin_lps_mm
    lateral, behind, height = (offset @ level.axes_lps).T
    height = height * side
    use = (np.abs(lateral) < CENTRAL_MM) & (height > NEAR_MM[0]) & (height < NEAR_MM[1])
    use &= (behind > BEHIND_MM[0]) & (behind < BEHIND_MM[1])
    if np.count_nonzero(use) < 10:
        return 0.0
    return float(np.clip(np.percentile(behind[use], 96), -6.0, 6.0))


def _bone_near(segmentation: SeriesSegmentation, instance: int, level: Level, side: int) -> Points:
    """LPS of the voxels of one vertebra in the box of the grid around the place where its corner is read."""
    grid = segmentation.instances
    across, along, up = (-CENTRAL_MM, CENTRAL_MM), BEHIND_MM, (side * NEAR_MM[0], side * NEAR_MM[1])
    corners = np.stack(np.meshgrid(across, along, up, indexing="ij"), axis=-1).reshape(-1, 3)
    index = grid.to_index(level.posterior_margin_lps_mm + corners @ level.axes_lps.T)
    low = np.clip(np.floor(index.min(axis=0)) - 1, 0, grid.shape).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 2, 0, grid.shape).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return grid.to_lps(np.argwhere(grid.array[box] == instance) + low)
