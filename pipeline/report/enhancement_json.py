"""Contrast enhancement of the fragment, as in ``docs/report.schema.json``."""

from __future__ import annotations

from typing import Any

from pipeline.comparison import Comparison
from pipeline.measurement.enhancement.result import Enhancement, Rim, SeriesEnhancement
from pipeline.report.numbers import rounded, rounded_interval

MM_DIGITS = 2
PERCENT_DIGITS = 1
VISITS = ("baseline", "followup")


def enhancement_dict(comparison: Comparison) -> dict[str, Any] | None:
    """Both visits; None where neither could be measured."""
    if all(one is None for one in comparison.enhancement):
        return None
    return {name: _visit(one) for name, one in zip(VISITS, comparison.enhancement, strict=True)}


def _visit(one: Enhancement | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "completeness": one.completeness.value,
        "completeness_may_be": [kind.value for kind in one.may_be],
        "extent_percent": rounded(one.extent_percent, PERCENT_DIGITS),
        "extent_interval95_percent": rounded_interval(one.extent_interval95_percent, PERCENT_DIGITS),
        "thickness_mm": rounded(one.rim_thickness_mm, MM_DIGITS),
        "thickness_interval95_mm": rounded_interval(one.rim_thickness_interval95_mm, MM_DIGITS),
        "rim_enhancement_percent": rounded(one.rim_enhancement_percent, PERCENT_DIGITS),
        "core_enhancement_percent": rounded(one.core_enhancement_percent, PERCENT_DIGITS),
        "fat_suppressed": one.fat_suppressed,
        "by_series": {role.value: _series(each) for role, each in sorted(one.by_role.items())},
    }


def _series(one: SeriesEnhancement) -> dict[str, Any]:
    return {
        **_rim(one.rim),
        "fat_suppressed": one.fat_suppressed,
        "before_fat_suppressed": one.before_fat_suppressed,
        "moved_mm": rounded(one.moved_mm, MM_DIGITS),
    }


def _rim(rim: Rim) -> dict[str, Any]:
    return {
        "completeness": rim.completeness.value,
        "extent_percent": rounded(rim.extent_percent, PERCENT_DIGITS),
        "thickness_mm": rounded(rim.thickness_mm, MM_DIGITS),
        "rim_enhancement_percent": rounded(rim.rim_enhancement_percent, PERCENT_DIGITS),
        "core_enhancement_percent": rounded(rim.core_enhancement_percent, PERCENT_DIGITS),
        "surface_mm2": rounded(rim.surface_mm2, PERCENT_DIGITS),
    }
