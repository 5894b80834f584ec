"""Several tilted blocks of one axial series: which grids they have, and which of them shows a place best."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Series, Visit
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation
from pipeline.volume import Points, Volume


def volumes_of(series: Series) -> tuple[Volume, ...]:
    """Volumes of all stacks: ``Series.volume`` first, the further ones in the order of ``Series.stacks``."""
    largest = series.volume
    first = next(n for n, stack in enumerate(series.stacks) if stack.volume is largest)
    return (largest, *(stack.volume for n, stack in enumerate(series.stacks) if n != first))


def labelled_blocks(series: Series, segmentation: SeriesSegmentation) -> tuple[tuple[Volume, SeriesSegmentation], ...]:
    """Image and labels of every block that was segmented, the largest block first; one pair for a plain series."""
    return tuple(zip(volumes_of(series), (segmentation, *segmentation.blocks), strict=False))


def unlabelled_blocks(visit: Visit, anatomy: Anatomy) -> list[Finding]:
    """Sagittal blocks other than the largest, and blocks that a segmenter left out, have no labels: say so."""
    return [
        Finding(
            "blocks-not-labelled",
            Severity.WARNING,
            f"The {role.words} series was acquired in {len(visit.series[role].stacks)} blocks, of which "
            f"{1 + len(one.blocks)} {'is' if not one.blocks else 'are'} labelled.",
        )
        for role, one in anatomy.segmentations.items()
        if role in visit.series and len(visit.series[role].stacks) > 1 + len(one.blocks)
    ]


def from_middle_mm(block: Volume, lps: Points) -> NDArray[np.float64]:
    """Distance of points (n, 3) in mm from the plane midway between a block's outermost slices."""
    middle = block.to_lps((np.array(block.shape, dtype=np.float64) - 1) / 2)
    normal = np.cross(block.axes_lps[:, 1], block.axes_lps[:, 2])
    return np.asarray(np.abs((np.atleast_2d(lps) - middle) @ normal), dtype=np.float64)


def reached(block: Volume, lps: Points) -> NDArray[np.bool_]:
    """Which of the points (n, 3) lie in a voxel of the block."""
    index = block.to_index(np.atleast_2d(lps))
    return np.asarray(((index >= -0.5) & (index <= np.array(block.shape) - 0.5)).all(axis=-1))


def shown_best(block: Volume, others: Iterable[Volume], lps: Points) -> NDArray[np.bool_]:
    """Which places count in this block, so that none counts twice where tilted blocks cut into each other.

    A place counts in the block to whose middle it lies nearest, among those that reach it: at its ends a block shows
    what its neighbour shows between slices of its own.

    Parameters
    ----------
    block
        Reaches all of ``lps``.
    others
        The other blocks of the same series.
    lps
        Points of shape (n, 3) in LPS mm.

    Returns
    -------
    bool, shape (n,)
    """
    own = from_middle_mm(block, lps)
    result = np.ones(len(own), dtype=bool)
    for other in others:
        result &= ~(reached(other, lps) & (from_middle_mm(other, lps) < own))
    return result
