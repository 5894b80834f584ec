"""What a report says of a pair's change, noted beside the truth."""

from __future__ import annotations

from dataclasses import replace

from pipeline.measurement.change import Change, FragmentMeasurement
from pipeline.validation.outcome import PairOutcome, VisitOutcome


def reported(pair: PairOutcome, change: Change) -> PairOutcome:
    """The pair with everything that follows from its change: volumes, change, rate, their intervals, and names."""
    rate = change.resorption_rate_interval95_percent
    return replace(
        pair,
        baseline=_measured(pair.baseline, change.baseline),
        followup=_measured(pair.followup, change.followup),
        usable=change.usable,
        category=change.category.value,
        delta_mm3=change.delta_mm3,
        delta_low_mm3=change.delta_interval95_mm3.low,
        delta_high_mm3=change.delta_interval95_mm3.high,
        rate_percent=change.resorption_rate_percent,
        rate_low_percent=rate.low if rate else None,
        rate_high_percent=rate.high if rate else None,
        subtracted_mm3=change.subtracted_mm3,
        direct_mm3=change.direct_mm3,
        direct_weight=change.direct_weight,
    )


def _measured(visit: VisitOutcome, found: FragmentMeasurement) -> VisitOutcome:
    return replace(
        visit,
        measured_mm3=found.volume_mm3,
        low_mm3=found.interval95_mm3.low,
        high_mm3=found.interval95_mm3.high,
        limit_mm3=found.detection_limit_mm3,
        present=found.present,
        surely_seen_mm3=found.surely_seen_mm3,
    )
