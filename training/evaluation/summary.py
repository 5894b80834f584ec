"""From rows per patient and per fragment to the figures of the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.config import SegmentationSettings
from training.evaluation.pasted import FOUND
from training.evaluation.statistics import area_interval, area_under_curve, relative_agreement

CLASSES = ((0, 400), (400, 1000), (1000, 10_000))
LARGE_MM3 = 250.0
STRUCTURES = ("disc", "canal", "vertebra")


def refused(row: dict[str, Any]) -> bool:
    """Whether a comparison would refuse the patient: nothing could be counted, or the names are not sure enough."""
    sure = row.get("confidence", 1.0) >= SegmentationSettings().minimum_level_confidence
    return row["refusal"] is not None or not sure


def summarise_anatomy(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over patients; names; displaced volumes by grading."""
    seen = [row for row in rows if "dice" in row]
    result: dict[str, Any] = {"patients": len(rows), "refused": sum(refused(row) for row in rows)}
    for key in ("dice", "dice_1mm"):
        result[key] = {name: _mean([row[key][name] for row in seen]) for name in STRUCTURES}
    levels = sorted({level for row in seen for level in row["disc_dice"]})
    result["disc_dice"] = {
        level: _mean([row["disc_dice"][level] for row in seen if level in row["disc_dice"]]) for level in levels
    }
    result["l4_l5_right"] = sum(not refused(row) and row["names"].get("L4/L5") == "L4/L5" for row in seen)
    return {**result, **summarise_displaced(seen)}


def summarise_displaced(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Displaced volume on discs graded neither herniated nor bulging, and how well it tells herniated ones."""
    groups: dict[str, list[float]] = {"herniated": [], "bulging": [], "neither": []}
    for row in rows:
        for level, volume in row["displaced_mm3"].items():
            if level in row["graded"]:
                groups[row["graded"][level]].append(volume)
    result: dict[str, Any] = {"displaced": {name: _spread(values) for name, values in groups.items()}}
    if groups["herniated"] and groups["neither"]:
        low, high = area_interval(groups["herniated"], groups["neither"])
        area = area_under_curve(groups["herniated"], groups["neither"])
        result["area_under_curve"] = {"area": round(area, 3), "low": low, "high": high}
    return result


def summarise_pasted(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All fragments, then by size, zone and width of the canal."""
    result: dict[str, Any] = {"all": _fragments(rows)}
    for low, high in CLASSES:
        chosen = [row for row in rows if low <= row["true_mm3"] < high]
        result[f"{low}–{high} mm³" if high < 10_000 else f"over {low} mm³"] = _fragments(chosen)
    for zone in ("central", "subarticular", "foraminal"):
        result[zone] = _fragments([row for row in rows if row["zone"] == zone])
    result["narrow canal"] = _fragments([row for row in rows if row["narrow"]])
    result["wide canal"] = _fragments([row for row in rows if not row["narrow"]])
    for name, low, high in (("dark", 0.0, 0.43), ("middle", 0.43, 0.62), ("bright", 0.62, 2.0)):
        result[name] = _fragments([row for row in rows if low <= row["brightness"] < high])
    return {name: value for name, value in result.items() if value is not None}


def _fragments(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    if not rows:
        return None
    large = [row for row in rows if row["true_mm3"] > LARGE_MM3]
    return {
        "fragments": len(rows),
        "median_dice": round(float(np.median([row["dice"] for row in rows])), 3),
        "median_soft_dice": round(float(np.median([row["soft_dice"] for row in rows])), 3),
        **relative_agreement([row["found_mm3"] for row in rows], [row["true_mm3"] for row in rows]),
        "large": len(large),
        "elsewhere": sum(row["hit"] < FOUND <= row["elsewhere"] for row in rows),
        "large_found": sum(row["hit"] >= FOUND for row in large),
    }


def _spread(values: Sequence[float]) -> dict[str, Any]:
    if not values:
        return {"discs": 0}
    low, middle, high = np.percentile(values, (25, 50, 75))
    return {
        "discs": len(values),
        "median_mm3": round(float(middle), 1),
        "quartile_low_mm3": round(float(low), 1),
        "quartile_high_mm3": round(float(high), 1),
        "largest_mm3": round(max(values), 1),
    }


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 3) if values else 0.0
