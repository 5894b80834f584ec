"""From loose frames to stacks: split a series by what must not be mixed, then by where its slices lie."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pipeline.dicom.describe import series_label
from pipeline.dicom.geometry import affine_of, is_orientation, plane_of, stacking_direction, unit_axes
from pipeline.dicom.instance import Instance
from pipeline.dicom.kinds import kind_of
from pipeline.dicom.slices import Run, arrange
from pipeline.dicom.stack import RawStack, StackKind
from pipeline.dicom.visit import Plane
from pipeline.findings import Finding, Severity

_PARALLEL = 2e-3
"""Largest difference of a direction cosine between slices called parallel (0.1 degree)."""

_POSSIBLE_SPACING_MM = (1e-3, 1e3)
_FARTHEST_MM = 1e5
"""Beyond these a header is damaged, whatever it describes."""


def build_stacks(instances: Iterable[Instance]) -> tuple[tuple[RawStack, ...], tuple[Finding, ...]]:
    """Stacks of all series, sorted by study, series number and position, and what is wrong with them.

    Nothing is merged across patients, studies or series. Findings of a stack are on the stack and in the sum.
    """
    series: dict[tuple[str, ...], list[Instance]] = defaultdict(list)
    for instance in instances:
        who = instance.identity
        named = instance.series_instance_uid or f"{instance.series_number} {instance.series_description}"
        series[(instance.study_instance_uid, who.patient_id or "", who.patient_name or "", named)].append(instance)
    stacks: list[RawStack] = []
    findings: list[Finding] = []
    for frames in series.values():
        made, notes = _stacks_of_series(frames)
        stacks.extend(made)
        findings.extend(notes)
    stacks.sort(key=_order)
    for stack in stacks:
        findings.extend(stack.findings)
    return tuple(stacks), tuple(findings)


def _order(stack: RawStack) -> tuple[object, ...]:
    one = stack.first
    number = one.series_number if one.series_number is not None else 1 << 31
    return one.study_instance_uid, number, one.series_instance_uid, -len(stack.instances), *stack.affine[:3, 3].tolist()


def _stacks_of_series(frames: list[Instance]) -> tuple[list[RawStack], list[Finding]]:
    label = series_label(frames[0])
    placed = [one for one in frames if _has_geometry(one)]
    findings: list[Finding] = []
    if len(placed) < len(frames):
        lost = len(frames) - len(placed)
        findings.append(
            Finding(
                "geometry-missing",
                Severity.WARNING,
                f"{label}: {lost} of {len(frames)} images do not say where they lie (ImagePositionPatient, "
                "ImageOrientationPatient or PixelSpacing is absent or impossible) and are left out.",
            )
        )
    if any(not one.modality for one in placed):
        findings.append(
            Finding("modality-missing", Severity.INFO, f"{label}: Modality is absent; taken for MR by its contents.")
        )
    stacks = [stack for group in _alike(placed) for stack in _stacks_of_group(group, label)]
    return stacks, findings + _several_orientations(stacks, label)


def _has_geometry(one: Instance) -> bool:
    position, spacing = one.position_mm, one.pixel_spacing_mm
    if position is None or spacing is None or not is_orientation(one.orientation):
        return False
    shortest, longest = _POSSIBLE_SPACING_MM
    return shortest <= min(spacing) and max(spacing) <= longest and max(map(abs, position)) <= _FARTHEST_MM


def _alike(frames: list[Instance]) -> list[list[Instance]]:
    """Groups of frames that agree in everything but their position."""
    groups: dict[tuple[object, ...], list[Instance]] = defaultdict(list)
    orientations: list[tuple[float, ...]] = []
    for one in frames:
        spacing = one.pixel_spacing_mm or ()
        groups[
            (
                _cluster(one.orientation or (), orientations),
                one.rows,
                one.columns,
                tuple(round(value, 4) for value in spacing),
                one.image_type,
                one.complex_component,
                None if one.echo_time_ms is None else round(one.echo_time_ms, 1),
                one.echo_number,
                one.b_value,
                one.inversion_time_ms,
            )
        ].append(one)
    return [part for group in groups.values() for part in _by_stack_and_time(group)]


def _by_stack_and_time(group: list[Instance]) -> list[list[Instance]]:
    """Split by StackID and temporal position, unless these merely count the slices."""
    parts: dict[tuple[object, ...], list[Instance]] = defaultdict(list)
    for one in group:
        parts[one.stack_id, one.temporal_position].append(one)
    return [group] if len(parts) == len(group) else list(parts.values())


def _cluster(cosines: tuple[float, ...], known: list[tuple[float, ...]]) -> int:
    for index, other in enumerate(known):
        if all(abs(a - b) < _PARALLEL for a, b in zip(cosines, other, strict=True)):
            return index
    known.append(cosines)
    return len(known) - 1


def _stacks_of_group(group: list[Instance], label: str) -> list[RawStack]:
    runs = arrange(group, stacking_direction(unit_axes(group[0].orientation or ())[2]), label)
    return [_stack(run) for run in runs]


def _stack(run: Run) -> RawStack:
    first = run.instances[0]
    orientation, spacing, position = first.orientation or (), first.pixel_spacing_mm or (), first.position_mm or ()
    return RawStack(
        instances=run.instances,
        affine=affine_of(orientation, spacing, position, run.step),
        shape=(len(run.instances), first.rows, first.columns),
        plane=plane_of(unit_axes(orientation)[2]),
        kind=kind_of(first),
        findings=run.findings,
    )


def _several_orientations(stacks: list[RawStack], label: str) -> list[Finding]:
    """One finding where a series holds several orientations: three planes of a localizer, or tilted blocks."""
    originals = [stack for stack in stacks if stack.kind in (StackKind.ORIGINAL, StackKind.LOCALIZER)]
    planes = {stack.plane for stack in originals}
    if len(planes) > 1:
        names = ", ".join(sorted(planes))
        return [
            Finding("planes-mixed", Severity.INFO, f"{label}: holds slices of several planes ({names}), kept apart.")
        ]
    directions: list[tuple[float, ...]] = []
    for stack in originals:
        _cluster(stack.first.orientation or (), directions)
    if len(directions) > 1:
        plane = next(iter(planes), Plane.OBLIQUE)
        message = f"{label}: {len(directions)} {plane} blocks of different tilt, kept as one stack each."
        return [Finding("blocks-tilted", Severity.INFO, message)]
    return []
