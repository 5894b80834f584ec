"""From stacks as scanned to the header facts that classification works on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from pipeline.dicom.dates import moment, usable_date, usable_time
from pipeline.dicom.instance import Instance
from pipeline.dicom.stack import RawStack
from pipeline.dicom.stackfacts import StackFacts, Vector
from pipeline.dicom.text import is_placeholder
from pipeline.dicom.visit import Plane, SeriesFacts


def facts_of(stacks: Sequence[RawStack]) -> tuple[StackFacts, ...]:
    """Header facts of every stack, in the order of the stacks."""
    planes: dict[str, set[Plane]] = defaultdict(set)
    for stack in stacks:
        planes[stack.first.series_instance_uid].add(stack.plane)
    return tuple(
        _facts(index, stack, len(planes[stack.first.series_instance_uid])) for index, stack in enumerate(stacks)
    )


def study_date_of(one: Instance) -> date | None:
    """Date of the study; of the series or the acquisition where that is unusable."""
    candidates = (one.study_date, one.series_date, one.acquisition_date)
    return next((day for day in map(usable_date, candidates) if day is not None), None)


def series_facts(facts: StackFacts, *, fat_suppressed: bool | None, contrast_enhanced: bool | None) -> SeriesFacts:
    """What later stages and the report need to know of a chosen series."""
    return SeriesFacts(
        series_instance_uid=facts.series_instance_uid,
        series_number=facts.series_number,
        series_description=facts.title,
        study_instance_uid=facts.study_instance_uid,
        frame_of_reference_uid=facts.frame_of_reference_uid,
        manufacturer=facts.manufacturer,
        model=facts.model,
        field_strength_t=facts.field_strength_t,
        repetition_time_ms=facts.repetition_time_ms,
        echo_time_ms=facts.echo_time_ms,
        inversion_time_ms=facts.inversion_time_ms,
        acquired_at=facts.acquired_at.isoformat() if facts.acquired_at and facts.study_date else None,
        fat_suppressed=fat_suppressed,
        contrast_enhanced=contrast_enhanced,
    )


def _facts(index: int, stack: RawStack, series_planes: int) -> StackFacts:
    one = stack.first
    volume = one.contrast_volume_ml or one.contrast_total_dose_ml
    return StackFacts(
        index=index,
        series_instance_uid=one.series_instance_uid,
        series_number=one.series_number,
        description=_said(one.series_description),
        protocol=_said(one.protocol_name),
        study_description=one.study_description,
        body_part=_said(one.body_part),
        study_instance_uid=one.study_instance_uid,
        study_date=study_date_of(one),
        acquired_at=_acquired_at(one),
        acquisition_number=one.acquisition_number,
        frame_of_reference_uid=one.frame_of_reference_uid,
        accession_number=one.accession_number or None,
        modality=one.modality or None,
        manufacturer=_said(one.manufacturer) or None,
        model=_said(one.model) or None,
        field_strength_t=one.field_strength_t,
        image_type=one.image_type,
        scanning_sequence=one.scanning_sequence,
        sequence_variant=one.sequence_variant,
        scan_options=one.scan_options,
        sequence_name=_said(one.sequence_name),
        pulse_sequence=one.echo_pulse_sequence,
        inversion_flag=one.inversion_recovery,
        suppression=one.spectrally_selected_suppression,
        complex_component=one.complex_component,
        repetition_time_ms=one.repetition_time_ms,
        echo_time_ms=one.echo_time_ms,
        inversion_time_ms=one.inversion_time_ms,
        flip_angle_deg=one.flip_angle_deg,
        echo_train_length=one.echo_train_length,
        diffusion_b_value=one.b_value,
        contrast_agent=one.contrast_agent or ("sequence" if one.contrast_sequence else None),
        contrast_volume_ml=volume,
        contrast_route=one.contrast_route or None,
        contrast_start=_on_day_of(one, one.contrast_start_time),
        kind=stack.kind,
        plane=stack.plane,
        shape=stack.shape,
        spacing_mm=stack.spacing_mm,
        slice_thickness_mm=one.slice_thickness_mm,
        centre_lps=_centre(stack),
        normal_lps=_normal(stack),
        series_planes=series_planes,
        identity=one.identity,
        shown_description=None if one.shown_description is None else _said(one.shown_description),
    )


def _said(text: str) -> str:
    """Text without what de-identification leaves in place of text."""
    return "" if is_placeholder(text) else text


def _acquired_at(one: Instance) -> datetime | None:
    times = (one.acquisition_time, one.content_time, one.series_time)
    return next((at for at in (_on_day_of(one, text) for text in times) if at is not None), None)


def _on_day_of(one: Instance, clock: str) -> datetime | None:
    day = usable_date(one.acquisition_date) or study_date_of(one)
    return moment(day, usable_time(clock))


def _centre(stack: RawStack) -> Vector:
    middle = [(count - 1) / 2 for count in stack.shape]
    x, y, z = (stack.affine[:3, :3] @ middle + stack.affine[:3, 3]).tolist()
    return x, y, z


def _normal(stack: RawStack) -> Vector:
    """Unit normal of the slices, on the side towards which they are sorted."""
    (a, b, c), (d, e, f), step = stack.affine[:3, 1].tolist(), stack.affine[:3, 2].tolist(), stack.affine[:3, 0]
    x, y, z = b * f - c * e, c * d - a * f, a * e - b * d
    length = (x * x + y * y + z * z) ** 0.5
    sign = 1.0 if x * step[0] + y * step[1] + z * step[2] >= 0 else -1.0
    return sign * x / length, sign * y / length, sign * z / length
