"""What the displaced material is called, for all forms of the report."""

from __future__ import annotations

from typing import Any

from pipeline.measurement.change import FragmentMeasurement
from pipeline.measurement.meaning.terms import herniation_of
from pipeline.report.numbers import rounded
from pipeline.segmentation.herniation import Herniation, HerniationType, Migration

__all__ = ["fused_dict", "herniation_dict", "herniation_of", "herniation_words"]

MM_DIGITS = 1
VOLUME_DIGITS = 1


def fused_dict(fragment: FragmentMeasurement) -> dict[str, Any] | None:
    """The fragment from all series together, as in ``docs/report.schema.json``; None where there is one series."""
    if fragment.fused is None:
        return None
    return {
        "volume_mm3": rounded(fragment.fused.volume_mm3, VOLUME_DIGITS),
        "series": [role.value for role in fragment.fused.roles],
    }


def herniation_dict(herniation: Herniation) -> dict[str, Any]:
    """Plain values, as in ``docs/report.schema.json``."""
    return {
        "type": herniation.type.value,
        "unsure_between": [kind.value for kind in herniation.unsure_between],
        "contained": herniation.contained,
        "zone": _value(herniation.zone),
        "side": _value(herniation.side),
        "zones": list(herniation.zones),
        "migration": herniation.migration.value,
        "migration_mm": rounded(herniation.migration_mm, MM_DIGITS),
        "vertical_level": _value(herniation.vertical),
        "behind": herniation.behind,
        "plane": _value(herniation.plane),
        "base_mm": rounded(herniation.base_mm, MM_DIGITS),
        "extent_mm": rounded(herniation.extent_mm, MM_DIGITS),
        "continuous": herniation.continuous,
        "gap_mm": rounded(herniation.gap_mm, MM_DIGITS),
    }


def herniation_words(herniation: Herniation) -> dict[str, str]:
    """Three cells of a table: type, zone, and migration; empty where there is nothing."""
    if herniation.type is HerniationType.NONE:
        return {"type": "", "zones": "", "migration": ""}
    kinds = herniation.unsure_between or (herniation.type,)
    side = "" if str(herniation.side) == "midline" else f"{herniation.side} "
    main = f"{side}{herniation.zone}"
    others = [zone for zone in herniation.zones if zone not in (main, herniation.zone)]
    if herniation.migration is Migration.NONE:
        way = "at the disc"
    else:
        way = f"{herniation.migration} {herniation.migration_mm:.0f} mm, {herniation.vertical} at {herniation.behind}"
    return {
        "type": " or ".join(kinds),
        "zones": main + (f", reaching {' and '.join(others)}" if others else ""),
        "migration": way,
    }


def _value(term: Any) -> str | None:
    return None if term is None else str(term.value)
