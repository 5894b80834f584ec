"""Whether contrast medium had been given: evidence from names, attributes, times and pixels, weighed in the open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.dicom.contrast_evidence import DECISIVE, Case, ContrastVerdict, Source
from pipeline.dicom.contrast_headers import (
    study_hints,
    weigh_attributes,
    weigh_bolus_time,
    weigh_names,
    weigh_order,
    weigh_repeats,
)
from pipeline.dicom.contrast_pixels import Enhancement, weigh_pixels
from pipeline.dicom.ordering import in_order
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.weightings import Weighting
from pipeline.findings import Finding, Severity


@dataclass(frozen=True)
class ContrastJudgement:
    """Verdicts by SeriesInstanceUID, and what was doubtful."""

    verdicts: Mapping[str, ContrastVerdict]
    findings: tuple[Finding, ...]


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
    hinted = study_hints(cases)
    weigh_names(cases)
    findings += weigh_attributes(cases)
    weigh_bolus_time(cases)
    if hinted:
        weigh_repeats(cases)
    weigh_order(cases)
    if enhancement is not None:
        findings += weigh_pixels(cases, hinted, enhancement)
    findings += _doubts(cases, hinted)
    return ContrastJudgement({case.facts.series_instance_uid: case.verdict for case in cases}, tuple(findings))


def _cases(stacks: Sequence[tuple[StackFacts, Weighting, bool | None]]) -> list[Case]:
    """One case for each series, in order of acquisition."""
    first: dict[str, Case] = {}
    for facts, weighting, fat in stacks:
        case = first.get(facts.series_instance_uid)
        if case is None or facts.slices > case.facts.slices:
            first[facts.series_instance_uid] = Case(facts, weighting, bool(fat))
    by_index = {case.facts.index: case for case in first.values()}
    return [by_index[facts.index] for facts in in_order(case.facts for case in by_index.values())]


def _doubts(cases: Sequence[Case], hinted: bool) -> list[Finding]:
    """Findings about verdicts that rest on little."""
    findings = []
    for case in cases:
        if case.weighting is not Weighting.T1:
            continue
        verdict = case.verdict
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
