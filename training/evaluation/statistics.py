"""Agreement of volumes, and how well a volume tells two groups apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LIMITS = 1.96
DRAWS = 4000
SEED = 20140901


def relative_agreement(found: Sequence[float], true: Sequence[float]) -> dict[str, float]:
    """Bias and 95 % limits of agreement of found against true volumes, percent of the true ones.

    After Bland and Altman (Lancet 1986): mean and ± 1.96 standard deviations of the differences.
    """
    error = 100 * (np.asarray(found) / np.asarray(true) - 1)
    bias, spread = float(error.mean()), float(error.std(ddof=1)) if error.size > 1 else 0.0
    low, middle, high = (float(v) for v in np.percentile(error, (25, 50, 75)))
    return {
        "bias_percent": round(bias, 1),
        "lower_percent": round(bias - LIMITS * spread, 1),
        "upper_percent": round(bias + LIMITS * spread, 1),
        "median_percent": round(middle, 1),
        "quartile_low_percent": round(low, 1),
        "quartile_high_percent": round(high, 1),
    }


def area_under_curve(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Chance that a positive exceeds a negative, ties counted half (Mann and Whitney)."""
    p, n = np.asarray(positive)[:, None], np.asarray(negative)[None, :]
    return float(((p > n) + 0.5 * (p == n)).mean())


def area_interval(positive: Sequence[float], negative: Sequence[float]) -> tuple[float, float]:
    """95 % bootstrap interval of the area under the curve, both groups drawn anew."""
    rng = np.random.default_rng(SEED)
    p, n = np.asarray(positive), np.asarray(negative)
    areas = [area_under_curve(rng.choice(p, p.size), rng.choice(n, n.size)) for _ in range(DRAWS)]
    low, high = np.percentile(areas, (2.5, 97.5))
    return round(float(low), 3), round(float(high), 3)


def coefficient_of_variation(values: Sequence[float]) -> float:
    """Standard deviation (n − 1) over the mean; 0 for a single value."""
    array = np.asarray(values)
    return float(array.std(ddof=1) / array.mean()) if array.size > 1 and array.mean() > 0 else 0.0
