"""Sagittal series of another part of the spine, told by where they lie when no name tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pipeline.dicom.assessment import Assessed
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.visit import Plane
from pipeline.findings import Finding, Severity

_LONG_MM = 430.0
"""A field of view from here on spans more than one region and says nothing about which."""

_APART = 0.5
"""Regions differ when their spans share less than this part of the shorter one."""


def exclude_other_regions(stacks: Sequence[Assessed]) -> tuple[tuple[Assessed, ...], tuple[Finding, ...]]:
    """Leave only the lowest region of the spine where one study shows two that lie above each other.

    Positions are compared within one frame of reference only. A cervical and a lumbar examination made in one
    session are told apart in this way also when their series have no names.
    """
    frames: dict[tuple[str, str], list[Assessed]] = defaultdict(list)
    for item in stacks:
        if item.excluded is None and _shows_a_region(item.facts):
            frames[item.facts.study_instance_uid, item.facts.frame_of_reference_uid or ""].append(item)
    upper: dict[int, float] = {}
    for group in frames.values():
        upper.update(_above_the_lowest(group))
    if not upper:
        return tuple(stacks), ()
    text = (
        f"{len(upper)} sagittal stacks lie above the lowest sagittal series of their study and are taken as another "
        "region of the spine."
    )
    changed = tuple(
        replace(item, excluded=f"other region: {upper[item.facts.index]:.0f} mm above the lowest sagittal series")
        if item.facts.index in upper
        else item
        for item in stacks
    )
    return changed, (Finding("region-by-position", Severity.WARNING, text),)


def _shows_a_region(facts: StackFacts) -> bool:
    height = max(n * s for n, s in zip(facts.shape[1:], facts.spacing_mm[1:], strict=True))
    return facts.plane is Plane.SAGITTAL and facts.slices > 3 and height < _LONG_MM


def _above_the_lowest(group: Sequence[Assessed]) -> dict[int, float]:
    """Stacks that lie above the lowest one, by index, with the distance in mm."""
    spans = {item.facts.index: _span(item.facts) for item in group}
    low, high = min(spans.values(), key=lambda span: span[0] + span[1])
    result = {}
    for index, (bottom, top) in spans.items():
        shared = min(high, top) - max(low, bottom)
        if shared < _APART * min(high - low, top - bottom):
            result[index] = (bottom + top - low - high) / 2
    return result


def _span(facts: StackFacts) -> tuple[float, float]:
    """Lowest and highest patient coordinate of a sagittal stack, taking its field of view as square."""
    height = max(n * s for n, s in zip(facts.shape[1:], facts.spacing_mm[1:], strict=True))
    return facts.centre_lps[2] - height / 2, facts.centre_lps[2] + height / 2
