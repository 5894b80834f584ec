"""Thickness, extent and class of rims whose truth is drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.measurement.enhancement.result import Completeness
from pipeline.measurement.enhancement.rim import measure_rim
from tests.measurement.enhancement.rings import GAIN, NATIVE, ring_images


@pytest.mark.parametrize("thickness_mm", [0.8, 1.2, 2.0, 3.0])
def test_thickness_is_told_down_to_little_more_than_a_pixel(thickness_mm: float) -> None:
    rim = measure_rim(ring_images(thickness_mm))
    assert rim is not None
    assert rim.completeness is Completeness.COMPLETE
    assert rim.thickness_mm == pytest.approx(thickness_mm, abs=0.3)
    assert rim.thickness_interval95_mm is not None
    assert rim.thickness_interval95_mm.low <= thickness_mm <= rim.thickness_interval95_mm.high
    assert rim.core_enhancement_percent == pytest.approx(0.0, abs=5.0)


def test_gain_is_corrected_for_partial_volume() -> None:
    rim = measure_rim(ring_images(1.5))
    assert rim is not None
    assert rim.rim_enhancement_percent == pytest.approx(100 * GAIN / NATIVE, rel=0.15)


def test_part_of_the_round_is_a_partial_rim() -> None:
    rim = measure_rim(ring_images(1.5, covered=0.5))
    assert rim is not None
    assert rim.completeness is Completeness.PARTIAL
    assert rim.extent_percent == pytest.approx(50.0, abs=8.0)
    assert rim.thickness_mm == pytest.approx(1.5, abs=0.3)


def test_without_enhancement_there_is_no_rim_and_no_thickness() -> None:
    rim = measure_rim(ring_images(1.5, covered=0.0))
    assert rim is not None
    assert rim.completeness is Completeness.NONE
    assert rim.thickness_mm is None
    assert rim.rim_enhancement_percent is None


def test_coarse_pixels_tell_the_extent_but_not_the_thickness() -> None:
    rim = measure_rim(ring_images(2.0, pixel_mm=1.6))
    assert rim is not None
    assert rim.completeness is Completeness.COMPLETE
    assert rim.thickness_mm is None
    assert rim.thickness_interval95_mm is None


def test_no_fragment_gives_nothing() -> None:
    images = ring_images(1.5)
    empty = images.outline.with_array(np.zeros(images.outline.shape, dtype=np.float32))
    assert measure_rim(type(images)(**{**vars(images), "outline": empty})) is None


def test_the_same_images_give_the_same_rim() -> None:
    first, second = measure_rim(ring_images(1.2)), measure_rim(ring_images(1.2))
    assert first is not None
    assert second is not None
    assert vars(first) == vars(second)
