"""How well two shapes agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Twice the common part over the sum of both; 1 where both are empty."""
    total = int(found.sum()) + int(truth.sum())
    return 2.0 * int((found & truth).sum()) / total if total else 1.0


def soft_dice(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """The same for shares of voxels: the common part is the smaller share."""
    total = float(found.sum(dtype=np.float64) + truth.sum(dtype=np.float64))
    return 2.0 * float(np.minimum(found, truth).sum(dtype=np.float64)) / total if total else 1.0


def hit(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Share of the truth that was found."""
    total = float(truth.sum(dtype=np.float64))
    return float(np.minimum(found, truth).sum(dtype=np.float64)) / total if total else 1.0
