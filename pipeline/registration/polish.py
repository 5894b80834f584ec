"""The last tenth of a millimetre: Gauss–Newton on the intensities of bone, with an error estimate.

Both images show the same contrast, so that one is a linear function of the other up to noise. The sum of squared
residuals of that relation, with robust weights, is minimised over the six rigid parameters (Lucas and Kanade 1981).
Cubic interpolation leaves no trace of the grid where a search with linear interpolation locks onto it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from pipeline import rigid
from pipeline.registration.prepared import Prepared
from pipeline.volume import Affine, Points

SMOOTH_MM = (1.0, 0.0)
STEPS = (6, 12)
POINTS = (12_000, 40_000)
INDEPENDENT = 40.0
"""Neighbouring residuals are alike: so many points count as one observation in the error estimate."""
FEWEST_POINTS = 500


@dataclass(frozen=True, eq=False)
class Polished:
    """A transform, the correlation it reaches, and its covariance.

    Attributes
    ----------
    transform
        (4, 4): fixed LPS mm to moving LPS mm.
    correlation
        Pearson's, inside the mask.
    covariance
        (6, 6) of a small rotation (radians) about ``centre`` and a translation (mm), in the moving visit.
    centre
        (3,) moving LPS mm.
    """

    transform: Affine
    correlation: float
    covariance: NDArray[np.float64]
    centre: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Moving:
    """A moving image ready for many look-ups."""

    coefficients: NDArray[np.float32]
    gradient: list[NDArray[np.float32]]
    to_index: Affine
    seen: NDArray[np.bool_]

    @classmethod
    def of(cls, prepared: Prepared, smooth_mm: float) -> _Moving:
        array = smoothed(prepared, smooth_mm)
        coefficients = ndimage.spline_filter(array, 3, output=np.float32, mode="mirror")
        gradient = [np.asarray(g, dtype=np.float32) for g in np.gradient(array)]
        return cls(
            coefficients, gradient, np.asarray(np.linalg.inv(prepared.image.affine), dtype=np.float64), prepared.seen
        )

    def index(self, points: Points) -> tuple[Points, NDArray[np.bool_]]:
        """Indices (n, 3) of LPS points, and which lie where the scanner saw something."""
        index = rigid.apply(self.to_index, points)
        return index, seen_at(self.seen, index)

    def values(self, index: Points) -> NDArray[np.float64]:
        return np.asarray(
            ndimage.map_coordinates(self.coefficients, index.T, order=3, prefilter=False, mode="mirror"), float
        )

    def slopes(self, index: Points) -> Points:
        """Gradient per mm in LPS, shape (n, 3)."""
        parts = [ndimage.map_coordinates(g, index.T, order=1, mode="nearest") for g in self.gradient]
        return np.asarray(np.stack(parts, axis=1) @ self.to_index[:3, :3], float)


def seen_at(seen: NDArray[np.bool_], index: Points) -> NDArray[np.bool_]:
    """Which of the continuous indices (n, 3) lie inside the stack and where the scanner saw something."""
    inside = np.all((index >= 0) & (index <= np.array(seen.shape) - 1), axis=1)
    inside[inside] = seen[tuple(np.rint(index[inside]).astype(np.intp).T)]
    return np.asarray(inside)


def smoothed(prepared: Prepared, width_mm: float) -> NDArray[np.float32]:
    """The image smoothed within its slices; through them, thick slices have done so already."""
    if width_mm == 0:
        return np.asarray(prepared.image.array, dtype=np.float32)
    _, row, column = prepared.image.spacing_mm
    return np.asarray(ndimage.gaussian_filter(prepared.image.array, (0, width_mm / row, width_mm / column)), np.float32)


def sample_points(prepared: Prepared, count: int) -> NDArray[np.intp]:
    """Evenly chosen mask voxels, shape (n, 3)."""
    index = np.argwhere(prepared.mask)
    return index[:: max(1, len(index) // count)]


def polish(fixed: Prepared, moving: Prepared, start: Affine) -> Polished | None:
    """Refine ``start``; None when too little of the bone is seen in both."""
    result = Polished(start, -1.0, np.eye(6), np.zeros(3))
    for width, steps, count in zip(SMOOTH_MM, STEPS, POINTS, strict=True):
        index = sample_points(fixed, count)
        points = fixed.image.to_lps(index.astype(np.float64))
        values = np.asarray(smoothed(fixed, width)[tuple(index.T)], float)
        target = _Moving.of(moving, width)
        for _ in range(steps):
            step = _step(points, values, target, result.transform)
            if step is None:
                return None
            result, size = step
            if size < 1e-4:
                break
    return result


def _step(
    points: Points, values: NDArray[np.float64], moving: _Moving, transform: Affine
) -> tuple[Polished, float] | None:
    """One Gauss–Newton step, and how far it moved the bone in mm."""
    mapped = rigid.apply(transform, points)
    index, inside = moving.index(mapped)
    if inside.sum() < FEWEST_POINTS:
        return None
    mapped, index, wanted = mapped[inside], index[inside], values[inside]
    given = moving.values(index)
    gain, offset = np.polyfit(given, wanted, 1)
    residual = wanted - gain * given - offset
    scale = 1.4826 * float(np.median(np.abs(residual))) + 1e-6
    weight = 1 / (1 + (residual / (3 * scale)) ** 2) ** 2
    centre = mapped.mean(axis=0)
    slopes = gain * moving.slopes(index)
    jacobian = np.concatenate([np.cross(mapped - centre, slopes), slopes], axis=1)
    weighted = jacobian * weight[:, None]
    hessian = weighted.T @ jacobian + np.eye(6) * 1e-9
    change = np.linalg.solve(hessian, weighted.T @ residual)
    covariance = scale**2 * INDEPENDENT * np.linalg.inv(hessian)
    rotation = Rotation.from_rotvec(change[:3]).as_matrix()
    moved = rigid.compose(rotation, centre - rotation @ centre + change[3:]) @ transform
    correlation = float(np.corrcoef(given, wanted)[0, 1]) if given.std() > 0 and wanted.std() > 0 else 0.0
    size = float(np.linalg.norm(change[3:]) + 30.0 * np.linalg.norm(change[:3]))
    return Polished(rigid.clean(moved), correlation, covariance, centre), size


def correlation(fixed: Prepared, moving: Prepared, transform: Affine) -> float:
    """Pearson's correlation of the bone of ``fixed`` with what lies there in ``moving``; −1 where nothing does."""
    index = sample_points(fixed, POINTS[0])
    place = moving.image.to_index(rigid.apply(transform, fixed.image.to_lps(index.astype(np.float64))))
    inside = seen_at(moving.seen, place)
    if inside.sum() < FEWEST_POINTS:
        return -1.0
    given = ndimage.map_coordinates(moving.image.array, place[inside].T, order=1, mode="nearest")
    wanted = fixed.image.array[tuple(index[inside].T)]
    if given.std() == 0 or wanted.std() == 0:
        return -1.0
    return float(np.corrcoef(given, wanted)[0, 1])
