"""The plan of a visit: which series plays which role, and why every other one lost, before a pixel is decoded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pipeline.dicom.assessment import Assessed, WeightingFromPixels, assess
from pipeline.dicom.contrast_pixels import Enhancement
from pipeline.dicom.matching import Protocol
from pipeline.dicom.region import exclude_other_regions
from pipeline.dicom.roles import Casting, cast, unmet
from pipeline.dicom.rules import SeriesRules
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.visit import Candidate, Plane, Role
from pipeline.dicom.weightings import Weighting
from pipeline.findings import Finding, Severity


@dataclass(frozen=True)
class Plan:
    """Outcome of the planning of one visit.

    Attributes
    ----------
    castings
        By role; a role that nobody plays is absent.
    candidates
        One per stack, in the order of the scan.
    assessed
        Conclusions about each stack, in the same order.
    """

    castings: Mapping[Role, Casting]
    candidates: tuple[Candidate, ...]
    assessed: tuple[Assessed, ...]
    findings: tuple[Finding, ...]


def make_plan(
    stacks: Sequence[StackFacts],
    rules: SeriesRules,
    *,
    enhancement: Enhancement | None = None,
    weighting_from_pixels: WeightingFromPixels | None = None,
    undecodable: Collection[int] = (),
    like: Mapping[Role, Protocol] | None = None,
) -> Plan:
    """Give the roles of one visit to its stacks.

    Parameters
    ----------
    stacks
        Facts of all stacks of the visit.
    enhancement, weighting_from_pixels
        Called only where headers leave a doubt; None never looks at pixels.
    undecodable
        Indices of stacks whose pixels are known to be unreadable; they play no role.
    like
        Protocols at the other visit, for the roles where the choice should suit them.
    """
    assessed, notes = assess(
        stacks,
        rules,
        enhancement=enhancement,
        weighting_from_pixels=weighting_from_pixels,
        undecodable=undecodable,
    )
    assessed, moved = exclude_other_regions(assessed)
    wanted = like or {}
    castings = {role: one for role in Role if (one := cast(role, assessed, rules, wanted.get(role))) is not None}
    findings = [*notes, *moved]
    for casting in castings.values():
        findings.extend(casting.findings)
    findings.extend(_missing_facts(castings))
    candidates = tuple(_candidate(item, castings, rules) for item in assessed)
    return Plan(castings, candidates, assessed, tuple(dict.fromkeys(findings)))


def _missing_facts(castings: Mapping[Role, Casting]) -> list[Finding]:
    """Header facts that chosen series lack, and frames of reference that differ among them."""
    chosen = [item.facts for casting in castings.values() for item in casting.winner.members]
    findings = []
    wanted: dict[str, list[object]] = {
        "TR": [facts.repetition_time_ms for facts in chosen],
        "TE": [facts.echo_time_ms for facts in chosen],
        "Manufacturer": [facts.manufacturer for facts in chosen],
        "Modality": [facts.modality for facts in chosen],
        "time of acquisition": [facts.acquired_at for facts in chosen],
    }
    lacking = [name for name, values in wanted.items() if chosen and any(value is None for value in values)]
    if lacking:
        text = f"Chosen series lack {', '.join(lacking)}; roles rest on what is left."
        findings.append(Finding("header-incomplete", Severity.INFO, text))
    frames = {facts.frame_of_reference_uid for facts in chosen}
    if len(frames) > 1:
        text = (
            f"The chosen series of this visit name {len(frames)} frames of reference; their positions are taken as "
            "one coordinate system, to be checked by alignment."
        )
        findings.append(Finding("frame-of-reference-differs", Severity.WARNING, text))
    return findings


def _candidate(item: Assessed, castings: Mapping[Role, Casting], rules: SeriesRules) -> Candidate:
    facts = item.facts
    role, reason = _fate(item, castings, rules)
    return Candidate(
        series_number=facts.series_number,
        series_description=facts.title,
        series_instance_uid=facts.series_instance_uid,
        plane=facts.plane,
        weighting=item.weighting.label,
        slices=facts.slices,
        shape=(facts.shape[1], facts.shape[2]),
        spacing_mm=facts.spacing_mm,
        role=role,
        reason=reason,
        contrast=None if item.contrast is None else item.contrast.enhanced,
    )


def _fate(item: Assessed, castings: Mapping[Role, Casting], rules: SeriesRules) -> tuple[Role | None, str]:
    """Role of a stack with what it rests on, or None with the reason."""
    for role, casting in castings.items():
        if any(member is item for member in casting.winner.members):
            return role, _grounds(item)
    if item.excluded is not None:
        return None, item.excluded
    for casting in castings.values():
        for unit, why in casting.lost:
            if any(member is item for member in unit.members):
                return None, why
    return None, _nearest_miss(item, rules)


def _grounds(item: Assessed) -> str:
    grounds = f"weighting from {item.weighting.evidence}"
    if item.weighting.weighting is Weighting.T1 and item.contrast is not None and item.contrast.evidence:
        grounds += f"; contrast from {item.contrast.decided_by}"
    return grounds


def _nearest_miss(item: Assessed, rules: SeriesRules) -> str:
    """Why no role fits: the fault at the role of the same plane and weighting, where there is one."""
    plane, weighting = item.facts.plane, item.weighting.weighting
    if plane is None or plane not in {role.plane for role in rules.roles}:
        return f"no role for the {plane or Plane.OBLIQUE} plane"
    faults = []
    for role, rule in rules.roles.items():
        fits_kind = rule.require.weighting is None or weighting in rule.require.weighting
        if role.plane is plane and fits_kind and (fault := unmet(item, rule)) is not None:
            faults.append((fault.startswith("acquired "), f"{role}: {fault}"))
    if faults:
        return min(faults)[1]
    if weighting is Weighting.UNKNOWN:
        return "weighting unknown"
    return f"no role for {weighting} weighting in the {plane} plane"
