"""The weighted median."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Minimise Σ weight · |value − m| over m; with weights x, the least-absolute-deviation slope of y = m x from y/x.

    Parameters
    ----------
    values, weights
        Shape (n,), n at least 1; weights are positive.
    """
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
