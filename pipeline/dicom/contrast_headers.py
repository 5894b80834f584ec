"""What headers tell about contrast medium: names, attributes, times and the order of acquisition."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.dicom.contrast_evidence import STRONG, Case, Source
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.text import is_placeholder, plain
from pipeline.dicom.vocabulary import contrast_named
from pipeline.dicom.weightings import Weighting
from pipeline.findings import Finding, Severity

_DENIED = re.compile(
    r"(?:no|n|no ?contrast|non ?contrast|w/o|wo|none|non|nein|nil|without|ohne|sans|无|無|なし)(?: .*)?"
    r"|0(?:[. ]0+)?(?: ?ml)?"
)
_DOSE = re.compile(r"\d+(?:[.,]\d+)? ?(?:ml|cc|mmol)?\b.*")


def attribute_states(facts: StackFacts) -> bool | None:
    """What the ContrastBolus attributes (PS3.3 C.7.6.4) state: given, not given, or nothing."""
    agent = plain(facts.contrast_agent)
    if agent and not is_placeholder(agent):
        return _DENIED.fullmatch(agent) is None
    if (facts.contrast_volume_ml or 0.0) > 0.0 or not is_placeholder(facts.contrast_route):
        return True
    return None


def study_hints(cases: Sequence[Case]) -> bool:
    """Whether anything in the study says that contrast medium was given at all."""
    for case in cases:
        words = plain(case.facts.study_description)
        both = "contrast" in words and contrast_named(words) is None
        if both or contrast_named(words) or contrast_named(case.facts.words) or attribute_states(case.facts):
            return True
    return False


def weigh_names(cases: Sequence[Case]) -> None:
    """Descriptions first; the protocol's name weighs less, because it is copied from one series to the next."""
    for case in cases:
        named = contrast_named(plain(case.facts.description))
        if named is not None:
            case.add(Source.DESCRIPTION, 4.0 if named else -4.0)
            continue
        named = contrast_named(plain(case.facts.protocol))
        if named is not None:
            case.add(Source.DESCRIPTION, 1.5 if named else -1.0)


def weigh_attributes(cases: Sequence[Case]) -> list[Finding]:
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


def weigh_bolus_time(cases: Sequence[Case]) -> None:
    """ContrastBolusStartTime against the time of acquisition; only where it lies between the visit's series."""
    for case in cases:
        start, acquired = case.facts.contrast_start, case.facts.acquired_at
        if start is None or acquired is None or abs((acquired - start).total_seconds()) > 3 * 3600:
            continue
        case.add(Source.BOLUS_TIME, 2.5 if acquired >= start else -2.5)


def weigh_repeats(cases: Sequence[Case]) -> None:
    """Where contrast medium was given, the first of several T1 series of a plane came before, the last after."""
    for plane in {case.facts.plane for case in cases}:
        same = [case for case in cases if case.weighting is Weighting.T1 and case.facts.plane is plane]
        for case in same:
            if case.fat_suppressed:
                case.add(Source.FAT_SUPPRESSION, 0.75)
        if len(same) > 1:
            same[0].add(Source.ORDER, -1.5)
            same[-1].add(Source.ORDER, 1.5)


def weigh_order(cases: Sequence[Case]) -> None:
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
