"""Header facts of imaginary exports: enough to give roles, without a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from pipeline.dicom.plan import Plan, make_plan
from pipeline.dicom.rules_file import load_rules
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.visit import PatientIdentity, Plane, Role

START = datetime(2013, 3, 11, 10, 0)
SOMEONE = PatientIdentity("4711", "Muster^Erika", "19600229", "F")


def stack(number: int | None = 1, description: str = "", plane: Plane = Plane.SAGITTAL, **facts: object) -> StackFacts:
    """One stack; series are acquired five minutes apart in the order of their numbers."""
    sagittal = plane is Plane.SAGITTAL
    known: dict[str, object] = {
        "series_instance_uid": f"1.2.{number}",
        "series_number": number,
        "description": description,
        "study_instance_uid": "1.2",
        "study_date": START.date(),
        "acquired_at": None if number is None else START + timedelta(minutes=5 * number),
        "frame_of_reference_uid": "1.2.0",
        "modality": "MR",
        "manufacturer": "Maker",
        "image_type": ("ORIGINAL", "PRIMARY"),
        "plane": plane,
        "shape": (13, 384, 384) if sagittal else (25, 320, 320),
        "spacing_mm": (4.4, 0.75, 0.75) if sagittal else (4.4, 0.6, 0.6),
        "normal_lps": {Plane.SAGITTAL: (1.0, 0.0, 0.0), Plane.CORONAL: (0.0, 1.0, 0.0)}.get(plane, (0.0, 0.0, 1.0)),
        "identity": SOMEONE,
    }
    return StackFacts(index=-1, **{**known, **facts})  # type: ignore[arg-type]


def t1(number: int | None = 1, description: str = "", plane: Plane = Plane.SAGITTAL, **facts: object) -> StackFacts:
    physics = {"repetition_time_ms": 600.0, "echo_time_ms": 11.0, "flip_angle_deg": 150.0, "scanning_sequence": ("SE",)}
    return stack(number, description, plane, **{**physics, **facts})


def t2(number: int | None = 1, description: str = "", plane: Plane = Plane.SAGITTAL, **facts: object) -> StackFacts:
    physics = {
        "repetition_time_ms": 3600.0,
        "echo_time_ms": 105.0,
        "flip_angle_deg": 150.0,
        "scanning_sequence": ("SE",),
    }
    return stack(number, description, plane, **{**physics, **facts})


def stir(number: int | None = 1, description: str = "", plane: Plane = Plane.SAGITTAL, **facts: object) -> StackFacts:
    physics = {
        "repetition_time_ms": 4200.0,
        "echo_time_ms": 55.0,
        "inversion_time_ms": 160.0,
        "scanning_sequence": ("SE", "IR"),
    }
    return stack(number, description, plane, **{**physics, **facts})


def nameless(facts: StackFacts) -> StackFacts:
    """The same stack after a careless de-identification: no physics, no names, no times."""
    return facts.but(
        description="",
        protocol="",
        scanning_sequence=(),
        sequence_name="",
        scan_options=(),
        repetition_time_ms=None,
        echo_time_ms=None,
        inversion_time_ms=None,
        flip_angle_deg=None,
        acquired_at=None,
        manufacturer=None,
        modality=None,
    )


def plan(*stacks: StackFacts, **callbacks: object) -> Plan:
    """Plan of one visit by the rules inside the package."""
    return make_plan([facts.but(index=n) for n, facts in enumerate(stacks)], load_rules(), **callbacks)  # type: ignore[arg-type]


def cast_of(outcome: Plan) -> Mapping[Role, Sequence[int | None]]:
    """Series numbers by role, one for each different series."""
    return {
        role: list(dict.fromkeys(item.facts.series_number for item in casting.winner.members))
        for role, casting in outcome.castings.items()
    }


def reason_of(outcome: Plan, number: int) -> str:
    """Why a series lost."""
    reasons = {c.reason for c in outcome.candidates if c.series_number == number and c.role is None}
    return "; ".join(sorted(reasons))


def codes(outcome: Plan) -> set[str]:
    return {finding.code for finding in outcome.findings}


DAY = date(2013, 3, 11)
