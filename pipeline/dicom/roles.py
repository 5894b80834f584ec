"""Who plays which role: for each one the candidates that fit, ranked, with a reason for every loser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.dicom.assessment import Assessed
from pipeline.dicom.matching import Protocol
from pipeline.dicom.ordering import in_order
from pipeline.dicom.rules import RoleRule, SeriesRules
from pipeline.dicom.text import quoted
from pipeline.dicom.units import Unit, build_units, join_series
from pipeline.dicom.visit import Plane, Role
from pipeline.findings import Finding, Severity

_FRAGMENT = 0.6
"""A candidate that covers less than this part of the longest one is a fragment and loses to a whole one."""

_AS_COMPLETE = 0.9
"""From this part of the longest coverage on, candidates count as equally complete, and the later one wins."""

_ENOUGH_MM = {Plane.SAGITTAL: 50.0}
"""Length from which more does not make a series more complete: the canal is narrower than any sagittal stack."""


@dataclass(frozen=True)
class Casting:
    """Outcome for one role.

    Attributes
    ----------
    winner
        The unit that plays the role.
    joined
        Series that continue the winner at other levels and play with it.
    lost
        Losing units, each with the reason.
    """

    role: Role
    winner: Unit
    joined: tuple[Unit, ...]
    lost: tuple[tuple[Unit, str], ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Rank:
    """How good a unit is for a role, the most important thing first."""

    first_choice: bool
    whole: bool
    suits: bool
    points: float
    complete: bool
    recency: int

    @property
    def key(self) -> tuple[bool, bool, bool, float, bool, int]:
        return self.first_choice, self.whole, self.suits, self.points, self.complete, self.recency


def unmet(item: Assessed, rule: RoleRule) -> str | None:
    """The first requirement of a role that a stack does not meet, in words."""
    return rule.require.unmet(item.traits)


def cast(role: Role, stacks: Sequence[Assessed], rules: SeriesRules, like: Protocol | None = None) -> Casting | None:
    """Choose who plays ``role``: the most complete and latest of those that fit; None when nothing does.

    ``like`` is the protocol that plays the role at the other visit; what suits it comes before what is preferred.
    """
    rule = rules.roles.get(role)
    fitting = [] if rule is None else [item for item in stacks if item.excluded is None and unmet(item, rule) is None]
    if rule is None or not fitting:
        return None
    units = build_units(fitting)
    ranks = _ranks(units, rule, like)
    order = sorted(range(len(units)), key=lambda n: ranks[n].key, reverse=True)
    best = order[0]
    winner, joined = join_series(units[best], [units[n] for n in order[1:]])
    lost = tuple(
        (units[n], _why(role, units[best], units[n], ranks[best], ranks[n]))
        for n in order[1:]
        if not any(units[n] is unit for unit in joined)
    )
    return Casting(role, winner, joined, lost, _findings(role, winner, joined, lost))


def _ranks(units: Sequence[Unit], rule: RoleRule, like: Protocol | None) -> list[_Rank]:
    choices = [all(item.last_resort is None for item in unit.members) for unit in units]
    longest = max(unit.covered_mm for unit, first in zip(units, choices, strict=True) if first or not any(choices))
    longest = min(longest, _ENOUGH_MM.get(units[0].facts.plane or Plane.OBLIQUE, longest))
    recency = {facts.index: n for n, facts in enumerate(in_order(unit.facts for unit in units))}
    return [
        _Rank(
            first_choice=first,
            whole=unit.covered_mm >= _FRAGMENT * longest,
            suits=like is None or Protocol.of_unit(unit).suits(like),
            points=rule.points(unit.lead.traits),
            complete=unit.covered_mm >= _AS_COMPLETE * longest,
            recency=recency[unit.facts.index],
        )
        for unit, first in zip(units, choices, strict=True)
    ]


def _why(role: Role, winner: Unit, loser: Unit, best: _Rank, rank: _Rank) -> str:
    """Why a unit lost, in words that name the winner."""
    number = winner.facts.series_number
    same = winner.facts.series_instance_uid == loser.facts.series_instance_uid
    name = f"series {number}" if number is not None else f"the series {quoted(winner.facts.title)}"
    other = "another stack of the same series" if same else name
    if rank.first_choice != best.first_choice:
        resort = next(filter(None, (item.last_resort for item in loser.members)), "second choice")
        return f"{role}: {resort}; {other} was preferred"
    if rank.suits != best.suits and rank.whole == best.whole:
        return f"{role}: {other} suits the series of the other visit"
    if rank.whole != best.whole or (rank.points == best.points and rank.complete != best.complete):
        return f"{role}: less complete ({loser.covered_mm:.0f} mm) than {other} ({winner.covered_mm:.0f} mm)"
    if rank.points != best.points:
        labels = winner.lead.weighting.label, loser.lead.weighting.label
        return f"{role}: {other} fits better" + (f" ({labels[0]} against {labels[1]})" if len({*labels}) > 1 else "")
    return f"{role}: repeated later as {other}"


def _findings(
    role: Role, winner: Unit, joined: Sequence[Unit], lost: Sequence[tuple[Unit, str]]
) -> tuple[Finding, ...]:
    findings = []
    reason = next(filter(None, (item.last_resort for item in winner.members)), None)
    if reason is not None:
        text = f"{winner.facts.name} plays {role.words} because nothing better is there: {reason}."
        findings.append(Finding("series-last-resort", Severity.WARNING, text))
    if joined:
        others = f"{len(joined)} more series of one protocol at other levels"
        text = f"{winner.facts.name} and {others} together play {role.words}."
        findings.append(Finding("series-joined", Severity.INFO, text))
    repeats = [unit for unit, why in lost if "repeated later" in why or "less complete" in why]
    if repeats:
        text = f"The {role.words} was acquired more than once: {winner.facts.name} was taken, " + "; ".join(
            f"{unit.facts.name} was not ({why.split(': ', 1)[1]})" for unit, why in lost if unit in repeats
        )
        findings.append(Finding("series-repeated", Severity.INFO, text + "."))
    return tuple(findings)
