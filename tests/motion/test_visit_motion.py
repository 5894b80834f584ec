import numpy as np
import pytest
from scipy import ndimage

from pipeline import rigid
from pipeline.motion.visit_motion import SeriesMotion, estimate_motion
from pipeline.volume import Volume
from tests.motion.series import DrawnPatient, Scanned, drawn_patient, error_mm

STILL = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
SMALL = ((0.2, -0.1, 0.2), (0.3, -0.2, 0.2))
LARGE = ((1.5, 2.0, -1.5), (2.0, -2.0, 2.8))


@pytest.fixture(scope="module")
def patient() -> DrawnPatient:
    return drawn_patient()


@pytest.fixture(scope="module")
def reference(patient: DrawnPatient) -> Scanned:
    return patient.scanned("t2", *STILL)


def found(reference: Scanned, moving: Volume, **options: bool) -> SeriesMotion:
    return estimate_motion(reference.image, reference.bone, moving, left_out=reference.left_out, **options)


@pytest.mark.parametrize("motion", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("key", ["t1", "axial"])
def test_a_motion_between_weightings_is_found(
    patient: DrawnPatient, reference: Scanned, key: str, motion: tuple[tuple[float, float, float], ...]
) -> None:
    moving = patient.scanned(key, *motion, seed=2)
    result = found(reference, moving.image)
    error = error_mm(result.transform, reference, moving)
    assert result.believed
    assert error.mean() < 0.25
    assert error.mean() < result.estimated_tre_mm


@pytest.mark.parametrize("key", ["stir", "post"])
def test_a_large_motion_is_corrected_without_fat_too(patient: DrawnPatient, reference: Scanned, key: str) -> None:
    moving = patient.scanned(key, *LARGE, seed=2)
    result = found(reference, moving.image)
    error = error_mm(result.transform, reference, moving)
    assert result.believed
    assert error.mean() < result.estimated_tre_mm < 1.5
    assert error.mean() < 0.9


@pytest.mark.parametrize("key", ["t1", "stir"])
def test_a_patient_who_lay_still_is_left_alone(patient: DrawnPatient, reference: Scanned, key: str) -> None:
    result = found(reference, patient.scanned(key, *STILL, seed=2).image)
    assert error_mm(result.transform, reference, reference).mean() < 0.1


def test_shift_and_angle_are_those_of_the_motion(patient: DrawnPatient, reference: Scanned) -> None:
    result = found(reference, patient.scanned("t1", (0.0, 0.0, 3.0), (0.0, 4.0, 0.0)).image)
    assert result.angle_deg == pytest.approx(3.0, abs=0.2)
    assert result.shift_mm == pytest.approx(4.2, abs=0.4)


def test_a_series_against_itself_did_not_move(reference: Scanned) -> None:
    result = found(reference, reference.image)
    np.testing.assert_allclose(result.transform, np.eye(4), atol=0.01)
    assert result.believed
    assert result.explained > 0.99


def test_the_same_input_gives_the_same_bits(patient: DrawnPatient, reference: Scanned) -> None:
    moving = patient.scanned("t1", *LARGE).image
    np.testing.assert_array_equal(found(reference, moving).transform, found(reference, moving).transform)


def test_noise_is_not_believed(reference: Scanned) -> None:
    rng = np.random.default_rng(3)
    noise = ndimage.gaussian_filter(rng.normal(100, 30, reference.image.shape), (0, 2, 2))
    result = found(reference, reference.image.with_array(noise.astype(np.float32)))
    assert not result.believed
    np.testing.assert_array_equal(result.transform, np.eye(4))


def test_a_series_elsewhere_is_not_believed(reference: Scanned) -> None:
    affine = reference.image.affine.copy()
    affine[:3, 3] += (0, 0, 900.0)
    result = found(reference, Volume(reference.image.array, affine))
    assert not result.believed
    assert result.estimated_tre_mm == float("inf")


def test_a_series_of_one_brightness_is_not_believed(reference: Scanned) -> None:
    assert not found(reference, reference.image.with_array(np.full(reference.image.shape, 7.0, np.float32))).believed


def test_no_bone_gives_no_motion(reference: Scanned) -> None:
    assert not estimate_motion(reference.image, np.zeros(reference.image.shape, bool), reference.image).believed


def test_a_mask_of_another_shape_is_refused(reference: Scanned) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        estimate_motion(reference.image, np.ones((2, 2, 2), bool), reference.image)


@pytest.mark.parametrize("shift", [28.0, -45.0])
def test_a_missing_frame_of_reference_is_repaired(patient: DrawnPatient, reference: Scanned, shift: float) -> None:
    moving = patient.scanned("t1", *SMALL)
    other = rigid.compose(np.eye(3), np.array([1.5, -2.0, shift]))
    elsewhere = Volume(moving.image.array, other @ moving.image.affine)
    result = found(reference, elsewhere, same_frame=False)
    assert result.believed
    assert error_mm(rigid.inverse(other) @ result.transform, reference, moving).mean() < 0.3


def test_a_far_shift_in_one_frame_of_reference_is_not_believed(patient: DrawnPatient, reference: Scanned) -> None:
    moving = patient.scanned("t1", *SMALL).image
    affine = moving.affine.copy()
    affine[:3, 3] += (0, 0, 28.0)
    assert not found(reference, Volume(moving.array, affine)).believed
