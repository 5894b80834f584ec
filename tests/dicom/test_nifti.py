"""NIfTI in any of the 48 orientations comes out alike; what cannot be trusted is refused or told."""

from __future__ import annotations

import itertools
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.dicom.nifti import load_nifti_visit
from pipeline.dicom.visit import Plane, Role
from pipeline.errors import UnreadableInputError, UsageError

SHAPE = (3, 7, 5)  # right-left, anterior-posterior, inferior-superior
SPACING = (4.0, 0.8, 0.9)
FLIPS = list(itertools.product((1, -1), repeat=3))
ORDERS = list(itertools.permutations(range(3)))


def canonical() -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """An array with a value of its own in every voxel, RAS axes, oblique by a few degrees."""
    array = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    turn = np.deg2rad(7.0)
    rotation = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    affine = np.eye(4)
    affine[:3, :3] = rotation * SPACING
    affine[:3, 3] = (-5.0, 20.0, -30.0)
    return array, affine


def stored(order: tuple[int, ...], flips: tuple[int, ...]) -> nibabel.Nifti1Image:
    array, affine = canonical()
    array, moved = array.transpose(order), affine.copy()
    moved[:3, :3] = affine[:3, order]
    for axis, sign in enumerate(flips):
        if sign < 0:
            moved[:3, 3] += moved[:3, axis] * (array.shape[axis] - 1)
            moved[:3, axis] *= -1
            array = np.flip(array, axis)
    return nibabel.Nifti1Image(np.ascontiguousarray(array), moved)


def save(image: nibabel.Nifti1Image, path: Path) -> Path:
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("flips", FLIPS)
def test_all_orientations_give_the_house_order(tmp_path: Path, order: tuple[int, ...], flips: tuple[int, ...]) -> None:
    visit = load_nifti_visit({Role.SAGITTAL_T2: save(stored(order, flips), tmp_path / "a.nii.gz")})
    volume = visit.series[Role.SAGITTAL_T2].volume
    assert volume.shape == (3, 5, 7)
    np.testing.assert_allclose(volume.spacing_mm, (4.0, 0.9, 0.8), atol=1e-5)
    left, inferior, posterior = np.diag(volume.axes_lps[[0, 2, 1]])
    assert left > 0.99
    assert inferior < -0.99
    assert posterior > 0.99
    array, affine = canonical()
    for index in itertools.product((0, 2), (0, 4), (0, 6)):
        ras = volume.to_lps(np.array(index, float)) * (-1, -1, 1)
        source = np.rint(np.linalg.solve(affine, [*ras, 1.0])[:3]).astype(int)
        assert volume.array[index] == array[tuple(source)]


def test_an_axial_series_has_its_slices_first(tmp_path: Path) -> None:
    affine = np.diag([-0.6, -0.6, 4.0, 1.0])
    image = nibabel.Nifti1Image(np.zeros((8, 9, 4), np.int16), affine)
    volume = load_nifti_visit({Role.AXIAL_T2: save(image, tmp_path / "a.nii")}).series[Role.AXIAL_T2].volume
    assert volume.shape == (4, 9, 8)
    np.testing.assert_allclose(volume.affine[:3, :3], [[0, 0, 0.6], [0, 0.6, 0], [4.0, 0, 0]], atol=1e-6)


def test_several_roles_and_a_hash_that_ignores_names(tmp_path: Path) -> None:
    one, other = (
        save(stored((0, 1, 2), (1, 1, 1)), tmp_path / "a.nii"),
        save(stored((2, 0, 1), (1, 1, 1)), tmp_path / "b.nii"),
    )
    visit = load_nifti_visit({Role.SAGITTAL_T1: one, Role.SAGITTAL_T2: other})
    assert list(visit.series) == [Role.SAGITTAL_T2, Role.SAGITTAL_T1]
    assert [finding.code for finding in visit.findings] == ["identity-unverified"]
    copy = save(stored((0, 1, 2), (1, 1, 1)), tmp_path / "c.nii")
    assert visit.input_sha256 == load_nifti_visit({Role.SAGITTAL_T2: other, Role.SAGITTAL_T1: copy}).input_sha256
    assert {candidate.plane for candidate in visit.candidates} == {Plane.SAGITTAL}


def test_forms_that_disagree_are_told_and_the_sform_is_believed(tmp_path: Path) -> None:
    image = stored((0, 1, 2), (1, 1, 1))
    image.set_qform(np.diag([4.0, 0.8, 0.9, 1.0]), code=1)
    image.set_sform(canonical()[1], code=1)
    visit = load_nifti_visit({Role.SAGITTAL_T2: save(image, tmp_path / "a.nii")})
    assert "nifti-forms-differ" in {finding.code for finding in visit.findings}
    assert visit.series[Role.SAGITTAL_T2].volume.axes_lps[1, 1] != 0.0


def test_a_qform_alone_is_enough(tmp_path: Path) -> None:
    image = stored((0, 1, 2), (1, 1, 1))
    image.set_qform(canonical()[1], code=1)
    image.set_sform(None, code=0)
    visit = load_nifti_visit({Role.SAGITTAL_T2: save(image, tmp_path / "a.nii")})
    np.testing.assert_allclose(visit.series[Role.SAGITTAL_T2].volume.spacing_mm, (4.0, 0.9, 0.8), atol=1e-5)


def test_a_volume_of_another_plane_is_told(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.zeros((8, 9, 4), np.int16), np.diag([0.6, 0.6, 4.0, 1.0]))
    visit = load_nifti_visit({Role.SAGITTAL_T2: save(image, tmp_path / "a.nii")})
    assert "nifti-plane-differs" in {finding.code for finding in visit.findings}


def test_values_that_are_no_numbers_become_zero(tmp_path: Path) -> None:
    array = canonical()[0].copy()
    array[0, 0, 0] = np.nan
    visit = load_nifti_visit({Role.SAGITTAL_T2: save(nibabel.Nifti1Image(array, canonical()[1]), tmp_path / "a.nii")})
    assert np.isfinite(visit.series[Role.SAGITTAL_T2].volume.array).all()
    assert "nifti-not-finite" in {finding.code for finding in visit.findings}


def test_a_fourth_dimension_is_refused_but_one_of_length_one_is_not(tmp_path: Path) -> None:
    array, affine = canonical()
    load_nifti_visit({Role.SAGITTAL_T2: save(nibabel.Nifti1Image(array[..., None], affine), tmp_path / "a.nii")})
    several = save(nibabel.Nifti1Image(np.stack([array, array], -1), affine), tmp_path / "b.nii")
    with pytest.raises(UnreadableInputError, match="4 dimensions"):
        load_nifti_visit({Role.SAGITTAL_T2: several})


def test_a_volume_that_does_not_say_where_it_lies_is_refused(tmp_path: Path) -> None:
    image = stored((0, 1, 2), (1, 1, 1))
    image.set_qform(None, code=0)
    image.set_sform(None, code=0)
    with pytest.raises(UnreadableInputError, match="both unset"):
        load_nifti_visit({Role.SAGITTAL_T2: save(image, tmp_path / "a.nii")})


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.txt"])
def test_what_is_no_nifti_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for content in (b"", b"not an image" * 100):
        path.write_bytes(content)
        with pytest.raises(UnreadableInputError, match=r"a\.(nii|txt)"):
            load_nifti_visit({Role.SAGITTAL_T2: path})


def test_a_cut_off_file_is_refused(tmp_path: Path) -> None:
    path = save(stored((0, 1, 2), (1, 1, 1)), tmp_path / "a.nii.gz")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UnreadableInputError):
        load_nifti_visit({Role.SAGITTAL_T2: path})


def test_nothing_given_or_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load_nifti_visit({})
    with pytest.raises(UnreadableInputError, match="There is no file"):
        load_nifti_visit({Role.SAGITTAL_T2: tmp_path / "none.nii"})


def test_what_is_no_nifti_is_named_without_its_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(UnreadableInputError, match=r"notes\.txt") as error:
        load_nifti_visit({Role.SAGITTAL_T2: tmp_path / "notes.txt"})
    assert str(tmp_path) not in str(error.value)
