"""Parallel slices of one kind, put in order: repeats told apart, gaps found, even runs given out.

Only positions along the normal count. Instance numbers, SliceThickness and SpacingBetweenSlices never decide where a
slice lies; they only settle which of two slices at one place came first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.dicom import faults
from pipeline.dicom.geometry import Vector, dot
from pipeline.dicom.instance import Instance
from pipeline.findings import Finding

TOLERANCE = 0.05
"""Largest deviation of one step from the others, relative to the step, that still counts as even spacing."""

_ROUNDING_MM = 0.02
_SAME_PLACE = 0.02
_SAME_PLACE_MM = 0.01
_STATION_MM = 2.0
_MOST_MISSING = 8


@dataclass(frozen=True, eq=False)
class Run:
    """Evenly spaced slices.

    Attributes
    ----------
    instances
        Sorted along the stacking direction.
    step
        LPS mm from each slice to the next; for a single slice along the normal, its length a mere convention.
    findings
        What was noticed while making it.
    """

    instances: tuple[Instance, ...]
    step: Vector
    findings: tuple[Finding, ...] = ()


def arrange(group: Sequence[Instance], direction: Vector, label: str) -> list[Run]:
    """Evenly spaced runs of parallel slices, the longest first.

    Parameters
    ----------
    group
        Slices that agree in orientation, matrix, pixel spacing and everything else but their place.
    direction
        Unit normal along which to sort, LPS.
    label
        Names the series in findings.
    """
    ordered = sorted(group, key=lambda one: (_height(one, direction), *_rank(one)))
    sets, notes = _without_repeats(ordered, direction, label)
    runs: list[Run] = []
    for one_set in sets:
        runs.extend(_even_runs(one_set, direction, label))
    runs.sort(key=lambda run: -len(run.instances))
    if notes:
        runs[0] = replace(runs[0], findings=(*notes, *runs[0].findings))
    return runs


def _place(one: Instance) -> tuple[float, ...]:
    return one.position_mm or (0.0, 0.0, 0.0)


def _height(one: Instance, direction: Vector) -> float:
    return dot(_place(one), direction)


def _rank(one: Instance) -> tuple[float, int, str]:
    """Order among slices at one place."""
    return one.instance_number if one.instance_number is not None else math.inf, one.frame, one.sop_instance_uid


# -- slices at the same place -----------------------------------------------------------------------------------------


def _places(ordered: Sequence[Instance], direction: Vector) -> list[int]:
    """For each sorted slice the running number of its place along the normal."""
    heights = [_height(one, direction) for one in ordered]
    gaps = [after - before for before, after in pairwise(heights)]
    distinct = [gap for gap in gaps if gap > _SAME_PLACE_MM]
    limit = max(_SAME_PLACE_MM, _SAME_PLACE * _median(distinct)) if distinct else _SAME_PLACE_MM
    places = [0]
    for gap in gaps:
        places.append(places[-1] + (gap > limit))
    return places


def _without_repeats(
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
    for name, key in [("position in the plane", lambda one: stations[id(one)]), *_discriminators()]:
        sets = _split(ordered, key)
        if len(sets) == 1 or min(map(len, sets)) == 1 or not all(_distinct(one, direction) for one in sets):
            continue
        if mostly or all(len(one) > 2 and _is_even(one) for one in sets):
            return sets, [faults.acquisitions_repeated(label, len(sets), name)]
    counts = {place: places.count(place) for place in places}
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
    for one, place in zip(ordered, places, strict=True):
        turn = seen.get(place, 0)
        seen[place] = turn + 1
        if turn == len(sets):
            sets.append([])
        sets[turn].append(one)
    return sets


_Key = Callable[[Instance], Hashable]


def _discriminators() -> list[tuple[str, _Key]]:
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
        here = dot(_place(one), normal[:3]), dot(_place(one), normal[3:])
        for number, corner in enumerate(corners):
            if math.dist(here, corner) < _STATION_MM:
                station[id(one)] = number
                break
        else:
            station[id(one)] = len(corners)
            corners.append(here)
    return station


def _split(ordered: Sequence[Instance], key: _Key) -> list[list[Instance]]:
    sets: dict[Hashable, list[Instance]] = {}
    for one in ordered:
        sets.setdefault(key(one), []).append(one)
    return list(sets.values())


# -- even spacing -----------------------------------------------------------------------------------------------------


def _steps(ordered: Sequence[Instance]) -> list[Vector]:
    return [_difference(_place(before), _place(after)) for before, after in pairwise(ordered)]


def _difference(before: Sequence[float], after: Sequence[float]) -> Vector:
    return after[0] - before[0], after[1] - before[1], after[2] - before[2]


def _alike(step: Sequence[float], other: Sequence[float], times: int = 1) -> bool:
    target = other[0] * times, other[1] * times, other[2] * times
    return math.dist(step, target) <= max(TOLERANCE * math.hypot(*other), _ROUNDING_MM)


def _common_step(steps: Sequence[Vector]) -> Vector:
    """The step that most others resemble."""
    return max(steps, key=lambda step: sum(_alike(other, step) for other in steps))


def _is_even(ordered: Sequence[Instance]) -> bool:
    steps = _steps(ordered)
    if not steps:
        return True
    middle = _median([s[0] for s in steps]), _median([s[1] for s in steps]), _median([s[2] for s in steps])
    return all(_alike(step, middle) for step in steps)


def _median(values: Sequence[float]) -> float:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _even_runs(ordered: list[Instance], direction: Vector, label: str) -> list[Run]:
    if len(ordered) == 1:
        return [_single(ordered[0], direction, (faults.single_slice(label),))]
    if _is_even(ordered):
        apart = _overlapping_acquisitions(ordered, direction)
        if len(apart) == 1:
            return [_run(ordered, direction, label)]
        return _noted([_run(one, direction, label) for one in apart], faults.stacks_interleaved(label, len(apart)))
    for name, key in _discriminators():
        sets = _split(ordered, key)
        if 1 < len(sets) <= len(ordered) // 2 and all(len(one) > 1 and _is_even(one) for one in sets):
            note = faults.acquisitions_separated(label, len(sets), name)
            return _noted([_run(one, direction, label) for one in sets], note)
    halves = [ordered[0::2], ordered[1::2]]
    if len(ordered) >= 6 and all(map(_is_even, halves)):
        return _noted([_run(one, direction, label) for one in halves], faults.stacks_interleaved(label, 2))
    return _broken_runs(ordered, direction, label)


def _overlapping_acquisitions(ordered: list[Instance], direction: Vector) -> list[list[Instance]]:
    """Two whole acquisitions, one half a pitch beside the other, look like one fine stack; thick slices betray them."""
    sets = _split(ordered, lambda one: one.acquisition_number)
    if not 1 < len(sets) <= len(ordered) // 2 or not all(len(one) > 1 and _is_even(one) for one in sets):
        return [ordered]
    together, apart = (dot(_steps(one)[0], direction) for one in (ordered, sets[0]))
    thickness = ordered[0].slice_thickness_mm or 0.0
    return sets if thickness > together * 1.5 and thickness < apart * 1.5 else [ordered]


def _broken_runs(ordered: list[Instance], direction: Vector, label: str) -> list[Run]:
    """Even pieces between the gaps, and a finding that says what kind of gaps they are."""
    steps = _steps(ordered)
    common = _common_step(steps)
    pieces = _pieces(ordered)
    ends = {id(piece[-1]) for piece in pieces}
    gaps = [step for one, step in zip(ordered, steps, strict=False) if id(one) in ends]
    missing = [_missing_in(gap, common) for gap in gaps]
    if all(missing):
        note = faults.slices_missing(label, sum(missing), len(ordered), [len(piece) for piece in pieces])
    elif all(_sideways(gap, common, direction) for gap in gaps):
        note = faults.slices_offset(label, [len(piece) for piece in pieces])
    elif all(len(piece) > 2 for piece in pieces):
        note = faults.blocks_parallel(label, [len(piece) for piece in pieces])
    else:
        note = faults.spacing_irregular(label, [dot(step, direction) for step in steps], max(map(len, pieces)))
    runs = [_run(piece, direction, label) if len(piece) > 1 else _single(piece[0], direction, ()) for piece in pieces]
    runs.sort(key=lambda run: -len(run.instances))
    return _noted(runs, note)


def _missing_in(gap: Vector, common: Vector) -> int:
    """How many slices fit evenly into a gap; 0 if it is no multiple of the common step."""
    times = round(math.hypot(*gap) / math.hypot(*common))
    return times - 1 if 2 <= times <= _MOST_MISSING + 1 and _alike(gap, common, times) else 0


def _sideways(gap: Vector, common: Vector, direction: Vector) -> bool:
    """Whether a gap is an ordinary step along the normal."""
    pitch = dot(common, direction)
    return abs(dot(gap, direction) - pitch) <= max(TOLERANCE * pitch, _ROUNDING_MM)


def _pieces(ordered: list[Instance]) -> list[list[Instance]]:
    """Maximal even pieces by the most common step; what is left between them is tried again on its own."""
    if len(ordered) < 3:
        return [[one] for one in ordered]
    steps = _steps(ordered)
    common = _common_step(steps)
    pieces: list[list[Instance]] = [[ordered[0]]]
    for one, step in zip(ordered[1:], steps, strict=True):
        if _alike(step, common):
            pieces[-1].append(one)
        else:
            pieces.append([one])
    if all(len(piece) < 3 for piece in pieces):
        return [[one] for one in ordered]
    return _again(pieces)


def _again(pieces: list[list[Instance]]) -> list[list[Instance]]:
    done: list[list[Instance]] = []
    loose: list[Instance] = []
    for piece in [*pieces, []]:
        if len(piece) == 1:
            loose.extend(piece)
            continue
        if loose:
            done.extend(_pieces(loose))
            loose = []
        if piece:
            done.append(piece)
    return done


def _single(one: Instance, direction: Vector, findings: tuple[Finding, ...]) -> Run:
    thickness = one.slice_thickness_mm or 0.0
    if not 0.01 < thickness < 1000:
        thickness = 1.0
    return Run((one,), (direction[0] * thickness, direction[1] * thickness, direction[2] * thickness), findings)


def _run(ordered: Sequence[Instance], direction: Vector, label: str) -> Run:
    whole, count = _difference(_place(ordered[0]), _place(ordered[-1])), len(ordered) - 1
    step = whole[0] / count, whole[1] / count, whole[2] / count
    return Run(tuple(ordered), step, faults.of_run(ordered[0], step, direction, label))


def _noted(runs: list[Run], note: Finding) -> list[Run]:
    return [replace(runs[0], findings=(note, *runs[0].findings)), *runs[1:]]
