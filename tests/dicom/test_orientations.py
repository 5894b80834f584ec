"""Array index to patient, there and back, for every way that a scanner can lay out an image."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.dicom.pixels import load_stack
from pipeline.dicom.scan import scan
from pipeline.dicom.visit import Plane
from tests.dicom.dicom_files import affine_of, enhanced, ramp, save, save_all, slices

AXES = np.eye(3)
SIGNED_PERMUTATIONS = [
    tuple(sign * AXES[axis] for axis, sign in zip(order, signs, strict=True))
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def check(folder: Path, array: NDArray[np.uint16], affine: NDArray[np.float64]) -> None:
    """Every voxel must be found where it was put, whatever order the loader chose for the slices."""
    result = scan(folder)
    assert len(result.stacks) == 1
    volume = load_stack(result.stacks[0]).volume
    assert volume.shape == array.shape
    index = np.stack(np.meshgrid(*map(np.arange, array.shape), indexing="ij"), axis=-1)
    written = index @ affine[:3, :3].T + affine[:3, 3]
    found = np.rint(volume.to_index(written)).astype(int)
    np.testing.assert_allclose(volume.to_lps(found), written, atol=1e-4)
    np.testing.assert_array_equal(volume.array[tuple(np.moveaxis(found, -1, 0))], array)


@pytest.mark.parametrize("axes", SIGNED_PERMUTATIONS)
def test_all_48_axis_aligned_orientations(tmp_path: Path, axes: tuple[NDArray[np.float64], ...]) -> None:
    slice_axis, row_axis, column_axis = axes
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([slice_axis * 4.4, row_axis * 0.7, column_axis * 0.9])
    affine[:3, 3] = (-12.5, 33.25, 7.0)
    array = ramp()
    order = np.random.default_rng(7).permutation(len(array))
    save_all(slices(array, affine), tmp_path, order=[int(one) for one in order])
    check(tmp_path, array, affine)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    quaternion=st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1),
    spacing=st.tuples(st.floats(0.5, 9), st.floats(0.2, 2), st.floats(0.2, 2)),
    origin=st.tuples(*[st.floats(-400, 400)] * 3),
    order=st.permutations(range(6)),
    multi_frame=st.booleans(),
)
def test_any_oblique_orientation(
    quaternion: tuple[float, ...],
    spacing: tuple[float, ...],
    origin: tuple[float, ...],
    order: list[int],
    multi_frame: bool,
) -> None:
    a, b, c, d = np.asarray(quaternion) / np.linalg.norm(quaternion)
    row = (a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c))
    column = (2 * (b * c - a * d), a * a - b * b + c * c - d * d, 2 * (c * d + a * b))
    affine = affine_of((row, column), spacing, origin)
    array = ramp()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if multi_frame:
            save(enhanced(array, affine, order), folder / "object")
        else:
            save_all(slices(array, affine), folder, order=order)
        check(folder, array, affine)


@pytest.mark.parametrize(
    ("orientation", "plane", "towards"),
    [
        (((0, 1, 0), (0, 0, -1)), Plane.SAGITTAL, (1, 0, 0)),
        (((0, -1, 0), (0, 0, -1)), Plane.SAGITTAL, (1, 0, 0)),
        (((1, 0, 0), (0, 1, 0)), Plane.AXIAL, (0, 0, 1)),
        (((1, 0, 0), (0, 0, -1)), Plane.CORONAL, (0, 1, 0)),
        (((1, 0, 0), (0, 0.766044, 0.642788)), Plane.AXIAL, (0, -0.642788, 0.766044)),
        (((0.707107, 0, 0.707107), (0.408248, 0.816497, -0.408248)), Plane.OBLIQUE, None),
    ],
)
def test_plane_and_direction_of_slices(
    tmp_path: Path, orientation: tuple[tuple[float, ...], ...], plane: Plane, towards: tuple[float, ...] | None
) -> None:
    save_all(slices(affine=affine_of(orientation)), tmp_path)
    (stack,) = scan(tmp_path).stacks
    assert stack.plane is plane
    if towards is not None:
        np.testing.assert_allclose(stack.affine[:3, 0] / 4.0, towards, atol=1e-4)
