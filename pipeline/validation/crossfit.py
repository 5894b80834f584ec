"""One study gives a profile and its honest check: each pair is judged by a profile made without its patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config import MeasurementSettings
from pipeline.validation.folds import folds
from pipeline.validation.outcome import PairOutcome
from pipeline.validation.precision import profile_of
from pipeline.validation.rejudge import rejudged

PARTS = 5
"""Patients are divided into so many parts; each is judged by the profile of the other four."""


@dataclass(frozen=True)
class CrossFit:
    """Every pair as it is reported by a profile in which neither it nor its patient had a part.

    Attributes
    ----------
    outcomes
        In the order of the study.
    parts
        Into how many parts the patients were divided.
    """

    outcomes: tuple[PairOutcome, ...]
    parts: int


def crossfit(outcomes: Sequence[PairOutcome], settings: MeasurementSettings) -> CrossFit | None:
    """Judge every pair by the profile of the other patients (Stone, J R Stat Soc B 1974;36:111).

    Parameters
    ----------
    settings
        Of the measurement; their own precision profile is asked for nothing.

    Returns
    -------
    CrossFit or None
        None where there are too few pairs or patients, or pairs that do not keep what it takes.
    """
    if any(one.refused is None and one.evidence is None for one in outcomes):
        return None
    parts = folds(outcomes, PARTS)
    judged: dict[int, PairOutcome] = {}
    for held, others in parts:
        profile = profile_of(others, settings)
        if profile is None:
            return None
        judged.update((one.number, one) for one in rejudged(held, settings, profile))
    return CrossFit(tuple(judged[one.number] for one in outcomes), len(parts)) if parts else None
