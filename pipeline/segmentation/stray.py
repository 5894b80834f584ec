"""Which candidates cannot be displaced disc material: roots, fat and ligaments that look a little like it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import SeriesSegmentation, Structure
from pipeline.segmentation.wall import WallCoordinates
from pipeline.volume import Volume

SMALLEST_ISOLATED_MM3 = 40.0
"""An island that touches no disc and holds less than this is taken for noise."""
DETACHED_MM = 8.0
"""Displaced material lies on the posterior wall: what starts deeper than this is a root or the flaval ligament."""
SACRAL_MM = 15.0
"""Below the lowest disc an island is looked for this far only: fat and roots fill the sacral canal."""
BRIGHT = 0.95
"""Disc material is darker than fat or fluid, whichever is the brighter: this share of it is out of reach."""
RING_MM = 6.0
AROUND_MM = 12.0
"""Fluid and fat are read this far around a component."""
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


def too_bright(
    segmentation: SeriesSegmentation, image: Volume, flat: NDArray[np.int64], share: NDArray[np.float64]
) -> bool:
    """Whether one connected component of a T2 image is as bright as the fluid or fat beside it.

    Fluid is what the canal holds, fat is among what surrounds it. One of both is bright in every weighting. Both are
    read around the component and not around its disc: a coil falls off, and a large fragment leaves no fluid at its
    own height.

    Parameters
    ----------
    image
        On the grid of the labels.
    flat, share
        Flat indices (n,) of the component's voxels, and how much each holds.
    """
    grid = segmentation.labels
    index = np.stack(np.unravel_index(flat, grid.shape), axis=1)
    reach = np.ceil(AROUND_MM / np.array(grid.spacing_mm)).astype(int)
    low, high = np.maximum(index.min(axis=0) - reach, 0), np.minimum(index.max(axis=0) + reach + 1, grid.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    labels, pixels = grid.array[box], image.array[box]
    other = np.ones(labels.shape, dtype=bool)
    other[tuple((index - low).T)] = False
    canal = (labels == Structure.CANAL) & other
    if np.count_nonzero(canal) < FEWEST:
        return False
    size = (1, *(2 * max(1, round(RING_MM / s)) + 1 for s in grid.spacing_mm[1:]))
    ring = ndimage.maximum_filter(canal, size=size) & (labels == Structure.BACKGROUND) & other
    fluid = float(np.quantile(pixels[canal], 0.9))
    fat = float(np.quantile(pixels[ring], 0.9)) if np.count_nonzero(ring) >= FEWEST else 0.0
    bright = image.array.ravel()[flat] > BRIGHT * max(fluid, fat)
    return float(share[bright].sum()) > 0.5 * float(share.sum())
