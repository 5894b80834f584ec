"""What is wrong with a stack by one field of a rule, in words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.text import plain
from pipeline.dicom.traits import Traits
from pipeline.dicom.weightings import Family, Weighting

NOT_STATED = "not stated"

_NUMBERS: dict[str, str] = {
    "repetition_time_ms": "TR {} ms",
    "echo_time_ms": "TE {} ms",
    "inversion_time_ms": "TI {} ms",
    "slice_thickness_mm": "slice thickness {} mm",
    "slice_spacing_mm": "slice spacing {} mm",
    "pixel_mm": "pixel {} mm",
    "matrix": "matrix {}",
    "slices": "{} slices",
    "coverage_mm": "covers {} mm",
    "field_of_view_mm": "field of view {} mm",
    "planes_in_series": "{} planes in the series",
}


def fault_of(name: str, wanted: Any, traits: Traits) -> str | None:
    """What is wrong with one field of a condition, None if it holds."""
    facts = traits.facts
    if name in _NUMBERS:
        value = _number(name, facts)
        if value is None:
            return NOT_STATED
        if _inside(value, wanted):
            return None
        said = _NUMBERS[name].format(f"{value:.4g}")
        return f"{'1 slice' if said == '1 slices' else said}, asked for {_span(wanted)}"
    if name in ("text", "body_part"):
        words = facts.all_words if name == "text" else plain(facts.body_part)
        return None if _compiled(wanted).search(words) else "name does not fit"
    if name == "image_type":
        return None if facts.image_types & {value.upper() for value in wanted} else "image type does not fit"
    return (_flag_fault if name in ("contrast", "fat_suppressed") else _choice_fault)(name, wanted, traits)


def _flag_fault(name: str, wanted: bool, traits: Traits) -> str | None:
    if name == "contrast":
        state = "after" if traits.contrast else "before"
        return None if traits.contrast is wanted else f"acquired {state} contrast medium"
    if traits.fat_suppressed is None:
        return NOT_STATED
    if traits.fat_suppressed is wanted:
        return None
    return "fat-suppressed" if traits.fat_suppressed else "not fat-suppressed"


def _choice_fault(name: str, wanted: tuple[str, ...], traits: Traits) -> str | None:
    facts = traits.facts
    value, unknown = {
        "plane": (facts.plane, None),
        "weighting": (traits.weighting, None),
        "family": (traits.family, Family.UNKNOWN),
        "kind": (facts.kind, None),
    }.get(name, (None, None))
    if value in wanted:
        return None
    if unknown is not None and value == unknown:
        return NOT_STATED
    if name == "weighting":
        return f"{value} weighting" if value is not Weighting.UNKNOWN else "weighting unknown"
    return f"{value}" if name != "plane" else f"{value or 'no'} plane"


def _number(name: str, facts: StackFacts) -> float | None:
    """The number that a field asks for; None when the export does not state it."""
    _, rows, columns = facts.shape
    slice_mm, row_mm, column_mm = facts.spacing_mm
    measured: dict[str, float | None] = {
        "slices": float(facts.slices),
        "slice_spacing_mm": slice_mm or None,
        "pixel_mm": max(row_mm, column_mm) or None,
        "matrix": float(min(rows, columns)),
        "field_of_view_mm": max(rows * row_mm, columns * column_mm) or None,
        "planes_in_series": float(facts.series_planes),
    }
    if name in measured:
        return measured[name]
    value = getattr(facts, name)
    return None if value is None else float(value)


def _inside(value: float, limits: tuple[float | None, float | None]) -> bool:
    low, high = limits
    return (low is None or value >= low) and (high is None or value <= high)


def _span(limits: tuple[float | None, float | None]) -> str:
    low, high = limits
    if high is None:
        return f"at least {low:g}" if low is not None else "any"
    return f"at most {high:g}" if low is None else f"{low:g} to {high:g}"


@lru_cache(maxsize=512)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)
