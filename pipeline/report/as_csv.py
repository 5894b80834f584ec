"""The result for a spreadsheet: one row per comparison, the same columns in the same order for ever."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.report import enhancement_csv, meaning_csv

COLUMNS: tuple[str, ...] = (
    "schema",
    "level",
    "level_confidence",
    "level_counted_from",
    "level_transitional",
    "baseline_date",
    "followup_date",
    "interval_days",
    "baseline_series",
    "followup_series",
    "baseline_present",
    "baseline_volume_mm3",
    "baseline_volume_low_mm3",
    "baseline_volume_high_mm3",
    "baseline_detection_limit_mm3",
    "followup_present",
    "followup_volume_mm3",
    "followup_volume_low_mm3",
    "followup_volume_high_mm3",
    "followup_detection_limit_mm3",
    "delta_mm3",
    "delta_low_mm3",
    "delta_high_mm3",
    "resorption_rate_percent",
    "resorption_rate_low_percent",
    "resorption_rate_high_percent",
    "category",
    "band_percent",
    "detectable",
    "usable",
    "registration_tre_mm",
    "registration_bone_dice",
    "registration_similarity",
    "findings_error",
    "findings_warning",
    "findings_info",
    "finding_codes",
    "version",
    "weights_sha256",
    "settings_sha256",
    "baseline_input_sha256",
    "followup_input_sha256",
    "baseline_herniation_type",
    "baseline_herniation_type_unsure_between",
    "baseline_herniation_zone",
    "baseline_herniation_side",
    "baseline_herniation_migration",
    "baseline_herniation_migration_mm",
    "baseline_herniation_vertical_level",
    "followup_herniation_type",
    "followup_herniation_type_unsure_between",
    "followup_herniation_zone",
    "followup_herniation_side",
    "followup_herniation_migration",
    "followup_herniation_migration_mm",
    "followup_herniation_vertical_level",
    *meaning_csv.COLUMNS,
    *enhancement_csv.COLUMNS,
    "baseline_surely_seen_mm3",
    "followup_surely_seen_mm3",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_row(report: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of :data:`COLUMNS` from what :func:`pipeline.report.as_json.report_dict` gives.

    A missing value is an empty cell, truth is ``true`` or ``false``; several codes are joined by spaces.
    """
    level, change, quality = report["level"], report["change"], report["registration"]["quality"]
    provenance, findings = report["provenance"], report["findings"]
    delta, rate = change["delta_interval95_mm3"], change["resorption_rate_interval95_percent"] or [None, None]
    row = {
        "schema": report["schema"],
        "level": level["name"],
        "level_confidence": level["confidence"],
        "level_counted_from": level["counted_from"],
        "level_transitional": level["transitional"],
        "interval_days": change["interval_days"],
        **_visit_columns("baseline", report["baseline"]),
        **_visit_columns("followup", report["followup"]),
        "delta_mm3": change["delta_mm3"],
        "delta_low_mm3": delta[0],
        "delta_high_mm3": delta[1],
        "resorption_rate_percent": change["resorption_rate_percent"],
        "resorption_rate_low_percent": rate[0],
        "resorption_rate_high_percent": rate[1],
        "category": change["category"],
        "band_percent": change["band"],
        "detectable": change["detectable"],
        "usable": change["usable"],
        "registration_tre_mm": quality["estimated_tre_mm"],
        "registration_bone_dice": quality["bone_dice"],
        "registration_similarity": quality["similarity"],
        **{f"findings_{s}": sum(f["severity"] == s for f in findings) for s in ("error", "warning", "info")},
        "finding_codes": " ".join(sorted({f["code"] for f in findings})),
        "version": provenance["version"],
        "weights_sha256": provenance["weights_sha256"],
        "settings_sha256": provenance["settings_sha256"],
        "baseline_input_sha256": provenance["inputs_sha256"][0],
        "followup_input_sha256": provenance["inputs_sha256"][1],
        **meaning_csv.meaning_columns(report),
        **enhancement_csv.enhancement_columns(report),
    }
    return {name: cell(row[name]) for name in COLUMNS}


def _visit_columns(name: str, visit: Mapping[str, Any]) -> dict[str, Any]:
    fragment = visit["fragment"]
    return {
        f"{name}_date": visit["study_date"],
        f"{name}_series": None if visit["series"] is None else visit["series"]["role"],
        f"{name}_present": fragment["present"],
        f"{name}_volume_mm3": fragment["volume_mm3"],
        f"{name}_volume_low_mm3": fragment["interval95_mm3"][0],
        f"{name}_volume_high_mm3": fragment["interval95_mm3"][1],
        f"{name}_detection_limit_mm3": fragment["detection_limit_mm3"],
        f"{name}_surely_seen_mm3": fragment["surely_seen_mm3"],
        **_herniation_columns(name, visit["herniation"]),
    }


def _herniation_columns(name: str, herniation: Mapping[str, Any]) -> dict[str, Any]:
    plain = ("type", "zone", "side", "migration", "migration_mm", "vertical_level")
    return {
        **{f"{name}_herniation_{key}": herniation[key] for key in plain},
        f"{name}_herniation_type_unsure_between": " ".join(herniation["unsure_between"]),
    }


def cell(value: Any) -> Any:
    """One cell. Text that a spreadsheet would run as a formula is defused by an apostrophe."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def csv_text(reports: Iterable[Mapping[str, Any]]) -> str:
    """A header and one row per report, with LF line ends."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(csv_row(report) for report in reports)
    return buffer.getvalue()
