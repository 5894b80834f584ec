"""One volume from all series that see the fragment.

Random effects (DerSimonian and Laird 1986): each series counts by the inverse of its own variance plus one that all
share, by which the series of this patient differ beyond their own errors. Two things are not as in a meta-analysis:

- The series are no independent studies. One network sees them, the sagittal ones together. So they do not make each
  other more certain as independent ones would: the variance of the mean is w'Cw with their correlations in C.
- A role's bias is much the same at both visits (the rim that native T1 counts in, the excess of axial series), and
  cancels in the change only if each role weighs the same at both. So the weights of a pair are found once, for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Role
from pipeline.measurement.uncertainty import Spread

TRUST_SD_MM = MappingProxyType(
    {
        Role.SAGITTAL_T2: 0.0,
        Role.SAGITTAL_T1_POST: 0.15,
        Role.SAGITTAL_STIR: 0.25,
        Role.SAGITTAL_T1: 0.8,
        Role.AXIAL_T2: 0.5,
        Role.AXIAL_T1: 0.8,
        Role.AXIAL_T1_POST: 0.7,
    }
)
"""Standard deviation of a border by what a kind of series is known to get wrong, beside what all get wrong. Native T1
counts the rim: 1.35 times the volume at 1300 mm³, which is 0.8 mm of border. Axial series are labelled by another
network, and give 1.12 to 1.36 times the true volume in the sample cases, 0.3 to 0.6 mm."""
SAME_PLANE = 0.9
OTHER_PLANE = 0.5
"""Correlation of the border errors of two series: one network, or two that learned from one kind of anatomy."""
OUTLYING = 2.5
"""Standard deviations from the consensus beyond which a series loses weight."""


def pair_weights(visits: Sequence[Mapping[Role, Spread]]) -> dict[Role, float]:
    """Weights of the roles that all visits have; they add up to 1, and are the same for every visit.

    Parameters
    ----------
    visits
        One or two visits: the volume of each role with its errors. The first role of the first visit is the most
        trusted one.

    Raises
    ------
    ValueError
        If no role is in all visits.
    """
    roles = [role for role in visits[0] if all(role in visit for visit in visits)]
    if not roles:
        raise ValueError("the visits have no role in common")
    if len(roles) == 1:
        return {roles[0]: 1.0}
    variance = np.array([_variance(role, visits) for role in roles])
    logs = np.array([[_log(visit, role, roles) for role in roles] for visit in visits])
    precision = 1.0 / variance
    centre = np.array([_weighted_median(row, precision) for row in logs])
    apart = np.abs(logs - centre[:, None]).max(axis=0) / np.sqrt(variance)
    trust = np.minimum(1.0, OUTLYING / np.maximum(apart, 1e-9)) ** 2
    between = _between(logs.mean(axis=0), precision * trust)
    weights = trust / (variance + between)
    return dict(zip(roles, (float(w) for w in weights / weights.sum()), strict=True))


def combined(spreads: Mapping[Role, Spread], weights: Mapping[Role, float]) -> Spread:
    """Volume and errors of the weighted mean of the roles in ``weights``.

    What the test-time variants and the place of the slices add is taken to be common to all series, which is the
    cautious side; border errors are correlated by plane.
    """
    roles = [role for role in weights if weights[role] > 0]
    first, weight = spreads[roles[0]], np.array([weights[role] for role in roles])
    if len(roles) == 1:
        return first
    volumes = np.array([spreads[role].volume_mm3 for role in roles])
    borders = np.array([spreads[role].boundary_mm3 for role in roles])
    mean = float(weight @ volumes)
    between = float((weight**2) @ (volumes - mean) ** 2)
    border = float((weight * borders) @ _correlation(roles) @ (weight * borders))
    return Spread(
        volume_mm3=mean,
        boundary_mm3=float(np.sqrt(border + between)),
        variants_mm3=float(weight @ np.array([spreads[role].variants_mm3 for role in roles])),
        slices_mm3=float(weight @ np.array([spreads[role].slices_mm3 for role in roles])),
        limit_mm3=first.limit_mm3,
    )


def _correlation(roles: Sequence[Role]) -> NDArray[np.float64]:
    same = np.array([[one.plane is other.plane for other in roles] for one in roles])
    matrix = np.where(same, SAME_PLANE, OTHER_PLANE)
    np.fill_diagonal(matrix, 1.0)
    return np.asarray(matrix, dtype=np.float64)


def _variance(role: Role, visits: Sequence[Mapping[Role, Spread]]) -> float:
    """Variance of the logarithm of a role's volume, mean over the visits."""
    return float(np.mean([(visit[role].total_mm3 / _scale(visit[role])) ** 2 for visit in visits]))


def _scale(spread: Spread) -> float:
    return spread.volume_mm3 + spread.offset_mm3


def _log(visit: Mapping[Role, Spread], role: Role, roles: Sequence[Role]) -> float:
    """Of the volume, with one offset for all series of a visit, or equal volumes would seem to differ."""
    offset = max(visit[each].floor_mm3 * 2 for each in roles)
    return float(np.log(visit[role].volume_mm3 + offset))


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(reached, 0.5)])


def _between(values: NDArray[np.float64], precision: NDArray[np.float64]) -> float:
    """DerSimonian and Laird's variance between series."""
    total = float(precision.sum())
    mean = float(precision @ values) / total
    excess = float(precision @ (values - mean) ** 2) - (len(values) - 1)
    return max(0.0, excess / (total - float(precision @ precision) / total))
