"""Few thick slices must not draw an alignment to where the grids of both visits fall onto each other."""

import numpy as np
import pytest

from pipeline.config import RegistrationSettings
from pipeline.dicom.visit import Role
from pipeline.registration.prepared import Prepared
from pipeline.registration.quality import interpolation_error_mm
from pipeline.registration.smoothed import Smoothed
from pipeline.registration.stage import align
from pipeline.rigid import compose
from pipeline.volume import Volume
from tests.registration.pairs import CANONICAL, drawn_spine, moved_pair


def ramp(pitch_mm: float, slices: int = 5) -> Prepared:
    """Brightness that rises by 2 per mm across the slices and by 3 per mm down the rows."""
    affine = np.eye(4)
    affine[:3, :3] = CANONICAL * (pitch_mm, 1.0, 1.0)
    array = np.add.outer(2 * pitch_mm * np.arange(slices), 3 * np.arange(20.0))[..., None] + np.zeros(20)
    everywhere = np.ones(array.shape, bool)
    image = Volume(array.astype(np.float32), affine)
    return Prepared(Role.SAGITTAL_T2, image, everywhere, everywhere, everywhere, ("L5",), everywhere.astype(np.uint8))


@pytest.mark.parametrize("seed", [2, 5])
def test_five_slices_planned_anew_are_laid_where_they_belong(seed: int) -> None:
    pair = moved_pair(drawn_spine(slices=30), seed, pitch_mm=4.0, jitter_mm=1.0, replanned=(2.0, 2.0))
    found = align(pair.baseline, pair.baseline_anatomy, pair.followup, pair.followup_anatomy, RegistrationSettings())
    error = pair.error_mm(found.baseline_to_followup)
    assert error.mean() < 0.3
    assert error.mean() < found.quality.estimated_tre_mm


def test_brightness_goes_on_rising_to_the_outermost_slices() -> None:
    image = Smoothed.of(ramp(4.0), 0.0)
    index = np.array([[0.3, 9.0, 9.0], [2.5, 9.0, 9.0], [3.7, 9.0, 9.0]])
    np.testing.assert_allclose(image.values(index), 8 * index[:, 0] + 27, atol=0.05)


def test_across_thick_slices_the_rise_is_that_of_the_image_that_moves() -> None:
    index = np.array([[1.4, 9.0, 9.0], [4.0, 9.0, 9.0]])
    others = np.array([[7.0, 1.0, 0.5], [7.0, 1.0, 0.5]])
    own = Smoothed.of(ramp(4.0), 0.0).with_own_rise(others, 0.5, index)
    np.testing.assert_allclose(own, [[1.0, 1.0, 0.5]] * 2, rtol=1e-5)
    np.testing.assert_array_equal(Smoothed.of(ramp(0.9), 0.0).with_own_rise(others, 0.5, index), others)


def test_grids_count_as_apart_unless_they_coincide() -> None:
    stack = ramp(4.0)
    moved = [compose(np.eye(3), np.array([shift, 0.0, 0.0])) for shift in (0.0, 0.4, 2.0)]
    same, near, between = (interpolation_error_mm(stack, stack, (one,)) for one in moved)
    assert same == 0.0
    assert near == between > 0.2
    assert interpolation_error_mm(stack, stack, (moved[0], moved[2])) == between
