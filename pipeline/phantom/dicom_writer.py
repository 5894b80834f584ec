"""Writing a scanned series as MR Image Storage (PS3.3 A.4), one file per slice, losslessly compressed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, MRImageStorage, RLELossless

from pipeline.files import replacing
from pipeline.phantom.dicom_identity import SYNTHETIC, SeriesIdentity, stable_uid
from pipeline.phantom.geometry import Stack

TRANSFER_SYNTAX: dict[str, tuple[UID, str]] = {
    "jpeg-ls": (JPEGLSLossless, "pyjpegls"),
    "jpeg-2000": (JPEG2000Lossless, "pylibjpeg"),
    "rle": (RLELossless, "pydicom"),
    "uncompressed": (ExplicitVRLittleEndian, ""),
}
"""Name in a case → transfer syntax and the pydicom plugin that encodes it."""


def ds_float(value: float) -> str:
    """A number as a decimal string of at most 16 characters (PS3.5 6.2), as exact as fits."""
    for digits in range(15, 5, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= 16:
            return "0" if float(text) == 0 else text
    return f"{value:.6e}"


def empty_image(sop_instance_uid: UID) -> FileDataset:
    """A data set with file meta information, ready to be filled and compressed."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = sop_instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = stable_uid("implementation")
    meta.ImplementationVersionName = "DISCDELTA"
    image = FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    image.SpecificCharacterSet = "ISO_IR 100"
    image.SOPClassUID = MRImageStorage
    image.SOPInstanceUID = sop_instance_uid
    return image


def _patient_and_study(image: FileDataset, identity: SeriesIdentity) -> None:
    patient, visit = identity.patient, identity.visit
    image.PatientName, image.PatientID = patient.name, patient.id
    image.PatientBirthDate, image.PatientSex = f"{patient.birth_date:%Y%m%d}", patient.sex
    image.PatientAge, image.PatientWeight = identity.age, ds_float(patient.weight_kg)
    image.QualityControlSubject = "YES"
    image.PatientComments = SYNTHETIC
    image.StudyInstanceUID, image.StudyID = identity.study_uid, identity.study_id
    image.StudyDate, image.StudyTime = f"{visit.date:%Y%m%d}", f"{visit.time:%H%M%S}"
    image.AccessionNumber, image.ReferringPhysicianName = identity.accession, ""
    image.StudyDescription = "MRI LUMBAR SPINE SYNTHETIC"


def _series_and_equipment(image: FileDataset, identity: SeriesIdentity) -> None:
    scanner = identity.visit.scanner
    image.Modality = "MR"
    image.SeriesInstanceUID, image.SeriesNumber = identity.series_uid, identity.number
    image.SeriesDate, image.SeriesTime = f"{identity.started:%Y%m%d}", f"{identity.started:%H%M%S}"
    image.SeriesDescription = image.ProtocolName = identity.description
    image.BodyPartExamined, image.PatientPosition = "LSPINE", "HFS"
    image.FrameOfReferenceUID, image.PositionReferenceIndicator = identity.frame_of_reference_uid, ""
    image.Manufacturer, image.ManufacturerModelName = scanner.manufacturer, scanner.model
    image.StationName, image.SoftwareVersions = scanner.station, "1"
    image.MagneticFieldStrength = ds_float(scanner.field_t)
    image.ImagingFrequency = ds_float(round(42.577478 * scanner.field_t, 4))
    image.ImagedNucleus = "1H"


def _sequence(image: FileDataset, identity: SeriesIdentity) -> None:
    series = identity.series
    tr, te, ti, train = series.timing
    image.ScanningSequence = ["SE", "IR"] if ti else "SE"
    image.SequenceVariant = ["SK", "OSP"]
    options = {"FS": series.fat_saturation, "SP": series.saturation_band}
    image.ScanOptions = [name for name, on in options.items() if on] or ""
    image.MRAcquisitionType = "2D"
    image.SequenceName = "*tir2d1" if ti else "*tse2d1"
    image.RepetitionTime, image.EchoTime, image.EchoTrainLength = ds_float(tr), ds_float(te), train
    if ti:
        image.InversionTime = ds_float(ti)
    image.NumberOfAverages, image.EchoNumbers, image.FlipAngle = "2", 1, "150"
    steps = round(series.matrix * series.phase_resolution)
    matrix = [0, series.matrix, steps, 0] if not series.phase_along_rows else [series.matrix, 0, 0, steps]
    image.AcquisitionMatrix = matrix
    image.InPlanePhaseEncodingDirection = "COL" if series.phase_along_rows else "ROW"
    image.NumberOfPhaseEncodingSteps = steps
    image.PercentSampling, image.PercentPhaseFieldOfView = ds_float(100 * series.phase_resolution), "100"
    image.PixelBandwidth, image.ReceiveCoilName = "200", "SPINE ARRAY"
    if series.contrast:
        weight = identity.patient.weight_kg
        image.ContrastBolusAgent = "Gadoteric acid (simulated)"
        image.ContrastBolusRoute, image.ContrastBolusIngredient = "Intravenous", "GADOLINIUM"
        image.ContrastBolusVolume = image.ContrastBolusTotalDose = ds_float(round(0.2 * weight, 1))
        image.ContrastBolusIngredientConcentration = "0.5"


def _plane(image: FileDataset, stack: Stack, index: int) -> None:
    axes = stack.affine[:3, :3] / np.linalg.norm(stack.affine[:3, :3], axis=0)
    position = stack.affine @ (index, 0, 0, 1.0)
    row_mm, column_mm = stack.pixel_mm
    normal = np.cross(axes[:, 2], axes[:, 1])
    image.PixelSpacing = [ds_float(round(row_mm, 9)), ds_float(round(column_mm, 9))]
    image.ImageOrientationPatient = [ds_float(v) for v in np.round((*axes[:, 2], *axes[:, 1]), 12) + 0.0]
    image.ImagePositionPatient = [ds_float(v) for v in np.round(position[:3], 9) + 0.0]
    image.SliceThickness = ds_float(round(stack.thickness_mm, 6))
    image.SpacingBetweenSlices = ds_float(round(stack.pitch_mm, 6))
    image.SliceLocation = ds_float(round(float(position[:3] @ normal), 6))


def _pixels(image: FileDataset, pixels: NDArray[np.uint16]) -> None:
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows, image.Columns = pixels.shape
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.SmallestImagePixelValue, image.LargestImagePixelValue = int(pixels.min()), int(pixels.max())
    image.PixelData = pixels.astype("<u2").tobytes()


def _image(identity: SeriesIdentity, stack: Stack, index: int, number: int, pixels: NDArray[np.uint16]) -> FileDataset:
    image = empty_image(stable_uid(identity.series_uid, number))
    at = identity.started + dt.timedelta(seconds=number)
    image.ImageType = ["ORIGINAL", "PRIMARY", "OTHER", "SYNTHETIC"]
    image.InstanceNumber, image.AcquisitionNumber = number, 1
    for name in ("InstanceCreation", "Acquisition", "Content"):
        setattr(image, f"{name}Date", f"{at:%Y%m%d}")
        setattr(image, f"{name}Time", f"{at:%H%M%S}")
    image.ImageComments = SYNTHETIC
    image.BurnedInAnnotation, image.LossyImageCompression = "NO", "00"
    _patient_and_study(image, identity)
    _series_and_equipment(image, identity)
    _sequence(image, identity)
    _plane(image, stack, index)
    _pixels(image, pixels)
    return image


def _images(identity: SeriesIdentity, stacks: Sequence[tuple[Stack, NDArray[np.uint16]]]) -> Iterator[FileDataset]:
    values = np.concatenate([pixels[:, ::4, ::4].ravel() for _, pixels in stacks])
    width = max(1.0, float(np.percentile(values, 99)))
    number = 0
    for stack, pixels in stacks:
        for index in range(stack.shape[0]):
            number += 1
            image = _image(identity, stack, index, number, pixels[index])
            image.WindowCenter, image.WindowWidth = ds_float(round(width / 2, 1)), ds_float(round(width, 1))
            yield image


def save_image(image: FileDataset, transfer_syntax: str, target: Path) -> None:
    """Compress (losslessly) and write one image under a temporary name, then rename it."""
    uid, plugin = TRANSFER_SYNTAX[transfer_syntax]
    if plugin:
        image.compress(uid, encoding_plugin=plugin, generate_instance_uid=False)
    with replacing(target) as temporary:
        image.save_as(temporary, enforce_file_format=True)


def write_series(
    folder: Path,
    identity: SeriesIdentity,
    stacks: Sequence[tuple[Stack, NDArray[np.uint16]]],
    transfer_syntax: str,
    scramble: np.random.Generator | None = None,
) -> list[str]:
    """Write one series.

    Parameters
    ----------
    folder
        Folder of the series; made if need be.
    identity
        Header content that all images share.
    stacks
        Geometry and uint16 pixels (12 bits used) of each stack, in acquisition order.
    transfer_syntax
        A key of :data:`TRANSFER_SYNTAX`.
    scramble
        Source of a random order of file names, as exports often have it; None names files in order.

    Returns
    -------
    SOP Instance UIDs in the order of instance numbers.

    Raises
    ------
    pipeline.errors.OutputError
        If a file cannot be written.
    """
    total = sum(stack.shape[0] for stack, _ in stacks)
    names = np.arange(total) if scramble is None else scramble.permutation(total)
    written = []
    for name, image in zip(names, _images(identity, stacks), strict=True):
        save_image(image, transfer_syntax, folder / f"IM{int(name) + 1:04d}")
        written.append(str(image.SOPInstanceUID))
    return written
