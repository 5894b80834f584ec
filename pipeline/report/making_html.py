"""How the number was made, for people: plain values for ``making.html.j2``."""

from __future__ import annotations

from typing import Any

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Role
from pipeline.measurement.change import FragmentMeasurement
from pipeline.measurement.precision import PrecisionProfile
from pipeline.report.numbers import EM_DASH, NO_BREAK, in_words, range_in_words
from pipeline.report.views import ROLE_NAMES

OPENED_BY = ("series-disagree", "change-estimates-disagree")
"""Findings that ask the reader to look here."""


def making_view(comparison: Comparison) -> dict[str, Any] | None:
    """Rows of text; None where the result must not be used."""
    change = comparison.change
    if not change.usable:
        return None
    codes = {finding.code for finding in comparison.findings}
    both = change.baseline, change.followup
    weights = [sum(one.weights_by_role.get(role, 0.0) for one in both) for role in Role]
    seen = {role for one in both for role in (*one.volumes_by_role_mm3, *one.weights_by_role)}
    roles = [role for _, role in sorted(zip(weights, Role, strict=True), key=lambda each: -each[0]) if role in seen]
    return {
        "series": [_series(role, both) for role in roles],
        "together": [_together(one) for one in both] if len(roles) > 1 else None,
        "shape": [_shape(one) for one in both] if any(one.fused for one in both) else None,
        "facts": _facts(comparison, agree="change-estimates-disagree" not in codes),
        "disagree": "series-disagree" in codes,
        "open": not codes.isdisjoint(OPENED_BY),
    }


def _series(role: Role, both: tuple[FragmentMeasurement, FragmentMeasurement]) -> dict[str, Any]:
    weights = [one.weights_by_role.get(role, 0.0) for one in both]
    alone = all(not one.weights_by_role for one in both)
    return {
        "name": ROLE_NAMES.get(role, role.value),
        "weight": EM_DASH if alone else _weight(*weights),
        "cells": [_volume(role, one) for one in both],
    }


def _weight(first: float, second: float) -> str:
    """Both visits of a pair are weighed alike unless they were measured on different kinds of series."""
    told = [f"{in_words(100 * weight)} %" if weight > 0 else "none" for weight in (first, second)]
    return told[0] if told[0] == told[1] else f"{told[0]}, {told[1]}"


def _volume(role: Role, one: FragmentMeasurement) -> dict[str, str]:
    if role not in one.volumes_by_role_mm3:
        return {"volume": "not seen", "interval": ""}
    interval = one.intervals_by_role_mm3.get(role)
    note = "" if interval is None else range_in_words(interval)
    if interval is None and one.intervals_by_role_mm3:
        note = "shows a part of the place only"
    return {"volume": _mm3(one.volumes_by_role_mm3[role]), "interval": note}


def _together(one: FragmentMeasurement) -> str:
    return _mm3(one.volume_mm3 if one.alone_mm3 is None else one.alone_mm3)


def _shape(one: FragmentMeasurement) -> str:
    return "not seen" if one.fused is None else _mm3(one.fused.volume_mm3)


def _mm3(value: float | None, *, signed: bool = False) -> str:
    return f"{in_words(value, signed=signed)}{NO_BREAK}mm³"


def _facts(comparison: Comparison, *, agree: bool) -> list[dict[str, str]]:
    return [*_change_facts(comparison, agree=agree), {"title": "Precision profile", "text": _profile(comparison)}]


def _change_facts(comparison: Comparison, *, agree: bool) -> list[dict[str, str]]:
    """The two measurements of the change, and what became of them."""
    change = comparison.change
    if change.direct_mm3 is None:
        text = (
            "not possible: the fragment is missing or a remnant at one visit, or the series or the alignment do not "
            "allow it. The change is the difference of the two volumes"
        )
        return [{"title": "Change measured directly", "text": text}]
    share = 100 * change.direct_weight
    words = "agree within their errors" if agree else "differ by more than their errors: the interval is wider for it"
    return [
        {
            "title": "Difference of the two volumes",
            "text": f"{_mm3(change.subtracted_mm3, signed=True)}, weight {in_words(100 - share)} %",
        },
        {
            "title": "Change measured directly",
            "text": f"{_mm3(change.direct_mm3, signed=True)}, weight {in_words(share)} %; both {words}",
        },
        {
            "title": "Change in the answer",
            "text": f"{_mm3(change.delta_mm3, signed=True)}; the volumes were moved from {_together(change.baseline)} "
            f"and {_together(change.followup)} to go with it",
        },
    ]


def _profile(comparison: Comparison) -> str:
    path = comparison.config.measurement.precision_profile
    profile = PrecisionProfile.load(path)
    whose = "shipped with the program" if path is None else "given in the settings"
    if profile.provisional:
        return f"{whose}; provisional: not made by simulating whole pairs, so that intervals are cautious"
    pairs = profile.made_with.get("pairs")
    made = f"made from {in_words(pairs)} simulated pairs" if isinstance(pairs, int) else "made by simulation"
    return f"{whose}; {made}"
