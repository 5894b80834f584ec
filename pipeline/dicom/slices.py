"""Parallel slices of one kind, put in order: repeats told apart, gaps found, even runs given out.

Only positions along the normal count. Instance numbers, SliceThickness and SpacingBetweenSlices never decide where a
slice lies; they only settle which of two slices at one place came first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.dicom import faults
from pipeline.dicom.geometry import Vector, dot
from pipeline.dicom.instance import Instance
from pipeline.dicom.repeats import discriminators, split, without_repeats
from pipeline.dicom.spacing import ROUNDING_MM, TOLERANCE, alike, difference, height, is_even, place, steps_of
from pipeline.findings import Finding

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
    ordered = sorted(group, key=lambda one: (height(one, direction), *_rank(one)))
    sets, notes = without_repeats(ordered, direction, label)
    runs: list[Run] = []
    for one_set in sets:
        runs.extend(_even_runs(one_set, direction, label))
    runs.sort(key=lambda run: -len(run.instances))
    if notes:
        runs[0] = replace(runs[0], findings=(*notes, *runs[0].findings))
    return runs


def _rank(one: Instance) -> tuple[float, int, str]:
    """Order among slices at one place."""
    return one.instance_number if one.instance_number is not None else math.inf, one.frame, one.sop_instance_uid


def _common_step(steps: Sequence[Vector]) -> Vector:
    """The step that most others resemble."""
    return max(steps, key=lambda step: sum(alike(other, step) for other in steps))


def _even_runs(ordered: list[Instance], direction: Vector, label: str) -> list[Run]:
    if len(ordered) == 1:
        return [_single(ordered[0], direction, (faults.single_slice(label),))]
    if is_even(ordered):
        apart = _overlapping_acquisitions(ordered, direction)
        if len(apart) == 1:
            return [_run(ordered, direction, label)]
        return _noted([_run(one, direction, label) for one in apart], faults.stacks_interleaved(label, len(apart)))
    for name, key in discriminators():
        sets = split(ordered, key)
        if 1 < len(sets) <= len(ordered) // 2 and all(len(one) > 1 and is_even(one) for one in sets):
            note = faults.acquisitions_separated(label, len(sets), name)
            return _noted([_run(one, direction, label) for one in sets], note)
    halves = [ordered[0::2], ordered[1::2]]
    if len(ordered) >= 6 and all(map(is_even, halves)):
        return _noted([_run(one, direction, label) for one in halves], faults.stacks_interleaved(label, 2))
    return _broken_runs(ordered, direction, label)


def _overlapping_acquisitions(ordered: list[Instance], direction: Vector) -> list[list[Instance]]:
    """Two whole acquisitions, one half a pitch beside the other, look like one fine stack; thick slices betray them."""
    sets = split(ordered, lambda one: one.acquisition_number)
    if not 1 < len(sets) <= len(ordered) // 2 or not all(len(one) > 1 and is_even(one) for one in sets):
        return [ordered]
    together, apart = (dot(steps_of(one)[0], direction) for one in (ordered, sets[0]))
    thickness = ordered[0].slice_thickness_mm or 0.0
    return sets if thickness > together * 1.5 and thickness < apart * 1.5 else [ordered]


def _broken_runs(ordered: list[Instance], direction: Vector, label: str) -> list[Run]:
    """Even pieces between the gaps, and a finding that says what kind of gaps they are."""
    steps = steps_of(ordered)
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
    return times - 1 if 2 <= times <= _MOST_MISSING + 1 and alike(gap, common, times) else 0


def _sideways(gap: Vector, common: Vector, direction: Vector) -> bool:
    """Whether a gap is an ordinary step along the normal."""
    pitch = dot(common, direction)
    return abs(dot(gap, direction) - pitch) <= max(TOLERANCE * pitch, ROUNDING_MM)


def _pieces(ordered: list[Instance]) -> list[list[Instance]]:
    """Maximal even pieces by the most common step; what is left between them is tried again on its own."""
    if len(ordered) < 3:
        return [[one] for one in ordered]
    steps = steps_of(ordered)
    common = _common_step(steps)
    if sum(alike(step, common) for step in steps) < 2:
        return [[one] for one in ordered]
    pieces: list[list[Instance]] = [[ordered[0]]]
    for one, step in zip(ordered[1:], steps, strict=True):
        if alike(step, common):
            pieces[-1].append(one)
        else:
            pieces.append([one])
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
    whole, count = difference(place(ordered[0]), place(ordered[-1])), len(ordered) - 1
    step = whole[0] / count, whole[1] / count, whole[2] / count
    return Run(tuple(ordered), step, faults.of_run(ordered[0], step, direction, label))


def _noted(runs: list[Run], note: Finding) -> list[Run]:
    return [replace(runs[0], findings=(note, *runs[0].findings)), *runs[1:]]
