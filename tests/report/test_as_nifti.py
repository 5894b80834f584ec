"""Written voxels lie where they lay: read back by two independent libraries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Role
from pipeline.report.as_nifti import label_table, to_nifti, write_nifti
from pipeline.segmentation.blocks import unlabelled_blocks
from pipeline.volume import Volume
from tests.report import cases


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nifti")
    write_nifti(cases.comparison(), folder)
    return folder


@pytest.mark.parametrize("degrees", [(0.0, 0.0, 0.0), (12.0, -31.0, 7.0), (95.0, 170.0, -88.0)])
def test_a_voxel_keeps_its_place_in_the_patient(tmp_path: Path, degrees: tuple[float, float, float]) -> None:
    affine = cases.rigid(degrees, (11.0, -40.0, 900.5)) @ np.diag([4.4, 0.7, 0.9, 1.0])
    volume = Volume(np.arange(3 * 5 * 7, dtype=np.int16).reshape(3, 5, 7), affine)
    path = tmp_path / "image.nii.gz"
    to_nifti(volume).to_filename(path)
    by_itk, by_nibabel = sitk.ReadImage(str(path)), nib.load(path)
    for index in [(0, 0, 0), (2, 1, 6), (1, 4, 3)]:
        lps = volume.to_lps(np.array(index, dtype=float))
        ras = by_nibabel.affine @ np.array([*index[::-1], 1.0])
        np.testing.assert_allclose(ras[:3] * (-1, -1, 1), lps, atol=1e-3)
        np.testing.assert_allclose(by_itk.TransformIndexToPhysicalPoint(index[::-1]), lps, atol=1e-3)
        assert by_itk.GetPixel(index[::-1]) == by_nibabel.get_fdata()[index[::-1]] == volume.array[index]


def test_label_maps_lie_on_the_image_that_they_label(written: Path) -> None:
    for visit in ("baseline", "followup"):
        for role in ("sagittal_t2", "sagittal_t1", "axial_t2"):
            image = nib.load(written / f"{visit}_{role}_image.nii.gz")
            for kind in ("labels", "instances"):
                labels = nib.load(written / f"{visit}_{role}_{kind}.nii.gz")
                assert labels.shape == image.shape
                np.testing.assert_array_equal(labels.affine, image.affine)
                assert labels.get_data_dtype() == np.uint8


def test_occupancy_holds_the_measured_volume(written: Path) -> None:
    comparison = cases.comparison()
    image = nib.load(written / "baseline_fragment_occupancy.nii.gz")
    volume = image.get_fdata().sum() * abs(np.linalg.det(image.affine[:3, :3]))
    assert volume == pytest.approx(comparison.change.baseline.volume_mm3, rel=1e-5)
    mask = nib.load(written / "baseline_fragment_mask.nii.gz")
    assert set(np.unique(mask.get_fdata())) == {0.0, 1.0}


def test_follow_up_in_the_baseline_frame_shows_the_spine_at_the_same_place(written: Path) -> None:
    before = nib.load(written / "baseline_sagittal_t2_image.nii.gz").get_fdata()
    moved = nib.load(written / "followup_in_baseline_sagittal_t2_image.nii.gz").get_fdata()
    unmoved = nib.load(written / "followup_sagittal_t2_image.nii.gz").get_fdata()
    assert moved.shape == before.shape
    inside = moved > 0

    def likeness(other: np.ndarray) -> float:
        return float(np.corrcoef(before[inside], other[inside])[0, 1])

    assert likeness(moved) > likeness(unmoved) + 0.05


def test_table_names_every_value(written: Path) -> None:
    rows = [line.split("\t") for line in (written / "labels.tsv").read_text(encoding="utf-8").splitlines()]
    table = {(row[0], row[1]): row[2] for row in rows[1:]}
    assert table["labels", "5"] == "fragment"
    names = {value: name for (kind, value), name in table.items() if kind == "baseline_sagittal_t2_instances"}
    values = np.unique(nib.load(written / "baseline_sagittal_t2_instances.nii.gz").get_fdata())
    assert {str(int(v)) for v in values} == set(names)
    assert {"disc L4/L5", "vertebra L4", "canal", "fragment"} <= set(names.values())
    assert label_table(cases.comparison()) == (written / "labels.tsv").read_text(encoding="utf-8")


def in_two_blocks(made: Comparison) -> Comparison:
    """The axial series of the baseline once more as a second, smaller block."""
    series, labels = made.baseline.series[Role.AXIAL_T2], made.baseline_anatomy.segmentations[Role.AXIAL_T2]

    def few(volume: Volume) -> Volume:
        return Volume(volume.array[:4], volume.affine)

    block = replace(
        labels,
        labels=few(labels.labels),
        instances=few(labels.instances),
        probabilities=labels.probabilities[:, :4],
        fragment_variants=labels.fragment_variants[:, :4],
    )
    both = replace(series, stacks=(*series.stacks, replace(series.stacks[0], volume=few(series.volume))))
    return replace(
        made,
        baseline=replace(made.baseline, series={**made.baseline.series, Role.AXIAL_T2: both}),
        baseline_anatomy=replace(
            made.baseline_anatomy,
            segmentations={
                **made.baseline_anatomy.segmentations,
                Role.AXIAL_T2: replace(labels, blocks=(block,)),
            },
        ),
    )


def test_every_block_of_a_series_is_written(tmp_path: Path) -> None:
    made = in_two_blocks(cases.comparison())
    write_nifti(made, tmp_path)
    for kind in ("image", "labels", "instances"):
        assert nib.load(tmp_path / f"baseline_axial_t2_{kind}.nii.gz").shape[2] == 12
        assert nib.load(tmp_path / f"baseline_axial_t2_block2_{kind}.nii.gz").shape[2] == 4
        assert not (tmp_path / f"followup_axial_t2_block2_{kind}.nii.gz").exists()
    assert "baseline_axial_t2_block2_instances\t" in (tmp_path / "labels.tsv").read_text(encoding="utf-8")
    assert not unlabelled_blocks(made.baseline, made.baseline_anatomy)


def test_a_block_without_labels_is_told() -> None:
    made = in_two_blocks(cases.comparison())
    (finding,) = unlabelled_blocks(made.baseline, cases.comparison().baseline_anatomy)
    assert finding.code == "blocks-not-labelled"
    assert "2 blocks, of which 1 is labelled" in finding.message


def test_a_rerun_gives_the_same_bytes_and_leaves_nothing_behind(written: Path, tmp_path: Path) -> None:
    (tmp_path / "baseline_axial_t1_labels.nii.gz").write_bytes(b"from an earlier run")
    write_nifti(cases.comparison.__wrapped__(), tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in written.iterdir()}
    for path in written.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name
