"""Files as segmentation programs write them, made from known labels."""

from __future__ import annotations

import copy
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import SimpleITK as sitk
from highdicom.content import AlgorithmIdentificationSequence
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from pipeline.report.as_nifti import ras_affine
from pipeline.volume import Volume


def nifti(volume: Volume, path: Path) -> Path:
    data = np.transpose(volume.array, (2, 1, 0))
    kind = np.float32 if data.dtype.kind == "f" else np.int16
    nib.save(nib.Nifti1Image(data.astype(kind), ras_affine(volume)), path)
    return path


def nrrd(volume: Volume, path: Path, segments: dict[int, str] | None = None) -> Path:
    """With names of segments as 3D Slicer writes them."""
    image = volume.with_array(volume.array.astype(np.uint8)).to_sitk()
    for n, (value, name) in enumerate((segments or {}).items()):
        image.SetMetaData(f"Segment{n}_LabelValue", str(value))
        image.SetMetaData(f"Segment{n}_Name", name)
    sitk.WriteImage(image, str(path))
    return path


def series_files(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def dicom_seg(
    images: list[pydicom.Dataset], stack: Volume, masks: dict[str, np.ndarray], path: Path, **changes: str
) -> Path:
    """A SEG of bool masks on the grid of ``stack``, by segment label, that refers to the DICOM ``images``."""
    along = [float(stack.to_index(np.array(image.ImagePositionPatient, float))[0]) for image in images]
    order = np.rint(along).astype(int)
    pixels = np.stack([mask[order] for mask in masks.values()], axis=-1).astype(np.uint8)
    if not _same_way(images[0], stack):
        raise ValueError("the stack's pixels do not run as the images' do")
    descriptions = [_description(n, name) for n, name in enumerate(masks, start=1)]
    seg = Segmentation(
        source_images=copy.deepcopy(images),  # elements are shared, and changed below
        pixel_array=pixels,
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=descriptions,
        series_instance_uid=UID("1.2.826.0.1.3680043.10.511.1"),
        series_number=99,
        sop_instance_uid=UID("1.2.826.0.1.3680043.10.511.2"),
        instance_number=1,
        manufacturer="Test",
        manufacturer_model_name="Test",
        software_versions="1",
        device_serial_number="1",
        omit_empty_frames=any(mask.any() for mask in masks.values()),
    )
    for keyword, value in changes.items():
        setattr(seg, keyword, value)
    seg.save_as(path)
    return path


def _same_way(image: pydicom.Dataset, stack: Volume) -> bool:
    """Whether rows and columns of the image are those of the stack."""
    cosines = np.array(image.ImageOrientationPatient, float).reshape(2, 3)
    return bool(np.allclose(stack.axes_lps[:, 2], cosines[0]) and np.allclose(stack.axes_lps[:, 1], cosines[1]))


def _description(number: int, label: str) -> SegmentDescription:
    return SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.MorphologicallyAbnormalStructure,
        algorithm_type=SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=AlgorithmIdentificationSequence(
            name="by hand", family=codes.DCM.ManualProcessing, version="1"
        ),
    )
