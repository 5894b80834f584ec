"""The written files, read back with pydicom alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEGLSLossless, MRImageStorage

from pipeline.phantom.case import PhantomCase
from pipeline.phantom.dicom_identity import identify
from pipeline.phantom.dicom_writer import ds_float, write_series
from pipeline.phantom.geometry import stack_around

if TYPE_CHECKING:
    from tests.phantom.conftest import Generated


def test_geometry_in_the_headers_is_that_of_the_truth(quick: Generated) -> None:
    for visit in quick.truth.visits:
        for series in visit.series:
            files = [pydicom.dcmread(p) for p in (quick.folder / series.folder).iterdir()]
            files.sort(key=lambda ds: int(ds.InstanceNumber))
            where = [(stack, k) for stack in series.stacks for k in range(stack.shape[0])]
            for ds, (stack, k) in zip(files, where, strict=True):
                affine = np.array(stack.affine)
                orientation = np.array(ds.ImageOrientationPatient, dtype=float)
                spacing = np.array(ds.PixelSpacing, dtype=float)
                assert orientation[3:] * spacing[0] == pytest.approx(affine[:3, 1], abs=1e-6)
                assert orientation[:3] * spacing[1] == pytest.approx(affine[:3, 2], abs=1e-6)
                origin = np.array(ds.ImagePositionPatient, dtype=float)
                assert origin == pytest.approx((affine @ (k, 0, 0, 1))[:3], abs=1e-6)
                assert (ds.Rows, ds.Columns) == stack.shape[1:]
                assert float(ds.SliceThickness) == pytest.approx(stack.thickness_mm)


def test_pixels_show_the_anatomy_where_the_truth_says(quick: Generated) -> None:
    """In T2 the thecal sac (class 4) is brighter than the discs (class 3): fails if pixels are flipped or shifted."""
    import nibabel as nib

    for visit in quick.truth.visits:
        series = next(s for s in visit.series if s.key == "sag_t2")
        classes = nib.load(quick.folder / series.stacks[0].classes_file)
        assert np.diag([-1, -1, 1, 1]) @ classes.affine == pytest.approx(np.array(series.stacks[0].affine), abs=1e-3)
        labels = np.asarray(classes.dataobj)
        files = [pydicom.dcmread(p) for p in (quick.folder / series.folder).iterdir()]
        files.sort(key=lambda ds: int(ds.InstanceNumber))
        pixels = np.stack([ds.pixel_array for ds in files]).astype(float)
        sac, disc, bone = (pixels[labels == c].mean() for c in (4, 3, 1))
        assert sac > 1.3 * bone > 1.3 * disc


def test_headers_say_that_nobody_is_shown(quick: Generated) -> None:
    for path in quick.images():
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        assert ds.SOPClassUID == MRImageStorage
        assert ds.file_meta.TransferSyntaxUID == JPEGLSLossless
        assert ds.ImageType[3] == "SYNTHETIC"
        assert "SYNTHETIC" in ds.SeriesDescription
        assert "SYNTHETIC" in ds.ImageComments
        assert str(ds.PatientName).startswith("PHANTOM^")
        assert ds.QualityControlSubject == "YES"


def test_identifiers_group_files_as_an_archive_expects(quick: Generated) -> None:
    headers = [pydicom.dcmread(p, stop_before_pixels=True) for p in quick.images()]
    assert len({ds.SOPInstanceUID for ds in headers}) == len(headers)
    assert len({ds.PatientID for ds in headers}) == 1
    visits = len(quick.truth.visits)
    assert len({ds.StudyInstanceUID for ds in headers}) == visits
    assert len({(ds.StudyInstanceUID, ds.FrameOfReferenceUID) for ds in headers}) == visits
    assert {str(ds.SeriesInstanceUID) for ds in headers} == {
        s.series_instance_uid for v in quick.truth.visits for s in v.series
    }
    assert {ds.PatientAge for ds in headers if ds.StudyDate == "20200203"} == {"039Y"}
    assert {ds.PatientAge for ds in headers if ds.StudyDate == "20200804"} == {"040Y"}


def test_contrast_stands_only_in_the_post_contrast_series(quick: Generated) -> None:
    for path in quick.images():
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        assert ("ContrastBolusAgent" in ds) == ("GD" in str(ds.SeriesDescription))


@pytest.mark.parametrize("syntax", ["jpeg-ls", "jpeg-2000", "rle", "uncompressed"])
def test_every_transfer_syntax_is_lossless(quick_case: PhantomCase, tmp_path: Path, syntax: str) -> None:
    pixels = np.random.default_rng(5).integers(0, 4096, (2, 80, 64), dtype=np.uint16)
    stack = stack_around(
        np.zeros(3), np.array([0, 1.0, 0]), np.array([0, 0, -1.0]), shape=pixels.shape, pixel_mm=0.7,
        thickness_mm=4.0, pitch_mm=4.4, slices_along=np.array([1.0, 0, 0]),
    )  # fmt: skip
    uids = write_series(tmp_path, identify(quick_case, 0, 0), [(stack, pixels)], syntax)
    back = [pydicom.dcmread(tmp_path / f"IM{k + 1:04d}") for k in range(2)]
    assert [ds.SOPInstanceUID for ds in back] == uids
    assert np.array_equal(np.stack([ds.pixel_array for ds in back]), pixels)


@pytest.mark.parametrize("value", [0.0, -0.0, 1 / 3, -123.456789012345, 1e-17, -2.5e-9, 4.4])
def test_decimal_strings_fit_and_keep_their_value(value: float) -> None:
    text = ds_float(value)
    assert len(text) <= 16
    assert float(text) == pytest.approx(value, rel=1e-6, abs=1e-12)


@pytest.mark.system
def test_every_file_passes_dciodvfy(quick: Generated) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian package dicom3tools)")
    for path in quick.images():
        done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        complaints = [
            line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("Error", "Warning"))
        ]
        assert not complaints, f"{path.name}: {complaints}"
