"""What a pasted fragment looks like: the patient's own disc tissue at another brightness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
CONTRAST = 0.35
"""The grain of disc tissue scales with its brightness to this power."""
STRONGEST = 0.4


def disc_patch(
    rng: np.random.Generator, image: Floats, disc: NDArray[np.bool_], shape: tuple[int, int, int], level: float
) -> Floats:
    """Tissue of a real disc, cut at random, mirrored to fill ``shape``, and brought to a mean of ``level``."""
    box = ndimage.find_objects(disc.astype(np.uint8))[0]
    tissue, mask = image[box].copy(), ndimage.binary_erosion(disc[box], structure=np.ones((1, 3, 3)))
    if not mask.any():
        mask = disc[box]
    nearest = ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
    tissue = tissue[tuple(nearest)]
    mean = float(image[disc].mean())
    for axis in range(3):
        repeats = -(-2 * shape[axis] // tissue.shape[axis]) + 1
        tissue = np.pad(
            tissue, [(0, tissue.shape[a] * (repeats - 1) if a == axis else 0) for a in range(3)], mode="symmetric"
        )
        start = int(rng.integers(0, tissue.shape[axis] - shape[axis] + 1))
        tissue = np.take(tissue, range(start, start + shape[axis]), axis=axis)
        if rng.random() < 0.5:
            tissue = np.flip(tissue, axis=axis)
    grain = (tissue - float(tissue.mean())) * (level / max(mean, 1.0)) ** CONTRAST
    return np.asarray(level + np.clip(grain, -STRONGEST * level, STRONGEST * level), dtype=np.float32)
