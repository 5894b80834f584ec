"""Stacks that belong together: the tilted blocks of an axial series are one candidate, a repeat is another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.dicom.assessment import Assessed
from pipeline.dicom.ordering import in_order
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.visit import Plane

_SHARED_FRACTION = 0.5
"""Blocks whose slabs share more than this part of the shorter one show the same place twice."""


@dataclass(frozen=True)
class Unit:
    """One candidate for a role: a stack, or the blocks of a series that together cover the spine.

    Attributes
    ----------
    members
        In the order of the patient, from inferior to superior for axial blocks; never empty.
    """

    members: tuple[Assessed, ...]

    @property
    def lead(self) -> Assessed:
        """The largest member, which stands for the unit."""
        return max(self.members, key=lambda item: (item.facts.slices, -item.facts.index))

    @property
    def facts(self) -> StackFacts:
        """Facts of the leading stack."""
        return self.lead.facts

    @property
    def slices(self) -> int:
        """Number of slices of all members."""
        return sum(item.facts.slices for item in self.members)

    @property
    def covered_mm(self) -> float:
        """Sum of the lengths of the members along their normals, each slice counting its pitch."""
        return sum(item.facts.slices * item.facts.spacing_mm[0] for item in self.members)


def build_units(stacks: Sequence[Assessed]) -> tuple[Unit, ...]:
    """Join the blocks of each series; stacks that show the same place twice stay apart."""
    groups: dict[tuple[object, ...], list[Assessed]] = defaultdict(list)
    for item in stacks:
        groups[_likeness(item)].append(item)
    return tuple(unit for group in groups.values() for unit in _split_repeats(group))


def join_series(winner: Unit, others: Sequence[Unit]) -> tuple[Unit, tuple[Unit, ...]]:
    """Add axial series that continue the winner at other levels, as scanners make that store one series per disc.

    Returns
    -------
    Unit
        The winner with what continues it.
    tuple of Unit
        What was added.
    """
    if winner.facts.plane is not Plane.AXIAL:
        return winner, ()
    added: list[Unit] = []
    members = list(winner.members)
    for other in others:
        if not _same_protocol(winner.facts, other.facts):
            continue
        if all(not _overlap(a.facts, b.facts) for a in members for b in other.members):
            members.extend(other.members)
            added.append(other)
    return (Unit(_ordered(members)), tuple(added)) if added else (winner, ())


def _likeness(item: Assessed) -> tuple[object, ...]:
    facts = item.facts
    return (
        facts.series_instance_uid,
        facts.plane,
        item.weighting.weighting,
        item.weighting.fat_suppressed,
        facts.shape[1:],
        tuple(round(value, 2) for value in facts.spacing_mm[1:]),
        facts.image_type,
        None if facts.echo_time_ms is None else round(facts.echo_time_ms),
    )


def _split_repeats(group: list[Assessed]) -> list[Unit]:
    """Blocks into one unit; what overlaps a block already taken begins another unit, the latest taken first."""
    rank = {facts.index: n for n, facts in enumerate(in_order(item.facts for item in group))}
    waiting = sorted(group, key=lambda item: (-item.facts.slices, -rank[item.facts.index]))
    units: list[list[Assessed]] = []
    for item in waiting:
        home = next((unit for unit in units if not any(_overlap(item.facts, b.facts) for b in unit)), None)
        if home is None:
            units.append([item])
        else:
            home.append(item)
    return [Unit(_ordered(unit)) for unit in units]


def _ordered(members: Sequence[Assessed]) -> tuple[Assessed, ...]:
    return tuple(sorted(members, key=lambda item: (item.facts.centre_lps[2], item.facts.index)))


def _overlap(a: StackFacts, b: StackFacts) -> bool:
    """Whether two slabs of about the same tilt show largely the same place."""
    apart = tuple(p - q for p, q in zip(a.centre_lps, b.centre_lps, strict=True))
    distance = abs(sum(d * n for d, n in zip(apart, a.normal_lps, strict=True)))
    lengths = sorted(facts.slices * facts.spacing_mm[0] for facts in (a, b))
    shared = (lengths[0] + lengths[1]) / 2 - distance
    return shared > _SHARED_FRACTION * lengths[0]


def _same_protocol(a: StackFacts, b: StackFacts) -> bool:
    """Whether two series are one protocol at two places."""
    return (
        a.plane is b.plane
        and a.shape[1:] == b.shape[1:]
        and _close(a.spacing_mm[1], b.spacing_mm[1], 0.02)
        and _close(a.repetition_time_ms, b.repetition_time_ms, 0.5)
        and _close(a.echo_time_ms, b.echo_time_ms, 0.1)
    )


def _close(a: float | None, b: float | None, tolerance: float) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a - b) <= tolerance * max(abs(a), abs(b))
