"""Contrast enhancement of the fragment, for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report.enhancement_json import VISITS

_PLAIN = {
    "rim_completeness": "completeness",
    "rim_extent_percent": "extent_percent",
    "rim_thickness_mm": "thickness_mm",
    "rim_enhancement_percent": "rim_enhancement_percent",
    "core_enhancement_percent": "core_enhancement_percent",
}
_ENDS = {"rim_extent": ("extent_interval95_percent", "percent"), "rim_thickness": ("thickness_interval95_mm", "mm")}
OF_A_VISIT: tuple[str, ...] = (
    *_PLAIN,
    *(f"{name}_{end}_{unit}" for name, (_, unit) in _ENDS.items() for end in ("low", "high")),
    "enhancement_fat_suppressed",
)
COLUMNS: tuple[str, ...] = tuple(f"{visit}_{name}" for visit in VISITS for name in OF_A_VISIT)


def enhancement_columns(report: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of :data:`COLUMNS` from what ``report_dict`` gives; None where something is unknown."""
    both = report["enhancement"] or {}
    row: dict[str, Any] = {}
    for visit in VISITS:
        found = both.get(visit) or {}
        row |= {f"{visit}_{name}": found.get(key) for name, key in _PLAIN.items()}
        for name, (key, unit) in _ENDS.items():
            low, high = found.get(key) or (None, None)
            row |= {f"{visit}_{name}_low_{unit}": low, f"{visit}_{name}_high_{unit}": high}
        row[f"{visit}_enhancement_fat_suppressed"] = found.get("fat_suppressed")
    return row
