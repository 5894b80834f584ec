"""Noise out of a label map: what is not part of the spine goes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.probable import most_probable

BRIDGE_MM = 3
"""Parts of the spine that lie this near to each other belong together."""
SMALLEST_SHARE = 0.02


def tidy_labels(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Most probable structures, reduced to the largest connected spine.

    Parameters
    ----------
    probabilities
        Shape (6, slices, rows, columns), canonical, 1 mm in-plane.

    Returns
    -------
    uint8, shape (slices, rows, columns)
    """
    labels: NDArray[np.uint8] = most_probable(probabilities)
    spine = labels != Structure.BACKGROUND
    blobs, count = ndimage.label(_grown(spine), structure=np.ones((3, 3, 3)))
    if count > 1:
        sizes = np.asarray(ndimage.sum_labels(spine, blobs, range(1, count + 1)))
        labels[blobs != int(np.argmax(sizes)) + 1] = Structure.BACKGROUND
    for structure in (Structure.DISC, Structure.CANAL, Structure.SACRUM):
        _drop_specks(labels, structure)
    return labels


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Dilated in-plane by half the bridge, so that two parts meet across the whole of it."""
    half = (BRIDGE_MM + 1) // 2
    return np.asarray(ndimage.maximum_filter(mask, size=(1, 2 * half + 1, 2 * half + 1), mode="constant"))


def _drop_specks(labels: NDArray[np.uint8], structure: Structure) -> None:
    """Islands below 2 % of the largest piece of a structure are noise (in place)."""
    pieces, count = ndimage.label(labels == structure, structure=np.ones((3, 3, 3)))
    if count < 2:
        return
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    small = sizes < SMALLEST_SHARE * sizes.max()
    small[0] = False
    labels[small[pieces]] = Structure.BACKGROUND
