"""Which candidates cannot be displaced disc material: roots, fat and ligaments that look a little like it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import SeriesSegmentation, Structure
from pipeline.segmentation.wall import WallCoordinates
from pipeline.volume import Volume

Floats = NDArray[np.float32]

SMALLEST_ISOLATED_MM3 = 40.0
"""An island that touches no disc and holds less than this is taken for noise."""
DETACHED_MM = 8.0
"""Displaced material lies on the posterior wall: what starts deeper than this is a root or the flaval ligament."""
SACRAL_MM = 15.0
"""Below the lowest disc an island is looked for this far only: fat and roots fill the sacral canal."""
BRIGHT = 0.95
"""Disc material is darker than fat or fluid, whichever is the brighter: this share of it is out of reach."""
WET = 0.8
"""Voxels of the canal at least so bright, as a share of its brightest, are fluid and not roots."""
RING_MM = 6.0
AROUND_MM = 12.0
"""Fluid and fat are read this far around a component."""
SMOOTHED_MM = 1.5
RIM_MM = 2.0
FEWEST = 50
"""Of fewer voxels no brightness is read."""


def is_stray(
    place: WallCoordinates, share: NDArray[np.float64], volume_mm3: float, lowest_mm: float, touches: bool
) -> bool:
    """Whether one connected component cannot be displaced material by its place.

    Parameters
    ----------
    place
        Of its voxels, ``along`` from the first disc of the wall.
    share
        How much each voxel holds, 0…1, shape (n,).
    volume_mm3
        What it holds together.
    lowest_mm
        Place of the lowest disc along the wall.
    touches
        Whether part of it lies at the height of a disc; then its depth alone decides.
    """
    solid = share >= 0.5 * share.max()
    if float(np.quantile(place.behind[solid], 0.1)) > DETACHED_MM:
        return True
    if touches:
        return False
    nearest = float(np.quantile(place.along[solid], 0.1)) - lowest_mm
    return volume_mm3 < SMALLEST_ISOLATED_MM3 or nearest > SACRAL_MM


def as_bright_as_fluid(segmentation: SeriesSegmentation, image: Volume, flat: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which voxels of one connected component of a T2 image are as bright as the fluid or fat beside it.

    Fluid is what the canal holds, fat is among what surrounds it. One of both is bright in every weighting. Both are
    read around the component and not around its disc: a coil falls off, and a large fragment leaves no fluid at its
    own height; where there is fluid close by, a voxel must be as bright as that. All is smoothed in-plane first, for
    noise makes single voxels bright.

    Parameters
    ----------
    image
        On the grid of the labels.
    flat
        Flat indices (n,) of the component's voxels.

    Returns
    -------
    ndarray
        bool, shape (n,).
    """
    grid = segmentation.labels
    index = np.stack(np.unravel_index(flat, grid.shape), axis=1)
    reach = np.ceil(AROUND_MM / np.array(grid.spacing_mm)).astype(int)
    low, high = np.maximum(index.min(axis=0) - reach, 0), np.minimum(index.max(axis=0) + reach + 1, grid.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    labels, at = grid.array[box], tuple((index - low).T)
    pixels = ndimage.uniform_filter(image.array[box].astype(np.float32), _in_plane(SMOOTHED_MM, grid))
    other = np.ones(labels.shape, dtype=bool)
    other[at] = False
    canal = (labels == Structure.CANAL) & other
    if np.count_nonzero(canal) < FEWEST:
        return np.zeros(flat.shape, dtype=bool)
    ring = ndimage.maximum_filter(canal, size=_in_plane(2 * RING_MM, grid))
    ring &= (labels == Structure.BACKGROUND) & other
    fluid = float(np.quantile(pixels[canal], 0.9))
    fat = float(np.quantile(pixels[ring], 0.9)) if np.count_nonzero(ring) >= FEWEST else 0.0
    beside = _mean_beside(pixels, canal & (pixels > WET * fluid), np.array(grid.spacing_mm))
    return np.asarray(pixels[at] > BRIGHT * np.maximum(beside, max(fluid, fat))[at])


def lumps_of(chosen: NDArray[np.bool_], flat: NDArray[np.int64], grid: Volume) -> NDArray[np.bool_]:
    """Which of the chosen voxels lie in lumps, not in rims of a width that partial volume makes.

    Parameters
    ----------
    chosen, flat
        Shape (n,): the choice, and the flat indices of the voxels.
    """
    index = np.stack(np.unravel_index(flat, grid.shape), axis=1)
    low = index.min(axis=0)
    mask = np.zeros(index.max(axis=0) - low + 1, dtype=bool)
    at = tuple((index - low).T)
    mask[at] = chosen
    return np.asarray(ndimage.binary_opening(mask, np.ones(_in_plane(RIM_MM, grid)))[at], dtype=bool)


def _mean_beside(pixels: Floats, where: NDArray[np.bool_], spacing_mm: NDArray[np.float64]) -> Floats:
    """Mean of the pixels chosen by ``where`` around every voxel, the nearer the more; 0 where there are none near."""
    blurred = [
        ndimage.gaussian_filter(part.astype(np.float32), RING_MM / spacing_mm, truncate=3.0)
        for part in (pixels * where, where)
    ]
    mean: Floats = np.divide(blurred[0], blurred[1], out=np.zeros_like(pixels), where=blurred[1] > 1e-3)
    return mean


def _in_plane(width_mm: float, grid: Volume) -> tuple[int, int, int]:
    """Size in voxels, odd, of a window in the plane of the slices."""
    row, column = (2 * max(1, round(width_mm / 2 / s)) + 1 for s in grid.spacing_mm[1:])
    return 1, row, column
