"""Small MR DICOM files for tests: any geometry, any fault, the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless, generate_uid

MR_IMAGE = UID("1.2.840.10008.5.1.4.1.1.4")
ENHANCED_MR_IMAGE = UID("1.2.840.10008.5.1.4.1.1.4.1")
SAGITTAL = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
CORONAL = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0))

Edit = Callable[[Dataset, int], None]


def uid(*parts: object) -> UID:
    """A UID that depends on its arguments only."""
    return generate_uid(entropy_srcs=[repr(part) for part in parts])


def affine_of(
    orientation: Sequence[Sequence[float]] = SAGITTAL,
    spacing: Sequence[float] = (4.0, 1.0, 1.0),
    origin: Sequence[float] = (-20.0, -30.0, 40.0),
) -> NDArray[np.float64]:
    """Array index (slice, row, column) to LPS mm, slices along row direction × column direction."""
    row, column = (np.asarray(one, float) for one in orientation)
    affine = np.eye(4)
    affine[:3, 0] = np.cross(row, column) * spacing[0]
    affine[:3, 1] = column * spacing[1]
    affine[:3, 2] = row * spacing[2]
    affine[:3, 3] = origin
    return affine


def ramp(shape: Sequence[int] = (6, 5, 4)) -> NDArray[np.uint16]:
    """An array in which every voxel has its own value."""
    return np.arange(np.prod(shape), dtype=np.uint16).reshape(tuple(shape))


def decimal(value: float) -> str:
    """A decimal string of at most 16 characters."""
    return f"{value:.10g}"[:16]


def base(series: object = 1, study: object = 1, **attributes: object) -> Dataset:
    """Attributes that all images of one series share."""
    dataset = Dataset()
    dataset.SOPClassUID = MR_IMAGE
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid("study", study), uid("series", study, series)
    dataset.FrameOfReferenceUID = uid("frame", study)
    dataset.StudyDate, dataset.StudyTime = "20130311", "101500"
    dataset.Modality, dataset.Manufacturer = "MR", "Maker"
    dataset.PatientID, dataset.PatientName = "TEST", "Test^Phantom"
    dataset.PatientBirthDate, dataset.PatientSex = "19700101", "M"
    dataset.SeriesNumber = series if isinstance(series, int) else 1
    dataset.SeriesDescription = "test series"
    dataset.ScanningSequence, dataset.SequenceVariant = "SE", "SK"
    dataset.RepetitionTime, dataset.EchoTime, dataset.SliceThickness = "3000", "100", "4"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def place(dataset: Dataset, affine: NDArray[np.float64], slice_index: float) -> None:
    """Write position, orientation and pixel spacing of one slice."""
    row = affine[:3, 2] / np.linalg.norm(affine[:3, 2])
    column = affine[:3, 1] / np.linalg.norm(affine[:3, 1])
    position = affine[:3, 3] + slice_index * affine[:3, 0]
    dataset.ImagePositionPatient = [decimal(value) for value in position]
    dataset.ImageOrientationPatient = [decimal(value) for value in (*row, *column)]
    dataset.PixelSpacing = [decimal(np.linalg.norm(affine[:3, n])) for n in (1, 2)]


def slices(
    array: NDArray[np.generic] | None = None,
    affine: NDArray[np.float64] | None = None,
    *,
    at: Sequence[float] | None = None,
    edit: Edit | None = None,
    series: object = 1,
    study: object = 1,
    first_number: int = 1,
    **attributes: object,
) -> list[Dataset]:
    """One classic image per slice.

    Parameters
    ----------
    at
        Slice positions in units of the affine's slice step; by default 0, 1, 2 …
    edit
        Called with each data set and its index before it is returned.
    """
    array = ramp() if array is None else array
    affine = affine_of() if affine is None else affine
    made = []
    for index, (image, where) in enumerate(zip(array, at if at is not None else range(len(array)), strict=True)):
        dataset = base(series, study, **attributes)
        dataset.SOPInstanceUID = uid("image", study, series, first_number + index)
        dataset.InstanceNumber = first_number + index
        dataset.Rows, dataset.Columns = image.shape
        place(dataset, affine, where)
        dataset.add(DataElement(0x7FE00010, "OW", np.ascontiguousarray(image).tobytes()))
        if edit is not None:
            edit(dataset, index)
        made.append(dataset)
    return made


def enhanced(
    array: NDArray[np.uint16], affine: NDArray[np.float64], order: Sequence[int], series: object = 1
) -> Dataset:
    """One enhanced multi-frame object whose frame *n* is slice ``order[n]``."""
    dataset = base(series, SOPClassUID=ENHANCED_MR_IMAGE)
    for keyword in ("RepetitionTime", "EchoTime", "SliceThickness", "ScanningSequence", "SequenceVariant"):
        delattr(dataset, keyword)
    dataset.SOPInstanceUID, dataset.InstanceNumber = uid("enhanced", series), 1
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = array.shape
    scratch = Dataset()
    place(scratch, affine, 0)
    shared, measures, orientation, echo, timing = Dataset(), Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = scratch.PixelSpacing, "4"
    orientation.ImageOrientationPatient = scratch.ImageOrientationPatient
    echo.EffectiveEchoTime, timing.RepetitionTime = 95.5, "2500"
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    shared.MREchoSequence, shared.MRTimingAndRelatedParametersSequence = [echo], [timing]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [_frame_group(affine, index) for index in order]
    dataset.add(DataElement(0x7FE00010, "OW", np.ascontiguousarray(array[list(order)]).tobytes()))
    return dataset


def _frame_group(affine: NDArray[np.float64], index: int) -> Dataset:
    scratch, group, position, content = Dataset(), Dataset(), Dataset(), Dataset()
    place(scratch, affine, index)
    position.ImagePositionPatient = scratch.ImagePositionPatient
    content.StackID, content.InStackPositionNumber = "1", index + 1
    group.PlanePositionSequence, group.FrameContentSequence = [position], [content]
    return group


def save(dataset: Dataset, path: Path, syntax: UID = ExplicitVRLittleEndian) -> Path:
    """Write one data set as a DICOM file."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", MR_IMAGE)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", uid("none"))
    dataset.file_meta.TransferSyntaxUID = syntax
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def save_all(
    datasets: Sequence[Dataset],
    folder: Path,
    *,
    order: Sequence[int] | None = None,
    syntax: UID = ExplicitVRLittleEndian,
) -> list[Path]:
    """Write data sets under names without extension, numbered in ``order`` so that names need not tell the truth."""
    numbers = list(order) if order is not None else list(range(len(datasets)))
    return [save(dataset, folder / f"I{number:04d}", syntax) for dataset, number in zip(datasets, numbers, strict=True)]


def save_compressed(datasets: Sequence[Dataset], folder: Path, syntax: UID = RLELossless) -> list[Path]:
    """Write data sets with compressed pixels."""
    paths = save_all(datasets, folder)  # compress() wants a complete file
    for dataset, path in zip(datasets, paths, strict=True):
        dataset.compress(syntax, generate_instance_uid=False)
        save(dataset, path, syntax)
    return paths


def pixels_at(path: Path) -> int:
    """Where the items of compressed pixels begin in a file."""
    return path.read_bytes().rindex(b"\xe0\x7f\x10\x00") + 12


def spoil_stream(path: Path) -> None:
    """Overwrite the head of the first compressed frame; every item keeps its place and length."""
    data = bytearray(path.read_bytes())
    table = pixels_at(path)
    stream = table + 16 + int.from_bytes(data[table + 4 : table + 8], "little")
    data[stream : stream + 16] = b"\xee" * 16
    path.write_bytes(data)
