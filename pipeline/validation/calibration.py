"""By how much a profile's spreads have to be larger or smaller for 95 % intervals to hold the truth as often as that.

Figures of a cell tell where errors are larger; how large they are against an interval depends on the shape of their
law. The factor is found as in split-conformal prediction (Vovk et al. 2005; Lei et al., JASA 2018;113:1094): pairs are
judged by a profile that was made without their patient, and it is the one with which the wanted share is covered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.config import MeasurementSettings
from pipeline.measurement.change import Category, FragmentMeasurement
from pipeline.measurement.fragment import MeasuredFragment
from pipeline.measurement.judging import judged, seen_alike
from pipeline.measurement.precision import PrecisionCell, PrecisionProfile
from pipeline.measurement.uncertainty import Spread, volume_interval
from pipeline.validation.draw import Kind
from pipeline.validation.folds import folds
from pipeline.validation.outcome import PairOutcome, within
from pipeline.validation.rejudge import rejudged

PARTS = 5
DRAWS = 1000
"""Enough for a factor; a report draws more."""
ENOUGH = 20
"""Fewer cases calibrate nothing."""
VOLUMES = 0.95
"""Share of the intervals of volumes that are to hold the truth."""
NARROWEST = 0.9
"""Spreads of volumes are narrowed by a tenth at most: what real canals do to a volume, simulated ones show in part."""
CHANGES, RATES, UNCHANGED, MOST = 0.96, 0.94, 0.95, 0.97
"""The same of changes and of rates, and share of unchanged fragments that are to be called so. One factor serves all
three: the least one that gives each its share, but none with which more than ``MOST`` of the changes are held."""
STEPS = np.array([0.35, 0.6, 0.85, 1.2, 1.7, 3.0])
FINE_STEPS = np.geomspace(0.3, 3.5, 50)

Build = Callable[[Sequence[PairOutcome]], tuple[PrecisionCell, ...]]


@dataclass(frozen=True)
class Factors:
    """Factors on the standard deviations of volumes and of changes."""

    volume: float = 1.0
    change: float = 1.0

    def on(self, cell: PrecisionCell) -> PrecisionCell:
        """The cell with its spreads multiplied."""
        return replace(
            cell,
            sd_percent=round(self.volume * cell.sd_percent, 3),
            change_sd_percent=round(self.change * cell.change_sd_percent, 3),
        )


def calibrated(outcomes: Sequence[PairOutcome], settings: MeasurementSettings, build: Build) -> Factors:
    """Find both factors for profiles that ``build`` makes; 1 where there are too few pairs to tell.

    Parameters
    ----------
    settings
        Of the measurement.
    build
        From pairs to cells.
    """
    good = [one for one in outcomes if one.evidence is not None and one.usable]
    parts = [(held, build(others)) for held, others in folds(good, PARTS)]
    ready = [(held, cells) for held, cells in parts if cells]
    quick = settings.model_copy(update={"draws": DRAWS})
    needed = [
        factor
        for held, cells in ready
        for one in held
        for factor in _needed_by_volumes(one, quick, _scaled(cells, Factors()))
    ]
    volume = max(NARROWEST, _quantile(needed, VOLUMES))
    return Factors(volume, _for_changes(ready, quick, volume))


def _scaled(cells: Sequence[PrecisionCell], factors: Factors) -> PrecisionProfile:
    return PrecisionProfile(tuple(factors.on(cell) for cell in cells), {"provisional": False})


def _needed_by_volumes(one: PairOutcome, settings: MeasurementSettings, profile: PrecisionProfile) -> list[float]:
    """The least factor with which each interval of a fragment that was seen holds the truth."""
    if one.evidence is None:
        return []
    change, seen = judged(one.evidence, settings, profile), seen_alike(one.evidence, profile)
    found: list[tuple[MeasuredFragment, FragmentMeasurement, float]] = [
        (seen[0], change.baseline, one.baseline.true_mm3),
        (seen[1], change.followup, one.followup.true_mm3),
    ]
    return [
        _needed(replace(fragment.spread, volume_mm3=moved.volume_mm3), true)
        for fragment, moved, true in found
        if true > 0 and moved.present
    ]


def _needed(spread: Spread, true_mm3: float) -> float:
    for factor in FINE_STEPS:
        border = max(0.0, (factor * spread.total_mm3) ** 2 - spread.own_mm3**2)
        interval = volume_interval(replace(spread, boundary_mm3=float(np.sqrt(border))))
        if interval.low <= true_mm3 <= interval.high:
            return float(factor)
    return float("inf")


def _quantile(needed: Sequence[float], share: float) -> float:
    """The factor that suffices for that share of further cases: the ⌈(n + 1) · share⌉-th smallest."""
    if len(needed) < ENOUGH:
        return 1.0
    rank = min(len(needed), int(np.ceil((len(needed) + 1) * share)))
    return float(np.clip(np.sort(needed)[rank - 1], STEPS[0], STEPS[-1]))


def _for_changes(
    ready: Sequence[tuple[Sequence[PairOutcome], tuple[PrecisionCell, ...]]],
    settings: MeasurementSettings,
    volume: float,
) -> float:
    """The factor for changes, from pairs with a fragment at both visits.

    Where a fragment vanished the interval of the change is that of its volume.
    """
    tested: list[list[tuple[bool, bool, bool | None]]] = [[] for _ in STEPS]
    for pairs, cells in ready:
        both = [one for one in pairs if one.baseline.present and one.followup.present]
        for place, factor in enumerate(STEPS):
            profile = _scaled(cells, Factors(volume, float(factor)))
            tested[place] += [_holds(one, settings, profile) for one in both]
    if len(tested[0]) < ENOUGH:
        return 1.0
    change, rate, still = (
        [[row[kind] for row in rows if row[kind] is not None] for rows in tested] for kind in range(3)
    )
    wanted = [_least(change, CHANGES), _least(rate, RATES)]
    if len(still[0]) >= ENOUGH:
        wanted.append(_least(still, UNCHANGED))
    return min(max(wanted), max(_least(change, MOST), wanted[0]))


def _least(held: Sequence[Sequence[bool | None]], share: float) -> float:
    """The least factor with which that share of further cases is held, between the steps that were tried."""
    # A wider interval holds whatever a narrower one does.
    covered = np.maximum.accumulate([sum(map(bool, row)) / (len(row) + 1) for row in held])
    if covered[-1] < share:
        return float(STEPS[-1])
    after = int(np.argmax(covered >= share))
    if after == 0:
        return float(STEPS[0])
    way = (share - covered[after - 1]) / (covered[after] - covered[after - 1])
    return float(STEPS[after - 1] * (STEPS[after] / STEPS[after - 1]) ** way)


def _holds(
    one: PairOutcome, settings: MeasurementSettings, profile: PrecisionProfile
) -> tuple[bool, bool, bool | None]:
    """Whether the intervals of change and rate hold the truth, and whether what did not change is called so.

    The last is None where something did change.
    """
    again = rejudged((one,), settings, profile)[0]
    still = again.category == Category.NO_DETECTABLE_CHANGE if one.kind == Kind.UNCHANGED else None
    return (
        within(again.delta_low_mm3, one.true_delta_mm3, again.delta_high_mm3),
        within(again.rate_low_percent, one.true_rate_percent, again.rate_high_percent),
        still,
    )
