"""Slices lie where a technician would put them."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.phantom.case import PhantomCase, SeriesCase
from pipeline.phantom.planning import plan
from pipeline.phantom.region import anatomy_landmarks


@pytest.fixture(scope="module")
def landmarks(quick_case: PhantomCase) -> dict[str, np.ndarray]:
    return anatomy_landmarks(quick_case.spine.spec(0))


def series(**changes: object) -> SeriesCase:
    values = {"key": "x", "plane": "sagittal", "weighting": "t2", "slices": 11, "matrix": 128, "pixel_mm": 1.0}
    return SeriesCase.model_validate({**values, **changes})


def test_sagittal_slices_run_from_right_to_left_around_l3(landmarks: dict[str, np.ndarray]) -> None:
    (stack,) = plan(series(), landmarks)
    axes = stack.affine[:3, :3] / np.linalg.norm(stack.affine[:3, :3], axis=0)
    assert axes == pytest.approx(np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]))
    assert stack.affine @ (5, 63.5, 63.5, 1) == pytest.approx([*landmarks["L3"], 1])
    assert stack.pitch_mm == pytest.approx(4.4)
    assert not stack.contiguous


def test_left_to_right_reverses_the_slices_only(landmarks: dict[str, np.ndarray]) -> None:
    (forth,), (back,) = plan(series(), landmarks), plan(series(left_to_right=True), landmarks)
    assert back.affine[:3, 0] == pytest.approx(-forth.affine[:3, 0])
    assert back.affine @ (10, 0, 0, 1) == pytest.approx(forth.affine @ (0, 0, 0, 1))


def test_blocks_lie_in_their_discs(landmarks: dict[str, np.ndarray]) -> None:
    levels = ("L3/L4", "L4/L5", "L5/S1")
    blocks = plan(series(plane="axial-blocks", levels=levels, slices=5), landmarks)
    normals = [block.affine[:3, 0] / block.pitch_mm for block in blocks]
    for level, block, normal in zip(levels, blocks, normals, strict=True):
        assert block.affine @ (2, 63.5, 63.5, 1) == pytest.approx([*landmarks[level], 1])
        assert normal[2] < 0, "slices run from cranial to caudal"
        assert normal[0] == pytest.approx(0)
    # The lumbosacral disc is tilted forwards against the one above it.
    assert np.degrees(np.arccos(normals[1] @ normals[2])) > 8


def test_a_localizer_has_three_planes(landmarks: dict[str, np.ndarray]) -> None:
    stacks = plan(series(plane="localizer", slices=1), landmarks)
    normals = np.array([stack.affine[:3, 0] / stack.pitch_mm for stack in stacks])
    assert np.abs(normals) == pytest.approx(np.eye(3))


def test_offset_and_obliquity(landmarks: dict[str, np.ndarray]) -> None:
    (stack,) = plan(series(offset_mm=(1, 2, 3), oblique_deg=(0, 0, 10)), landmarks)
    assert stack.affine @ (5, 63.5, 63.5, 1) == pytest.approx([*(landmarks["L3"] + (1, 2, 3)), 1])
    assert np.degrees(np.arccos(stack.affine[0, 0] / stack.pitch_mm)) == pytest.approx(10)
