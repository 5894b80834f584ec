"""One frame of one DICOM image, as far as the loaders need to know it before its pixels are decoded."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.dicom.sources import ByteSource
from pipeline.dicom.visit import PatientIdentity


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How the pixels of a frame are stored (PS3.3 C.7.6.3) and turned into values (C.11.1).

    Attributes
    ----------
    offset
        Byte position of frame 1 in the file for uncompressed little-endian pixels; None where a codec is needed.
    length
        Bytes of pixel data that the file really holds from ``offset`` on.
    """

    transfer_syntax_uid: str
    photometric: str
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    slope: float
    intercept: float
    has_modality_lut: bool
    offset: int | None = None
    length: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Instance:
    """One frame: the whole of a classic image, or one frame of an enhanced multi-frame object.

    Absent, empty or unreadable attributes are None (text: an empty string, several values: an empty tuple).
    Enhanced attributes stand under the name of their classic sibling (EffectiveEchoTime under ``echo_time_ms``,
    FrameType under ``image_type``, TemporalPositionIndex under ``temporal_position``).

    Attributes
    ----------
    source
        Where the bytes are.
    frame
        1-based frame number inside its object.
    orientation
        ImageOrientationPatient: direction of increasing column index, then of increasing row index (unit, LPS).
    position_mm
        ImagePositionPatient: centre of the first voxel, LPS mm.
    pixel_spacing_mm
        Distance between rows, then between columns.
    slice_thickness_mm, spacing_between_slices_mm
        As written; never used as spacing.
    shown_description
        SeriesDescription without what names the patient; None where it is as written. Rules see it as written.
    study_date, study_time, series_date, series_time, acquisition_date, acquisition_time, content_time
        Raw DICOM text, which need not be a date or time.
    """

    source: ByteSource
    frame: int
    frame_count: int
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    rows: int
    columns: int
    pixels: PixelFormat
    identity: PatientIdentity
    # geometry
    orientation: tuple[float, ...] | None = None
    position_mm: tuple[float, ...] | None = None
    pixel_spacing_mm: tuple[float, ...] | None = None
    slice_thickness_mm: float | None = None
    spacing_between_slices_mm: float | None = None
    frame_of_reference_uid: str | None = None
    # what it is
    modality: str = ""
    image_type: tuple[str, ...] = ()
    acquisition_type: str = ""
    series_number: int | None = None
    instance_number: int | None = None
    acquisition_number: int | None = None
    temporal_position: int | None = None
    stack_id: str = ""
    series_description: str = ""
    protocol_name: str = ""
    study_description: str = ""
    body_part: str = ""
    complex_component: str = ""
    # physics
    scanning_sequence: tuple[str, ...] = ()
    sequence_variant: tuple[str, ...] = ()
    scan_options: tuple[str, ...] = ()
    sequence_name: str = ""
    echo_pulse_sequence: str = ""
    inversion_recovery: str = ""
    spectrally_selected_suppression: str = ""
    echo_time_ms: float | None = None
    echo_number: int | None = None
    repetition_time_ms: float | None = None
    inversion_time_ms: float | None = None
    flip_angle_deg: float | None = None
    echo_train_length: int | None = None
    b_value: float | None = None
    trigger_time_ms: float | None = None
    field_strength_t: float | None = None
    manufacturer: str = ""
    model: str = ""
    # contrast medium
    contrast_agent: str = ""
    contrast_route: str = ""
    contrast_volume_ml: float | None = None
    contrast_start_time: str = ""
    contrast_total_dose_ml: float | None = None
    contrast_sequence: bool = False
    # when
    study_date: str = ""
    study_time: str = ""
    series_date: str = ""
    series_time: str = ""
    acquisition_date: str = ""
    acquisition_time: str = ""
    content_time: str = ""
    accession_number: str = ""
    # for the eye
    shown_description: str | None = None
