"""Rigid fit of images of different weighting: Gauss–Newton on the part of one that the other does not explain.

Whatever one weighting shows is taken for an unknown smooth function of what the other shows at the same place, fitted
anew at every step (the correlation ratio of Roche 1998, minimised as Lucas and Kanade 1981 do), with robust weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipeline import rigid
from pipeline.motion.sampled import Lookup, Target
from pipeline.volume import Affine, Points

KNOTS = 7
"""Corners of the function that takes one weighting to the other."""
FEWEST_POINTS = 300
CONVERGED_MM = 0.01
LONGEST_STEP_MM = 3.0
LEVER_MM = 30.0
"""Typical distance of a point of the bones from their centre."""
STIFFNESS = 1e-6


@dataclass(frozen=True, eq=False)
class Fitted:
    """A transform, how much it explains, and how well it is known.

    Attributes
    ----------
    transform
        (4, 4): fixed LPS mm to moving LPS mm.
    explained
        Share of the variance of the fixed image that the moving one explains (correlation ratio), 0…1.
    covariance
        (6, 6) of a small rotation (radians) about ``centre`` and a translation (mm), in the moving series.
    centre
        (3,) moving LPS mm.
    """

    transform: Affine
    explained: float
    covariance: NDArray[np.float64]
    centre: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Explained:
    """What the moving image explains of the fixed one."""

    residual: NDArray[np.float64]
    weight: NDArray[np.float64]
    slopes: NDArray[np.float64]
    share: float


def _hats(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Piecewise linear basis (n, knots) of one channel, and its slopes; None where the channel is flat."""
    knots = np.unique(np.quantile(values, np.linspace(0.01, 0.99, KNOTS)))
    if len(knots) < 3 or np.ptp(knots) < 1e-9:
        return None
    held = np.clip(values, knots[0], knots[-1])
    lower = np.clip(np.searchsorted(knots, held, side="right") - 1, 0, len(knots) - 2)
    width = np.diff(knots)[lower]
    part = (held - knots[lower]) / width
    rows = np.arange(len(values))
    basis, slope = np.zeros((len(values), len(knots))), np.zeros((len(values), len(knots)))
    basis[rows, lower], basis[rows, lower + 1] = 1 - part, part
    free = ((values > knots[0]) & (values < knots[-1])) / width
    slope[rows, lower], slope[rows, lower + 1] = -free, free
    return basis, slope


def explain(given: NDArray[np.float64], wanted: NDArray[np.float64]) -> _Explained | None:
    """Fit ``wanted`` (n,) as a sum of piecewise linear functions of the channels (channels, n), without outliers.

    Returns None where the first channel or ``wanted`` is flat.
    """
    made = [_hats(channel) for channel in given]
    if made[0] is None or wanted.std() < 1e-9:
        return None
    basis = np.concatenate([one[0] for one in made if one is not None], axis=1)
    weight = np.ones(len(wanted))
    height, residual = np.zeros(basis.shape[1]), wanted - wanted.mean()
    for _ in range(2):
        weighted = basis * weight[:, None]
        normal = weighted.T @ basis + np.eye(basis.shape[1]) * 1e-5 * len(wanted)
        height = np.linalg.solve(normal, weighted.T @ wanted)
        residual = wanted - basis @ height
        scale = 1.4826 * float(np.median(np.abs(residual))) + 1e-9
        weight = 1 / (1 + (residual / (3 * scale)) ** 2) ** 2
    slopes, first = np.zeros(given.shape), 0
    for n, one in enumerate(made):
        if one is not None:
            count = one[1].shape[1]
            slopes[n] = one[1] @ height[first : first + count]
            first += count
    share = 1 - float(np.average(residual**2, weights=weight)) / float(wanted.var())
    return _Explained(residual, weight, slopes, share)


def explained_share(target: Target, moving: Lookup, transform: Affine) -> float:
    """How much of the fixed image the moving one explains here, 0…1; 0 where they do not meet."""
    index = rigid.apply(moving.to_index, rigid.apply(transform, target.points))
    inside = moving.inside(index)
    if inside.sum() < max(FEWEST_POINTS, 0.3 * len(index)):
        return 0.0
    found = explain(moving.values(index[inside]), target.values[inside])
    return 0.0 if found is None else max(0.0, found.share)


def fit(target: Target, moving: Lookup, start: Affine, steps: int) -> Fitted | None:
    """Refine ``start``; None when too little of the bone is seen in both."""
    found = None
    transform = start
    for _ in range(steps):
        step = _step(target, moving, transform)
        if step is None:
            return None
        found, size = step
        transform = found.transform
        if size < CONVERGED_MM:
            break
    return found


def _step(target: Target, moving: Lookup, transform: Affine) -> tuple[Fitted, float] | None:
    """One Gauss–Newton step, and how far it moved the bone in mm."""
    mapped = rigid.apply(transform, target.points)
    index = rigid.apply(moving.to_index, mapped)
    inside = moving.inside(index)
    if inside.sum() < FEWEST_POINTS:
        return None
    mapped, index = mapped[inside], index[inside]
    known = explain(moving.values(index), target.values[inside])
    if known is None:
        return None
    centre = mapped.mean(axis=0)
    slopes = moving.slopes(index, known.slopes)
    jacobian = np.concatenate([np.cross(mapped - centre, slopes), slopes], axis=1)
    weighted = jacobian * known.weight[:, None]
    hessian = weighted.T @ jacobian
    hessian += np.diag([LEVER_MM**2] * 3 + [1.0] * 3) * (STIFFNESS * np.trace(hessian[3:, 3:]) + 1e-12)
    inverse = np.linalg.inv(hessian)
    change = inverse @ (weighted.T @ known.residual)
    size = float(np.linalg.norm(change[3:]) + LEVER_MM * np.linalg.norm(change[:3]))
    change *= min(1.0, LONGEST_STEP_MM / max(size, 1e-12))
    # One cube of residuals counts as one observation: neighbours are alike (the sandwich of Liang and Zeger 1986).
    cluster = target.cluster[inside]
    scores = np.stack([np.bincount(cluster, part) for part in (weighted * known.residual[:, None]).T], axis=1)
    groups = int(np.count_nonzero(np.bincount(cluster)))
    meat = scores.T @ scores * (groups / max(1, groups - 6))
    rotation = Rotation.from_rotvec(change[:3]).as_matrix()
    moved = rigid.compose(rotation, centre - rotation @ centre + change[3:]) @ transform
    covariance = np.asarray(inverse @ meat @ inverse, np.float64)
    return Fitted(rigid.clean(moved), max(0.0, known.share), covariance, centre), size


def spread_mm(fitted: Fitted, points: Points) -> float:
    """Root mean square standard error in mm at moving LPS ``points`` (n, 3)."""
    return rigid.spread_mm(fitted.covariance, fitted.centre, points)
