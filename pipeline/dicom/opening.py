"""A source opened: its visits planned but not decoded, checked to be one patient's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeAlias

from pipeline.config import DicomSettings
from pipeline.dicom.identity import check_identities
from pipeline.dicom.loading import Folder, PlannedVisit, open_folder
from pipeline.dicom.text import joined
from pipeline.dicom.visit import Visit
from pipeline.errors import NoUsableSeriesError, UsageError
from pipeline.findings import Finding, Severity

Place: TypeAlias = Path | str | Sequence[Path | str]
"""A folder, a DICOMDIR, a zip, a file, or several of them."""


def opened(source: Place, settings: DicomSettings) -> tuple[Folder, tuple[PlannedVisit, ...], tuple[Finding, ...]]:
    """Scan, check that it is one patient, and keep the visits that can be used."""
    folder = open_folder(as_paths(source), settings)
    usable = tuple(planned for planned in folder.visits if planned.usable)
    if not usable:
        raise NoUsableSeriesError(_nothing_usable(folder))
    identities = [facts.identity for planned in folder.visits for facts in planned.studies.stacks]
    findings = list(check_identities(identities, "The images given", allow_different=settings.allow_different_patients))
    if len(usable) < len(folder.visits):
        text = f"{len(folder.visits) - len(usable)} more examinations without any series of use were left out."
        findings.append(Finding("visit-without-series", Severity.INFO, text))
    return folder, usable, tuple(findings)


def _nothing_usable(folder: Folder) -> str:
    """Why no series can play a role, the first few of them by name."""
    lost = [candidate for planned in folder.visits for candidate in planned.plan.candidates]
    named = [
        f"series {'without number' if c.series_number is None else c.series_number} "
        f"({c.weighting}, {c.plane}): {c.reason if c.role is None else f'{c.role.words} cannot be measured alone'}"
        for c in lost
    ]
    needed = joined(role.words for role in folder.rules.needed).replace(" and ", " or ")
    reasons = "; ".join(dict.fromkeys(named[:6])) + (" and more" if len(named) > 6 else "")
    return (
        f"{folder.label} holds MR images, but none that can serve as {needed}. Found: {reasons}. "
        "`discdelta inspect` shows all of them; which series are taken can be changed (dicom.rules)."
    )


def as_paths(source: Place) -> Path | tuple[Path, ...]:
    """A source with paths in place of text."""
    if isinstance(source, str | Path):
        return Path(source)
    paths = tuple(Path(one) for one in source)
    if not paths:
        raise UsageError("An empty list of files was given. Name at least one file or folder.")
    return paths


def days_of(visits: Sequence[PlannedVisit]) -> str:
    """The study dates of visits, in words."""
    days: list[date | None] = [planned.studies.day for planned in visits]
    return ", ".join("undated" if day is None else day.isoformat() for day in days)


def with_findings(visit: Visit, findings: Sequence[Finding]) -> Visit:
    """The visit with further findings; none twice."""
    return replace(visit, findings=tuple(dict.fromkeys((*visit.findings, *findings))))
