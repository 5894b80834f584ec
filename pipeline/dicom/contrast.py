"""Whether contrast medium had been given: evidence from names, attributes, times and pixels, weighed in the open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.text import is_placeholder, plain
from pipeline.dicom.vocabulary import contrast_named
from pipeline.dicom.weightings import Weighting
from pipeline.findings import Finding, Severity

DECISIVE = 2.0
"""Sum of weights from which a verdict needs no doubt."""

STRONG = 2.5
"""Weight of a single piece of evidence that contradicts another of its size."""

_DENIED = re.compile(
    r"(?:no|n|no ?contrast|non ?contrast|w/o|wo|none|non|nein|nil|without|ohne|sans|无|無|なし)(?: .*)?"
    r"|0(?:[. ]0+)?(?: ?ml)?"
)
_DOSE = re.compile(r"\d+(?:[.,]\d+)? ?(?:ml|cc|mmol)?\b.*")

Enhancement = Callable[[StackFacts, StackFacts], float | None]
"""Asks the pixels whether the first stack is enhanced against the second: weight of evidence, None if incomparable."""


class Source(StrEnum):
    """Where a piece of evidence comes from."""

    DESCRIPTION = "description"
    ATTRIBUTES = "contrast attributes"
    BOLUS_TIME = "bolus time"
    ORDER = "order of acquisition"
    FAT_SUPPRESSION = "fat suppression"
    PIXELS = "pixels"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Piece:
    """One piece of evidence; a positive weight speaks for contrast medium, a negative one against it."""

    source: Source
    weight: float


@dataclass(frozen=True)
class ContrastVerdict:
    """Whether a series was acquired after contrast medium.

    Attributes
    ----------
    evidence
        Every piece, also those that were overruled.
    decided_by
        Source of the heaviest piece on the winning side.
    """

    enhanced: bool
    evidence: tuple[Piece, ...]
    decided_by: Source

    @property
    def score(self) -> float:
        """Sum of the weights."""
        return sum(piece.weight for piece in self.evidence)


@dataclass(frozen=True)
class ContrastJudgement:
    """Verdicts by SeriesInstanceUID, and what was doubtful."""

    verdicts: Mapping[str, ContrastVerdict]
    findings: tuple[Finding, ...]


@dataclass
class _Case:
    """One series under judgement, while evidence is gathered."""

    facts: StackFacts
    weighting: Weighting
    fat_suppressed: bool
    pieces: list[Piece] = field(default_factory=list)

    @property
    def score(self) -> float:
        return sum(piece.weight for piece in self.pieces)

    @property
    def contradictory(self) -> bool:
        weights = [piece.weight for piece in self.pieces if piece.source is not Source.PIXELS]
        return bool(weights) and max(weights) >= STRONG and min(weights) <= -STRONG

    def add(self, source: Source, weight: float) -> None:
        self.pieces.append(Piece(source, weight))


def judge_contrast(
    stacks: Sequence[tuple[StackFacts, Weighting, bool | None]], enhancement: Enhancement | None = None
) -> ContrastJudgement:
    """Tell the series acquired after contrast medium from the others, within one visit.

    Parameters
    ----------
    stacks
        Facts, weighting and fat suppression of all stacks of the visit, localizers left out.
    enhancement
        Compares pixels of two T1 stacks of one plane; called only where headers leave a doubt.
    """
    cases = _cases(stacks)
    findings: list[Finding] = []
    hinted = _study_hints(cases)
    _weigh_names(cases)
    findings += _weigh_attributes(cases)
    _weigh_bolus_time(cases)
    if hinted:
        _weigh_repeats(cases)
    _weigh_order(cases)
    if enhancement is not None:
        findings += _weigh_pixels(cases, hinted, enhancement)
    findings += _doubts(cases, hinted)
    return ContrastJudgement({case.facts.series_instance_uid: _verdict(case) for case in cases}, tuple(findings))


def in_order(facts: Iterable[StackFacts]) -> list[StackFacts]:
    """Sort by time of acquisition; by series number where times are missing or all the same."""
    items = list(facts)
    times = {item.acquired_at for item in items}
    timed = None not in times and (len(times) > 1 or len(items) == 1)

    def key(item: StackFacts) -> tuple[float, float, int]:
        stamp = item.acquired_at
        seconds = (stamp - datetime.min).total_seconds() if timed and stamp is not None else 0.0
        return seconds, item.series_number if item.series_number is not None else 1e9, item.index

    return sorted(items, key=key)


def _cases(stacks: Sequence[tuple[StackFacts, Weighting, bool | None]]) -> list[_Case]:
    """One case for each series, in order of acquisition."""
    first: dict[str, _Case] = {}
    for facts, weighting, fat in stacks:
        case = first.get(facts.series_instance_uid)
        if case is None or facts.slices > case.facts.slices:
            first[facts.series_instance_uid] = _Case(facts, weighting, bool(fat))
    by_index = {case.facts.index: case for case in first.values()}
    return [by_index[facts.index] for facts in in_order(case.facts for case in by_index.values())]


def attribute_states(facts: StackFacts) -> bool | None:
    """What the ContrastBolus attributes (PS3.3 C.7.6.4) state: given, not given, or nothing."""
    agent = plain(facts.contrast_agent)
    if agent and not is_placeholder(agent):
        return _DENIED.fullmatch(agent) is None
    if (facts.contrast_volume_ml or 0.0) > 0.0 or not is_placeholder(facts.contrast_route):
        return True
    return None


def _study_hints(cases: Sequence[_Case]) -> bool:
    """Whether anything in the study says that contrast medium was given at all."""
    for case in cases:
        words = plain(case.facts.study_description)
        both = "contrast" in words and contrast_named(words) is None
        if both or contrast_named(words) or contrast_named(case.facts.words) or attribute_states(case.facts):
            return True
    return False


def _weigh_names(cases: Sequence[_Case]) -> None:
    """Descriptions first; the protocol's name weighs less, because it is copied from one series to the next."""
    for case in cases:
        named = contrast_named(plain(case.facts.description))
        if named is not None:
            case.add(Source.DESCRIPTION, 4.0 if named else -4.0)
            continue
        named = contrast_named(plain(case.facts.protocol))
        if named is not None:
            case.add(Source.DESCRIPTION, 1.5 if named else -1.0)


def _weigh_attributes(cases: Sequence[_Case]) -> list[Finding]:
    """ContrastBolus attributes weigh much where they tell series apart, little where all carry them."""
    stated = {case.facts.series_instance_uid: attribute_states(case.facts) for case in cases}
    tagged = [case for case in cases if stated[case.facts.series_instance_uid]]
    findings = []
    if tagged and any(_DOSE.fullmatch(plain(case.facts.contrast_agent)) for case in tagged):
        text = "The attribute for the contrast agent holds a dose; it is read as 'contrast medium was given'."
        findings.append(Finding("contrast-attribute-misused", Severity.INFO, text))
    copied = len(tagged) == len(cases) > 1
    if copied:
        text = f"All {len(cases)} series carry the contrast attributes, so these do not tell which came after it."
        findings.append(Finding("contrast-attributes-on-all", Severity.INFO, text))
    for case in cases:
        given = stated[case.facts.series_instance_uid]
        if given:
            case.add(Source.ATTRIBUTES, 0.5 if copied else 3.0)
        elif given is False:
            case.add(Source.ATTRIBUTES, -2.0)
        elif tagged:
            case.add(Source.ATTRIBUTES, -1.5)
    return findings


def _weigh_bolus_time(cases: Sequence[_Case]) -> None:
    """ContrastBolusStartTime against the time of acquisition; only where it lies between the visit's series."""
    for case in cases:
        start, acquired = case.facts.contrast_start, case.facts.acquired_at
        if start is None or acquired is None or abs((acquired - start).total_seconds()) > 3 * 3600:
            continue
        case.add(Source.BOLUS_TIME, 2.5 if acquired >= start else -2.5)


def _weigh_repeats(cases: Sequence[_Case]) -> None:
    """Where contrast medium was given, the first of several T1 series of a plane came before, the last after."""
    for plane in {case.facts.plane for case in cases}:
        same = [case for case in cases if case.weighting is Weighting.T1 and case.facts.plane is plane]
        for case in same:
            if case.fat_suppressed:
                case.add(Source.FAT_SUPPRESSION, 0.75)
        if len(same) > 1:
            same[0].add(Source.ORDER, -1.5)
            same[-1].add(Source.ORDER, 1.5)


def _weigh_order(cases: Sequence[_Case]) -> None:
    """What was given stays: after a certain enhanced series all are enhanced, before a certain native one none."""
    post = [n for n, case in enumerate(cases) if case.score >= STRONG and not case.contradictory]
    pre = [n for n, case in enumerate(cases) if case.score <= -STRONG and not case.contradictory]
    for n, case in enumerate(cases):
        if post and n > post[0]:
            case.add(Source.ORDER, 2.5)
        elif pre and n < pre[-1]:
            case.add(Source.ORDER, -2.5)
        elif post and n < post[0]:
            case.add(Source.ORDER, -1.0)


def _weigh_pixels(cases: Sequence[_Case], hinted: bool, enhancement: Enhancement) -> list[Finding]:
    """Compare doubtful T1 series with another T1 series of the same plane."""
    findings = []
    for case in cases:
        if case.weighting is not Weighting.T1 or not (abs(case.score) < DECISIVE or case.contradictory):
            continue
        for other in _partners(case, cases):
            weight = enhancement(case.facts, other.facts)
            if weight is not None and abs(weight) < DECISIVE and (weight > 0) is not _later(case, other, cases):
                weight = 0.0 if weight == 0.0 else None  # contrast medium does not go before it came
            if weight is None:
                continue
            relative = _relative(weight, other, hinted)
            if relative:
                case.add(Source.PIXELS, relative)
                text = f"{case.facts.name} was judged by its pixels against another T1 series: " + (
                    "enhanced." if relative > 0 else "not enhanced."
                )
                findings.append(Finding("contrast-from-pixels", Severity.INFO, text))
            break
    return findings


def _later(case: _Case, other: _Case, cases: Sequence[_Case]) -> bool:
    """Whether a series was acquired after another one."""
    order = [id(one) for one in cases]
    return order.index(id(case)) > order.index(id(other))


def _partners(case: _Case, cases: Sequence[_Case]) -> list[_Case]:
    """T1 series that can be compared, the most certain one first."""
    able = [
        other
        for other in cases
        if other is not case
        and other.weighting is Weighting.T1
        and other.facts.plane is case.facts.plane
        and other.fat_suppressed == case.fat_suppressed
    ]
    return sorted(able, key=lambda other: -abs(other.score))


def _relative(weight: float, other: _Case, hinted: bool) -> float:
    """Evidence for a series from its comparison with another one whose own state may be known."""
    if abs(weight) >= 1.0:
        return weight
    if abs(other.score) >= DECISIVE:
        return 2.5 if other.score > 0 else -2.5  # no difference: the same state as the other
    return 0.0 if hinted else -2.0


def _doubts(cases: Sequence[_Case], hinted: bool) -> list[Finding]:
    """Findings about verdicts that rest on little."""
    findings = []
    for case in cases:
        if case.weighting is not Weighting.T1:
            continue
        verdict = _verdict(case)
        state = "after" if verdict.enhanced else "before"
        if case.contradictory:
            text = (
                f"Evidence about contrast medium in {case.facts.name} is contradictory; taken as acquired {state} it "
                f"because of its {verdict.decided_by}."
            )
            findings.append(Finding("contrast-contradictory", Severity.WARNING, text))
        elif (hinted or verdict.decided_by is Source.PIXELS) and abs(case.score) < DECISIVE:
            text = (
                f"Whether {case.facts.name} was acquired after contrast medium is unsure; taken as acquired {state} it."
            )
            findings.append(Finding("contrast-unsure", Severity.WARNING, text))
    return findings


def _verdict(case: _Case) -> ContrastVerdict:
    enhanced = case.score > 0.0
    winning = [piece for piece in case.pieces if (piece.weight > 0.0) == enhanced]
    heaviest = max(winning, key=lambda piece: abs(piece.weight), default=Piece(Source.NOTHING, 0.0))
    return ContrastVerdict(enhanced, tuple(case.pieces), heaviest.source)
