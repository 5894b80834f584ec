"""Contrast enhancement of the fragment, for people: plain values for ``enhancement.html.j2``."""

from __future__ import annotations

from typing import Any

from pipeline.comparison import Comparison
from pipeline.measurement.enhancement.result import Completeness, Enhancement, Rim
from pipeline.report.enhancement_picture import enhancement_picture
from pipeline.report.numbers import in_words, range_in_words
from pipeline.report.views import ROLE_NAMES

NOT_MEASURED = "not measured"
WORDS = {
    Completeness.COMPLETE: "complete rim",
    Completeness.PARTIAL: "partial rim",
    Completeness.NONE: "no rim",
}


def rim_in_words(one: Enhancement | Rim) -> str:
    """``"complete rim"``; ``"complete rim or partial rim"`` where the images cannot tell."""
    return " or ".join(WORDS[kind] for kind in one.may_be)


def enhancement_view(comparison: Comparison) -> dict[str, Any] | None:
    """Rows of the table and pictures of both visits; None where neither visit could be measured."""
    both = comparison.enhancement
    if all(one is None for one in both) or not comparison.change.usable:
        return None
    titles = ("Enhancing rim", "Part of the free surface", "Thickness of the rim", "Rim", "Core")
    notes = ("", "95 % interval", "95 % interval", "rise of the signal", "rise of the signal")
    columns = [_cells(one) for one in both]
    return {
        "rows": [
            {"title": title, "note": note, "cells": list(cells)}
            for title, note, *cells in zip(titles, notes, *columns, strict=True)
        ],
        "pictures": [[] if one is None else _pictures(one) for one in both],
    }


def _cells(one: Enhancement | None) -> tuple[str, str, str, str, str]:
    if one is None:
        return (NOT_MEASURED, "", "", "", "")
    thickness = ""
    if one.rim_thickness_mm is not None:
        told = range_in_words(one.rim_thickness_interval95_mm, digits=1)
        thickness = f"{in_words(one.rim_thickness_mm, digits=1)} mm ({told})"
    elif one.completeness is not Completeness.NONE:
        thickness = "cannot be told"
    return (
        rim_in_words(one),
        f"{in_words(one.extent_percent)} % ({range_in_words(one.extent_interval95_percent)})",
        thickness,
        _percent(one.rim_enhancement_percent),
        _percent(one.core_enhancement_percent),
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{in_words(value, signed=True)} %"


def _pictures(one: Enhancement) -> list[dict[str, Any]]:
    return [
        {
            **enhancement_picture(each),
            "series": ROLE_NAMES.get(role, role.value),
            "fat": "fat suppressed" if each.fat_suppressed else "",
            "alone": rim_in_words(each.rim),
            "extent": in_words(each.rim.extent_percent),
        }
        for role, each in sorted(one.by_role.items(), key=lambda item: item[0].value, reverse=True)
    ]
