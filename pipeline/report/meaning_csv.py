"""What a change means, for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VISITS = ("baseline", "followup")
OF_A_VISIT = (
    "migration_above_mm",
    "migration_below_mm",
    "komori_type",
    "canal_percent",
    "canal_low_percent",
    "canal_high_percent",
    "canal_series",
    "t2_fragment_to_csf",
    "t2_fragment_to_muscle",
    "t1_fragment_to_csf",
    "t1_fragment_to_muscle",
)
SCORES = ("joa", "odi_percent", "vas_leg", "vas_back")
COLUMNS: tuple[str, ...] = (
    *(f"{visit}_{name}" for visit in VISITS for name in OF_A_VISIT),
    "canal_change_points",
    "canal_change_low_points",
    "canal_change_high_points",
    "onset",
    *(f"{visit}_{name}" for visit in VISITS for name in SCORES),
    "joa_recovery_percent",
)


def meaning_columns(report: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of :data:`COLUMNS` from what ``report_dict`` gives; None where something is unknown."""
    meaning, clinical = report["meaning"] or {}, report["clinical"] or {}
    change = meaning.get("canal_change") or {}
    low, high = change.get("interval95_points") or (None, None)
    row = {
        "canal_change_points": change.get("points"),
        "canal_change_low_points": low,
        "canal_change_high_points": high,
        "onset": clinical.get("onset"),
        "joa_recovery_percent": clinical.get("joa_recovery_percent"),
    }
    for visit in VISITS:
        row |= {f"{visit}_{name}": value for name, value in _visit(meaning.get(visit) or {}).items()}
        scores = clinical.get(visit) or {}
        row |= {f"{visit}_{name}": scores.get(name) for name in SCORES}
    return {name: row[name] for name in COLUMNS}


def _visit(visit: Mapping[str, Any]) -> dict[str, Any]:
    migration, canal, signal = (visit.get(name) or {} for name in ("migration", "canal", "signal"))
    low, high = canal.get("interval95_percent") or (None, None)
    ratios = {
        f"{weighting}_{ratio}": (signal.get(f"sagittal_{weighting}") or {}).get(ratio)
        for weighting in ("t2", "t1")
        for ratio in ("fragment_to_csf", "fragment_to_muscle")
    }
    return {
        "migration_above_mm": migration.get("above_mm"),
        "migration_below_mm": migration.get("below_mm"),
        "komori_type": migration.get("komori_type"),
        "canal_percent": canal.get("percent"),
        "canal_low_percent": low,
        "canal_high_percent": high,
        "canal_series": canal.get("series"),
        **ratios,
    }
