"""Slices beside the patient, which hold noise or nothing, must not draw an alignment."""

import numpy as np
import pytest

from pipeline.config import RegistrationSettings
from pipeline.registration.shown import continued, shown
from pipeline.registration.smoothed import seen_at
from pipeline.registration.stage import align
from pipeline.volume import Volume
from tests.registration.pairs import drawn_spine, empty_at_the_ends, moved_pair

SPACING = (4.0, 1.0, 1.0)
BONE = np.zeros((7, 80, 60), bool)
BONE[1:6, 10:70, 15:45] = True


@pytest.fixture(scope="module")
def spine() -> tuple[Volume, np.ndarray]:
    return drawn_spine(slices=40)


@pytest.mark.parametrize(("seed", "noise"), [(2, 8.0), (5, 8.0), (5, 0.0)])
def test_empty_slices_at_both_visits_leave_the_alignment_where_it_was(
    spine: tuple[Volume, np.ndarray], seed: int, noise: float
) -> None:
    whole = moved_pair(spine, seed, pitch_mm=4.0, jitter_mm=1.0, replanned=(2.0, 2.0))
    pair = empty_at_the_ends(whole, (2, 1), (1, 2), noise)
    found = align(pair.baseline, pair.baseline_anatomy, pair.followup, pair.followup_anatomy, RegistrationSettings())
    error = pair.error_mm(found.baseline_to_followup)
    assert error.max() < 0.3
    assert error.mean() < found.quality.estimated_tre_mm
    back = align(pair.followup, pair.followup_anatomy, pair.baseline, pair.baseline_anatomy, RegistrationSettings())
    np.testing.assert_allclose(found.baseline_to_followup @ back.baseline_to_followup, np.eye(4), atol=1e-6)


def stack(empty: tuple[int, ...], noise: float, channels: int = 1, contrast: float = 1.0) -> np.ndarray:
    """Seven slices of one anatomy, some without signal, as so many coils' sum of squares shows them."""
    rng = np.random.default_rng(3)
    texture = np.clip(np.cumsum(np.cumsum(rng.normal(size=BONE.shape[1:]), 0), 1) / 60, -0.7, 0.7)
    signal = np.broadcast_to(100 * (1 + contrast * texture), BONE.shape).copy()
    signal[list(empty)] = 0
    squares = sum(
        np.hypot(signal / np.sqrt(channels) + rng.normal(0, noise, BONE.shape), rng.normal(0, noise, BONE.shape)) ** 2
        for _ in range(channels)
    )
    return np.sqrt(squares).astype(np.float32)


@pytest.mark.parametrize("empty", [(), (0,), (0, 1), (6,), (0, 5, 6)])
@pytest.mark.parametrize(("noise", "channels"), [(0.0, 1), (5.0, 1), (20.0, 1), (8.0, 16)])
def test_slices_without_tissue_are_told(empty: tuple[int, ...], noise: float, channels: int) -> None:
    found = shown(stack(empty, noise, channels), BONE, SPACING)
    assert [n for n in range(7) if not found[n].all()] == list(empty)
    assert not found[list(empty)].any()


def test_bone_as_dark_as_fat_suppression_leaves_it_is_shown() -> None:
    assert shown(stack((), 30.0, contrast=0.3), BONE, SPACING).all()


def test_darkness_within_the_stack_is_anatomy() -> None:
    image = stack((), 5.0)
    image[2:5, 30:50, 20:40] = 0
    assert shown(image, BONE, SPACING).all()


def test_a_slab_that_ends_obliquely_is_followed_to_the_pixel_and_a_little_more() -> None:
    image = stack((), 5.0)
    image[5, :40] = image[6] = 0
    found = shown(image, BONE, SPACING)
    assert found[:5].all()
    assert not found[6].any()
    assert not found[5, :40].any()
    assert found[5, 50:].all()


def test_brightness_goes_on_beyond_what_is_shown() -> None:
    rising = np.broadcast_to(10 * np.arange(1, 8, dtype=np.float32)[:, None, None], (7, 2, 2))
    seen = np.ones(rising.shape, bool)
    seen[5:, 0], seen[:2, 1] = False, False
    np.testing.assert_array_equal(continued(np.where(seen, rising, 0), seen), rising)
    assert continued(rising, np.ones(rising.shape, bool)) is rising


def test_between_a_shown_slice_and_an_empty_one_nothing_is_seen() -> None:
    seen = np.ones((4, 3, 3), bool)
    seen[3] = False
    index = np.array(
        [[2.0, 1, 1], [2.0 + 1e-9, 1, 1], [2.3, 1, 1], [1.7, 1.4, 1], [3.0, 1, 1], [0.0, 0, 0], [-0.1, 0, 0]]
    )
    assert seen_at(seen, index).tolist() == [True, True, False, True, False, True, False]
