"""Makes the sample studies anew: two synthetic cases, and one real series converted from SPIDER.

Run from the repository's root::

    python sample_dicoms/build.py                                  # the synthetic cases
    python sample_dicoms/build.py --spider PATH/146_t2space.npz    # and the real series

The synthetic files come out byte-equal on every run with the same library versions.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset

from pipeline.phantom.case import load_case
from pipeline.phantom.dicom_identity import stable_uid
from pipeline.phantom.dicom_writer import ds_float, empty_image, save_image
from pipeline.phantom.generate import generate

HERE = Path(__file__).resolve().parent
CASES = ("source-case", "partial-case")
IN_FRONT = 128
"""Columns of dark abdomen that are cropped away."""
CREDIT = (
    "Real lumbar spine MRI converted from SPIDER patient {patient} (van der Graaf et al., Scientific Data 2024, "
    "doi 10.1038/s41597-024-03090-w), CC BY 4.0. Changed: central slices, 8-bit grey values, DICOM headers; "
    "which end of the stack is left is not known."
)


def build_case(name: str, out: Path) -> None:
    """Generate one synthetic case."""
    shutil.rmtree(out / name, ignore_errors=True)
    case = load_case(HERE.parent / "configs" / "phantom" / f"{name}.yaml")
    truth = generate(case, out / name, print)
    for change in truth.changes:
        print(f"{name}: {change.baseline_mm3:.0f} mm³ -> {change.followup_mm3:.0f} mm³")


def build_real(source: Path, out: Path) -> None:
    """Write a SPIDER T2 volume (npz with ``I`` and ``spacing``) as MR Image Storage, marked as derived."""
    with np.load(source) as data:
        voxels, spacing = data["I"][:, :, IN_FRONT:], data["spacing"]
    patient = source.name.split("_")[0]
    shutil.rmtree(out / "real-t2", ignore_errors=True)
    for index in range(len(voxels)):
        image = _real_slice(voxels[index], spacing, index, len(voxels), patient)
        save_image(image, "jpeg-ls", out / "real-t2" / "001_T2_SPACE_SAG" / f"IM{index + 1:04d}")
    print(f"real-t2: {len(voxels)} slices of SPIDER patient {patient}")


def _real_slice(
    pixels: NDArray[np.uint8], spacing: NDArray[np.float64], index: int, count: int, patient: str
) -> FileDataset:
    """One slice; which side of the patient the first one lies on is not known."""
    image = empty_image(stable_uid("spider", patient, "image", index))
    _real_header(image, patient)
    image.InstanceNumber, image.AcquisitionNumber = index + 1, 1
    step, row_mm, column_mm = (float(v) for v in spacing)
    x = (index - (count - 1) / 2) * step
    y, z = -(pixels.shape[1] - 1) / 2 * column_mm, (pixels.shape[0] - 1) / 2 * row_mm
    image.PixelSpacing = [ds_float(row_mm), ds_float(column_mm)]
    image.ImageOrientationPatient = ["0", "1", "0", "0", "0", "-1"]
    image.ImagePositionPatient = [ds_float(round(v, 6)) for v in (x, y, z)]
    image.SliceThickness = image.SpacingBetweenSlices = ds_float(round(step, 6))
    image.SliceLocation = ds_float(round(-x, 6))
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows, image.Columns = pixels.shape
    # The IOD wants 16 bits allocated; eight of them hold the converted grey values.
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 8, 7, 0
    image.WindowCenter, image.WindowWidth = "110", "220"
    image.PixelData = pixels.astype("<u2").tobytes()
    return image


def _real_header(image: FileDataset, patient: str) -> None:
    """Patient, study, series and sequence; the sequence as SPIDER's overview lists it."""
    image.ImageType = ["DERIVED", "PRIMARY", "OTHER"]
    image.DerivationDescription = image.ImageComments = CREDIT.format(patient=patient)
    image.PatientName, image.PatientID = f"SPIDER^{patient}", f"SPIDER-{patient}"
    image.PatientBirthDate = image.PatientSex = ""
    image.PatientIdentityRemoved, image.DeidentificationMethod = "YES", "By the publishers of SPIDER"
    image.StudyInstanceUID, image.StudyID = stable_uid("spider", patient, "study"), "1"
    image.StudyDate = image.StudyTime = ""  # SPIDER publishes no dates
    image.AccessionNumber = image.ReferringPhysicianName = ""
    image.StudyDescription, image.SeriesDescription = "SPIDER lumbar spine, converted", "T2 SPACE SAG"
    image.Modality, image.SeriesNumber = "MR", 1
    image.SeriesInstanceUID = stable_uid("spider", patient, "series")
    image.BodyPartExamined, image.PatientPosition = "LSPINE", "HFS"
    image.FrameOfReferenceUID = stable_uid("spider", patient, "frame of reference")
    image.PositionReferenceIndicator = ""
    image.Manufacturer, image.MagneticFieldStrength, image.ImagedNucleus = "SIEMENS", "1.5", "1H"
    image.ScanningSequence, image.SequenceVariant, image.ScanOptions = "SE", ["SK", "SP"], ""
    image.MRAcquisitionType, image.SequenceName = "3D", "*spcR_60"
    image.RepetitionTime, image.EchoTime, image.EchoTrainLength, image.FlipAngle = "1000", "124", 60, "150"
    image.BurnedInAnnotation, image.LossyImageCompression = "NO", "00"


def main() -> None:
    """Build what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE, help="folder that receives the studies")
    parser.add_argument("--spider", type=Path, help="a T2 volume of SPIDER as npz (I: slices, rows, columns; spacing)")
    parser.add_argument("--only", choices=(*CASES, "real-t2"), help="build one study only")
    arguments = parser.parse_args()
    for name in CASES:
        if arguments.only in (None, name):
            build_case(name, arguments.out)
    if arguments.spider is not None and arguments.only in (None, "real-t2"):
        build_real(arguments.spider, arguments.out)


if __name__ == "__main__":
    main()
