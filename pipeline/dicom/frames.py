"""From a header to one :class:`~pipeline.dicom.instance.Instance` per frame, or a reason why there is none."""

from __future__ import annotations

from pipeline.dicom import tags
from pipeline.dicom.header import Header
from pipeline.dicom.instance import Instance, PixelFormat
from pipeline.dicom.skipping import Unusable
from pipeline.dicom.sources import ByteSource
from pipeline.dicom.visit import PatientIdentity

MR_CLASSES = frozenset(
    (
        "1.2.840.10008.5.1.4.1.1.4",  # MR Image Storage
        "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR Image Storage
        "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR Image Storage
    )
)
_COLOUR_CLASS = "1.2.840.10008.5.1.4.1.1.4.3"
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_BITS = (8, 16, 32)
_MOST_PIXELS = 1 << 24
"""4096 by 4096; no MR image is larger, and a damaged header shall not ask for all memory."""

_LARGEST_SCALE = 1e12


def frames_of(header: Header, source: ByteSource) -> list[Instance]:
    """One instance per frame.

    Raises
    ------
    Unusable
        If the object is no usable MR image.
    """
    _refuse_what_is_no_mr_image(header)
    count = header.integer(tags.FRAME_COUNT) or 1
    pixels = _pixel_format(header)
    rows, columns = header.unsigned(tags.ROWS) or 0, header.unsigned(tags.COLUMNS) or 0
    if not (rows and columns):
        raise Unusable("file-broken", "has no rows or no columns")
    if rows * columns > _MOST_PIXELS:
        raise Unusable("image-format-unsupported", f"claims {rows} rows and {columns} columns")
    expected = rows * columns * pixels.bits_allocated // 8 * count
    if pixels.offset is not None and pixels.length < expected:
        raise Unusable("file-truncated", f"holds {pixels.length} bytes of pixels where {expected} are due")
    if count < 1 or (count > 1 and not header.frames):
        raise Unusable("frames-without-geometry", f"has {count} frames but no functional groups")
    if not header.frames:
        return [_instance(header, source, 1, 1, pixels)]
    if len(header.frames) < count:
        raise Unusable("file-broken", f"describes {len(header.frames)} of its {count} frames")
    instances = []
    for index in range(count):
        frame = header.of_frame(index)
        instances.append(_instance(frame, source, index + 1, count, _pixel_format(frame)))
    return instances


def identity_of(header: Header) -> PatientIdentity:
    """Whose image it says it is."""
    text = header.text
    return PatientIdentity(
        text(tags.PATIENT_ID) or None,
        text(tags.PATIENT_NAME) or None,
        text(tags.BIRTH_DATE) or None,
        text(tags.SEX) or None,
        header.texts(tags.OTHER_IDS),
        header.texts(tags.OTHER_NAMES),
    )


def _refuse_what_is_no_mr_image(header: Header) -> None:
    sop_class, modality = header.sop_class, header.text(tags.MODALITY).upper()
    if not sop_class and tags.ROWS not in header.values:
        if not header.values:
            raise Unusable("file-not-dicom", "is not DICOM")
        raise Unusable("object-not-image", "has neither a SOP class nor rows of pixels")
    if not header.pixel_length:
        lost = sop_class in MR_CLASSES or (not sop_class and tags.ROWS in header.values)
        raise Unusable("file-truncated" if lost else "object-not-image", "has no pixels")
    if sop_class == _SECONDARY_CAPTURE or sop_class.startswith(f"{_SECONDARY_CAPTURE}."):
        raise Unusable("image-secondary-capture", "is a secondary capture")
    colour = (header.unsigned(tags.SAMPLES) or 1) != 1 or header.text(tags.PHOTOMETRIC) == "PALETTE COLOR"
    if sop_class in MR_CLASSES or modality == "MR" or sop_class == _COLOUR_CLASS:
        if colour or sop_class == _COLOUR_CLASS:
            raise Unusable("image-colour", "is a colour picture")
        return
    if modality or sop_class:
        raise Unusable("object-not-mr", f"has modality {modality or 'unknown'}")


def _pixel_format(header: Header) -> PixelFormat:
    allocated = header.unsigned(tags.BITS_ALLOCATED) or 16
    stored = header.unsigned(tags.BITS_STORED) or allocated
    high = header.unsigned(tags.HIGH_BIT)
    high = stored - 1 if high is None else high
    if allocated not in _BITS or not 0 < stored <= allocated or not stored - 1 <= high < allocated:
        raise Unusable("image-format-unsupported", f"stores {stored} bits, the highest {high}, in {allocated}")
    slope, intercept = header.number(tags.SLOPE) or 1.0, header.number(tags.INTERCEPT) or 0.0
    if not 1 / _LARGEST_SCALE < abs(slope) < _LARGEST_SCALE or abs(intercept) > _LARGEST_SCALE:
        raise Unusable("image-format-unsupported", f"rescales its values by {slope:g} and {intercept:g}")
    return PixelFormat(
        transfer_syntax_uid=header.text(tags.TRANSFER_SYNTAX),
        photometric=header.text(tags.PHOTOMETRIC),
        samples=1,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        signed=header.unsigned(tags.PIXEL_REPRESENTATION) == 1,
        slope=slope,
        intercept=intercept,
        has_modality_lut=tags.MODALITY_LUT in header.values,
        offset=header.pixel_offset,
        length=header.pixel_length,
    )


def _instance(header: Header, source: ByteSource, frame: int, count: int, pixels: PixelFormat) -> Instance:
    text, texts, number, integer = header.text, header.texts, header.number, header.integer
    moment = text(tags.FRAME_ACQUISITION_DATETIME) or text(tags.ACQUISITION_DATETIME)
    return Instance(
        source=source,
        frame=frame,
        frame_count=count,
        sop_class_uid=header.sop_class,
        sop_instance_uid=text(tags.SOP_INSTANCE),
        study_instance_uid=text(tags.STUDY_UID),
        series_instance_uid=text(tags.SERIES_UID),
        rows=header.unsigned(tags.ROWS) or 0,
        columns=header.unsigned(tags.COLUMNS) or 0,
        pixels=pixels,
        identity=identity_of(header),
        orientation=header.numbers(tags.ORIENTATION, 6),
        position_mm=header.numbers(tags.POSITION, 3),
        pixel_spacing_mm=header.numbers(tags.PIXEL_SPACING, 2),
        slice_thickness_mm=number(tags.SLICE_THICKNESS),
        spacing_between_slices_mm=number(tags.SPACING_BETWEEN_SLICES),
        frame_of_reference_uid=text(tags.FRAME_OF_REFERENCE) or None,
        modality=text(tags.MODALITY),
        image_type=texts(tags.IMAGE_TYPE),
        acquisition_type=text(tags.ACQUISITION_TYPE),
        series_number=integer(tags.SERIES_NUMBER),
        instance_number=integer(tags.INSTANCE_NUMBER),
        acquisition_number=integer(tags.ACQUISITION_NUMBER),
        temporal_position=integer(tags.TEMPORAL_POSITION),
        stack_id=text(tags.STACK_ID),
        series_description=text(tags.SERIES_DESCRIPTION),
        protocol_name=text(tags.PROTOCOL_NAME),
        study_description=text(tags.STUDY_DESCRIPTION),
        body_part=text(tags.BODY_PART),
        complex_component=text(tags.COMPLEX_COMPONENT),
        scanning_sequence=texts(tags.SCANNING_SEQUENCE),
        sequence_variant=texts(tags.SEQUENCE_VARIANT),
        scan_options=texts(tags.SCAN_OPTIONS),
        sequence_name=text(tags.SEQUENCE_NAME) or text(tags.PULSE_SEQUENCE_NAME),
        echo_pulse_sequence=text(tags.ECHO_PULSE_SEQUENCE),
        inversion_recovery=text(tags.INVERSION_RECOVERY),
        spectrally_selected_suppression=text(tags.SPECTRALLY_SELECTED_SUPPRESSION),
        echo_time_ms=number(tags.ECHO_TIME),
        echo_number=integer(tags.ECHO_NUMBER),
        repetition_time_ms=number(tags.REPETITION_TIME),
        inversion_time_ms=number(tags.INVERSION_TIME),
        flip_angle_deg=number(tags.FLIP_ANGLE),
        echo_train_length=integer(tags.ECHO_TRAIN_LENGTH),
        b_value=header.double(tags.B_VALUE),
        trigger_time_ms=number(tags.TRIGGER_TIME),
        field_strength_t=number(tags.FIELD_STRENGTH),
        manufacturer=text(tags.MANUFACTURER),
        model=text(tags.MODEL),
        contrast_agent=text(tags.CONTRAST_AGENT),
        contrast_route=text(tags.CONTRAST_ROUTE),
        contrast_volume_ml=number(tags.CONTRAST_VOLUME),
        contrast_start_time=text(tags.CONTRAST_START),
        contrast_total_dose_ml=number(tags.CONTRAST_DOSE),
        contrast_sequence=tags.CONTRAST_AGENT_SEQUENCE in header.values,
        study_date=text(tags.STUDY_DATE),
        study_time=text(tags.STUDY_TIME),
        series_date=text(tags.SERIES_DATE),
        series_time=text(tags.SERIES_TIME),
        acquisition_date=text(tags.ACQUISITION_DATE) or moment[:8],
        acquisition_time=text(tags.ACQUISITION_TIME) or moment[8:],
        content_time=text(tags.CONTENT_TIME),
        accession_number=text(tags.ACCESSION_NUMBER),
    )
