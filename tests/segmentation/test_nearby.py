"""Which slices pass near a place."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.segmentation.nearby import Nearby
from tests.segmentation import plain_spine as spine


@pytest.mark.parametrize("tilt", [0.0, 20.0])
def test_slices_are_near_by_the_distance_of_their_planes(tilt: float) -> None:
    """Of a stack centred on (0, 8, 0), the place lies in the plane of the middle slice, far aside."""
    grid = spine.axial_grid(tilt_deg=tilt, slices=11, pitch=4.0)
    aside = grid.to_lps(np.array([5.0, 90.0, 10.0]))
    assert np.flatnonzero(Nearby(aside, 8.5).slices(grid.affine, 11)).tolist() == [3, 4, 5, 6, 7]


def test_no_slice_of_a_stack_elsewhere_is_near() -> None:
    grid = spine.axial_grid(height=100.0, slices=3)
    assert not Nearby(np.zeros(3), 50.0).slices(grid.affine, 3).any()
