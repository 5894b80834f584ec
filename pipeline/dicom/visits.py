"""Visits for the rest of the program: one, all that a folder holds, or a pair in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeAlias

from pipeline.config import DicomSettings
from pipeline.dicom.decoding import decode
from pipeline.dicom.identity import check_identities, check_same_patient, merged_identity
from pipeline.dicom.loading import Folder, PlannedVisit, open_folder
from pipeline.dicom.matching import Protocol, unsuited
from pipeline.dicom.sources import require_there
from pipeline.dicom.text import joined
from pipeline.dicom.visit import PatientIdentity, Role, Visit
from pipeline.errors import NoUsableSeriesError, UsageError
from pipeline.findings import Finding, Severity

Place: TypeAlias = Path | str | Sequence[Path | str]
"""A folder, a DICOMDIR, a zip, a file, or several of them."""

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
            f"{folder.label} holds no visit of {study_date} that can be used; it holds: {_days(visits)}. "
            "Name one of these dates."
        )
    if len(chosen) > 1:
        raise UsageError(
            f"{folder.label} holds {len(visits)} visits ({_days(visits)}) where one is expected. "
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
    first, second, notes = _matched(first, second)
    findings += notes
    one, other = first.visit(), second.visit()
    if same_images(one, other):
        text = "Baseline and follow-up are the same images; no change is to be expected."
        findings.append(Finding("visits-identical", Severity.WARNING, text))
    elif one.study_date is None or other.study_date is None:
        text = "A study date is missing or no date, so the visits are taken in the order in which they were given."
        findings.append(Finding("order-as-given", Severity.WARNING, text))
    elif one.study_date > other.study_date:
        one, other = other, one
        text = "The visits were given in reverse; by their study dates the second one given is the baseline."
        findings.append(Finding("visits-reordered", Severity.WARNING, text))
    elif one.study_date == other.study_date:
        text = "Both visits carry the same study date; they are taken in the order in which they were given."
        findings.append(Finding("visits-same-day", Severity.WARNING, text))
    return one, with_findings(other, findings)


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison: a visit already loaded, or a source whose visits are planned."""

    loaded: Visit | None
    folder: Folder | None
    visits: tuple[PlannedVisit, ...]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, given: Place | Visit, settings: DicomSettings) -> Side:
        """The side that a source or a loaded visit stands for."""
        if isinstance(given, Visit):
            return cls(given, None, (), ())
        return cls(None, *opened(given, settings))

    @property
    def identity(self) -> PatientIdentity:
        """Who was examined, by all files."""
        if self.loaded is not None:
            return self.loaded.identity
        return merged_identity(facts.identity for planned in self.visits for facts in planned.studies.stacks)

    @property
    def study_uids(self) -> frozenset[str]:
        """Study Instance UIDs (0020,000D) of all visits."""
        if self.loaded is not None:
            return frozenset(filter(None, (self.loaded.study_instance_uid,)))
        return frozenset(uid for planned in self.visits for uid in planned.studies.study_uids if uid)

    @property
    def protocols(self) -> dict[Role, Protocol]:
        """Protocol of the series in each role; empty while it is unclear which visit is meant."""
        if self.loaded is not None:
            return {role: Protocol.of_series(series) for role, series in self.loaded.series.items()}
        return self.visits[0].protocols if len(self.visits) == 1 else {}

    def suiting(self, other: Side) -> Side:
        """The same side with series that suit the other side, where it has such."""
        like = unsuited(self.protocols, other.protocols)
        if not like or self.folder is None or len(self.visits) != 1:
            return self
        return replace(self, visits=(self.folder.plan(self.visits[0].studies, like),))

    def without(self, other: Side) -> Side:
        """Leave out what the other side holds too, as when an archive sends the prior examination along."""
        if len(self.visits) < 2 or len(other.visits) > 1:
            return self
        left = tuple(v for v in self.visits if not other.study_uids.intersection(v.studies.study_uids))
        if len(left) != 1:
            return self
        text = (
            f"{len(self.visits) - 1} of the visits in one folder is the one given as the other visit; it is left out."
        )
        return replace(self, visits=left, findings=(*self.findings, Finding("visit-left-out", Severity.INFO, text)))

    def visit(self) -> Visit:
        """Decode the only visit.

        Raises
        ------
        UsageError
            If there are several.
        """
        if self.loaded is not None or self.folder is None:
            if self.loaded is None:
                raise UsageError("No visit was given.")
            return self.loaded
        if len(self.visits) > 1:
            raise UsageError(
                f"{self.folder.label} holds {len(self.visits)} visits ({_days(self.visits)}), so it is unclear "
                "which one is meant. Name the folder of one visit, or give it alone to compare first and last."
            )
        return with_findings(decode(self.folder, self.visits[0]), self.findings)


def _pair_of_one(source: Place, settings: DicomSettings) -> tuple[Visit, Visit]:
    folder, visits, findings = opened(source, settings)
    if len(visits) < 2:
        raise UsageError(
            f"{folder.label} holds a single visit ({_days(visits)}). Name the folder of the other visit too."
        )
    notes = list(findings)
    if len(visits) > 2:
        text = f"The folder holds {len(visits)} visits ({_days(visits)}); the first and the last are compared."
        notes.append(Finding("visits-between-left-out", Severity.WARNING, text))
    if any(planned.studies.day is None for planned in (visits[0], visits[-1])):
        text = (
            "A study date is missing or no date, so the visits are taken in the order in which they lie in the folder."
        )
        notes.append(Finding("order-as-given", Severity.WARNING, text))
    first, second, matched = _matched(*(Side(None, folder, (planned,), ()) for planned in (visits[0], visits[-1])))
    return first.visit(), with_findings(second.visit(), (*notes, *matched))


def _matched(first: Side, second: Side) -> tuple[Side, Side, list[Finding]]:
    """Take series that suit each other where a visit offers a choice, and say so."""
    before = first.protocols, second.protocols
    first = first.suiting(second)
    second = second.suiting(first)
    changed = [
        role
        for role in Role
        if (first.protocols.get(role), second.protocols.get(role)) != tuple(b.get(role) for b in before)
    ]
    if not changed:
        return first, second, []
    roles = joined(role.words for role in changed)
    text = f"For {roles}, a series other than the first choice was taken, so that both visits are of one protocol."
    return first, second, [Finding("series-matched", Severity.INFO, text)]


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


def same_images(one: Visit, other: Visit) -> bool:
    """Whether two visits were made from the same files."""
    return bool(one.input_sha256) and one.input_sha256 == other.input_sha256


def _days(visits: Sequence[PlannedVisit]) -> str:
    days: list[date | None] = [planned.studies.day for planned in visits]
    return ", ".join("undated" if day is None else day.isoformat() for day in days)


def with_findings(visit: Visit, findings: Sequence[Finding]) -> Visit:
    """The visit with further findings; none twice."""
    return replace(visit, findings=tuple(dict.fromkeys((*visit.findings, *findings))))
