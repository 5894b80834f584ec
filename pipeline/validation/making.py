"""Making the images of a pair; a patient is painted once for all pairs that share him or her."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import SpineSpec
from pipeline.phantom.case import PhantomCase
from pipeline.phantom.fine_map import FineMap
from pipeline.phantom.generate import prepare
from pipeline.phantom.regions import paint_regions
from pipeline.phantom.truth import VisitTruth
from pipeline.phantom.visit_maker import VisitMaker
from pipeline.validation.draw import PairPlan, plan_pairs
from pipeline.validation.patients import ATTEMPTS, anatomy_case, anatomy_seed, pair_case
from pipeline.validation.protocol import Protocol

_MOST_ATTEMPTS = 3 * ATTEMPTS


@dataclass(frozen=True, eq=False)
class Patient:
    """One patient, painted.

    Attributes
    ----------
    anatomy
        Number of the patient in the protocol.
    spine
        His or her spine.
    bases
        The painted anatomy without fragments, by kind of map.
    """

    anatomy: int
    spine: SpineSpec
    bases: Mapping[str, FineMap]


def paint_patient(protocol: Protocol, anatomy: int) -> Patient:
    """Paint everything of a patient that any of the protocol's pairs shows, however many pairs are wanted now."""
    each = protocol.pairs_per_anatomy
    plans = plan_pairs(protocol, (anatomy + 1) * each)[anatomy * each :]
    case = anatomy_case(protocol, plans)
    spine = case.spine.spec(anatomy_seed(protocol, anatomy))
    return Patient(anatomy, spine, paint_regions(case, spine))


def make_pair(protocol: Protocol, plan: PairPlan, patient: Patient, out: Path) -> tuple[VisitTruth, VisitTruth]:
    """Scan both visits of a pair and write them as DICOM below ``out``.

    Fragments for which the canal has no room are placed anew, at last smaller: what was painted is the truth.

    Returns
    -------
    Truth of baseline and follow-up; their ``folder`` names the images below ``out``.

    Raises
    ------
    UsageError
        If no fragment fits.
    pipeline.errors.OutputError
        If a file cannot be written.
    """
    first, second = _placed(protocol, plan, patient, out)
    return first.make(_silent), second.make(_silent)


def _placed(protocol: Protocol, plan: PairPlan, patient: Patient, out: Path) -> tuple[VisitMaker, VisitMaker]:
    for attempt in range(_MOST_ATTEMPTS):
        case: PhantomCase = pair_case(protocol, plan, attempt)
        try:
            both = [prepare(case, index, patient.spine, patient.bases, out) for index in range(2)]
        except UsageError:
            continue
        return both[0], both[1]
    raise UsageError(
        f"No fragment of {plan.baseline_mm3:.0f} mm³ fits into the canal of patient {plan.anatomy} "
        f"(pair {plan.number}). Ask for smaller ones with truth.volume_mm3 in the protocol."
    )


def _silent(_: str) -> None:
    """Making a pair is one step."""
