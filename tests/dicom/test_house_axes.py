"""Voxels keep their place in the patient when their axes are turned."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.dicom.house_axes import oriented
from pipeline.dicom.visit import Plane


@pytest.mark.parametrize(
    ("plane", "directions"),
    [
        (Plane.SAGITTAL, [(1, 0, 0), (0, 0, -1), (0, 1, 0)]),
        (Plane.AXIAL, [(0, 0, 1), (0, 1, 0), (1, 0, 0)]),
        (Plane.CORONAL, [(0, 1, 0), (0, 0, -1), (1, 0, 0)]),
    ],
)
def test_every_plane_has_its_own_order(plane: Plane, directions: list[tuple[int, int, int]]) -> None:
    array = np.arange(24).reshape(2, 3, 4)
    affine = np.diag([-1.5, 2.0, -3.0, 1.0])
    affine[:3, 3] = (10.0, -20.0, 30.0)
    volume = oriented(array, affine, plane)
    np.testing.assert_allclose(volume.axes_lps.T, directions, atol=1e-12)
    for index in np.ndindex(volume.shape):
        place = np.append(volume.to_lps(np.array(index, dtype=float)), 1.0)
        source = tuple(np.rint(np.linalg.solve(affine, place)[:3]).astype(int))
        assert volume.array[index] == array[source]
