"""Whether displaced material still touches its disc."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Anatomy, Level
from pipeline.segmentation.herniation.material import Material
from pipeline.volume import Volume

LARGE_SHARE = 0.2
"""A separate piece decides when it holds at least this part of the whole."""
BRIDGE = 0.2
"""Share from which a voxel can be the neck that joins a piece to its disc: a neck is thinner than a slice."""
MARGIN_MM = 14.0
DISC_DEPTH_MM = 14.0
SLAB_MM = 0.5
"""The disc space ends this far behind its margin: the error of the corners."""


def gap_mm(material: Material, anatomy: Anatomy, level: Level, heights: tuple[float, float]) -> float:
    """Distance in mm between the disc and the nearest edge of its farthest large piece of displaced material.

    The disc is its label and the posterior part of its space, between ``heights`` (above the mid-plane, mm). Slices
    count as touching their neighbours however far they lie apart: what thick slices do not show is not a gap.
    """
    grid, low = _cropped(material)
    disc = _disc_on(grid, anatomy, level, heights)
    share = np.zeros(grid.shape)
    share[tuple((material.index - low).T)] = material.share
    pixel = material.pixel_mm
    # Sampling of the pixel along every axis that is coarser: see above.
    sampling = [step if step < 1.8 * pixel else pixel for step in grid.spacing_mm]
    distance = ndimage.distance_transform_edt(~disc, sampling=sampling) if disc.any() else np.full(grid.shape, 99.0)
    pieces, count = ndimage.label(share >= min(BRIDGE, material.solid), structure=np.ones((3, 3, 3)))
    held = np.asarray(ndimage.sum_labels(share, pieces, range(1, count + 1)))
    gaps = [float(distance[pieces == k + 1].min()) - pixel for k in range(count) if held[k] >= LARGE_SHARE * held.sum()]
    return max(0.0, *gaps) if gaps else 0.0


def _cropped(material: Material) -> tuple[Volume, NDArray[np.intp]]:
    """The part of the grid around the material, and its first index."""
    grid = material.grid
    reach = np.ceil(MARGIN_MM / np.array(grid.spacing_mm)).astype(int)
    low = np.maximum(material.index.min(axis=0) - reach, 0)
    high = np.minimum(material.index.max(axis=0) + reach + 1, grid.shape)
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_lps(low.astype(np.float64))
    return Volume(np.zeros(tuple(high - low), dtype=np.uint8), affine), low


def _disc_on(grid: Volume, anatomy: Anatomy, level: Level, heights: tuple[float, float]) -> NDArray[np.bool_]:
    """Where the disc and its space lie on a grid."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    lps = grid.to_lps(index.astype(np.float64))
    lateral, behind, height = ((lps - level.posterior_margin_lps_mm) @ level.axes_lps).T
    space = (behind <= SLAB_MM) & (behind > -DISC_DEPTH_MM) & (height > heights[0]) & (height < heights[1])
    space &= np.abs(lateral) < 22.0
    instances = anatomy.segmentations[anatomy.reference].instances
    at = np.round(instances.to_index(lps)).astype(int)
    inside = ((at >= 0) & (at < instances.shape)).all(axis=1)
    labelled = np.zeros(len(lps), dtype=bool)
    labelled[inside] = instances.array[tuple(at[inside].T)] == level.instance
    return np.asarray((space | labelled).reshape(grid.shape))
