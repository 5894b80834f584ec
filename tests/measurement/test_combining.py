"""Series are weighed by their precision, cautiously, and both visits by the same weights."""

from __future__ import annotations

import dataclasses

import pytest

from pipeline.dicom.visit import Role
from pipeline.measurement.combining import combined, pair_weights
from pipeline.measurement.uncertainty import Spread

T2, POST, T1, AXIAL = Role.SAGITTAL_T2, Role.SAGITTAL_T1_POST, Role.SAGITTAL_T1, Role.AXIAL_T2
BORDER = {T2: 0.3, POST: 0.34, T1: 0.85, AXIAL: 0.58}


def spreads(**volumes: float) -> dict[Role, Spread]:
    """Volumes by role with errors as a ball of their size has them."""
    return {
        role: Spread(volume, 4.84 * volume ** (2 / 3) * BORDER[role], 20.0, 40.0, 66.0)
        for role, volume in ((Role(name), volume) for name, volume in volumes.items())
    }


def test_one_series_is_left_as_it_is() -> None:
    alone = spreads(sagittal_t2=1300.0)
    weights = pair_weights([alone])
    assert weights == {T2: 1.0}
    assert combined(alone, weights) == alone[T2]


def test_the_more_precise_series_counts_more() -> None:
    visit = spreads(sagittal_t2=1300.0, sagittal_t1_post=1250.0, sagittal_t1=1400.0, axial_t2=1450.0)
    weights = pair_weights([visit])
    assert sum(weights.values()) == pytest.approx(1.0)
    assert weights[T2] > weights[POST] > weights[AXIAL] > weights[T1] > 0


def test_the_rim_that_native_t1_counts_in_hardly_shows() -> None:
    visit = spreads(sagittal_t2=1300.0, sagittal_t1=1.36 * 1300)
    assert combined(visit, pair_weights([visit])).volume_mm3 < 1.06 * 1300


def test_series_of_one_network_do_not_make_each_other_certain() -> None:
    visit = spreads(sagittal_t2=1300.0, sagittal_t1_post=1300.0)
    assert combined(visit, pair_weights([visit])).total_mm3 > 0.9 * visit[T2].total_mm3


def test_an_outlying_series_loses_its_say() -> None:
    agreeing = spreads(sagittal_t2=1300.0, sagittal_t1_post=1250.0, axial_t2=1350.0)
    odd = spreads(sagittal_t2=1300.0, sagittal_t1_post=1250.0, axial_t2=20_000.0)
    assert pair_weights([odd])[AXIAL] < 0.35 * pair_weights([agreeing])[AXIAL]


def test_series_that_disagree_count_more_alike_and_widen() -> None:
    alike = spreads(sagittal_t2=1300.0, sagittal_t1_post=1300.0)
    unlike = spreads(sagittal_t2=1300.0, sagittal_t1_post=2600.0)
    near, far = pair_weights([alike]), pair_weights([unlike])
    assert far[T2] - far[POST] < near[T2] - near[POST]
    assert combined(unlike, far).total_mm3 > 1.5 * combined(alike, near).total_mm3


def test_a_pair_has_one_set_of_weights_whichever_visit_comes_first() -> None:
    first = spreads(sagittal_t2=1300.0, sagittal_t1_post=1250.0, axial_t2=1500.0)
    second = spreads(sagittal_t2=700.0, sagittal_t1_post=720.0, sagittal_t1=800.0)
    there, back = pair_weights([first, second]), pair_weights([second, first])
    assert set(there) == {T2, POST}, "what only one visit has takes no part"
    assert there == pytest.approx(back, abs=1e-12)


def test_a_bias_that_a_role_has_at_both_visits_cancels_in_the_change() -> None:
    first = spreads(sagittal_t2=1300.0, axial_t2=1300.0 + 200)
    second = spreads(sagittal_t2=800.0, axial_t2=800.0 + 200)
    weights = pair_weights([first, second])
    change = combined(second, weights).volume_mm3 - combined(first, weights).volume_mm3
    assert change == pytest.approx(-500.0)


def test_nothing_in_common_is_refused() -> None:
    with pytest.raises(ValueError, match="no role in common"):
        pair_weights([spreads(sagittal_t2=1300.0), spreads(sagittal_t1=1300.0)])


def test_empty_visits_have_weights_too() -> None:
    empty = {
        role: dataclasses.replace(one, volume_mm3=0.0, boundary_mm3=0.0)
        for role, one in spreads(sagittal_t2=1.0, sagittal_t1_post=1.0).items()
    }
    assert combined(empty, pair_weights([empty, empty])).volume_mm3 == 0.0
