"""Sagittal and axial evidence of one fragment, brought together on a fine grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.dicom.visit import Role
from pipeline.segmentation.anatomy import Level, Structure
from pipeline.segmentation.displaced import DisplacedMaterial
from pipeline.segmentation.fusion import FusedFragment, averaged, fuse
from pipeline.volume import Volume
from tests.segmentation import plain_spine as spine

LEVEL = Level("L4/L5", 123, np.zeros(3), np.eye(3), np.zeros(3), 1.0)
SAGITTAL = spine.grid((4.4, 0, 0), (0, 0, -0.9), (0, 0.9, 0), (9, 50, 40), (1, 5, -3))
AXIAL = spine.grid((0, 0, -4.4), (0, 0.7, 0), (0.7, 0, 0), (11, 50, 50), (0, 5, -4))


def material(grid: Volume, role: Role, shift: np.ndarray | None = None, *, empty: bool = False) -> DisplacedMaterial:
    """What a perfect network would find on a stack."""
    share = spine.averages(grid, Structure.FRAGMENT, shift) * np.float32(not empty)
    region = grid.with_array(share > 0)
    components = grid.with_array((share > 0).astype(np.uint8))
    return DisplacedMaterial("L4/L5", role, grid.with_array(share), share[None], region, components, 0.0)


def overlap(volume: Volume) -> float:
    """Dice of what fills more than half a voxel with the truth on the same grid."""
    truth = spine.structure_at(spine.points(volume)) == Structure.FRAGMENT
    found = volume.array > 0.5
    return float(2 * np.count_nonzero(truth & found) / (np.count_nonzero(truth) + np.count_nonzero(found)))


def soft_overlap(volume: Volume) -> float:
    """The same of the shares themselves: a blurred border counts as wrong."""
    truth = spine.structure_at(spine.points(volume)) == Structure.FRAGMENT
    return float(2 * np.minimum(truth, volume.array).sum() / (truth.sum() + volume.array.sum()))


def true_mm3() -> float:
    fine = spine.grid((0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (40, 40, 40), (4, 5, -6))
    return float((spine.structure_at(spine.points(fine)) == Structure.FRAGMENT).sum()) * fine.voxel_volume_mm3


def both() -> list[DisplacedMaterial]:
    return [material(SAGITTAL, Role.SAGITTAL_T2), material(AXIAL, Role.AXIAL_T2)]


def averages_of(found: FusedFragment, materials: Sequence[DisplacedMaterial]) -> Volume:
    grid = found.occupancy
    return grid.with_array(averaged([one.probability for one in materials], grid))


def test_fused_is_nearer_to_the_truth_than_any_series_or_their_average() -> None:
    given = both()
    found = fuse(given, LEVEL)
    alone = [soft_overlap(averages_of(found, [one])) for one in given]
    assert soft_overlap(found.occupancy) > 0.04 + max(*alone, soft_overlap(averages_of(found, given)))
    assert overlap(found.occupancy) > 0.93
    assert found.volume_mm3 == pytest.approx(true_mm3(), rel=0.03)
    assert found.roles == (Role.SAGITTAL_T2, Role.AXIAL_T2)
    assert found.centroid_lps_mm is not None
    assert np.linalg.norm(found.centroid_lps_mm - spine.FRAGMENT_MM) < 1.0


def test_the_grid_is_isotropic_and_runs_left_down_and_back() -> None:
    grid = fuse(both(), LEVEL).occupancy
    assert np.allclose(grid.spacing_mm, 1.0)
    assert np.allclose(grid.axes_lps.T, [[1, 0, 0], [0, 0, -1], [0, 1, 0]])


def test_a_block_that_ends_within_the_fragment_does_not_halve_it() -> None:
    upper = spine.grid((0, 0, -4.4), (0, 0.7, 0), (0.7, 0, 0), (3, 50, 50), (0, 5, 2))
    lower = spine.grid((0, 1.0, -4.3), (0, 0.68, 0.16), (0.7, 0, 0), (4, 50, 50), (0, 5, -12))
    blocks = [material(upper, Role.AXIAL_T2), material(lower, Role.AXIAL_T2)]
    half = blocks[0].probability
    assert float(half.array.sum()) * half.voxel_volume_mm3 < 0.75 * true_mm3()
    found = fuse([material(SAGITTAL, Role.SAGITTAL_T2), *blocks], LEVEL)
    assert found.volume_mm3 == pytest.approx(true_mm3(), rel=0.06)
    assert found.roles == (Role.SAGITTAL_T2, Role.AXIAL_T2)


def test_movement_between_the_series_is_taken_back() -> None:
    shift = np.array([4.0, 0.0, -3.0])
    given = [material(SAGITTAL, Role.SAGITTAL_T2), material(AXIAL, Role.AXIAL_T2, shift)]
    assert overlap(fuse(given, LEVEL, {Role.AXIAL_T2: shift}).occupancy) > 0.93
    assert overlap(fuse(given, LEVEL).occupancy) < 0.85


def test_nothing_displaced() -> None:
    found = fuse([material(SAGITTAL, Role.SAGITTAL_T2, empty=True)], LEVEL)
    assert found.volume_mm3 == 0.0
    assert found.centroid_lps_mm is None
    assert not found.occupancy.array.any()


def test_a_series_that_shows_nothing_speaks_against_the_others() -> None:
    alone = fuse(both()[:1], LEVEL)
    contradicted = fuse([both()[0], material(AXIAL, Role.AXIAL_T2, empty=True)], LEVEL)
    assert contradicted.volume_mm3 < 0.7 * alone.volume_mm3


def test_other_levels_and_no_series_at_all_are_errors() -> None:
    with pytest.raises(ValueError, match="L4/L5"):
        fuse([], LEVEL)
    other = Level("L5/S1", 124, np.zeros(3), np.eye(3), np.zeros(3), 1.0)
    with pytest.raises(ValueError, match="L5/S1"):
        fuse(both(), other)
