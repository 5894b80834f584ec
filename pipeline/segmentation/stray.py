"""Which candidates cannot be displaced disc material: roots, fat and ligaments that look a little like it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Level, SeriesSegmentation, Structure
from pipeline.segmentation.wall import WallCoordinates
from pipeline.volume import Volume

SMALLEST_ISOLATED_MM3 = 40.0
"""An island that touches no disc and holds less than this is taken for noise."""
DETACHED_MM = 8.0
"""Displaced material lies on the posterior wall: what starts deeper than this is a root or the flaval ligament."""
SACRAL_MM = 15.0
"""Below the lowest disc an island is looked for this far only: fat and roots fill the sacral canal."""
BRIGHT = 0.9
"""Disc material is darker than fat or fluid, whichever is the brighter: this share of it is out of reach."""
RING_MM = 6.0
AROUND_MM = 30.0


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


def too_bright(segmentation: SeriesSegmentation, image: Volume, level: Level) -> float:
    """Intensity from which on a component cannot be disc material, in the units of ``image``; infinite when unknown.

    Fluid is what the canal holds, fat is among what surrounds it. One of both is bright in every weighting.
    """
    grid = segmentation.labels
    centre, reach = grid.to_index(level.posterior_margin_lps_mm), AROUND_MM / np.array(grid.spacing_mm)
    low = np.clip(np.floor(centre - reach), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, 0, grid.shape).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    labels, pixels = grid.array[box], image.array[box]
    canal = labels == Structure.CANAL
    if np.count_nonzero(canal) < 50:
        return float("inf")
    size = (1, *(2 * max(1, round(RING_MM / s)) + 1 for s in grid.spacing_mm[1:]))
    ring = ndimage.maximum_filter(canal, size=size) & (labels == Structure.BACKGROUND)
    fluid = float(np.quantile(pixels[canal], 0.9))
    fat = float(np.quantile(pixels[ring], 0.9)) if np.count_nonzero(ring) >= 50 else 0.0
    return BRIGHT * max(fluid, fat)
