"""One place with images, planned: its visits, who plays which role in each, and the decoding of those chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.config import DicomSettings
from pipeline.dicom.facts import facts_of, series_facts
from pipeline.dicom.identity import merged_identity
from pipeline.dicom.matching import Protocol
from pipeline.dicom.plan import Plan, make_plan
from pipeline.dicom.roles import Casting
from pipeline.dicom.rules import SeriesRules, load_rules
from pipeline.dicom.scan import scan
from pipeline.dicom.sources import ByteSource, Reader
from pipeline.dicom.stack import ScanResult
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.studies import Studies, split_by_visit
from pipeline.dicom.text import is_placeholder
from pipeline.dicom.visit import Role, Series, Stack, Visit
from pipeline.dicom.weightings import Weighting
from pipeline.errors import UnreadableInputError
from pipeline.findings import Finding, Severity
from pipeline.volume import Volume


@dataclass(frozen=True, eq=False)
class PlannedVisit:
    """One visit with its plan; nothing decoded yet."""

    studies: Studies
    plan: Plan
    usable: bool
    like: Mapping[Role, Protocol] = field(default_factory=dict)

    @property
    def protocols(self) -> dict[Role, Protocol]:
        """Protocol of the series that plays each role."""
        return {role: Protocol.of_unit(casting.winner) for role, casting in self.plan.castings.items()}


@dataclass(eq=False)
class Folder:
    """What one source holds, its visits planned, its pixels decoded when asked for and then kept."""

    label: str
    scanned: ScanResult
    facts: tuple[StackFacts, ...]
    rules: SeriesRules
    visits: tuple[PlannedVisit, ...] = ()
    _decoded: dict[int, Stack] = field(default_factory=dict)
    _undecodable: dict[int, str] = field(default_factory=dict)

    def plan(self, studies: Studies, like: Mapping[Role, Protocol] | None = None) -> PlannedVisit:
        """Give the roles of one visit; stacks that could not be decoded play none."""
        plan = make_plan(
            studies.stacks,
            self.rules,
            enhancement=self._enhancement,
            weighting_from_pixels=self._weightings,
            undecodable=self._undecodable,
            like=like,
        )
        return PlannedVisit(studies, plan, any(role in plan.castings for role in self.rules.needed), like or {})

    def stack(self, index: int) -> Stack:
        """Decode a stack, once."""
        from pipeline.dicom.pixels import load_stack

        if index not in self._decoded:
            try:
                self._decoded[index] = load_stack(self.scanned.stacks[index])
            except UnreadableInputError as error:
                self._undecodable[index] = str(error)
                raise
        return self._decoded[index]

    def sources(self, indices: Iterable[int]) -> list[ByteSource]:
        """Files and zip members behind some stacks, each once."""
        return list(dict.fromkeys(one.source for n in indices for one in self.scanned.stacks[n].instances))

    def _volume(self, facts: StackFacts) -> Volume | None:
        try:
            return self.stack(facts.index).volume
        except UnreadableInputError:
            return None

    def _enhancement(self, one: StackFacts, other: StackFacts) -> float | None:
        from pipeline.dicom.enhancement import enhancement_weight

        first, second = self._volume(one), self._volume(other)
        return None if first is None or second is None else enhancement_weight(first, second)

    def _weightings(
        self, unknown: Sequence[StackFacts], known: Sequence[tuple[StackFacts, Weighting]]
    ) -> Mapping[int, Weighting]:
        from pipeline.dicom.csf import weightings_from_pixels

        return weightings_from_pixels(unknown, known, self._volume)


def open_folder(source: Path | Sequence[Path], settings: DicomSettings) -> Folder:
    """Scan a source and plan its visits.

    Raises
    ------
    UnreadableInputError
        If nothing is there, or no MR image with a place in space is among it.
    """
    rules = load_rules(settings.rules)
    scanned = scan(source)
    label = str(source) if isinstance(source, Path) else f"{len(source)} files"
    if not scanned.stacks:
        why = " ".join(finding.message for finding in scanned.findings[:3])
        raise UnreadableInputError(
            f"{label} holds no MR image that can be used. {why or 'It is empty.'} "
            "Export the original MR series as DICOM."
        )
    folder = Folder(label, scanned, facts_of(scanned.stacks), rules)
    folder.visits = tuple(folder.plan(studies) for studies in split_by_visit(folder.facts))
    return folder


def decode(folder: Folder, planned: PlannedVisit) -> Visit:
    """Decode the chosen series of a visit; a series that cannot be decoded gives way to the next best.

    Raises
    ------
    UnreadableInputError
        If no series is left because none can be decoded.
    """
    failures: list[str] = []
    while True:
        chosen = [item.facts.index for c in planned.plan.castings.values() for item in c.winner.members]
        try:
            with ThreadPoolExecutor(1) as helper:  # hashing waits for the disk and leaves the interpreter free
                digest = helper.submit(_content_hash, folder.sources(chosen))
                series = {role: _series(folder, role, one) for role, one in planned.plan.castings.items()}
                return _visit(folder, planned, series, digest.result(), failures)
        except UnreadableInputError as error:
            failures.append(str(error))
            planned = folder.plan(planned.studies, planned.like)
            if not planned.usable:
                raise


def _series(folder: Folder, role: Role, casting: Casting) -> Series:
    lead = casting.winner.lead
    facts = series_facts(
        lead.facts,
        fat_suppressed=lead.weighting.fat_suppressed,
        contrast_enhanced=lead.contrast.enhanced if lead.contrast else None,
    )
    return Series(role, facts, tuple(folder.stack(item.facts.index) for item in casting.winner.members))


def _visit(
    folder: Folder, planned: PlannedVisit, series: Mapping[Role, Series], digest: str, failures: Sequence[str]
) -> Visit:
    studies, plan = planned.studies, planned.plan
    chosen = [item.facts for casting in plan.castings.values() for item in casting.winner.members]
    accessions = [f.accession_number for f in chosen or studies.stacks if not is_placeholder(f.accession_number)]
    undecodable = [Finding("series-undecodable", Severity.WARNING, text) for text in failures]
    return Visit(
        identity=merged_identity(dict.fromkeys(facts.identity for facts in studies.stacks)),
        study_date=studies.day,
        study_instance_uid=(chosen[0].study_instance_uid if chosen else studies.study_uids[0]) or None,
        accession_number=accessions[0] if accessions else None,
        series=series,
        candidates=plan.candidates,
        findings=tuple(
            dict.fromkeys((*findings_of_scan(folder, chosen), *studies.findings, *undecodable, *plan.findings))
        ),
        source=folder.label,
        input_sha256=digest,
    )


def findings_of_scan(folder: Folder, chosen: Iterable[StackFacts]) -> tuple[Finding, ...]:
    """Findings of the scan, without those about single stacks that were not chosen."""
    about_stacks = {finding for stack in folder.scanned.stacks for finding in stack.findings}
    wanted = {finding for facts in chosen for finding in folder.scanned.stacks[facts.index].findings}
    # Stacks of one series say the same, such as each slice of a localizer; once is enough.
    return tuple(dict.fromkeys(f for f in folder.scanned.findings if f not in about_stacks or f in wanted))


def _content_hash(sources: Sequence[ByteSource]) -> str:
    """SHA-256 over the sorted SHA-256 of every file: the same whatever the files' names and order."""
    with Reader() as reader:
        digests = sorted(hashlib.sha256(reader.read(source)[0]).digest() for source in sources)
    return hashlib.sha256(b"".join(digests)).hexdigest()
