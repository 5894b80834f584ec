"""What ``discdelta inspect`` shows: every series of every visit, its role, or why it plays none."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.config import DicomSettings
from pipeline.dicom.identity import check_identities
from pipeline.dicom.loading import Folder, PlannedVisit, findings_of_scan, open_folder
from pipeline.dicom.opening import Place, as_paths
from pipeline.dicom.skipping import Skipped
from pipeline.dicom.visit import Candidate, Role
from pipeline.errors import IdentityError
from pipeline.findings import Finding, Severity

_SCHEMA = "discdelta-inspection/1"
_ADVICE = "Check the export; if it is one person, give `discdelta compare` the option --allow-different-patients."


@dataclass(frozen=True)
class SeriesLine:
    """One series, or one part of a series that differs from the rest of it (another plane, echo or role).

    Attributes
    ----------
    blocks
        Number of stacks; more than one for tilted axial blocks.
    slices
        Of all blocks together.
    matrix
        Rows and columns.
    spacing_mm
        Measured distance between slices, rows and columns.
    contrast
        Whether it was acquired after contrast medium; None where that was not asked.
    reason
        Why it plays no role; for a chosen series, what its weighting and contrast state rest on.
    """

    number: int | None
    description: str
    plane: str
    weighting: str
    blocks: int
    slices: int
    matrix: tuple[int, int]
    spacing_mm: tuple[float, float, float] | None
    contrast: bool | None
    role: Role | None
    reason: str


@dataclass(frozen=True)
class VisitInspection:
    """One visit; ``study_date`` is ISO text, None when unusable."""

    study_date: str | None
    usable: bool
    series: tuple[SeriesLine, ...]
    missing_roles: tuple[Role, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Inspection:
    """Everything about one source that may be shown; holds no patient identity.

    Attributes
    ----------
    visits
        In the order of their dates, undated ones last.
    skipped
        Files left out, each with a reason.
    findings
        About the source as a whole.
    """

    visits: tuple[VisitInspection, ...]
    skipped: tuple[Skipped, ...]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data, ready for JSON."""
        return {"schema": _SCHEMA, **_plain(asdict(self))}


def inspect(source: Place, settings: DicomSettings | None = None) -> Inspection:
    """Look at what a source holds without loading it; pixels are read only where headers leave a doubt.

    Several patients in one source are a finding here, not an error: this is where one comes to understand it.

    Raises
    ------
    UnreadableInputError
        If nothing is there, or no MR image.
    """
    folder = open_folder(as_paths(source), settings or DicomSettings())
    return Inspection(
        visits=tuple(_visit(folder, planned) for planned in folder.visits),
        skipped=folder.scanned.skipped,
        findings=(*findings_of_scan(folder, folder.facts), *_identity_findings(folder)),
    )


def _visit(folder: Folder, planned: PlannedVisit) -> VisitInspection:
    plan, day = planned.plan, planned.studies.day
    return VisitInspection(
        study_date=None if day is None else day.isoformat(),
        usable=planned.usable,
        series=_lines(plan.candidates),
        missing_roles=tuple(role for role in folder.rules.roles if role not in plan.castings),
        findings=(*planned.studies.findings, *plan.findings),
    )


def _lines(candidates: tuple[Candidate, ...]) -> tuple[SeriesLine, ...]:
    """Stacks of one series that share everything shown are one line."""
    groups: dict[tuple[object, ...], list[Candidate]] = defaultdict(list)
    for one in candidates:
        key = (one.series_instance_uid, one.plane, one.weighting, one.shape, one.contrast, one.role, one.reason)
        groups[key].append(one)
    return tuple(
        SeriesLine(
            number=group[0].series_number,
            description=group[0].series_description,
            plane=group[0].plane.value if group[0].plane else "",
            weighting=group[0].weighting,
            blocks=len(group),
            slices=sum(one.slices for one in group),
            matrix=group[0].shape,
            spacing_mm=group[0].spacing_mm,
            contrast=group[0].contrast,
            role=group[0].role,
            reason=group[0].reason,
        )
        for group in groups.values()
    )


def _identity_findings(folder: Folder) -> tuple[Finding, ...]:
    try:
        return check_identities([facts.identity for facts in folder.facts], "The images given", advice=_ADVICE)
    except IdentityError as error:
        return (Finding("identity-differs", Severity.ERROR, str(error)),)


def _plain(value: Any) -> Any:
    """Enumerations as text, tuples as lists, numbers to the micrometre."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6)
    return str(value) if isinstance(value, str) else value
