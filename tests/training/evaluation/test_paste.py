"""Fragments that are drawn into a canal hold what they say, and lie where there is room."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.evaluation.drawn_patient import SPACING, drawn_patient
from training.evaluation.fragments import rooms_of, wanted_fragments, zone_of
from training.evaluation.paste import Wanted, paste
from training.evaluation.real import DISC, VERTEBRA, Patient


@pytest.fixture(scope="module")
def patient() -> Patient:
    return drawn_patient()


def wanted(**changes: object) -> Wanted:
    values = {"level": "L3/L4", "volume_mm3": 500.0, "lateral_mm": 1.0, "migration_mm": 3.0, "form": "lobed",
              "brightness": 0.4, "line_mm": 0.0, "seed": 5}  # fmt: skip
    return Wanted(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["superellipsoid", "lobed", "disc"])
@pytest.mark.parametrize("volume", [250.0, 900.0])
def test_a_fragment_holds_what_was_asked_and_what_it_says(patient: Patient, form: str, volume: float) -> None:
    room = rooms_of(patient)["L3/L4"]
    drawn = paste(patient, room, wanted(form=form, volume_mm3=volume))
    assert drawn is not None
    assert drawn.volume_mm3 == pytest.approx(float(drawn.occupancy.sum()) * np.prod(SPACING), rel=1e-4)
    assert drawn.volume_mm3 == pytest.approx(volume, rel=0.03)


def test_bone_and_disc_are_never_overdrawn(patient: Patient) -> None:
    drawn = paste(patient, rooms_of(patient)["L3/L4"], wanted(volume_mm3=1500.0))
    assert drawn is not None
    hard = (patient.mask == VERTEBRA) | (patient.mask == DISC)
    assert not drawn.occupancy[hard].any()


def test_borders_carry_partial_volume(patient: Patient) -> None:
    drawn = paste(patient, rooms_of(patient)["L3/L4"], wanted())
    assert drawn is not None
    part = (drawn.occupancy > 0) & (drawn.occupancy < 1)
    assert part.sum() > 0.2 * (drawn.occupancy > 0).sum()


def test_brightness_is_a_share_of_the_fluid(patient: Patient) -> None:
    drawn = paste(patient, rooms_of(patient)["L3/L4"], wanted(brightness=0.5, volume_mm3=900.0))
    assert drawn is not None
    assert drawn.image[drawn.occupancy > 0.99].mean() == pytest.approx(0.5 * 222, rel=0.08)
    untouched = np.abs(drawn.image - patient.image.array) < 1e-3
    assert untouched[:, :80].all()


def test_the_same_wish_gives_the_same_fragment(patient: Patient) -> None:
    room = rooms_of(patient)["L3/L4"]
    one, other = paste(patient, room, wanted()), paste(patient, room, wanted())
    assert one is not None
    assert other is not None
    assert np.array_equal(one.image, other.image)


def test_eight_fragments_of_all_sizes_and_none_behind_a_herniated_disc(patient: Patient) -> None:
    plan = wanted_fragments(patient, rooms_of(patient))
    assert sorted(one.volume_mm3 for one in plan) == [220, 320, 450, 630, 880, 1200, 1650, 2300]
    assert "L4/L5" not in {one.level for one in plan}
    assert plan == wanted_fragments(patient, rooms_of(patient))


@pytest.mark.parametrize(("lateral", "zone"), [(0.0, "central"), (-6.0, "subarticular"), (11.0, "foraminal")])
def test_zones_are_symmetrical(lateral: float, zone: str) -> None:
    assert zone_of(lateral) == zone == zone_of(-lateral)
