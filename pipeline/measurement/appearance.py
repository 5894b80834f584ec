"""How a fragment looks in a series: what decides how well it can be measured."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from pipeline.segmentation.anatomy import SeriesSegmentation, Structure
from pipeline.volume import Volume

SURE = 0.8
FLUID_PERCENTILE = 80.0
"""Of the brightness of the canal: fluid, not the roots in it."""
NEAR_MM = 40.0
FEWEST_VOXELS = 8
NOISE_KERNEL = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
"""Immerkær's operator (1996), blind to edges and to gradients; white noise comes out with 6 times its deviation."""
NOISE_GAIN = 6.0
GAUSS_MAD = 1.4826


def brightness_of(image: Volume, segmentation: SeriesSegmentation, share: Volume) -> float | None:
    """Brightness of the fragment as a share of that of the CSF beside it, on T2.

    Parameters
    ----------
    image
        Sagittal T2.
    segmentation
        Its labels.
    share
        Occupancy of the fragment on the same grid.

    Returns
    -------
    float or None
        None without a fragment, or without a canal near it.
    """
    core = share.array >= min(SURE, 0.9 * float(share.array.max(initial=0.0)))
    if not share.array.any() or core.sum() < FEWEST_VOXELS:
        return None
    rows = np.flatnonzero(core.any(axis=(0, 2)))
    reach = int(np.ceil(NEAR_MM / image.spacing_mm[1]))
    near = slice(max(0, rows[0] - reach), rows[-1] + reach + 1)
    canal = (segmentation.labels.array[:, near] == Structure.CANAL) & (share.array[:, near] <= 0)
    if canal.sum() < FEWEST_VOXELS:
        return None
    fluid = float(np.percentile(image.array[:, near][canal], FLUID_PERCENTILE))
    return float(np.median(image.array[core])) / fluid if fluid > 0 else None


def signal_to_noise(image: Volume, segmentation: SeriesSegmentation) -> float | None:
    """Mean signal of the vertebral bodies over the standard deviation of the noise there; None where none is seen.

    Texture counts as noise and interpolation by the scanner hides some, so that it is a figure of order.
    """
    bone = segmentation.labels.array == Structure.VERTEBRA
    if bone.sum() < 100 * FEWEST_VOXELS:
        return None
    box = ndimage.find_objects(bone.astype(np.uint8))[0]
    pixels = np.asarray(image.array[box], dtype=np.float64)
    inner = ndimage.binary_erosion(bone[box], np.ones((1, 5, 5), dtype=bool))
    if inner.sum() < FEWEST_VOXELS:
        return None
    response = ndimage.convolve(pixels, NOISE_KERNEL[None], mode="nearest")[inner]
    noise = GAUSS_MAD * float(np.median(np.abs(response))) / NOISE_GAIN
    return float(pixels[inner].mean()) / noise if noise > 0 else None
