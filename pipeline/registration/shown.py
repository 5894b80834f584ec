"""Where a stack shows tissue: slices beside the patient or beyond the excited slab hold noise or nothing.

Only what lies at an end of the stack is asked, column by column of pixels, so that dark anatomy within it stays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BOX_MM = 12.0
"""Width over which brightness is averaged: as wide as half a vertebra, so that no structure beside one is as dark as
noise."""
EDGE_MM = 4.0
"""How far an edge of darkness can lie from where the average falls below a quarter."""
TYPICAL = 75.0
"""Percentile that counts as typical, of a place in all slices and of all bone: up to half of them may be empty."""
NOTHING = 0.25
"""Share of both typical brightnesses below which nothing is shown; noise lies below it where bone has five times as
much."""
DIM = 0.7
"""Share of the typical brightness below which a whole slice may be noise, with coils that add up their noise."""
ALIKE = 0.25
"""Correlation with the neighbouring slice below which a dim slice shows nothing; noise reaches 0.1 to 0.2."""
SMOOTH_MM = 1.0
LEFT = 0.1
"""Share of the place of bone below which what is left of a slice is not asked any more."""
FARTHEST = 3
"""Slices over which brightness goes on as it does before the end of what is shown; then it stays."""


def shown(raw: NDArray[np.float32], bone: NDArray[np.bool_], spacing: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Which voxels belong to what the stack shows.

    Parameters
    ----------
    raw
        Brightness (slices, rows, columns) from 0, as it was stored.
    bone
        Voxels of bone, which every weighting shows brighter than noise.
    spacing
        Of slices, rows and columns, mm.
    """
    local = ndimage.uniform_filter(raw, _size(BOX_MM, spacing), mode="nearest")
    typical = float(np.percentile(local[bone], TYPICAL))
    nothing = local < NOTHING * typical
    if nothing[0].any() or nothing[-1].any():
        nothing &= local < NOTHING * np.percentile(local, TYPICAL, axis=0)
        nothing = np.asarray(ndimage.maximum_filter(nothing, _size(2 * EDGE_MM, spacing)))
    place = np.asarray(bone.any(axis=0))
    for end in (1, -1):
        _mark_noise(raw[::end], local[::end] / max(typical, 1e-30), nothing[::end], place, spacing)
    outer = np.logical_and.accumulate(nothing, axis=0) | np.logical_and.accumulate(nothing[::-1], axis=0)[::-1]
    return np.asarray(~outer)


def _size(width_mm: float, spacing: tuple[float, float, float]) -> list[int]:
    """A box within slices, in voxels."""
    return [1, *(2 * round(width_mm / 2 / step) + 1 for step in spacing[1:])]


def _mark_noise(
    raw: NDArray[np.float32],
    brightness: NDArray[np.float32],
    nothing: NDArray[np.bool_],
    place: NDArray[np.bool_],
    spacing: tuple[float, float, float],
) -> None:
    """Mark whole slices from the first on while they are dim and unlike the next one.

    ``place`` is where any slice has bone.
    """
    for n in range(len(raw) - 1):
        left = place & ~nothing[n]
        if left.sum() > LEFT * place.sum() and (
            float(np.median(brightness[n][left])) > DIM or _likeness(raw[n], raw[n + 1], left, spacing) > ALIKE
        ):
            return
        nothing[n] = True


def _likeness(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    place: NDArray[np.bool_],
    spacing: tuple[float, float, float],
) -> float:
    """Correlation of two slices where bone lies, without noise."""
    widths = [SMOOTH_MM / step for step in spacing[1:]]
    one, other = (ndimage.gaussian_filter(part, widths)[place] for part in (first, second))
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def continued(raw: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Brightness beyond what is shown goes on as it does before, column by column; the same where all is shown."""
    if seen.all():
        return raw
    some = seen.any(axis=0)
    last = len(raw) - 1
    first, end = np.argmax(seen, axis=0), last - np.argmax(seen[::-1], axis=0)
    first, end = np.where(some, first, 0), np.where(some, end, last)
    slices = np.arange(len(raw))[:, None, None]
    edge = np.clip(slices, first, end)
    beyond = np.clip(slices - edge, -FARTHEST, FARTHEST)
    mirrored = np.clip(edge - beyond, first, end)
    at_edge, inner = (np.take_along_axis(raw, index, axis=0) for index in (edge, mirrored))
    return np.asarray(np.maximum(2 * at_edge - inner, 0), dtype=np.float32)
