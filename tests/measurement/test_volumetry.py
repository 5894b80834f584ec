import numpy as np
import pytest

from pipeline.measurement.volumetry import occupancy
from tests.measurement.balls import Ball, ellipsoid


def errors(volume_mm3: float, **options: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Relative errors of threshold counting, of summing probabilities, and of the occupancy."""
    rows = []
    for seed in range(6):
        ball = ellipsoid(volume_mm3, seed, **options)
        voxel = ball.image.voxel_volume_mm3
        counted = (ball.probability.array > 0.5).sum() * voxel
        summed = ball.probability.array.sum(dtype=float) * voxel
        solved = occupancy(ball.image, ball.probability, ball.region).volume_mm3
        rows.append(np.array([counted, summed, solved]) / volume_mm3 - 1)
    counted, summed, solved = np.array(rows).T
    return counted, summed, solved


@pytest.mark.parametrize(("volume_mm3", "allowed"), [(200, 0.12), (500, 0.08), (1300, 0.04), (2500, 0.03)])
def test_thick_slices_are_measured_without_bias(volume_mm3: float, allowed: float) -> None:
    counted, _, solved = errors(volume_mm3)
    assert abs(solved.mean()) < allowed / 2
    assert np.sqrt((solved**2).mean()) < allowed
    assert np.sqrt((solved**2).mean()) < np.sqrt((counted**2).mean())


@pytest.mark.parametrize("bias_mm", [-0.4, 0.4])
def test_image_contrast_pulls_a_misjudged_border_back(bias_mm: float) -> None:
    _, summed, solved = errors(1300, bias_mm=bias_mm)
    assert abs(solved.mean()) < 0.85 * abs(summed.mean())


def test_without_contrast_the_probability_decides() -> None:
    ball = ellipsoid(800, 1)
    flat = ball.image.with_array(np.full(ball.image.shape, 100, np.float32))
    found = occupancy(flat, ball.probability, ball.region)
    assert found.contrast == 0
    np.testing.assert_allclose(found.share.array, ball.probability.array, atol=1e-6)


def test_nothing_accepted_is_nothing_measured() -> None:
    ball = ellipsoid(800, 1)
    empty = np.zeros(ball.image.shape, bool)
    assert occupancy(ball.image, ball.probability, empty).volume_mm3 == 0


def test_shares_stay_between_none_and_all_and_inside_the_region() -> None:
    ball = ellipsoid(800, 2, snr=4)
    share = occupancy(ball.image, ball.probability, ball.region).share.array
    assert share.dtype == np.float32
    assert share.min() >= 0
    assert share.max() <= 1
    assert not share[~ball.region].any()


def test_brightness_scale_does_not_matter() -> None:
    ball: Ball = ellipsoid(800, 3)
    once = occupancy(ball.image, ball.probability, ball.region).volume_mm3
    brighter = ball.image.with_array(ball.image.array * 37.0 + 11.0)
    assert occupancy(brighter, ball.probability, ball.region).volume_mm3 == pytest.approx(once, rel=1e-4)


def test_the_gap_between_slices_belongs_to_the_pitch() -> None:
    _, _, solved = errors(1300, profile=0.8)
    assert abs(solved.mean()) < 0.05


def test_grids_that_differ_are_refused() -> None:
    ball = ellipsoid(300, 1)
    with pytest.raises(ValueError, match="differ"):
        occupancy(ball.image, ball.probability, ball.region[1:])
