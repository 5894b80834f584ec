"""Which disc is the lumbosacral one: what the network calls the bones, and how the column looks, weighed together.

Every disc in view, and "none of them", is a hypothesis. The evidence for each is a weighed sum, and the chances are the
softmax of these sums: a conditional logit model, fitted to cases whose levels are known. ``docs/levels.md`` says to
which, and how often names of each confidence were right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.bodies import Body
from pipeline.segmentation.discs import Disc
from pipeline.segmentation.junction import Junction, sacrum_share

FEATURES = ("bones", "adjoining", "taper", "angle", "slope", "size")
MOST_BONES = 3.0


@dataclass(frozen=True)
class Weighing:
    """What the evidence counts for.

    Attributes
    ----------
    features
        Weight of each of :data:`FEATURES`.
    none
        Evidence for no lumbosacral disc in view, but for what the network calls the bones.
    """

    features: tuple[float, ...]
    none: float


FITTED = Weighing((1.9, 1.4, 2.9, 1.9, 2.0, 2.8), 3.3)
"""As ``python -m training.levels`` fits it."""


@dataclass(frozen=True, eq=False)
class Chances:
    """How probable it is that each disc is the lumbosacral one.

    Attributes
    ----------
    discs
        Shape (discs,), cranial to caudal.
    none
        That the sacrum is not in view. All sum to 1.
    """

    discs: NDArray[np.float64]
    none: float


def lumbosacral_chances(
    discs: Sequence[Disc], bodies: Sequence[Body], junctions: Sequence[Junction], weighing: Weighing = FITTED
) -> Chances:
    """Weigh the evidence for every disc; ``bodies[k]`` lies above ``discs[k]``."""
    evidence = lumbosacral_features(discs, bodies, junctions) @ np.array(weighing.features)
    evidence[-1] += weighing.none
    odds = np.exp(evidence - evidence.max())
    odds /= odds.sum()
    return Chances(odds[:-1], float(odds[-1]))


def lumbosacral_features(
    discs: Sequence[Disc], bodies: Sequence[Body], junctions: Sequence[Junction]
) -> NDArray[np.float64]:
    """Shape (discs + 1, features); the last row is that of "none in view"."""
    shares = np.array([sacrum_share(body) for body in bodies])
    rows = [
        [
            -_contradiction(shares, k),
            seen.sacral_below - seen.sacral_above,
            _clipped(seen.taper, -0.2, 0.5),
            _clipped(seen.angle_degrees, 0.0, 50.0) / 30.0,
            float(np.clip(seen.slope_degrees, -10.0, 45.0)) / 30.0,
            _relative_size(discs, k),
        ]
        for k, seen in enumerate(junctions)
    ]
    none = [-_contradiction(shares, len(discs)), *([0.0] * (len(FEATURES) - 1))]
    return np.array([*rows, none])


def _contradiction(shares: NDArray[np.float64], k: int) -> float:
    """Sacral share of the bodies above the disc, and lumbar share of those below."""
    return float(min(shares[: k + 1].sum() + (1.0 - shares[k + 1 :]).sum(), MOST_BONES))


def _clipped(value: float | None, low: float, high: float) -> float:
    return 0.0 if value is None else float(np.clip(value, low, high))


def _relative_size(discs: Sequence[Disc], k: int) -> float:
    """Antero-posterior size against the disc above, about 0 for a lumbar disc: that between S1 and S2 is smaller."""
    if k == 0:
        return 0.0
    return float(np.clip(discs[k].depth_mm / max(discs[k - 1].depth_mm, 1.0), 0.5, 1.0)) - 1.0
