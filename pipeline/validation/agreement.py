"""The statistics of agreement: differences from the truth, repeatability, detection, shares with their intervals.

Bland & Altman, Lancet 1986;327:307 and Stat Methods Med Res 1999;8:135 (limits of agreement and their confidence);
Raunig et al. (QIBA), Stat Methods Med Res 2015;24:27 (repeatability coefficient 2.77 × within-subject standard
deviation); Clopper & Pearson, Biometrika 1934;26:404 (shares); CLSI EP17-A2 (limits of blank and of detection).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

Z95 = 1.959964
_LEAST = 3
"""Fewer values have no spread worth the name."""


@dataclass(frozen=True)
class Agreement:
    """Differences from the truth; confidence intervals (95 %) by Bland & Altman 1999.

    Attributes
    ----------
    n
        Number of differences.
    bias, bias_low, bias_high
        Their mean.
    sd
        Their standard deviation.
    low, high
        95 % limits of agreement, bias ∓ 1.96 sd.
    low_outer, high_outer
        Outer confidence limits of these.
    """

    n: int
    bias: float
    bias_low: float
    bias_high: float
    sd: float
    low: float
    high: float
    low_outer: float
    high_outer: float


def agreement(differences: Sequence[float]) -> Agreement | None:
    """Bias and 95 % limits of agreement; None of fewer than three differences.

    The truth is known without error, so differences are judged against it and not against the mean of both (Krouwer,
    Stat Med 2008;27:778). The standard error of a limit is sd · √(1/n + 1.96² / (2 (n − 1))).
    """
    n = len(differences)
    if n < _LEAST:
        return None
    values = np.asarray(differences, dtype=np.float64)
    bias, sd = float(values.mean()), float(values.std(ddof=1))
    t = float(stats.t.ppf(0.975, n - 1))
    of_bias = t * sd / math.sqrt(n)
    of_limit = t * sd * math.sqrt(1 / n + Z95**2 / (2 * (n - 1)))
    low, high = bias - Z95 * sd, bias + Z95 * sd
    return Agreement(n, bias, bias - of_bias, bias + of_bias, sd, low, high, low - of_limit, high + of_limit)


@dataclass(frozen=True)
class Share:
    """A proportion with its exact (Clopper–Pearson) 95 % interval; ``share`` is None of nothing."""

    count: int
    n: int
    share: float | None
    low: float
    high: float


def share(hits: Sequence[bool]) -> Share:
    """How many of the cases hit."""
    n, count = len(hits), sum(hits)
    if n == 0:
        return Share(0, 0, None, 0.0, 1.0)
    interval = stats.binomtest(count, n).proportion_ci(0.95, method="exact")
    return Share(count, n, count / n, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class Repeatability:
    """How far two measurements of an unchanged fragment lie apart in 95 % of cases.

    Attributes
    ----------
    n
        Number of pairs.
    coefficient_mm3
        RC = 1.96 · √2 · wSD = 2.77 wSD, mm³.
    low_mm3, high_mm3
        Its 95 % interval (χ² law).
    lower_percent, upper_percent
        The same on the logarithm, as percent of the first volume: asymmetric.
    """

    n: int
    coefficient_mm3: float
    low_mm3: float
    high_mm3: float
    lower_percent: float
    upper_percent: float


def repeatability(pairs: Sequence[tuple[float, float]]) -> Repeatability | None:
    """Repeatability coefficient from pairs of volumes (mm³, > 0) of one unchanged fragment; None of fewer than three.

    wSD² is the mean of d²/2 over the pairs, so that a difference of the two means counts as what it is: an error.
    """
    n = len(pairs)
    if n < _LEAST:
        return None
    first, second = np.asarray(pairs, dtype=np.float64).T
    within = math.sqrt(float(np.mean((second - first) ** 2)) / 2)
    logs = math.sqrt(float(np.mean(np.log(second / first) ** 2)) / 2)
    reach, factor = Z95 * math.sqrt(2), Z95 * math.sqrt(2) * logs
    low, high = (math.sqrt(n / float(stats.chi2.ppf(q, n))) for q in (0.975, 0.025))
    return Repeatability(
        n=n,
        coefficient_mm3=reach * within,
        low_mm3=reach * within * low,
        high_mm3=reach * within * high,
        lower_percent=100 * (math.exp(-factor) - 1),
        upper_percent=100 * (math.exp(factor) - 1),
    )


@dataclass(frozen=True)
class Detection:
    """What can be told from nothing, mm³.

    Attributes
    ----------
    blanks
        Number of visits without a fragment.
    blank_mm3
        Limit of blank: the 95th percentile of what is measured there.
    blank_sd_mm3
        Standard deviation of what is measured there.
    small
        Number of small fragments (below ``smaller_than_mm3``).
    limit_mm3
        Limit of detection: limit of blank + 1.645 standard deviations of small fragments' errors.
    missed_mm3
        The largest true volume that was called none; 0 where no fragment was missed.
    stated_mm3
        The largest limit of blank that a report stated.
    """

    blanks: int
    blank_mm3: float
    blank_sd_mm3: float
    small: int
    limit_mm3: float | None
    missed_mm3: float
    stated_mm3: float


def detection(
    blanks: Sequence[float], small: Sequence[float], missed: Sequence[float], stated: Sequence[float]
) -> Detection | None:
    """Limits of blank and of detection by CLSI EP17-A2; None without any blank.

    Parameters
    ----------
    blanks
        Volumes measured where there is no fragment, mm³.
    small
        Errors (measured − true, mm³) of small fragments.
    missed
        True volumes of fragments that were called none.
    stated
        Limits of blank that the reports stated.
    """
    if not blanks:
        return None
    limit = float(np.quantile(blanks, 0.95))
    spread = float(np.std(small, ddof=1)) if len(small) >= _LEAST else None
    return Detection(
        blanks=len(blanks),
        blank_mm3=limit,
        blank_sd_mm3=float(np.std(blanks, ddof=1)) if len(blanks) > 1 else 0.0,
        small=len(small),
        limit_mm3=None if spread is None else limit + float(stats.norm.ppf(0.95)) * spread,
        missed_mm3=max(missed, default=0.0),
        stated_mm3=max(stated, default=0.0),
    )
