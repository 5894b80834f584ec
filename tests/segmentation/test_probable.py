"""The most probable structure is what argmax gives."""

from __future__ import annotations

import numpy as np

from pipeline.segmentation.probable import most_probable


def test_it_is_argmax_with_the_lowest_class_where_several_are_alike() -> None:
    shares = np.random.default_rng(3).integers(0, 4, (6, 5, 20, 30)).astype(np.float32)
    assert np.array_equal(most_probable(shares), shares.argmax(axis=0))
    assert np.array_equal(most_probable(shares.astype(np.float16)), shares.argmax(axis=0))
    assert most_probable(shares).dtype == np.uint8
