"""Linear look-ups in several arrays are those of SciPy, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from pipeline.motion.linear import Places

SHAPE = (5, 40, 30)


def places(count: int = 500) -> np.ndarray:
    """Anywhere in the grid, its corners, its edges and voxels' centres among them."""
    anywhere = np.random.default_rng(7).uniform(0, 1, (count, 3)) * (np.array(SHAPE) - 1)
    return np.concatenate([anywhere, [[0, 0, 0], [4, 39, 29], [4, 10.5, 29], [2, 7, 11]]])


def test_values_are_those_of_scipy() -> None:
    index = places()
    found = Places(index, SHAPE)
    for seed in range(3):
        array = np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)
        expected = ndimage.map_coordinates(array, index.T, order=1, mode="nearest")
        np.testing.assert_array_equal(found.values(array), expected)


def test_an_array_that_is_no_whole_block_of_memory() -> None:
    index = places()
    array = np.random.default_rng(0).standard_normal((30, 40, 5)).astype(np.float32).transpose(2, 1, 0)
    expected = ndimage.map_coordinates(array, index.T, order=1, mode="nearest")
    np.testing.assert_array_equal(Places(index, SHAPE).values(array), expected)


def test_no_place_at_all() -> None:
    assert Places(np.zeros((0, 3)), SHAPE).values(np.zeros(SHAPE, np.float32)).shape == (0,)


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be looked up"):
        Places(places(), SHAPE).values(np.zeros((5, 30, 40), np.float32))
