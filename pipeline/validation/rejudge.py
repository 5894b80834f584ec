"""Finished pairs judged again with another precision profile, from what they keep."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config import MeasurementSettings
from pipeline.measurement.judging import judged
from pipeline.measurement.precision import PrecisionProfile
from pipeline.validation.outcome import PairOutcome
from pipeline.validation.reported import reported


def rejudged(
    outcomes: Sequence[PairOutcome], settings: MeasurementSettings, profile: PrecisionProfile
) -> tuple[PairOutcome, ...]:
    """The pairs as they would have been reported with ``profile``; what was refused stays so.

    Parameters
    ----------
    settings
        Of the measurement; their own precision profile is not asked.
    """
    return tuple(
        one if one.evidence is None else reported(one, judged(one.evidence, settings, profile)) for one in outcomes
    )
