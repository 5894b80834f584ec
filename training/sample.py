"""What a training sample is before and after the acquisition effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy import NetworkClass

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sample:
    """Three neighbouring sagittal slices and what the middle one shows.

    Attributes
    ----------
    slices
        (3, rows, columns) intensities; rows S→I, columns A→P.
    occupancy
        (6, rows, columns): which share of each voxel of the middle slice belongs to each class.
    unsure
        (rows, columns), 0 … 1: 1 where background may as well be sacrum, for nobody drew it.
    spacing_mm
        Pitch of rows and columns.
    focus
        (row, column) that the crop is to lie around.
    """

    slices: Floats
    occupancy: Floats
    unsure: Floats
    spacing_mm: float
    focus: tuple[float, float]


def slice_weights(positions: Floats, centre: float, thickness: float) -> Floats:
    """How much each thin plane adds to a slice: a box with soft shoulders, normalised; sums to 1."""
    pitch = float(positions[1] - positions[0])
    offset = np.abs(positions - centre)
    weights = np.clip((thickness / 2 + pitch / 2 - offset) / pitch, 0, 1)
    if weights.sum() < 1e-3:
        weights = np.exp(-((offset / pitch) ** 2))
    return (weights / weights.sum()).astype(np.float32)


def draw_slab(rng: np.random.Generator) -> tuple[float, float]:
    """Slice thickness and distance of the neighbouring slices, mm: thick clinical slices, or near-isotropic ones."""
    if rng.random() < 0.75:
        thickness = rng.uniform(2.8, 5.0)
        return float(thickness), float(thickness * rng.uniform(1.0, 1.25))
    return float(rng.uniform(0.8, 2.0)), float(rng.uniform(2.9, 4.2))


def soft_classes(planes: NDArray[np.uint8], weights: Floats) -> Floats:
    """(6, rows, columns) occupancy from class planes (n, rows, columns) with weights (n,)."""
    occupancy = np.zeros((len(NetworkClass), *planes.shape[1:]), dtype=np.float32)
    for plane, weight in zip(planes, weights, strict=True):
        if weight > 0:
            for network_class in NetworkClass:
                occupancy[network_class] += weight * (plane == network_class)
    return occupancy
