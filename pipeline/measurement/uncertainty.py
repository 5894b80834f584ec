"""How sure a volume, a change and a rate are.

Errors of a volume act on its scale (8 % of wCV is −20 / +25 % of a change), except near zero, where an
absolute floor remains. Both are had by taking the logarithm of V + c with c of the size of the floor: symmetric
there means asymmetric, and never negative, in mm³.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.measurement.change import Interval

Z95 = 1.959964
SLICE_SHARE = 0.08
"""Standard deviation, as a share of one slice's worth of the largest section, that the place of the slices adds."""
FLOOR_SHARE = 1 / 3
"""Standard deviation of an empty measurement as a share of the limit of blank."""
LEAST_V0_MM3 = 1.0


@dataclass(frozen=True)
class Spread:
    """A volume and the standard deviations of its independent sources of error, all in mm³.

    Attributes
    ----------
    volume_mm3
        The estimate, ≥ 0.
    boundary_mm3
        From misjudging the border: surface times its standard deviation, or what another series says of it. Partly
        the same at both visits.
    variants_mm3
        From what test-time variation changes.
    slices_mm3
        From where the slices happen to lie.
    limit_mm3
        Limit of blank.
    bias
        Known mean of (measured − true) / true, above −1. It is not taken off, but intervals reach what it suggests.
    hidden_mm3
        A fragment that is not seen may be as large as this.
    overlooked
        Share of the volume by which patients' fragments may read low beyond what the profile knows.
    """

    volume_mm3: float
    boundary_mm3: float
    variants_mm3: float
    slices_mm3: float
    limit_mm3: float
    bias: float = 0.0
    hidden_mm3: float = 0.0
    overlooked: float = 0.0

    @property
    def floor_mm3(self) -> float:
        """Standard deviation of an empty measurement."""
        return self.limit_mm3 * FLOOR_SHARE

    @property
    def offset_mm3(self) -> float:
        """The c of log(V + c): the scale V + c is at least two standard deviations, or the logarithm would run away."""
        return max(2 * self.floor_mm3, 2 * self.total_mm3 - self.volume_mm3)

    @property
    def present(self) -> bool:
        """Whether it is above the limit of blank."""
        return self.volume_mm3 > self.limit_mm3

    @property
    def gain(self) -> float:
        """True volume over measured volume, if the known bias holds here."""
        return 1.0 / (1.0 + self.bias)

    @property
    def own_mm3(self) -> float:
        """Standard deviation of what is never shared between visits."""
        return float(np.sqrt(self.variants_mm3**2 + self.slices_mm3**2 + self.floor_mm3**2))

    @property
    def total_mm3(self) -> float:
        """Standard deviation of the volume."""
        return float(np.hypot(self.own_mm3, self.boundary_mm3))

    def with_disagreement(self, deviation_mm3: float) -> Spread:
        """Widened so far that the whole is no less than the standard deviation by which series disagree.

        The series see the same fragment, so that what they disagree about is its border: added there.
        """
        excess = max(0.0, deviation_mm3**2 - self.total_mm3**2)
        return replace(self, boundary_mm3=float(np.hypot(self.boundary_mm3, np.sqrt(excess))))


def surface_of_ball_mm2(volume_mm3: float) -> float:
    """Surface of a ball: the least that a shape of this volume can have."""
    return float((36 * np.pi) ** (1 / 3) * volume_mm3 ** (2 / 3))


def surface_mm2(share: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> float:
    """Surface of a soft shape by the co-area formula ∫|∇α| dV, at least that of a ball of its volume."""
    voxel = float(np.prod(spacing_mm))
    volume = float(share.sum(dtype=np.float64)) * voxel
    least = surface_of_ball_mm2(volume)
    if volume == 0 or min(share.shape) < 2:
        return least
    gradient = np.gradient(np.asarray(share[_filled_box(share)], dtype=np.float64), *spacing_mm)
    return max(least, float(np.sqrt(sum(part**2 for part in gradient)).sum()) * voxel)


def _filled_box(share: NDArray[np.float32]) -> tuple[slice, ...]:
    """What is filled, with two empty voxels around it where there are any: elsewhere the gradient is 0."""
    where = [np.flatnonzero(share.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    return tuple(slice(max(0, int(one[0]) - 2), int(one[-1]) + 3) for one in where)


def slice_error_mm3(share: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> float:
    """Error from the place of the slices: a share of the largest section times the slice pitch."""
    sections = share.sum(axis=(1, 2), dtype=np.float64)
    return SLICE_SHARE * float(sections.max(initial=0.0)) * float(np.prod(spacing_mm))


def volume_interval(spread: Spread) -> Interval:
    """95 % interval of one volume in mm³, never below 0, as far as the known bias and what may be hidden suggest."""
    scale = spread.volume_mm3 + spread.offset_mm3
    width = Z95 * spread.total_mm3 / scale
    low = scale * float(np.exp(-width)) - spread.offset_mm3
    high = scale * float(np.exp(width)) - spread.offset_mm3
    biased = spread.volume_mm3 * (spread.gain - 1)
    overlooked = spread.volume_mm3 * spread.overlooked if spread.present else 0.0
    high = max(high + max(0.0, biased) + overlooked, 0.0 if spread.present else spread.hidden_mm3)
    return Interval(max(0.0, low + min(0.0, biased)), high)


@dataclass(frozen=True, eq=False)
class _Draws:
    baseline: NDArray[np.float64]
    followup: NDArray[np.float64]


def apart_sd_mm3(baseline: Spread, followup: Spread, correlation: float) -> float:
    """Standard deviation of V1 − V0 by what the two measurements do not share, in mm³."""
    shared = (1 - correlation) * (baseline.boundary_mm3**2 + followup.boundary_mm3**2)
    unlike = correlation * (baseline.boundary_mm3 - followup.boundary_mm3) ** 2
    return float(np.sqrt(baseline.own_mm3**2 + followup.own_mm3**2 + shared + unlike))


@dataclass(frozen=True)
class _Sampling:
    """How the Monte Carlo sample is drawn; ``factor`` scales what the visits do not share."""

    correlation: float
    factor: float
    draws: int
    seed: int


def _draw(baseline: Spread, followup: Spread, sampling: _Sampling) -> _Draws:
    """Possible pairs of volumes. The set of errors is the same when the visits change places, or signs change."""
    correlation = sampling.correlation
    shared, one, other = np.random.default_rng(sampling.seed).standard_normal((3, sampling.draws))
    shared = np.concatenate([shared, shared, -shared, -shared])
    errors = (np.concatenate([one, other, -one, -other]), np.concatenate([other, one, -other, -one]))
    values = []
    for spread, own in zip((baseline, followup), errors, strict=True):
        apart = sampling.factor * np.sqrt(spread.own_mm3**2 + (1 - correlation) * spread.boundary_mm3**2)
        error = np.sqrt(correlation) * spread.boundary_mm3 * shared + apart * own
        scale = spread.volume_mm3 + spread.offset_mm3
        values.append(np.maximum(0.0, scale * np.exp(error / scale) - spread.offset_mm3))
    return _Draws(values[0], values[1])


def change_intervals(
    baseline: Spread, followup: Spread, *, correlation: float, draws: int, seed: int, factor: float = 1.0
) -> tuple[Interval, Interval | None]:
    """95 % intervals of V1 − V0 in mm³ and of the resorption rate in percent (None without a fragment at baseline).

    Parameters
    ----------
    baseline, followup
        The two volumes with their errors.
    correlation
        Share of the boundary error's variance that both visits have in common, 0…1.
    draws, seed
        Of the Monte Carlo sample.
    factor
        On the errors that the visits do not share: below 1 where the change was measured directly, above where more is
        known to be wrong.

    Known biases and what may be hidden are not in these intervals (:func:`reaching`): a bias that both visits have
    makes no change out of none.
    """
    drawn = _draw(baseline, followup, _Sampling(correlation, factor, draws, seed))
    delta = _interval(drawn.followup - drawn.baseline)
    if baseline.volume_mm3 <= baseline.limit_mm3:
        return delta, None
    rate = 100.0 * (1.0 - drawn.followup / np.maximum(drawn.baseline, LEAST_V0_MM3))
    return delta, _interval(rate)


HIDDEN_SHARE = 0.5
"""Of a fragment that one visit shows, so much may hide at the other: that it was seen once tells that it can be."""


def reaching(
    delta: Interval, rate: Interval | None, baseline: Spread, followup: Spread
) -> tuple[Interval, Interval | None]:
    """Both intervals as far as the known biases, and what may be hidden where nothing was seen, suggest.

    Exchanging the visits mirrors the interval of the change.
    """
    first, second = baseline.volume_mm3, followup.volume_mm3
    biased = second * followup.gain - first * baseline.gain - (second - first)
    hidden_after = _hidden(followup, baseline)
    hidden_before = _hidden(baseline, followup)
    # What does not count as present may be nothing at all.
    wider = Interval(
        delta.low + min(0.0, biased) - hidden_before - (0.0 if followup.present else second),
        delta.high + max(0.0, biased) + hidden_after + (0.0 if baseline.present else first),
    )
    if rate is None:
        return wider, None
    suggested = 100.0 * (1.0 - second * followup.gain / max(first * baseline.gain, LEAST_V0_MM3))
    plain = 100.0 * (1.0 - second / max(first, LEAST_V0_MM3))
    shift = suggested - plain
    low = rate.low + min(0.0, shift) - 100.0 * hidden_after / max(first, LEAST_V0_MM3)
    # A fragment that is not told from nothing may be gone, however much of its noise was counted.
    high = rate.high + max(0.0, shift) if followup.present else 100.0
    return wider, Interval(low, min(100.0, high))


def _hidden(spread: Spread, other: Spread) -> float:
    """What may hide beyond the interval of a visit that shows nothing, in mm³."""
    if spread.present:
        return 0.0
    known = volume_interval(replace(spread, hidden_mm3=0.0)).high
    most = min(spread.hidden_mm3, HIDDEN_SHARE * other.volume_mm3) if other.present else spread.hidden_mm3
    return max(0.0, most - known)


def _interval(values: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(values, (0.025, 0.975))
    return Interval(float(low), float(high))
