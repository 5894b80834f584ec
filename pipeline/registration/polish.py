"""The last tenth of a millimetre: Gauss–Newton on the intensities of bone, with an error estimate.

Both images show the same contrast, so that one is a linear function of the other up to noise. The sum of squared
residuals of that relation, with robust weights, is minimised over the six rigid parameters (Lucas and Kanade 1981),
with the slopes of the image that stays, as they are the same in every step (Baker and Matthews 2004). Cubic
interpolation leaves no trace of the grid where a search with linear interpolation locks onto it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from pipeline import rigid
from pipeline.registration.prepared import Prepared
from pipeline.volume import Affine, Points

SMOOTH_MM = (1.0, 0.0)
STEPS = (6, 12)
STILL_MM = (0.02, 0.002)
"""A step shorter than this ends the search: at the end a tenth of the error that is left."""
SWINGING = 0.8
"""Where a step is longer than this share of the one before it, the search swings between thick slices: half steps."""
INDEPENDENT = 40.0
"""Neighbouring residuals are alike: so many points count as one observation in the error estimate."""
FEWEST_POINTS = 500
CORRELATED_POINTS = 12_000


@dataclass(frozen=True)
class Effort:
    """How many points of the mask are compared at each width of smoothing, and by what step (mm) a search ends."""

    points: tuple[int, int]
    still_mm: tuple[float, float]


WHOLE = Effort((12_000, 40_000), STILL_MM)


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
    last_mm
        Length of the last full step at the bone: what the search left undecided.
    smooth_correlation
        Pearson's of the smoothed images, that noise does not lower.
    """

    transform: Affine
    correlation: float
    covariance: NDArray[np.float64]
    centre: NDArray[np.float64]
    last_mm: float
    smooth_correlation: float = 0.0


@dataclass(frozen=True, eq=False)
class Smoothed:
    """One visit's image at one width of smoothing, ready for many look-ups."""

    array: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    to_index: Affine
    seen: NDArray[np.bool_]

    @classmethod
    def of(cls, prepared: Prepared, width_mm: float) -> Smoothed:
        """Smooth within slices; through them, thick slices have done so already."""
        array = np.asarray(prepared.image.array, dtype=np.float32)
        if width_mm > 0:
            _, row, column = prepared.image.spacing_mm
            array = ndimage.gaussian_filter(array, (0, width_mm / row, width_mm / column), truncate=3.0)
        coefficients = ndimage.spline_filter(array, 3, output=np.float32, mode="mirror")
        return cls(array, coefficients, np.asarray(np.linalg.inv(prepared.image.affine), np.float64), prepared.seen)

    def index(self, points: Points) -> tuple[Points, NDArray[np.bool_]]:
        """Indices (n, 3) of LPS points, and which lie where the scanner saw something."""
        index = rigid.apply(self.to_index, points)
        return index, seen_at(self.seen, index)

    def values(self, index: Points) -> NDArray[np.float64]:
        """At continuous indices (n, 3)."""
        return np.asarray(
            ndimage.map_coordinates(self.coefficients, index.T, order=3, prefilter=False, mode="mirror"), float
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


@dataclass(frozen=True, eq=False)
class Sharpening:
    """One visit's image from smooth to sharp: made once, and looked up by every search in it."""

    widths: tuple[Smoothed, ...]

    @classmethod
    def of(cls, prepared: Prepared) -> Sharpening:
        """All widths of one visit."""
        return cls(tuple(Smoothed.of(prepared, width) for width in SMOOTH_MM))


@dataclass(frozen=True, eq=False)
class _Samples:
    """What the fixed visit shows at the points that are compared: their places (LPS mm), values and slopes per mm."""

    points: Points
    values: NDArray[np.float64]
    slopes: Points
    alike: float
    """How many of them count as one observation."""


def seen_at(seen: NDArray[np.bool_], index: Points) -> NDArray[np.bool_]:
    """Which of the continuous indices (n, 3) lie inside the stack and where the scanner saw something."""
    inside = np.all((index >= 0) & (index <= np.array(seen.shape) - 1), axis=1)
    inside[inside] = seen[tuple(np.rint(index[inside]).astype(np.intp).T)]
    return np.asarray(inside)


def sample_points(prepared: Prepared, count: int) -> NDArray[np.intp]:
    """Evenly chosen mask voxels, shape (n, 3)."""
    found = np.flatnonzero(prepared.mask)
    chosen = found[:: max(1, len(found) // count)]
    return np.stack(np.unravel_index(chosen, prepared.mask.shape), axis=1)


def polish(
    fixed: Prepared,
    moving: Prepared,
    start: Affine,
    images: tuple[Sharpening, Sharpening] | None = None,
    effort: Effort = WHOLE,
) -> Polished | None:
    """Refine ``start``; None when too little of the bone is seen in both.

    Parameters
    ----------
    fixed, moving
        The points of the metric are those of ``fixed``.
    start
        (4, 4): fixed LPS mm to moving LPS mm.
    images
        Those of ``fixed`` and ``moving``, where they were made before.
    effort
        How many points, and how exactly.
    """
    still, given = images or (Sharpening.of(fixed), Sharpening.of(moving))
    result: Polished | None = Polished(start, -1.0, np.eye(6), np.zeros(3), 0.0)
    smooth = 0.0
    for n, (own, target) in enumerate(zip(still.widths, given.widths, strict=True)):
        if result is None:
            break
        index, full = sample_points(fixed, effort.points[n]), len(sample_points(fixed, WHOLE.points[n]))
        points = fixed.image.to_lps(index.astype(np.float64))
        samples = _Samples(
            points, np.asarray(own.array[tuple(index.T)], float), own.slopes(index), INDEPENDENT * len(index) / full
        )
        result = _descended(samples, target, result, (STEPS[n], effort.still_mm[n]))
        smooth = result.correlation if result is not None and n == 0 else smooth
    return None if result is None else replace(result, smooth_correlation=smooth)


def _descended(samples: _Samples, target: Smoothed, begun: Polished, limits: tuple[int, float]) -> Polished | None:
    """Step until a step is short enough, or there were enough of them; half as far each time they swing."""
    result, share, most = begun, 1.0, np.inf
    for _ in range(limits[0]):
        step = _step(samples, target, result.transform, share)
        if step is None:
            return None
        result = step
        if result.last_mm < limits[1]:
            break
        if result.last_mm > SWINGING * most:
            share /= 2
        most = result.last_mm
    return result


def _step(samples: _Samples, moving: Smoothed, transform: Affine, share: float) -> Polished | None:
    """``share`` of one Gauss–Newton step."""
    mapped = rigid.apply(transform, samples.points)
    index, inside = moving.index(mapped)
    if inside.sum() < FEWEST_POINTS:
        return None
    mapped, wanted = mapped[inside], samples.values[inside]
    given = moving.values(index[inside])
    gain, offset, correlation = _line(given, wanted)
    residual = wanted - gain * given - offset
    scale = 1.4826 * float(np.median(np.abs(residual))) + 1e-6
    weight = 1 / (1 + (residual / (3 * scale)) ** 2) ** 2
    centre = mapped.mean(axis=0)
    slopes = samples.slopes[inside] @ transform[:3, :3].T
    jacobian = np.concatenate([np.cross(mapped - centre, slopes), slopes], axis=1)
    weighted = jacobian * weight[:, None]
    hessian = weighted.T @ jacobian + np.eye(6) * 1e-9
    change = np.linalg.solve(hessian, weighted.T @ residual)
    covariance = scale**2 * samples.alike * np.linalg.inv(hessian)
    length = float(np.linalg.norm(change[3:]) + 30.0 * np.linalg.norm(change[:3]))
    change = change * share
    rotation = Rotation.from_rotvec(change[:3]).as_matrix()
    moved = rigid.compose(rotation, centre - rotation @ centre + change[3:]) @ transform
    return Polished(rigid.clean(moved), correlation, covariance, centre, length)


def _line(given: NDArray[np.float64], wanted: NDArray[np.float64]) -> tuple[float, float, float]:
    """Slope and intercept of the straight line from ``given`` to ``wanted``, and their correlation."""
    own, other = given - given.mean(), wanted - wanted.mean()
    variance, common, most = (float((a * b).sum()) for a, b in ((own, own), (own, other), (other, other)))
    if variance <= 0 or most <= 0:
        return 0.0, float(wanted.mean()), 0.0
    gain = common / variance
    return gain, float(wanted.mean() - gain * given.mean()), common / float(np.sqrt(variance * most))


def correlation(fixed: Prepared, moving: Prepared, transform: Affine) -> float:
    """Pearson's correlation of the bone of ``fixed`` with what lies there in ``moving``; −1 where nothing does."""
    index = sample_points(fixed, CORRELATED_POINTS)
    place = moving.image.to_index(rigid.apply(transform, fixed.image.to_lps(index.astype(np.float64))))
    inside = seen_at(moving.seen, place)
    if inside.sum() < FEWEST_POINTS:
        return -1.0
    given = ndimage.map_coordinates(moving.image.array, place[inside].T, order=1, mode="nearest")
    wanted = fixed.image.array[tuple(index[inside].T)]
    if given.std() == 0 or wanted.std() == 0:
        return -1.0
    return float(np.corrcoef(given, wanted)[0, 1])
