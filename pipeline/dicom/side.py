"""The two sides of a comparison, before their pixels are decoded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.config import DicomSettings
from pipeline.dicom.decoding import decode
from pipeline.dicom.identity import merged_identity
from pipeline.dicom.loading import Folder, PlannedVisit
from pipeline.dicom.matching import Protocol, unsuited
from pipeline.dicom.opening import Place, days_of, opened, with_findings
from pipeline.dicom.text import joined
from pipeline.dicom.visit import PatientIdentity, Role, Visit
from pipeline.errors import UsageError
from pipeline.findings import Finding, Severity


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
                f"{self.folder.label} holds {len(self.visits)} visits ({days_of(self.visits)}), so it is unclear "
                "which one is meant. Name the folder of one visit, or give it alone to compare first and last."
            )
        return with_findings(decode(self.folder, self.visits[0]), self.findings)


def matched(first: Side, second: Side) -> tuple[Side, Side, list[Finding]]:
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
