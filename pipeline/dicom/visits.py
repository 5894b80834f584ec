"""Visits for the rest of the program: one, all that a folder holds, or a pair in the order of time."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipeline.config import DicomSettings
from pipeline.dicom.decoding import decode
from pipeline.dicom.identity import check_same_patient
from pipeline.dicom.opening import Place, as_paths, days_of, opened, with_findings
from pipeline.dicom.side import Side, matched
from pipeline.dicom.sources import require_there
from pipeline.dicom.visit import Visit
from pipeline.errors import UsageError
from pipeline.findings import Finding, Severity

_DEFAULTS = DicomSettings()


def load_visits(source: Place, settings: DicomSettings = _DEFAULTS) -> tuple[Visit, ...]:
    """Load every visit that a source holds, in the order of their dates.

    Raises
    ------
    UnreadableInputError
        If nothing is there, or no MR image.
    NoUsableSeriesError
        If no visit has a series for any of the roles needed.
    IdentityError
        If the files are of several patients and the settings do not allow it.
    """
    folder, visits, findings = opened(source, settings)
    return tuple(with_findings(decode(folder, planned), findings) for planned in visits)


def load_visit(source: Place, settings: DicomSettings = _DEFAULTS, *, study_date: date | None = None) -> Visit:
    """Load the one visit that a source holds, or that of ``study_date`` among several.

    Raises
    ------
    UsageError
        If it holds several visits, or none of that date.
    DiscdeltaError
        As :func:`load_visits`.
    """
    folder, visits, findings = opened(source, settings)
    chosen = visits if study_date is None else tuple(v for v in visits if v.studies.day == study_date)
    if not chosen:
        raise UsageError(
            f"{folder.label} holds no visit of {study_date} that can be used; it holds: {days_of(visits)}. "
            "Name one of these dates."
        )
    if len(chosen) > 1:
        raise UsageError(
            f"{folder.label} holds {len(visits)} visits ({days_of(visits)}) where one is expected. "
            "Choose one by its study date (--study-date), name the folder of a single visit, or compare the folder "
            "alone."
        )
    return with_findings(decode(folder, chosen[0]), findings)


def load_pair(
    baseline: Place | Visit, followup: Place | Visit | None = None, settings: DicomSettings = _DEFAULTS
) -> tuple[Visit, Visit]:
    """Load two visits of one patient in the order of time.

    Parameters
    ----------
    baseline, followup
        Each a source that holds one visit, or a visit already loaded. Without ``followup`` the first source holds both;
        of more than two visits the first and the last are taken.

    Raises
    ------
    UsageError
        If a source does not hold the number of visits expected.
    IdentityError
        If the two are of different patients and the settings do not allow it.
    DiscdeltaError
        As :func:`load_visits`.
    """
    if followup is None:
        if isinstance(baseline, Visit):
            raise UsageError("Only one visit was given. Name the follow-up too.")
        return _pair_of_one(baseline, settings)
    for given in (baseline, followup):  # a slip in the second path should not cost the time of loading the first
        if not isinstance(given, Visit):
            paths = as_paths(given)
            for path in (paths,) if isinstance(paths, Path) else paths:
                require_there(path)
    first, second = Side.of(baseline, settings), Side.of(followup, settings)
    first, second = first.without(second), second.without(first)
    allowed = settings.allow_different_patients
    findings = [*check_same_patient(first.identity, second.identity, allow_different=allowed)]
    first, second, notes = matched(first, second)
    findings += notes
    one, other, notes = _in_time(first.visit(), second.visit())
    return one, with_findings(other, [*findings, *notes])


def _in_time(one: Visit, other: Visit) -> tuple[Visit, Visit, list[Finding]]:
    """The earlier visit first where their dates tell, and what was found about that."""
    if same_images(one, other):
        text = "Baseline and follow-up are the same images; no change is to be expected."
        return one, other, [Finding("visits-identical", Severity.WARNING, text)]
    if one.study_date is None or other.study_date is None:
        text = "A study date is missing or no date, so the visits are taken in the order in which they were given."
        return one, other, [Finding("order-as-given", Severity.WARNING, text)]
    if one.study_date > other.study_date:
        text = "The visits were given in reverse; by their study dates the second one given is the baseline."
        return other, one, [Finding("visits-reordered", Severity.WARNING, text)]
    if one.study_date == other.study_date:
        text = "Both visits carry the same study date; they are taken in the order in which they were given."
        return one, other, [Finding("visits-same-day", Severity.WARNING, text)]
    return one, other, []


def _pair_of_one(source: Place, settings: DicomSettings) -> tuple[Visit, Visit]:
    folder, visits, findings = opened(source, settings)
    if len(visits) < 2:
        raise UsageError(
            f"{folder.label} holds a single visit ({days_of(visits)}). Name the folder of the other visit too."
        )
    notes = list(findings)
    if len(visits) > 2:
        text = f"The folder holds {len(visits)} visits ({days_of(visits)}); the first and the last are compared."
        notes.append(Finding("visits-between-left-out", Severity.WARNING, text))
    if any(planned.studies.day is None for planned in (visits[0], visits[-1])):
        text = (
            "A study date is missing or no date, so the visits are taken in the order in which they lie in the folder."
        )
        notes.append(Finding("order-as-given", Severity.WARNING, text))
    first, second, chosen = matched(*(Side(None, folder, (planned,), ()) for planned in (visits[0], visits[-1])))
    return first.visit(), with_findings(second.visit(), (*notes, *chosen))


def same_images(one: Visit, other: Visit) -> bool:
    """Whether two visits were made from the same files."""
    return bool(one.input_sha256) and one.input_sha256 == other.input_sha256
