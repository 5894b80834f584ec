"""The last tenth of a millimetre: Gauss–Newton on the intensities of bone, with an error estimate.

Both images show the same contrast, so that one is a linear function of the other up to noise. The sum of squared
residuals of that relation, with robust weights, is minimised over the six rigid parameters (Lucas and Kanade 1981).
Within slices the slopes are those of the image that stays, the same in every step (Baker and Matthews 2004).

Across thick slices they are those of the image that moves. Such slices show less than half of what varies from one to
the next. What the slices of one visit cannot tell of those of the other is left over even where both lie right; it is
unlike anything that those slices show, but like the slope of what it is missing from. With the slopes of the image that
stays it therefore draws the search to where both grids fall onto each other; with those of the other one it does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from pipeline import rigid
from pipeline.registration.prepared import Prepared
from pipeline.registration.smoothed import Sharpening, Smoothed, seen_at
from pipeline.volume import Affine, Points

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
class _Samples:
    """What the fixed visit shows at the points that are compared: their places (LPS mm), values and slopes per mm."""

    points: Points
    values: NDArray[np.float64]
    slopes: Points
    alike: float
    """How many of them count as one observation."""


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
    mapped, index, wanted = mapped[inside], index[inside], samples.values[inside]
    given = moving.values(index)
    gain, offset, correlation = _line(given, wanted)
    residual = wanted - gain * given - offset
    scale = 1.4826 * float(np.median(np.abs(residual))) + 1e-6
    weight = 1 / (1 + (residual / (3 * scale)) ** 2) ** 2
    centre = mapped.mean(axis=0)
    slopes = moving.with_own_rise(samples.slopes[inside] @ transform[:3, :3].T, gain, index)
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
