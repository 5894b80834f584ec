"""Slices at the same place: copies are dropped, other acquisitions and table stations become sets of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import TypeAlias

from pipeline.dicom import faults
from pipeline.dicom.geometry import Vector, dot
from pipeline.dicom.instance import Instance
from pipeline.dicom.spacing import height, is_even, median, place
from pipeline.findings import Finding

_SAME_PLACE = 0.02
_SAME_PLACE_MM = 0.01
_STATION_MM = 2.0

Key: TypeAlias = Callable[[Instance], Hashable]


def _places(ordered: Sequence[Instance], direction: Vector) -> list[int]:
    """For each sorted slice the running number of its place along the normal."""
    heights = [height(one, direction) for one in ordered]
    gaps = [after - before for before, after in pairwise(heights)]
    distinct = [gap for gap in gaps if gap > _SAME_PLACE_MM]
    limit = max(_SAME_PLACE_MM, _SAME_PLACE * median(distinct)) if distinct else _SAME_PLACE_MM
    places = [0]
    for gap in gaps:
        places.append(places[-1] + (gap > limit))
    return places


def without_repeats(
    ordered: list[Instance], direction: Vector, label: str
) -> tuple[list[list[Instance]], list[Finding]]:
    """Sets in which no place occurs twice."""
    places = _places(ordered, direction)
    repeated = len(places) - len(set(places))
    if not repeated:
        return [ordered], []
    # A single slice that came twice is a duplicate; most of them, or two sets that are even, are two acquisitions.
    mostly = repeated * 2 >= len(set(places))
    stations = _stations(ordered)
    for name, key in [("position in the plane", lambda one: stations[id(one)]), *discriminators()]:
        sets = split(ordered, key)
        if len(sets) == 1 or min(map(len, sets)) == 1 or not all(_distinct(one, direction) for one in sets):
            continue
        if mostly or all(len(one) > 2 and is_even(one) for one in sets):
            return sets, [faults.acquisitions_repeated(label, len(sets), name)]
    counts = {where: places.count(where) for where in places}
    if mostly and len(set(counts.values())) == 1 and len(counts) > 1:
        return _by_occurrence(ordered, places), [faults.acquisitions_repeated(label, counts[0], "InstanceNumber")]
    kept = [one for index, one in enumerate(ordered) if index == 0 or places[index] != places[index - 1]]
    return [kept], [faults.slices_duplicate(label, repeated)]


def _distinct(ordered: Sequence[Instance], direction: Vector) -> bool:
    places = _places(ordered, direction)
    return len(places) == len(set(places))


def _by_occurrence(ordered: Sequence[Instance], places: Sequence[int]) -> list[list[Instance]]:
    """The first slice of every place, the second, and so on."""
    sets: list[list[Instance]] = []
    seen: dict[int, int] = {}
    for one, where in zip(ordered, places, strict=True):
        turn = seen.get(where, 0)
        seen[where] = turn + 1
        if turn == len(sets):
            sets.append([])
        sets[turn].append(one)
    return sets


def discriminators() -> list[tuple[str, Key]]:
    """Attributes that may tell two acquisitions apart, the most telling first."""
    return [
        ("AcquisitionNumber", lambda one: one.acquisition_number),
        ("AcquisitionTime", lambda one: (one.acquisition_date, one.acquisition_time)),
        ("TriggerTime", lambda one: one.trigger_time_ms),
        ("SeriesTime", lambda one: (one.series_date, one.series_time)),
        ("ContentTime", lambda one: one.content_time),
    ]


def _stations(ordered: Sequence[Instance]) -> dict[int, int]:
    """Slices side by side (table stations) by the corner they start from, in the order of first sight."""
    normal = ordered[0].orientation or ()
    corners: list[tuple[float, float]] = []
    station: dict[int, int] = {}
    for one in ordered:
        here = dot(place(one), normal[:3]), dot(place(one), normal[3:])
        for number, corner in enumerate(corners):
            if math.dist(here, corner) < _STATION_MM:
                station[id(one)] = number
                break
        else:
            station[id(one)] = len(corners)
            corners.append(here)
    return station


def split(ordered: Sequence[Instance], key: Key) -> list[list[Instance]]:
    """Sets of equal key, in the order of first sight."""
    sets: dict[Hashable, list[Instance]] = {}
    for one in ordered:
        sets.setdefault(key(one), []).append(one)
    return list(sets.values())
