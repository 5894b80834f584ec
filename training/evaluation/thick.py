"""Thin slices averaged to thick ones, as a scanner with thicker slices would see them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THICK_MM = 4.0


def slab_weights(count: int, pitch_mm: float, thick_mm: float = THICK_MM) -> NDArray[np.float32]:
    """Share of every thin slice in every thick one, shape (thick, thin); rows sum to one.

    0.9 mm slices do not divide 4 mm, so a thin slice that lies across a border counts for both by its overlap. What
    is too little for a whole thick slice is left out, evenly at both ends.
    """
    whole = int(count * pitch_mm / thick_mm + 1e-6)
    start = (count * pitch_mm - whole * thick_mm) / 2
    low = start + np.arange(whole)[:, None] * thick_mm
    edge = np.arange(count)[None, :] * pitch_mm
    overlap = np.minimum(low + thick_mm, edge + pitch_mm) - np.maximum(low, edge)
    return np.asarray(np.clip(overlap, 0.0, None) / thick_mm, dtype=np.float32)


def averaged(array: NDArray[np.generic], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Thick slices (thick, rows, columns) of thin ones (thin, rows, columns)."""
    return np.asarray(np.tensordot(weights, array.astype(np.float32), axes=1))


def coarse(stack: NDArray[np.float32], pixel_mm: tuple[float, float], wanted_mm: float = 1.0) -> NDArray[np.float32]:
    """Planes (slices, rows, columns) averaged to square pixels of another size."""
    rows = slab_weights(stack.shape[1], pixel_mm[0], wanted_mm)
    columns = slab_weights(stack.shape[2], pixel_mm[1], wanted_mm)
    return np.asarray(np.einsum("ij,kjl,ml->kim", rows, stack, columns, optimize=True), dtype=np.float32)
