"""One pair from its plan to its outcome, through the same entrance that a user takes."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from pipeline.config import Config
from pipeline.dicom.visit import Visit
from pipeline.errors import DiscdeltaError, UnreadableInputError, UsageError
from pipeline.phantom.truth import VisitTruth
from pipeline.validation.draw import PairPlan
from pipeline.validation.making import Patient, make_pair
from pipeline.validation.outcome import PairOutcome, VisitOutcome
from pipeline.validation.protocol import Protocol
from pipeline.validation.reported import reported
from pipeline.workflow import compare, load_visit

_OF_THE_CALL = (UsageError, UnreadableInputError)
"""Errors that say the call is wrong rather than that a pair is refused."""


def run_pair(protocol: Protocol, plan: PairPlan, patient: Patient, config: Config, room: Path) -> PairOutcome:
    """Make a pair, compare its visits as `discdelta compare` would, and note truth and result.

    Parameters
    ----------
    room
        Folder for the images.

    Raises
    ------
    DiscdeltaError
        If the images cannot be made or the settings are wrong; a refusal of the pair is an outcome, not an error.
    """
    began = time.perf_counter()
    truths = make_pair(protocol, plan, patient, room)
    made = time.perf_counter()
    places = room / truths[0].folder, room / truths[1].folder
    outcome = _compared(protocol, plan, truths, places, config)
    done = time.perf_counter()
    if plan.swapped and outcome.refused is None:
        outcome = replace(outcome, swap_mm3=_swap_error(places, config, outcome))
    return replace(outcome, making_seconds=round(made - began, 3), seconds=round(done - made, 3))


def _compared(
    protocol: Protocol,
    plan: PairPlan,
    truths: tuple[VisitTruth, VisitTruth],
    places: tuple[Path, Path],
    config: Config,
) -> PairOutcome:
    blank = _blank(protocol, plan, truths)
    try:
        found = compare(*places, config=config)
    except _OF_THE_CALL:
        raise
    except DiscdeltaError as error:
        return replace(blank, refused=error.code)
    return replace(
        reported(blank, found.change),
        tre_mm=found.alignment.quality.estimated_tre_mm,
        findings=tuple(sorted({finding.code for finding in found.findings})),
        evidence=found.change.evidence,
        stage_seconds={name: round(took, 3) for name, took in found.provenance.stage_seconds.items()},
    )


def _blank(protocol: Protocol, plan: PairPlan, truths: tuple[VisitTruth, VisitTruth]) -> PairOutcome:
    """The truth of a pair, nothing measured."""
    both = [_visit(protocol, plan, index, truth) for index, truth in enumerate(truths)]
    fragment = truths[0].fragments[0]
    return PairOutcome(
        number=plan.number,
        anatomy=plan.anatomy,
        kind=plan.kind.value,
        baseline=both[0],
        followup=both[1],
        rim_mm=fragment.rim_mm,
        sequestered=bool(fragment.spec[0]["sequestered"]),
        refused=None,
        usable=False,
        category=None,
        delta_mm3=None,
        delta_low_mm3=None,
        delta_high_mm3=None,
        rate_percent=None,
        rate_low_percent=None,
        rate_high_percent=None,
        tre_mm=None,
        angle_deg=_angle_deg(truths),
        swap_mm3=None,
        findings=(),
        seconds=0.0,
        making_seconds=0.0,
    )


def _visit(protocol: Protocol, plan: PairPlan, index: int, truth: VisitTruth) -> VisitOutcome:
    scan = protocol.scans[plan.scans[index]]
    card = scan.sagittal_t2
    signals = next(series.signals for series in truth.series if series.key == card.role.value)
    return VisitOutcome(
        scan=plan.scans[index],
        thickness_mm=card.thickness_mm,
        pitch_mm=round(card.pitch_mm, 6),
        snr=card.snr,
        field_t=scan.field_t,
        brightness=round(signals["fragment"] / signals["csf"], 6),
        true_mm3=truth.fragment_volume_mm3(protocol.level),
    )


def _angle_deg(truths: tuple[VisitTruth, VisitTruth]) -> float:
    first, second = (np.array(truth.anatomy_to_lps)[:3, :3] for truth in truths)
    return round(float(np.degrees(Rotation.from_matrix(second @ first.T).magnitude())), 3)


def _swap_error(places: tuple[Path, Path], config: Config, outcome: PairOutcome) -> float:
    """Compare the pair with its visits' dates exchanged, and tell how far that is from the mirror image."""
    first, second = load_visit(places[0], config=config), load_visit(places[1], config=config)
    swapped = compare(_dated(second, first), _dated(first, second), config=config)
    change = swapped.change
    if change.category.value != _mirrored(outcome.category) or change.usable is not outcome.usable:
        return float("inf")
    pairs = (
        (change.delta_mm3, _negative(outcome.delta_mm3)),
        (change.delta_interval95_mm3.low, _negative(outcome.delta_high_mm3)),
        (change.delta_interval95_mm3.high, _negative(outcome.delta_low_mm3)),
        (change.baseline.volume_mm3, outcome.followup.measured_mm3),
        (change.followup.volume_mm3, outcome.baseline.measured_mm3),
    )
    return max(abs(found - float(wanted or 0.0)) for found, wanted in pairs)


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _dated(visit: Visit, other: Visit) -> Visit:
    """A visit with the study date of another, so that it takes its place in the order of time."""
    return replace(visit, study_date=other.study_date)


def _mirrored(category: str | None) -> str | None:
    """What a change is called when time runs backwards."""
    opposite = {"complete": "new", "new": "complete", "partial": "growth", "growth": "partial"}
    return opposite.get(category or "", category)
