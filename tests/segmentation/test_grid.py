"""A series of any orientation goes to the canonical grid and its labels come back on the same voxels."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pipeline.segmentation.grid import CanonicalSeries, InPlane, Orientation
from pipeline.volume import Volume

ORIENTATIONS = [(p, f) for p in permutations(range(3)) for f in product((1, -1), repeat=3)]
PITCH = np.array([4.0, 0.8, 0.6])


def stored(array: np.ndarray, affine: np.ndarray, order: tuple[int, ...], signs: tuple[int, ...]) -> Volume:
    """The same patient, stored with other axes and directions."""
    turned = array.transpose(order)[tuple(slice(None, None, s) for s in signs)]
    step = np.zeros((4, 4))
    step[3, 3] = 1
    for k, axis in enumerate(order):
        step[axis, k] = signs[k]
        step[axis, 3] = array.shape[axis] - 1 if signs[k] < 0 else 0
    return Volume(np.ascontiguousarray(turned), affine @ step)


def canonical_affine(rotation: Rotation | None = None) -> np.ndarray:
    axes = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    if rotation is not None:
        axes = rotation.as_matrix() @ axes
    affine = np.eye(4)
    affine[:3, :3] = axes * PITCH
    affine[:3, 3] = (-20.0, -60.0, 90.0)
    return affine


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_every_orientation_reaches_the_same_canonical_image(order: tuple[int, ...], signs: tuple[int, ...]) -> None:
    array = np.random.default_rng(5).random((5, 20, 24)).astype(np.float32)
    affine = canonical_affine(Rotation.from_euler("xyz", (9, -7, 12), degrees=True))
    series = CanonicalSeries.of(stored(array, affine, order, signs))
    assert np.array_equal(series.image, array)
    assert np.allclose(series.spacing_mm, PITCH)
    assert np.allclose(series.orientation.affine(series.native.affine, series.native.shape), affine)
    assert np.array_equal(series.orientation.undo(series.image), series.native.array)


def test_resampled_pixels_lie_where_their_affine_says() -> None:
    """An image whose values are a linear function of the LPS place keeps them on every plane."""
    affine = canonical_affine(Rotation.from_euler("xyz", (9, -7, 12), degrees=True))
    index = np.stack(np.meshgrid(*(np.arange(n) for n in (5, 40, 50)), indexing="ij"), axis=-1)
    slope = np.array([0.3, -0.2, 0.5])
    grid = Volume(np.zeros((5, 40, 50), np.float32), affine)
    image = (grid.to_lps(index) @ slope).astype(np.float32)
    series = CanonicalSeries.of(stored(image, affine, (1, 0, 2), (1, -1, 1)))
    plane = InPlane((18, 16), (5.3, 4.1), (1.03, 1.03))
    seen = series.resampled(plane)
    there = Volume(seen, series.affine_of(plane))
    at = np.stack(np.meshgrid(*(np.arange(n) for n in seen.shape), indexing="ij"), axis=-1)
    assert np.allclose(seen, there.to_lps(at) @ slope, atol=0.02)


def test_values_come_back_to_native_pixels() -> None:
    affine = canonical_affine()
    series = CanonicalSeries.of(stored(np.zeros((3, 60, 70), np.float32), affine, (2, 0, 1), (-1, 1, -1)))
    plane = InPlane((30, 28), (8.0, 6.0))
    ramp = np.broadcast_to(np.arange(30, dtype=np.float32)[:, None] * 2, (3, 30, 28)).copy()
    window = series.native_window(plane)
    target = np.zeros(series.native.shape, dtype=np.float32)
    series.put(target, series.between(ramp, plane, window.plane), window)
    row_mm = np.arange(60) * 0.8
    expected = np.interp(row_mm, 8.0 + np.arange(30), 2.0 * np.arange(30))
    inside = (row_mm >= 8.0) & (row_mm <= 37.0)
    back = series.orientation.apply(target)
    assert np.allclose(back[1, inside, 25], expected[inside], atol=1e-4)
    assert not back[:, row_mm < 7.0].any()
    assert not back[:, row_mm > 38.0].any()


def test_values_on_the_same_plane_stay_as_they_are() -> None:
    plane = InPlane((30, 28), (8.0, 6.0), (0.75, 0.75))
    values = np.random.default_rng(2).random((2, 3, 30, 28)).astype(np.float32)
    almost = InPlane((30, 28), (8.0 + 1e-12, 6.0), (0.75, 0.75))
    assert CanonicalSeries.between(values, plane, almost) is values
    beside = InPlane((30, 28), (8.01, 6.0), (0.75, 0.75))
    assert not np.array_equal(CanonicalSeries.between(values, plane, beside), values)


def test_oblique_axes_take_their_nearest_direction() -> None:
    affine = canonical_affine(Rotation.from_euler("z", 40, degrees=True))
    assert Orientation.of(affine) == Orientation((0, 1, 2), (False, False, False))
