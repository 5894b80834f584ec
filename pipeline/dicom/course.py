"""All visits of one patient in the order of time, for a course that has more than two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from pipeline.config import DicomSettings
from pipeline.dicom.identity import check_same_patient
from pipeline.dicom.opening import Place, as_paths, opened, with_findings
from pipeline.dicom.side import Side
from pipeline.dicom.sources import require_there
from pipeline.dicom.visit import Visit
from pipeline.dicom.visits import load_pair, same_images
from pipeline.errors import UsageError
from pipeline.findings import Finding, Severity

_DEFAULTS = DicomSettings()


def load_course(sources: Sequence[Place | Visit], settings: DicomSettings = _DEFAULTS) -> tuple[Visit, ...]:
    """Load two or more visits of one patient in the order of time.

    Parameters
    ----------
    sources
        Each holds one visit, or is a visit already loaded; a single source holds them all.

    Returns
    -------
    tuple of Visit
        Of a visit that offers several series for a role, the one that suits the first visit is taken.

    Raises
    ------
    UsageError
        If there are fewer than two visits, or a source does not hold one.
    IdentityError
        If they are of different patients and the settings do not allow it.
    DiscdeltaError
        As :func:`pipeline.dicom.visits.load_visits`.
    """
    if len(sources) == 2:
        return load_pair(sources[0], sources[1], settings)
    if len(sources) == 1 and not isinstance(sources[0], Visit):
        return _of_one(sources[0], settings)
    if len(sources) < 2:
        raise UsageError("Only one visit was given. Name the other visits too.")
    _require_all(sources)
    sides = [Side.of(source, settings) for source in sources]
    notes: list[Finding] = []
    for other in sides[1:]:
        allowed = settings.allow_different_patients
        notes += check_same_patient(sides[0].identity, other.identity, allow_different=allowed)
    return _in_order(_alike(sides), list(dict.fromkeys(notes)))


def count_visits(source: Place, settings: DicomSettings = _DEFAULTS) -> int:
    """How many usable visits a source holds, from headers alone."""
    return len(opened(source, settings)[1])


def _require_all(sources: Sequence[Place | Visit]) -> None:
    """A slip in the last path should not cost the time of loading the others."""
    for source in sources:
        if not isinstance(source, Visit):
            paths = as_paths(source)
            for path in (paths,) if isinstance(paths, Path) else paths:
                require_there(path)


def _of_one(source: Place, settings: DicomSettings) -> tuple[Visit, ...]:
    folder, visits, findings = opened(source, settings)
    if len(visits) <= 2:
        return load_pair(source, None, settings)
    return _in_order(_alike([Side(None, folder, (planned,), ()) for planned in visits]), list(findings))


def _alike(sides: Sequence[Side]) -> list[Visit]:
    """Decode all, with series that suit the first visit."""
    first, *others = sides
    return [first.visit(), *(other.suiting(first).visit() for other in others)]


def _in_order(visits: Sequence[Visit], notes: list[Finding]) -> tuple[Visit, ...]:
    """By study date where all have one; what there is to say goes to the last visit."""
    days = [visit.study_date for visit in visits]
    ordered = list(visits)
    if any(day is None for day in days):
        text = "A study date is missing or no date, so the visits are taken in the order in which they were given."
        notes.append(Finding("order-as-given", Severity.WARNING, text))
    else:
        ordered = sorted(visits, key=lambda visit: (visit.study_date is None, visit.study_date))
        if [visit.study_date for visit in ordered] != days:
            text = "The visits were not given in the order of time; by their study dates they were put in order."
            notes.append(Finding("visits-reordered", Severity.WARNING, text))
        if len(set(days)) < len(days):
            text = "Several visits carry the same study date; they are taken in the order in which they were given."
            notes.append(Finding("visits-same-day", Severity.WARNING, text))
    if any(same_images(one, other) for one, other in combinations(ordered, 2)):
        text = "Two of the visits are the same images; no change is to be expected between them."
        notes.append(Finding("visits-identical", Severity.WARNING, text))
    ordered[-1] = with_findings(ordered[-1], notes)
    return tuple(ordered)
