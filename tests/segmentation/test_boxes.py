"""What is found in a structure's box is what is found in the whole map."""

from __future__ import annotations

import numpy as np

from pipeline.segmentation.boxes import boxed


def test_structures_are_found_where_they_are() -> None:
    random = np.random.default_rng(3)
    numbers = np.zeros((6, 30, 40), dtype=np.uint8)
    for number, corner in ((1, (0, 0, 0)), (2, (2, 10, 20)), (4, (3, 24, 33))):
        part = tuple(slice(c, c + 6) for c in corner)
        numbers[part] = np.where(random.uniform(size=numbers[part].shape) < 0.6, number, 0)
    among = random.uniform(size=numbers.shape) < 0.5
    found = boxed(numbers, 4)
    assert found[2] is None
    for number, one in enumerate(found, start=1):
        if one is not None:
            expected = np.nonzero((numbers == number) & among)
            np.testing.assert_array_equal(one.places(among[one.box]), expected)


def test_no_structure_is_asked_for() -> None:
    assert boxed(np.ones((2, 3, 4), dtype=np.uint8), 0) == []
