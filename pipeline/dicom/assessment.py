"""What is concluded about every stack of a visit before roles are given: weighting, contrast, excluded or not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.dicom.contrast import judge_contrast
from pipeline.dicom.contrast_evidence import ContrastVerdict
from pipeline.dicom.contrast_pixels import Enhancement
from pipeline.dicom.rules import SeriesRules
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.traits import Traits
from pipeline.dicom.weighting import Evidence, WeightingVerdict, classify_weighting
from pipeline.dicom.weightings import Weighting
from pipeline.findings import Finding, Severity

WeightingFromPixels = Callable[[Sequence[StackFacts], Sequence[tuple[StackFacts, Weighting]]], Mapping[int, Weighting]]
"""Asks the pixels for weightings: stacks that lack one, stacks that have one; answers by index where it can."""

_FEWEST_SLICES = 2


@dataclass(frozen=True)
class Assessed:
    """One stack with all conclusions about it.

    Attributes
    ----------
    excluded
        Reason why it never plays a role; None when it may.
    last_resort
        Reason why it plays a role only when nothing else does.
    contrast
        None for excluded stacks, of which it is not asked.
    """

    facts: StackFacts
    weighting: WeightingVerdict
    contrast: ContrastVerdict | None
    excluded: str | None
    last_resort: str | None

    @property
    def traits(self) -> Traits:
        """What the rules look at."""
        return _traits(self.facts, self.weighting, enhanced=bool(self.contrast and self.contrast.enhanced))


def assess(
    stacks: Sequence[StackFacts],
    rules: SeriesRules,
    *,
    enhancement: Enhancement | None = None,
    weighting_from_pixels: WeightingFromPixels | None = None,
    undecodable: Collection[int] = (),
) -> tuple[tuple[Assessed, ...], tuple[Finding, ...]]:
    """Conclude what can be concluded of each stack.

    Parameters
    ----------
    stacks
        All stacks of one visit.
    enhancement, weighting_from_pixels
        Called only where headers leave a doubt; None never looks at pixels.
    undecodable
        Indices of stacks whose pixels are known to be unreadable.
    """
    plain = [_without_contrast(facts, classify_weighting(facts), rules) for facts in stacks]
    plain = [replace(i, excluded="its pixels cannot be decoded") if i.facts.index in undecodable else i for i in plain]
    findings: list[Finding] = []
    if weighting_from_pixels is not None:
        plain = _ask_pixels(plain, rules, weighting_from_pixels, findings)
    usable = [item for item in plain if item.excluded is None]
    for item in usable:
        findings.extend(item.weighting.findings)
    judgement = judge_contrast(
        [(item.facts, item.weighting.weighting, item.weighting.fat_suppressed) for item in usable], enhancement
    )
    assessed = tuple(
        replace(item, contrast=judgement.verdicts[item.facts.series_instance_uid]) if item.excluded is None else item
        for item in plain
    )
    return assessed, (*dict.fromkeys(findings), *judgement.findings)


def _without_contrast(facts: StackFacts, verdict: WeightingVerdict, rules: SeriesRules) -> Assessed:
    traits = _traits(facts, verdict, enhanced=False)
    return Assessed(facts, verdict, None, rules.excluded(traits), rules.only_as_last_resort(traits))


def _traits(facts: StackFacts, verdict: WeightingVerdict, *, enhanced: bool) -> Traits:
    return Traits(facts, verdict.weighting, verdict.family, verdict.fat_suppressed, enhanced)


def _ask_pixels(
    stacks: Sequence[Assessed], rules: SeriesRules, ask: WeightingFromPixels, findings: list[Finding]
) -> list[Assessed]:
    """Settle unknown weightings by the pixels, and say so."""
    usable = [item for item in stacks if item.excluded is None]
    unknown = [
        item.facts
        for item in usable
        if item.weighting.weighting is Weighting.UNKNOWN and item.facts.slices >= _FEWEST_SLICES
    ]
    if not unknown:
        return list(stacks)
    known = [(i.facts, i.weighting.weighting) for i in usable if i.weighting.weighting is not Weighting.UNKNOWN]
    answers = ask(unknown, known)
    for facts in unknown:
        answer = answers.get(facts.index)
        which = f"{facts.name} states neither TR, TE nor a telling description"
        if answer is None:
            text = f"{which}, and its pixels do not tell its weighting; it plays no role."
            findings.append(Finding("weighting-unknown", Severity.WARNING, text))
        else:
            text = f"{which}; taken as {answer} from its pixels."
            findings.append(Finding("weighting-from-pixels", Severity.WARNING, text))
    return [
        item
        if (answer := answers.get(item.facts.index)) is None
        else _without_contrast(
            item.facts,
            replace(item.weighting, weighting=answer, evidence=Evidence.PIXELS),
            rules,
        )
        for item in stacks
    ]
