"""Slices cut from a ball of known volume and place: nothing may be lost, gained or shifted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.phantom.acquisition import cut_slice, labels_at_centres, occupancy, posed_image, slice_profile
from pipeline.phantom.artefacts import PAD, Imaging, scan_slice
from pipeline.phantom.geometry import Stack, rigid, stack_around
from pipeline.volume import Volume

RADIUS_MM = 7.0
CENTRE = np.array([2.3, -4.1, 6.6])
angle = st.floats(-40, 40)
shift = st.floats(-6, 6)


def ball(value: float = 1.0) -> Volume:
    """A ball in canonical sagittal orientation, 0.5 mm voxels."""
    affine = np.array([[0.5, 0, 0, -12], [0, 0, 0.5, -18], [0, -0.5, 0, 20], [0, 0, 0, 1]], dtype=float)
    index = np.stack(np.meshgrid(*[np.arange(57)] * 3, indexing="ij"), axis=-1)
    distance = np.linalg.norm(Volume(np.zeros((57, 57, 57)), affine).to_lps(index) - CENTRE, axis=-1)
    return Volume((value * (distance < RADIUS_MM)).astype(np.float32), affine)


def stack(pose: np.ndarray, turn: np.ndarray, gap: float = 0.0, pixel: float = 0.9, slices: int = 10) -> Stack:
    """A stack around the ball, turned against it."""
    return stack_around(
        pose[:3, :3] @ CENTRE + pose[:3, 3] + turn @ np.array([0.7, -1.1, 0.4]),
        turn @ np.array([0.0, 1.0, 0.0]),
        turn @ np.array([0.0, 0.0, -1.0]),
        shape=(slices, 40, 36),
        pixel_mm=pixel,
        thickness_mm=4.0,
        pitch_mm=4.0 * (1 + gap),
        slices_along=turn @ np.array([1.0, 0.0, 0.0]),
    )


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.tuples(angle, angle, angle), st.tuples(shift, shift, shift), st.tuples(angle, angle, angle))
def test_occupancy_adds_up_to_the_volume(
    rotation: tuple[float, float, float], translation: tuple[float, float, float], oblique: tuple[float, float, float]
) -> None:
    mask = ball()
    pose = rigid(rotation, translation)
    slices = stack(pose, rigid(oblique, (0, 0, 0))[:3, :3])
    share = occupancy(mask, pose, slices)
    volume = float(mask.array.sum()) * mask.voxel_volume_mm3
    assert share.sum(dtype=float) * slices.voxel_volume_mm3 == pytest.approx(volume, rel=0.005)
    assert share.min() >= 0
    assert share.max() <= 1 + 1e-5


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.tuples(angle, angle, angle), st.tuples(shift, shift, shift))
def test_occupancy_lies_where_the_ball_lies(
    rotation: tuple[float, float, float], translation: tuple[float, float, float]
) -> None:
    pose = rigid(rotation, translation)
    slices = stack(pose, np.eye(3), pixel=0.7)
    share = occupancy(ball(), pose, slices)
    index = np.argwhere(share > 0)
    centre = Volume(share, slices.affine).to_lps(np.average(index, axis=0, weights=share[share > 0]))
    # Four-millimetre slices leave about a tenth of a millimetre of doubt across them.
    assert centre == pytest.approx(pose[:3, :3] @ CENTRE + pose[:3, 3], abs=0.15)


def test_a_gap_hides_tissue_but_no_voxel_is_overfull() -> None:
    slices = stack(np.eye(4), np.eye(3), gap=1.0)
    share = occupancy(ball(), np.eye(4), slices)
    seen = share.sum(dtype=float) * slices.voxel_volume_mm3 / 2
    assert 0 < seen < ball().array.sum() * 0.125 * 0.8
    assert share.max() <= 1 + 1e-5


def test_nothing_displaced_is_zero() -> None:
    slices = stack(np.eye(4), np.eye(3))
    assert not occupancy(None, np.eye(4), slices).any()


@pytest.mark.parametrize("thickness", [1.0, 3.0, 4.0, 5.5])
def test_profiles_of_touching_slices_add_up_evenly(thickness: float) -> None:
    profile = slice_profile(thickness)
    offsets, weights = np.array(profile.offsets_mm), np.array(profile.weights)
    assert weights.sum() == pytest.approx(1)
    assert offsets @ weights == pytest.approx(0, abs=1e-12)
    step = offsets[1] - offsets[0]
    period = round(thickness / step)
    folded = np.zeros(period)
    np.add.at(folded, np.round(offsets / step + period / 2 - 0.5).astype(int) % period, weights)
    assert folded == pytest.approx(np.full(period, 1 / period))


def test_labels_are_taken_at_the_centre_of_the_voxel() -> None:
    labels = Volume((ball().array > 0).astype(np.uint8) * 5, ball().affine)
    slices = stack(np.eye(4), np.eye(3))
    got = labels_at_centres(labels, np.eye(4), slices)
    index = np.stack(np.meshgrid(*[np.arange(n) for n in slices.shape], indexing="ij"), axis=-1)
    distance = np.linalg.norm(Volume(got, slices.affine).to_lps(index) - CENTRE, axis=-1)
    assert (got[distance < RADIUS_MM - 0.5] == 5).all()
    assert (got[distance > RADIUS_MM + 0.5] == 0).all()


def test_scanned_image_keeps_place_and_signal() -> None:
    pose = rigid((3, -5, 8), (1, 2, -1))
    slices = stack(pose, np.eye(3), pixel=0.7, slices=7)
    image = posed_image(ball(100.0), pose)
    rng = np.random.default_rng(1)
    padded = (slices.shape[1] + 2 * PAD, slices.shape[2] + 2 * PAD)
    scanned = np.stack(
        [
            scan_slice(cut_slice(image, slices, k, (-PAD, -PAD), padded), Imaging(noise=0.0), rng)
            for k in range(slices.shape[0])
        ]
    )
    ideal = 100 * occupancy(ball(), pose, slices)
    middle = slices.shape[0] // 2
    rows, columns = np.indices(scanned[middle].shape)
    for grid in (rows, columns):
        true = (grid * ideal[middle]).sum() / ideal[middle].sum()
        # The magnitude of ringing is positive everywhere, so only the ball's surroundings are weighed.
        near = ideal[middle] > 1
        assert (grid * scanned[middle])[near].sum() / scanned[middle][near].sum() == pytest.approx(true, abs=0.03)
    inner = ideal[middle] > 99.9
    assert scanned[middle][inner].mean() == pytest.approx(100, rel=0.03)
