"""An axial series in tilted blocks: every block is segmented, and what two of them show is counted once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from pipeline.config import Config, SegmentationSettings
from pipeline.dicom.visit import PatientIdentity, Role, Series, SeriesFacts, Stack, Visit
from pipeline.measurement.fragment import measure_fragment
from pipeline.segmentation import axial_view, stage
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure
from pipeline.segmentation.blocks import from_middle_mm, labelled_blocks, reached, shown_best, volumes_of
from pipeline.segmentation.steady import Steadied
from pipeline.volume import Volume
from tests.segmentation import plain_spine as spine

BELOW, ABOVE = spine.axial_grid(-38.0, 15.0, slices=6), spine.axial_grid(42.0, slices=8)
AT_LEVEL = spine.axial_grid(4.0, 8.0, slices=6)
UNDER_IT = spine.axial_grid(-20.0, slices=7)


def drawn(grid: Volume) -> Volume:
    """An image in which displaced material is as dark as a disc."""
    return grid.with_array(np.array([1.0, 4.0, 4.0, 8.0, 16.0, 8.0], dtype=np.float32)[structures(grid)])


def structures(grid: Volume) -> np.ndarray:
    return spine.structure_at(spine.points(grid))


def series(role: Role, *volumes: Volume) -> Series:
    return Series(role, SeriesFacts("1.2.3"), tuple(Stack(volume, 4.0) for volume in volumes))


def visit(*axial: Volume) -> Visit:
    both = (series(Role.SAGITTAL_T2, drawn(spine.sagittal_grid())), series(Role.AXIAL_T2, *axial))
    return Visit(PatientIdentity(), None, None, None, {one.role: one for one in both}, (), (), "test")


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return spine.anatomy()


@cache
def labelled(grid: Volume) -> SeriesSegmentation:
    return spine.segmentation_on(grid, Role.AXIAL_T2)


def with_blocks(anatomy: Anatomy, *blocks: Volume) -> Anatomy:
    """The anatomy with an axial series, the first block the largest."""
    first, *further = map(labelled, blocks)
    own = replace(first, blocks=tuple(further))
    return replace(anatomy, segmentations={**anatomy.segmentations, Role.AXIAL_T2: own})


def test_the_largest_block_comes_first() -> None:
    one = series(Role.AXIAL_T2, BELOW, ABOVE, AT_LEVEL)
    assert one.volume is ABOVE
    assert volumes_of(one) == (ABOVE, BELOW, AT_LEVEL)


def test_every_block_is_segmented_on_its_own_grid(anatomy: Anatomy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(axial_view, "normalise", lambda image: np.asarray(image, dtype=np.float32))
    images = [grid.with_array(spine.image_of(structures(grid))) for grid in (AT_LEVEL, ABOVE, BELOW)]
    said: list[str] = []
    settings = SegmentationSettings(variants=1)
    blocks = volumes_of(visit(*images).series[Role.AXIAL_T2])
    steady = {Role.AXIAL_T2: [Steadied(image, image, np.eye(4), None) for image in blocks]}
    found = stage._axial(steady, anatomy, settings, spine.seeing, said.append)
    one = found[Role.AXIAL_T2].segmentation
    assert said == ["axial T2"]
    assert found[Role.AXIAL_T2].from_network
    for labels, grid in zip((one, *one.blocks), (ABOVE, AT_LEVEL, BELOW), strict=True):
        np.testing.assert_array_equal(labels.labels.affine, grid.affine)
        assert not labels.carried
        assert np.mean((labels.labels.array == Structure.CANAL) == (structures(grid) == Structure.CANAL)) > 0.995
    assert 124 in one.blocks[1].instances.array


def test_each_place_counts_in_one_block() -> None:
    rng = np.random.default_rng(4)
    points = rng.uniform((-20, -20, -50), (20, 30, 20), (4000, 3))
    of_one = points[reached(AT_LEVEL, points)]
    both = of_one[reached(UNDER_IT, of_one)]
    assert len(both) > 100
    one, other = shown_best(AT_LEVEL, [UNDER_IT], both), shown_best(UNDER_IT, [AT_LEVEL], both)
    assert (one ^ other).all()
    assert (from_middle_mm(AT_LEVEL, both[one]) <= from_middle_mm(UNDER_IT, both[one])).all()
    assert shown_best(AT_LEVEL, [ABOVE], of_one[~reached(ABOVE, of_one)]).all()


def test_a_fragment_in_two_blocks_is_measured_once(anatomy: Anatomy) -> None:
    """The largest block does not show it; a tilted one shows its upper part, the next one its lower part again."""
    grids = (ABOVE, AT_LEVEL, UNDER_IT)
    whole = with_blocks(anatomy, *grids)
    settings = Config().measurement
    found = measure_fragment(visit(*map(drawn, grids)), whole, "L4/L5", Role.SAGITTAL_T2, settings).measurement
    upper = measure_fragment(
        visit(*map(drawn, grids[:2])), with_blocks(anatomy, *grids[:2]), "L4/L5", Role.SAGITTAL_T2, settings
    ).measurement
    reference = found.volumes_by_role_mm3[Role.SAGITTAL_T2]
    assert found.volumes_by_role_mm3[Role.AXIAL_T2] == pytest.approx(reference, rel=0.15)
    assert 0 < upper.volumes_by_role_mm3[Role.AXIAL_T2] < found.volumes_by_role_mm3[Role.AXIAL_T2]
    assert found.fused is not None
    assert found.fused.volume_mm3 == pytest.approx(reference, rel=0.2)


def test_blocks_far_from_the_level_say_nothing_of_it(anatomy: Anatomy) -> None:
    grids = (ABOVE, BELOW)
    found = measure_fragment(
        visit(*map(drawn, grids)), with_blocks(anatomy, *grids), "L4/L5", Role.SAGITTAL_T2, Config().measurement
    ).measurement
    assert set(found.volumes_by_role_mm3) == {Role.SAGITTAL_T2}
    assert found.fused is None


def test_blocks_that_were_not_segmented_are_passed_over(anatomy: Anatomy) -> None:
    one = with_blocks(anatomy, ABOVE).segmentations[Role.AXIAL_T2]
    assert [volume for volume, _ in labelled_blocks(series(Role.AXIAL_T2, AT_LEVEL, ABOVE), one)] == [ABOVE]
