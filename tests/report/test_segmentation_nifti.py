"""Label maps lie voxel for voxel on the series, as our own and another program's conversion of it have it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from pipeline.dicom.visit import Role
from pipeline.dicom.visits import load_visit
from pipeline.report.segmentation_nifti import file_name, write_maps
from pipeline.segmentation.anatomy import Structure
from tests.dicom.dicom_files import affine_of, save_all, slices
from tests.dicom.test_dcm2niix_oracle import converted, mismatch_mm, on_our_grid
from tests.report.segmented import ROLES, segmented


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("maps")
    write_maps(segmented(), target, probabilities=True, images=True)
    return target


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", ["labels", "instances"])
def test_maps_are_bytes_on_the_grid_of_the_image(folder: Path, role: Role, kind: str) -> None:
    image, labels = nib.load(folder / file_name(role, "image")), nib.load(folder / file_name(role, kind))
    assert labels.shape == image.shape
    assert labels.get_data_dtype() == np.uint8
    assert labels.header.get_intent()[0] == "label"
    for form in (labels.get_sform, labels.get_qform):
        matrix, code = form(coded=True)
        assert code == 1
        np.testing.assert_allclose(matrix, image.affine, atol=1e-4)
    segmentation = segmented().anatomy.segmentations[role]
    values = (segmentation.labels if kind == "labels" else segmentation.instances).array
    np.testing.assert_array_equal(np.asarray(labels.dataobj), values.transpose(2, 1, 0))


def test_probabilities_hold_one_class_after_another(folder: Path) -> None:
    image = nib.load(folder / file_name(Role.SAGITTAL_T2, "probabilities"))
    segmentation = segmented().anatomy.segmentations[Role.SAGITTAL_T2]
    assert image.shape == (*segmentation.labels.shape[::-1], len(Structure))
    np.testing.assert_allclose(image.get_fdata().transpose(3, 2, 1, 0), segmentation.probabilities, atol=0.5 / 255)
    labels = nib.load(folder / file_name(Role.SAGITTAL_T2, "labels"))
    np.testing.assert_allclose(image.affine, labels.affine)
    assert image.header["qform_code"] == image.header["sform_code"] == 1


def test_maps_of_an_earlier_run_go_and_other_files_stay(tmp_path: Path) -> None:
    mine = tmp_path / "sagittal_t2_labels_corrected.nii.gz"
    mine.write_bytes(b"drawn by hand")
    (tmp_path / file_name(Role.SAGITTAL_STIR, "labels")).write_bytes(b"of an earlier run")
    written = write_maps(segmented(), tmp_path, probabilities=False, images=False)
    assert {p.name for p in tmp_path.iterdir()} == {mine.name, *(p.name for p in written)}
    assert len(written) == 2 * len(ROLES)


def test_a_label_lies_on_the_voxel_that_dcm2niix_gives(tmp_path: Path) -> None:
    """A tilted sagittal series, labelled where it is bright: the same voxels in both programs' files."""
    tilt = np.deg2rad(11.0)
    turned = ((0.0, np.cos(tilt), np.sin(tilt)), (0.0, np.sin(tilt), -np.cos(tilt)))
    rng = np.random.default_rng(3)
    array = rng.integers(0, 1000, (8, 128, 132)).astype(np.uint16)
    save_all(slices(array, affine_of(turned, (4.4, 0.7, 0.9), (-13.0, -20.0, 35.5))), tmp_path / "dicom")
    visit = load_visit(tmp_path / "dicom")
    volume = visit.series[Role.SAGITTAL_T2].volume
    bright = volume.with_array((volume.array > 500).astype(np.uint8) * np.uint8(Structure.DISC))

    made = segmented()
    one = replace(
        made.anatomy.segmentations[Role.SAGITTAL_T2],
        labels=bright,
        instances=bright,
        probabilities=np.zeros((6, *volume.shape), np.float32),
    )
    anatomy = replace(made.anatomy, segmentations={Role.SAGITTAL_T2: one})
    write_maps(replace(made, visit=visit, anatomy=anatomy), tmp_path, probabilities=False, images=False)

    (theirs,) = converted(tmp_path / "dicom", tmp_path)
    image = nib.load(tmp_path / file_name(Role.SAGITTAL_T2, "labels"))
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    ours = type(volume)(np.asarray(image.dataobj), affine)
    assert mismatch_mm(ours, theirs) < 1e-3
    np.testing.assert_array_equal(ours.array > 0, on_our_grid(ours, theirs) > 500)


def test_every_block_of_a_series_has_its_maps(tmp_path: Path) -> None:
    made, role = segmented(), Role.AXIAL_T2
    series, one = made.visit.series[role], made.anatomy.segmentations[role]
    below = type(one.labels)(one.labels.array[:5], one.labels.affine)
    stack = replace(series.stacks[0], volume=type(below)(series.volume.array[:5], below.affine))
    visit = replace(made.visit, series={role: replace(series, stacks=(stack, series.stacks[0]))})
    block = replace(one, labels=below, instances=below, probabilities=one.probabilities[:, :5])
    both = replace(
        made, visit=visit, anatomy=replace(made.anatomy, segmentations={role: replace(one, blocks=(block,))})
    )
    (tmp_path / file_name(role, "labels", 3)).write_bytes(b"of an earlier run")
    write_maps(both, tmp_path, probabilities=True, images=True)
    kinds = ("labels", "instances", "probabilities", "image")
    expected = {f"axial_t2{block}_{kind}.nii.gz" for block in ("", "_block2") for kind in kinds}
    assert {path.name for path in tmp_path.iterdir()} == expected
    for kind in kinds:
        assert nib.load(tmp_path / f"axial_t2_block2_{kind}.nii.gz").shape[2] == 5
        assert nib.load(tmp_path / file_name(role, kind)).shape[2] == series.volume.shape[0]
