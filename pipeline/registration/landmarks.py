"""A first alignment from named discs and vertebrae, which converges from any repositioning."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline import rigid
from pipeline.errors import ComparabilityError
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Affine, Points

ARM_MM = 12.0
"""Length of the arms along a disc's axes: inside every lumbar disc, so that axis errors weigh like centre errors."""
TOLERANCE_MM = 4.0
"""Residual beyond which a landmark is taken for a wrong one rather than an unsure one."""


@dataclass(frozen=True, eq=False)
class LandmarkFit:
    """Rigid alignment of what both visits have names for.

    Attributes
    ----------
    transform
        (4, 4): baseline LPS mm to follow-up LPS mm.
    residual_mm
        Root mean square distance of the landmarks that were believed.
    names
        Structures that were believed.
    dropped
        Structures that both visits name but that do not lie alike.
    """

    transform: Affine
    residual_mm: float
    names: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def error_mm(self) -> float:
        """Error (95 %) of an alignment on these structures alone; 1 mm at least, as none is sharper."""
        return max(1.0, 1.96 * self.residual_mm / float(np.sqrt(max(1, len(self.names) - 2))))


def _points(anatomy: Anatomy, name: str) -> tuple[Points, NDArray[np.float64]]:
    """Landmarks (n, 3) of one structure and their weights; the centre comes first."""
    vertebra = anatomy.vertebrae.get(name)
    if vertebra is not None:
        return np.asarray(vertebra.centre_lps_mm, float)[None], np.array([1.0])
    level = anatomy.levels[name]
    left, posterior, cranial = np.asarray(level.axes_lps, float).T
    points = [level.centre_lps_mm, level.centre_lps_mm + ARM_MM * left, level.centre_lps_mm - ARM_MM * left]
    points += [level.centre_lps_mm + ARM_MM * posterior, level.centre_lps_mm + ARM_MM * cranial]
    return np.array([*points, level.posterior_margin_lps_mm], float), np.array([1.0, 0.2, 0.2, 0.2, 0.2, 0.5])


def common_names(baseline: Anatomy, followup: Anatomy) -> tuple[str, ...]:
    """Structures that both visits name, in a stable order."""
    levels = baseline.levels.keys() & followup.levels.keys()
    vertebrae = baseline.vertebrae.keys() & followup.vertebrae.keys()
    return (*sorted(levels), *sorted(vertebrae))


def fit_landmarks(baseline: Anatomy, followup: Anatomy) -> LandmarkFit:
    """Align two visits by the structures that both name, without trusting any single one.

    Every three structures propose an alignment; the one with the lowest median residual over all of them starts a
    re-weighted fit (Geman and McClure's weights), in which a misplaced structure loses its say.

    Raises
    ------
    ComparabilityError
        If the visits have no disc in common, so that nothing fixes the rotation.
    """
    names = common_names(baseline, followup)
    if not any("/" in name for name in names):
        raise ComparabilityError(
            "The visits share no named disc, so they cannot be aligned. "
            "Check that both show the lumbar spine, or name the lowest disc with --lowest-disc."
        )
    pairs = [(*_points(baseline, name), _points(followup, name)[0]) for name in names]
    source = np.concatenate([p[0] for p in pairs])
    weights = np.concatenate([p[1] for p in pairs])
    target = np.concatenate([p[2] for p in pairs])
    owner = np.repeat(np.arange(len(names)), [len(p[1]) for p in pairs])
    transform = _propose(source, target, weights, owner)
    for _ in range(20):
        residual = np.linalg.norm(rigid.apply(transform, source) - target, axis=1)
        transform = rigid.fit(source, target, weights / (1 + (residual / (TOLERANCE_MM / 2)) ** 2) ** 2)
    residual = np.linalg.norm(rigid.apply(transform, source) - target, axis=1)
    centres = np.searchsorted(owner, np.arange(len(names)))
    believed = residual[centres] < TOLERANCE_MM
    if not believed.any():
        believed[:] = True
    kept = believed[owner]
    spread = float(np.sqrt(np.average(residual[kept] ** 2, weights=weights[kept])))
    return LandmarkFit(
        transform,
        spread,
        tuple(n for n, ok in zip(names, believed, strict=True) if ok),
        tuple(n for n, ok in zip(names, believed, strict=True) if not ok),
    )


def _propose(source: Points, target: Points, weights: NDArray[np.float64], owner: NDArray[np.intp]) -> Affine:
    """Of the fits to every three structures, the one with the least median residual over all landmarks."""
    count = int(owner.max()) + 1
    best, best_median = rigid.fit(source, target, weights), np.inf
    groups = list(combinations(range(count), 3)) if count > 3 else []
    for group in groups:
        chosen = np.isin(owner, group)
        if chosen.sum() < 3 or np.linalg.matrix_rank(source[chosen] - source[chosen].mean(0), tol=5.0) < 2:
            continue
        transform = rigid.fit(source[chosen], target[chosen], weights[chosen])
        median = float(np.median(np.linalg.norm(rigid.apply(transform, source) - target, axis=1)))
        if median < best_median:
            best, best_median = transform, median
    return best
