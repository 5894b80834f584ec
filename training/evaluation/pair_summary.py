"""From rows per pair to the figures of the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.validation.agreement import Share, agreement, share
from training.evaluation.pair_plan import Kind
from training.evaluation.pasted import FOUND

LARGE_MM3 = 800.0
CONTRASTS = (("dark", 0.0, 0.4), ("middle", 0.4, 0.6), ("bright", 0.6, 2.0))
"""Brightness of a fragment as a share of the CSF beside it."""
Row = dict[str, Any]


def summarise_pairs(rows: Sequence[Row]) -> dict[str, Any]:
    """Groups of pairs, all of them first; then the same among those whose fragment was found at baseline."""
    good = [row for row in rows if measured(row)]
    found = [row for row in good if found_at_baseline(row)]
    return {
        "pairs": len(rows),
        "refused": sum("baseline" not in row for row in rows),
        "not_usable": sum("baseline" in row and not row["usable"] for row in rows),
        "lowest_disc_named": sum(row["lowest_disc_named"] for row in good),
        "with_fragment": sum(row["true_mm3"][0] > 0 for row in good),
        "found": len(found),
        "groups": {name: _group([row for row in good if chosen(row)]) for name, chosen in GROUPS.items()},
        "groups_found": {name: _group([row for row in found if chosen(row)]) for name, chosen in GROUPS.items()},
        "calls": _calls(good),
        "calls_found": _calls(found),
        "sources": _sources(good),
    }


def measured(row: Row) -> bool:
    """Whether there is a result that may be used."""
    return "baseline" in row and bool(row["usable"])


def found_at_baseline(row: Row) -> bool:
    """Whether at least a quarter of a fragment was hit."""
    return row["true_mm3"][0] > 0 and row["hit"][0] >= FOUND


def change_error_percent(row: Row, key: str = "delta_mm3") -> float:
    """Measured less true change in percent of the true first volume."""
    before, after = row["true_mm3"]
    return 100 * float(row[key] - (after - before)) / float(before)


def _contrast(low: float, high: float) -> Callable[[Row], bool]:
    return lambda row: row["true_mm3"][0] > 0 and low <= row["brightness"][0] < high


GROUPS: dict[str, Callable[[Row], bool]] = {
    "all": lambda row: True,
    "≥ 800 mm³": lambda row: row["true_mm3"][0] >= LARGE_MM3,
    "< 800 mm³": lambda row: 0 < row["true_mm3"][0] < LARGE_MM3,
    **{name: _contrast(low, high) for name, low, high in CONTRASTS},
    "narrow canal": lambda row: bool(row["narrow"]),
    **{kind.value: lambda row, kind=kind: row["kind"] == kind for kind in Kind if kind is not Kind.NONE},
}
"""Parts of the pairs by what is true of them."""


def _group(rows: Sequence[Row]) -> Row:
    """Agreement of the change in percent of V0, and how often intervals hold the truth."""
    changed = [row for row in rows if row["true_mm3"][0] > 0]
    limits = agreement([change_error_percent(row) for row in changed])
    volumes = [
        _within(row[visit]["interval_mm3"], row["true_mm3"][k])
        for row in rows
        for k, visit in enumerate(("baseline", "followup"))
        if row["true_mm3"][k] > 0
    ]
    changes = [_within(row["delta_interval_mm3"], row["true_mm3"][1] - row["true_mm3"][0]) for row in rows]
    found = [found_at_baseline(row) for row in changed]
    return {
        "pairs": len(rows),
        "with_fragment": len(changed),
        "found": sum(found),
        "bias_percent": None if limits is None else round(limits.bias, 1),
        "lower_percent": None if limits is None else round(limits.low, 1),
        "upper_percent": None if limits is None else round(limits.high, 1),
        "median_percent": _median([change_error_percent(row) for row in changed]),
        "median_size_percent": _median([abs(change_error_percent(row)) for row in changed]),
        "change_covered": _share(share(changes)),
        "volume_covered": _share(share(volumes)),
    }


def _calls(rows: Sequence[Row]) -> dict[str, Any]:
    vanished = [row for row in rows if row["kind"] == Kind.VANISHED]
    others = [row for row in rows if row["true_mm3"][1] > 0 or row["kind"] == Kind.NONE]
    still = [row for row in rows if row["kind"] in {Kind.STAYED, Kind.NONE}]
    return {
        "complete called": _share(share([row["category"] == "complete" for row in vanished])),
        "falsely called complete": _share(share([row["category"] == "complete" for row in others])),
        "unchanged called no detectable change": _share(
            share([row["category"] == "no_detectable_change" for row in still])
        ),
    }


def _sources(rows: Sequence[Row]) -> dict[str, Any]:
    """Where errors come from: how far the alignment is off, and either way of measuring the change by itself."""
    both = [row for row in rows if row["true_mm3"][0] > 0 and row["direct_mm3"] is not None]
    ways = {"reported": "delta_mm3", "subtracted": "subtracted_mm3", "direct": "direct_mm3"}
    result: dict[str, Any] = {
        "median_error_mm": _median([row["error_mm"] for row in rows]),
        "largest_error_mm": max((row["error_mm"] for row in rows), default=None),
        "error_within_estimate": _share(share([row["error_mm"] <= row["estimated_error_mm"] for row in rows])),
        "with_direct": len(both),
    }
    for name, key in ways.items():
        limits = agreement([change_error_percent(row, key) for row in both])
        result[name] = None if limits is None else [round(limits.bias, 1), round(limits.low, 1), round(limits.high, 1)]
    return result


def _within(interval: Sequence[float], truth: float) -> bool:
    return interval[0] <= truth <= interval[1]


def _share(found: Share) -> list[float]:
    """Hits, cases, and the exact 95 % interval of the share in percent."""
    return [found.count, found.n, round(100 * found.low), round(100 * found.high)]


def _median(values: Sequence[float]) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    half = len(ordered) // 2
    return round(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2, 2)
