"""One place with images, planned: its visits, who plays which role in each, and the pixels asked for so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.config import DicomSettings
from pipeline.dicom.facts import facts_of
from pipeline.dicom.matching import Protocol
from pipeline.dicom.plan import Plan, make_plan
from pipeline.dicom.roles import Casting
from pipeline.dicom.rules import SeriesRules
from pipeline.dicom.rules_file import load_rules
from pipeline.dicom.scan import scan
from pipeline.dicom.skipping import Unusable
from pipeline.dicom.sources import ByteSource
from pipeline.dicom.stack import ScanResult
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.studies import Studies, split_by_visit
from pipeline.dicom.visit import Role, Stack
from pipeline.dicom.weightings import Weighting
from pipeline.errors import UnreadableInputError
from pipeline.findings import Finding
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
    """What one source holds, its visits planned, its pixels decoded when asked for and then kept.

    Attributes
    ----------
    place
        What was given.
    spoiled
        Slices left out, since their pixels proved to be damaged.
    lost
        Slices that proved so only now: :meth:`without_lost` stacks what is left.
    """

    place: Path | Sequence[Path]
    label: str
    scanned: ScanResult
    facts: tuple[StackFacts, ...]
    rules: SeriesRules
    visits: tuple[PlannedVisit, ...] = ()
    spoiled: Mapping[ByteSource, Unusable] = field(default_factory=dict)
    lost: dict[ByteSource, Unusable] = field(default_factory=dict)
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
        from pipeline.dicom.pixels import SlicesUnreadableError, load_stack

        if index not in self._decoded:
            try:
                self._decoded[index] = load_stack(self.scanned.stacks[index])
            except UnreadableInputError as error:
                self._undecodable[index] = str(error)
                if isinstance(error, SlicesUnreadableError) and error.some:
                    self.lost.update(error.lost)
                raise
        return self._decoded[index]

    def undecodable(self, casting: Casting) -> bool:
        """Whether pixels of the series in a role were tried in vain."""
        return any(item.facts.index in self._undecodable for item in casting.winner.members)

    def without_lost(self) -> Folder:
        """The same place without the slices that proved to be damaged: stacked, judged and planned anew."""
        return _planned(self.place, self.rules, {**self.spoiled, **self.lost})

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
    folder = _planned(source, load_rules(settings.rules), {})
    while folder.lost:
        folder = folder.without_lost()
    return folder


def _planned(source: Path | Sequence[Path], rules: SeriesRules, spoiled: Mapping[ByteSource, Unusable]) -> Folder:
    scanned = scan(source, spoiled)
    label = str(source) if isinstance(source, Path) else f"{len(source)} files"
    if not scanned.stacks:
        why = " ".join(finding.message for finding in scanned.findings[:3])
        raise UnreadableInputError(
            f"{label} holds no MR image that can be used. {why or 'It is empty.'} "
            "Export the original MR series as DICOM."
        )
    folder = Folder(source, label, scanned, facts_of(scanned.stacks), rules, spoiled=spoiled)
    folder.visits = tuple(folder.plan(studies) for studies in split_by_visit(folder.facts))
    return folder


def findings_of_scan(folder: Folder, chosen: Iterable[StackFacts]) -> tuple[Finding, ...]:
    """Findings of the scan, without those about single stacks that were not chosen."""
    about_stacks = {finding for stack in folder.scanned.stacks for finding in stack.findings}
    wanted = {finding for facts in chosen for finding in folder.scanned.stacks[facts.index].findings}
    # Stacks of one series say the same, such as each slice of a localizer; once is enough.
    return tuple(dict.fromkeys(f for f in folder.scanned.findings if f not in about_stacks or f in wanted))
