"""The segmentation of one visit in two sentences: for its picture and for the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.measurement.change import FragmentMeasurement
from pipeline.measurement.confirmed import in_series
from pipeline.report.numbers import confidence_in_words
from pipeline.report.views import ROLE_NAMES
from pipeline.segmented import SegmentedVisit

_COUNTED = {
    "sacrum": "counted from the sacrum",
    "override": "counted from the disc that was named",
    "label map": "named by the label map that was given",
}


def levels_in_words(result: SegmentedVisit) -> str:
    """Which discs were named, on which series, and how sure the name of the one asked for is."""
    anatomy = result.anatomy
    names = list(anatomy.levels)
    span = f"{names[0]} to {names[-1]}" if len(names) > 1 else "".join(names)
    how = _COUNTED.get(anatomy.counted_from, f"named by {anatomy.counted_from}")
    sure = confidence_in_words(anatomy.levels[result.level].confidence) if result.level in anatomy.levels else "0"
    doubt = " The lumbosacral junction may be transitional." if anatomy.transitional else ""
    return f"Discs {span}, {how} on {ROLE_NAMES[anatomy.reference]}; confidence of {result.level}: {sure}.{doubt}"


def displaced_in_words(result: SegmentedVisit) -> str:
    """The displaced material of every level that has some, with its interval, and what may be hidden at the others."""
    found = {name: one.measurement for name, one in result.fragments.items()}
    present = {name: one for name, one in found.items() if one.present}
    if not present:
        limit = max((one.detection_limit_mm3 for one in found.values()), default=0.0)
        none = f"Displaced disc material: none above the limit of blank of {limit:.0f} mm\u00b3 at any level."
        return none + _hidden_in_words(found.values(), "One")
    listed = ", ".join(
        f"{name} {one.volume_mm3:.0f} mm\u00b3 (95 % interval {one.interval95_mm3.low:.0f} to "
        f"{one.interval95_mm3.high:.0f})"
        for name, one in present.items()
    )
    others = [one for one in found.values() if not one.present]
    hidden = _hidden_in_words(others, "Elsewhere one")
    return f"Displaced disc material, measured on {ROLE_NAMES[result.measured]}: {listed}.{hidden}"


def _hidden_in_words(empty: Iterable[FragmentMeasurement], which: str) -> str:
    """How large a fragment may have been missed where none was found; empty where that is unknown."""
    most = max((one.surely_seen_mm3 or 0.0 for one in empty), default=0.0)
    return f" {which} of up to {most:.0f} mm\u00b3 may have been missed." if most > 0 else ""


def unconfirmed_in_words(result: SegmentedVisit) -> str:
    """What series show that do not decide whether there is a fragment, where those that do show none; may be empty."""
    listed = "; ".join(f"{name} on {in_series(seen)} only" for name, seen in result.unconfirmed.items())
    return f"Seen but not confirmed, so counted as none: {listed}." if listed else ""
