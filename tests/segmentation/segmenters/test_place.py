"""A shape keeps its volume on whatever grid it is put."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.segmentation.segmenters.place import looked_up, placed, voxel_map
from pipeline.volume import Volume


def grid(spacing: tuple[float, float, float], shape: tuple[int, int, int], turned: float = 0.0) -> Volume:
    """A sagittal stack about the origin, turned about the left-right axis."""
    c, s = np.cos(turned), np.sin(turned)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1.0, 0, 0], [0, s, c], [0, -c, s]]) * np.array(spacing)
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Volume(np.zeros(shape, np.float32), affine)


def ball(on: Volume, radius_mm: float) -> Volume:
    index = np.stack(np.meshgrid(*(np.arange(n) for n in on.shape), indexing="ij"), axis=-1)
    return on.with_array((np.linalg.norm(on.to_lps(index), axis=-1) < radius_mm).astype(np.float32))


THICK = grid((4.4, 0.7, 0.7), (11, 80, 80))


def test_a_cut_out_that_was_turned_about_is_the_same_voxels() -> None:
    drawn = ball(THICK, 12.0)
    affine = drawn.affine @ np.array([[0, 0, 1, 2], [0, -1, 0, 69], [1, 0, 0, 10], [0, 0, 0, 1.0]])
    cut = Volume(np.ascontiguousarray(drawn.array[2:9, 10:70, 10:70].transpose(2, 1, 0)[:, ::-1]), affine)
    back = placed(cut, THICK)
    assert back.exact
    assert back.inside == 1.0
    np.testing.assert_array_equal(back.share.array, drawn.array)


@pytest.mark.parametrize(
    "other",
    [grid((1.0, 1.0, 1.0), (50, 50, 50)), grid((1.5, 0.9, 2.1), (40, 60, 40), 0.3), grid((6, 3, 3), (9, 20, 20))],
)
def test_another_grid_keeps_the_volume_and_the_place(other: Volume) -> None:
    drawn = ball(other, 11.0)
    result = placed(drawn, THICK)
    assert not result.exact
    assert result.inside == pytest.approx(1.0)
    expected = float(drawn.array.sum()) * other.voxel_volume_mm3
    assert float(result.share.array.sum()) * THICK.voxel_volume_mm3 == pytest.approx(expected, rel=0.03)
    where = np.argwhere(result.share.array > 0)
    weight = result.share.array[tuple(where.T)]
    assert np.linalg.norm(THICK.to_lps(np.average(where, axis=0, weights=weight))) < 0.5


def test_voxels_half_a_pixel_away_are_others() -> None:
    moved = THICK.affine.copy()
    moved[2, 3] += 0.35
    assert voxel_map(THICK, THICK) is not None
    assert voxel_map(Volume(THICK.array, moved), THICK) is None


def test_what_lies_outside_is_told() -> None:
    moved = THICK.affine.copy()
    moved[:3, 3] += (0.0, 0.0, 28.0)  # the upper half of the ball leaves the stack
    assert placed(ball(Volume(THICK.array, moved), 500.0), THICK).inside == pytest.approx(0.5, abs=0.01)
    nothing = placed(THICK, THICK)
    assert nothing.inside == 1.0
    assert not nothing.share.array.any()


def test_labels_are_looked_up_where_they_lie() -> None:
    fine = grid((1.0, 1.0, 1.0), (40, 40, 40))
    labels = fine.with_array((ball(fine, 8.0).array * 95).astype(np.int64))
    (found,) = looked_up(labels, THICK)
    assert set(np.unique(found)) == {0, 95}
    overlap = (found == 95) & (ball(THICK, 8.0).array > 0)
    assert 2 * overlap.sum() / ((found == 95).sum() + ball(THICK, 8.0).array.sum()) > 0.95
    assert len(looked_up(labels, THICK, 3)) == 3
