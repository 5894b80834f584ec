"""One visit's image at several widths of smoothing, ready to be looked up between its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline import rigid
from pipeline.registration.prepared import Prepared
from pipeline.volume import Affine, Points

SMOOTH_MM = (1.0, 0.0)
BEYOND = 3
"""Slices that the stack is continued by at either end, so that its outermost ones rise as their neighbours do."""

ON = 1e-6
"""So near a slice, in slices, a point lies on it."""
THICK_MM = 2.0
"""Slices this far apart show too little of what varies from one to the next."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """One visit's image at one width of smoothing, ready for many look-ups."""

    array: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    rises: NDArray[np.float32]
    to_index: Affine
    seen: NDArray[np.bool_]

    @classmethod
    def of(cls, prepared: Prepared, width_mm: float) -> Smoothed:
        """Smooth within slices; through them, thick slices have done so already."""
        array = np.asarray(prepared.image.array, dtype=np.float32)
        if width_mm > 0:
            _, row, column = prepared.image.spacing_mm
            array = ndimage.gaussian_filter(array, (0, width_mm / row, width_mm / column), truncate=3.0)
        continued = np.pad(array, ((BEYOND, BEYOND), (0, 0), (0, 0)), mode="reflect", reflect_type="odd")
        coefficients = ndimage.spline_filter(continued, 3, output=np.float32, mode="mirror")
        rises = np.diff(array, axis=0) if len(array) > 1 else np.zeros_like(array)
        to_index = np.asarray(np.linalg.inv(prepared.image.affine), np.float64)
        return cls(array, coefficients, rises, to_index, prepared.seen)

    def index(self, points: Points) -> tuple[Points, NDArray[np.bool_]]:
        """Indices (n, 3) of LPS points, and which lie where the scanner saw something."""
        index = rigid.apply(self.to_index, points)
        return index, seen_at(self.seen, index)

    def values(self, index: Points) -> NDArray[np.float64]:
        """At continuous indices (n, 3)."""
        place = index.T + np.array([[BEYOND], [0], [0]])
        return np.asarray(
            ndimage.map_coordinates(self.coefficients, place, order=3, prefilter=False, mode="mirror"), float
        )

    def slopes(self, index: NDArray[np.intp]) -> Points:
        """Gradient per mm in LPS at voxels (n, 3); one-sided at the faces of the stack."""
        parts = []
        for axis, size in enumerate(self.array.shape):
            ahead, behind = index.copy(), index.copy()
            ahead[:, axis] = np.minimum(ahead[:, axis] + 1, size - 1)
            behind[:, axis] = np.maximum(behind[:, axis] - 1, 0)
            apart = np.maximum(ahead[:, axis] - behind[:, axis], 1)
            parts.append((self.array[tuple(ahead.T)] - self.array[tuple(behind.T)]) / apart)
        return np.asarray(np.stack(parts, axis=1) @ self.to_index[:3, :3], float)

    def with_own_rise(self, slopes: Points, gain: float, index: Points) -> Points:
        """Gradients (n, 3) per mm in LPS; across thick slices of this visit, its own from the slices on either side.

        ``gain`` is what this visit's brightness is multiplied by; ``index`` (n, 3) are continuous.
        """
        steps = np.linalg.inv(self.to_index[:3, :3])
        if np.linalg.norm(steps[:, 0]) < THICK_MM:
            return slopes
        place = index.T.copy()
        place[0] = np.clip(np.floor(place[0]), 0, len(self.rises) - 1)
        own = gain * ndimage.map_coordinates(self.rises, place, order=1, mode="nearest")
        return np.asarray(slopes + np.outer(own - slopes @ steps[:, 0], self.to_index[0, :3]), float)


@dataclass(frozen=True, eq=False)
class Sharpening:
    """One visit's image from smooth to sharp: made once, and looked up by every search in it."""

    widths: tuple[Smoothed, ...]

    @classmethod
    def of(cls, prepared: Prepared) -> Sharpening:
        """All widths of one visit."""
        return cls(tuple(Smoothed.of(prepared, width) for width in SMOOTH_MM))


def seen_at(seen: NDArray[np.bool_], index: Points) -> NDArray[np.bool_]:
    """Which of the continuous indices (n, 3) lie inside the stack, between slices that both saw something there."""
    inside = np.all((index >= 0) & (index <= np.array(seen.shape) - 1), axis=1)
    slices, rows, columns = index[inside].T
    rows, columns = (np.rint(part).astype(np.intp) for part in (rows, columns))
    low, high = (rounded.astype(np.intp) for rounded in (np.floor(slices + ON), np.ceil(slices - ON)))
    inside[inside] = seen[low, rows, columns] & seen[high, rows, columns]
    return np.asarray(inside)
