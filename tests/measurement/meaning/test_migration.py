from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.measurement.meaning.migration import migration_of
from pipeline.segmentation.herniation import Herniation, HerniationType, Migration
from pipeline.segmentation.herniation.landmarks import BODY_MM
from tests.segmentation.plain_spine import anatomy, grid

SPINE = anatomy(grid((4.4, 0, 0), (0, 0, -8.0), (0, 8.0, 0), (3, 20, 12), (0, 5, 0)))

DOWN = Herniation("L4/L5", HerniationType.EXTRUSION, migration=Migration.DOWN, migration_mm=9.0, beyond_lower_mm=9.0)


@pytest.mark.parametrize(
    ("distance", "komori"), [(4.0, 2), (14.9, 2), (15.1, 3), (24.0, 3)]
)  # discs 38 mm apart leave a body of 30 mm
def test_types_after_komori(distance: float, komori: int) -> None:
    found = migration_of(replace(DOWN, migration_mm=distance), SPINE, 0.5)
    assert found is not None
    assert (found.komori, found.direction) == (komori, Migration.DOWN)
    assert found.body_share == pytest.approx(distance / 30.0, abs=0.01)


def test_at_the_disc_it_is_type_1_and_nothing_is_none() -> None:
    flat = Herniation("L4/L5", HerniationType.PROTRUSION, beyond_upper_mm=1.2)
    found = migration_of(flat, SPINE, 0.5)
    assert found is not None
    assert (found.komori, found.body_share, found.above_mm) == (1, None, 1.2)
    assert migration_of(Herniation("L4/L5", HerniationType.NONE), SPINE, 0.5) is None


def test_a_body_whose_other_disc_is_out_of_view_has_the_usual_height() -> None:
    low = replace(DOWN, level="L5/S1")
    found = migration_of(low, SPINE, 0.5)
    assert found is not None
    assert found.body_mm == BODY_MM


def test_the_limit_is_a_setting() -> None:
    far = migration_of(replace(DOWN, migration_mm=9.0), SPINE, 0.25)
    assert far is not None
    assert far.komori == 3
