"""Known material is called what Fardon 2014 calls it, on thick sagittal slices and on fine ones alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.phantom.anatomy.spec import FragmentSpec
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.herniation import (
    Herniation,
    HerniationType,
    Migration,
    Side,
    Vertical,
    Zone,
    describe_herniation,
)
from pipeline.volume import Volume
from tests.segmentation.herniation.conftest import drawn, thick

EXTRUSION, SEQUESTRATION = HerniationType.EXTRUSION, HerniationType.SEQUESTRATION
PROTRUSION, BULGE = HerniationType.PROTRUSION, HerniationType.BULGE
AT_DISC = FragmentSpec("L4/L5", 350.0, form="flat")
CASES = {
    "central, down": (FragmentSpec("L4/L5", 700.0, migration_mm=14.0), EXTRUSION, Zone.CENTRAL, Migration.DOWN),
    "central, up": (FragmentSpec("L4/L5", 700.0, migration_mm=-14.0), EXTRUSION, Zone.CENTRAL, Migration.UP),
    "sequestered, down": (
        FragmentSpec("L4/L5", 600.0, migration_mm=22.0, sequestered=True), SEQUESTRATION, Zone.CENTRAL, Migration.DOWN,
    ),
    "sequestered, up": (
        FragmentSpec("L4/L5", 600.0, migration_mm=-22.0, sequestered=True), SEQUESTRATION, Zone.CENTRAL, Migration.UP,
    ),
    "left recess": (
        FragmentSpec("L4/L5", 500.0, lateral_mm=10.0, migration_mm=12.0), EXTRUSION, Zone.SUBARTICULAR, Migration.DOWN,
    ),
    "right foramen": (
        FragmentSpec("L4/L5", 350.0, lateral_mm=-15.0), None, Zone.FORAMINAL, Migration.NONE,
    ),
    "lowest disc": (FragmentSpec("L5/S1", 700.0, lateral_mm=4.0, migration_mm=12.0), EXTRUSION, Zone.CENTRAL,
                    Migration.DOWN),
}  # fmt: skip


def could_be(found: Herniation) -> tuple[HerniationType, ...]:
    return found.unsure_between or (found.type,)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("slices", ["thick", "fine"])
def test_type_zone_side_and_migration(spine: Anatomy, name: str, slices: str) -> None:
    spec, kind, zone, way = CASES[name]
    found = describe_herniation(thick(drawn(spec)) if slices == "thick" else drawn(spec), spine, spec.level)
    assert kind is None or kind in could_be(found)
    assert found.zone is zone
    assert found.migration is way
    side = Side.MIDLINE if spec.lateral_mm == 0 else Side.LEFT if spec.lateral_mm > 0 else Side.RIGHT
    assert found.side is side
    assert found.continuous is (kind is not SEQUESTRATION)


def test_thick_slices_change_no_length_by_a_slice(spine: Anatomy) -> None:
    for spec, *_ in CASES.values():
        fine, coarse = (describe_herniation(v, spine, spec.level) for v in (drawn(spec), thick(drawn(spec))))
        assert coarse.migration_mm == pytest.approx(fine.migration_mm, abs=1.5)
        assert coarse.gap_mm == pytest.approx(fine.gap_mm, abs=1.0)


def test_migration_is_measured_from_the_endplate(spine: Anatomy) -> None:
    found = describe_herniation(drawn(CASES["central, down"][0]), spine, "L4/L5")
    # The far end was asked for 14 mm below the middle of a disc that is 10.5 mm high.
    assert found.migration_mm == pytest.approx(14.0 - 10.5 / 2, abs=2.0)
    assert found.beyond_upper_mm < 1.0
    assert (found.vertical, found.behind) == (Vertical.PEDICULAR, "L5")


def test_upward_migration_reaches_the_lower_part_of_the_vertebra_above(spine: Anatomy) -> None:
    found = describe_herniation(drawn(CASES["central, up"][0]), spine, "L4/L5")
    assert (found.vertical, found.behind) == (Vertical.INFRAPEDICULAR, "L4")


def test_a_low_mound_at_the_disc_is_a_protrusion(spine: Anatomy) -> None:
    found = describe_herniation(mound(spine, half_width_mm=8.0, depth_mm=4.0), spine, "L4/L5")
    assert found.type is PROTRUSION
    assert (found.zone, found.side, found.migration) == (Zone.CENTRAL, Side.MIDLINE, Migration.NONE)
    assert found.base_mm is not None
    assert found.extent_mm is not None
    assert found.extent_mm <= found.base_mm + 1.0
    assert found.words == f"{' or '.join(could_be(found))}, central, at the disc"


def test_a_broad_low_mound_is_a_bulge(spine: Anatomy) -> None:
    found = describe_herniation(mound(spine, half_width_mm=19.0, depth_mm=3.0), spine, "L4/L5")
    assert BULGE in could_be(found)
    assert found.circumference_share > 0.25
    assert describe_herniation(mound(spine, half_width_mm=10.0, depth_mm=3.0), spine, "L4/L5").type is PROTRUSION
    as_seen = describe_herniation(mound(spine, half_width_mm=13.5, depth_mm=3.0), spine, "L4/L5")
    assert as_seen.unsure_between == (PROTRUSION, BULGE)


def test_a_dome_wider_than_its_neck_is_an_extrusion(spine: Anatomy) -> None:
    neck = mound(spine, half_width_mm=4.0, depth_mm=3.0)
    dome = mound(spine, half_width_mm=10.0, depth_mm=8.0, from_mm=3.0)
    both = neck.with_array(np.maximum(neck.array, dome.array))
    found = describe_herniation(both, spine, "L4/L5")
    assert found.type is EXTRUSION
    assert found.plane == "axial"
    assert found.base_mm == pytest.approx(8.0, abs=2.0)
    assert found.extent_mm == pytest.approx(20.0, abs=2.5)


def test_two_types_are_named_when_the_gap_is_about_a_pixel(spine: Anatomy) -> None:
    part = mound(spine, half_width_mm=5.0, depth_mm=9.0, from_mm=5.0)
    assert set(could_be(describe_herniation(part, spine, "L4/L5"))) == {EXTRUSION, SEQUESTRATION}
    far = mound(spine, half_width_mm=5.0, depth_mm=12.0, from_mm=8.5)
    assert describe_herniation(far, spine, "L4/L5").type is SEQUESTRATION


def test_nothing_is_none(spine: Anatomy) -> None:
    empty = drawn(AT_DISC)
    found = describe_herniation(empty.with_array(np.zeros_like(empty.array)), spine, spine.levels["L4/L5"])
    assert found == Herniation("L4/L5", HerniationType.NONE)
    assert found.words == "none"


def test_the_frame_of_the_volume_does_not_matter(spine: Anatomy) -> None:
    spec = CASES["left recess"][0]
    plain = thick(drawn(spec))
    turned = Volume(
        np.ascontiguousarray(plain.array[::-1].transpose(2, 0, 1)),
        plain.affine @ np.array([[0, -1, 0, plain.shape[0] - 1], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]]),
    )
    one, other = (describe_herniation(v, spine, "L4/L5") for v in (plain, turned))
    assert replace(one, migration_mm=0, beyond_lower_mm=0, extent_mm=0, base_mm=0, gap_mm=0, circumference_share=0) == (
        replace(other, migration_mm=0, beyond_lower_mm=0, extent_mm=0, base_mm=0, gap_mm=0, circumference_share=0)
    )
    assert one.migration_mm == pytest.approx(other.migration_mm, abs=1e-6)


def mound(spine: Anatomy, *, half_width_mm: float, depth_mm: float, from_mm: float = 0.0) -> Volume:
    """Half an ellipse behind the disc at L4/L5, 7 mm high; its base lies ``from_mm`` behind the margin."""
    level = spine.levels["L4/L5"]
    grid = drawn(AT_DISC)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    lateral, behind, height = np.moveaxis((grid.to_lps(index) - level.posterior_margin_lps_mm) @ level.axes_lps, -1, 0)
    inside = (lateral / half_width_mm) ** 2 + ((behind - from_mm) / (depth_mm - from_mm)) ** 2 < 1
    return grid.with_array((inside & (behind >= from_mm) & (np.abs(height) < 3.5)).astype(np.float32))
