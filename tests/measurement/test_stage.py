import dataclasses

import numpy as np
import pytest

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Role, SeriesFacts, Visit
from pipeline.errors import LevelError
from pipeline.measurement.change import Category, Change
from pipeline.measurement.stage import measure
from pipeline.registration.alignment import Alignment
from pipeline.segmentation.anatomy import Anatomy
from tests.measurement.balls import ellipsoid
from tests.measurement.visits import GRID, fragment, still, visit_of

SETTINGS = MeasurementSettings()
Measurable = tuple[Visit, Anatomy]


def change(before: Measurable, after: Measurable, alignment: Alignment | None = None) -> Change:
    return measure(*before, *after, alignment or still(), level="L4/L5", settings=SETTINGS)


def codes(result: Change) -> list[str]:
    return [finding.code for finding in result.findings]


@pytest.mark.parametrize(
    ("before", "after", "category"),
    [
        (1300, 0, Category.COMPLETE),
        (1300, 500, Category.PARTIAL),
        (600, 1100, Category.GROWTH),
        (0, 900, Category.NEW),
        (0, 0, Category.NO_DETECTABLE_CHANGE),
        (1300, 1300, Category.NO_DETECTABLE_CHANGE),
    ],
)
def test_known_changes_get_their_names_and_rates(before: float, after: float, category: Category) -> None:
    result = change(fragment(before, 1), fragment(after, 1, look=1))
    assert result.category is category
    assert result.usable
    assert result.delta_interval95_mm3.low <= after - before <= result.delta_interval95_mm3.high
    if before:
        truth = 100 * (before - after) / before
        assert result.resorption_rate_percent == pytest.approx(truth, abs=12)
        interval = result.resorption_rate_interval95_percent
        assert interval is not None
        assert interval.low <= truth <= interval.high + 1e-9
    else:
        assert result.resorption_rate_percent is None
        assert result.band is None


def test_a_visit_against_itself_has_not_changed_at_all() -> None:
    same = fragment(1300, 3)
    result = change(same, same)
    assert result.delta_mm3 == 0
    assert not result.detectable
    assert result.category is Category.NO_DETECTABLE_CHANGE
    assert result.resorption_rate_percent == 0


def test_exchanging_the_visits_negates_the_change() -> None:
    first, second = fragment(1300, 4), fragment(700, 5)
    there, back = change(first, second), change(second, first)
    assert there.delta_mm3 == pytest.approx(-back.delta_mm3, abs=1e-6)
    assert there.direct_mm3 == pytest.approx(-back.direct_mm3, abs=1e-6)
    assert there.delta_interval95_mm3.low == pytest.approx(-back.delta_interval95_mm3.high, abs=1e-6)
    assert there.baseline.volume_mm3 == pytest.approx(back.followup.volume_mm3, abs=1e-6)
    assert there.baseline.interval95_mm3.low == pytest.approx(back.followup.interval95_mm3.low, abs=1e-6)
    assert there.baseline.interval95_mm3.high == pytest.approx(back.followup.interval95_mm3.high, abs=1e-6)
    assert there.detectable is back.detectable
    assert there.category is Category.PARTIAL
    assert back.category is Category.GROWTH


def test_the_fragment_is_where_it_was_put() -> None:
    visit, anatomy = fragment(1300, 6)
    found = change((visit, anatomy), (visit, anatomy)).baseline
    truth = ellipsoid(1300, 6, grid=GRID).truth
    index = np.argwhere(truth.array > 0)
    centre = truth.to_lps(np.average(index, axis=0, weights=truth.array[tuple(index.T)]))
    np.testing.assert_allclose(found.centroid_lps_mm, centre, atol=0.3)


def test_specks_count_as_none_and_say_so() -> None:
    result = change(fragment(1300, 1), fragment(45, 1, pitch_mm=3.0))
    assert not result.followup.present
    assert result.followup.centroid_lps_mm is None


def test_a_place_that_was_not_imaged_is_no_resorption() -> None:
    visit, anatomy = fragment(0, 2)
    moved = np.eye(4)
    moved[2, 3] = 60.0
    away = dataclasses.replace(still(), baseline_to_followup=moved)
    result = change(fragment(1300, 1), (visit, anatomy), away)
    assert "fragment-not-covered" in codes(result)
    assert not result.usable


def test_a_failed_alignment_forbids_the_result() -> None:
    assert not change(fragment(1300, 1), fragment(600, 1), still(usable=False)).usable


def test_visits_that_are_not_alike_widen_the_interval() -> None:
    thick, thin = ellipsoid(1000, 1, grid=GRID), ellipsoid(1000, 1, grid=(20, *GRID[1:]), pitch_mm=2.0)
    alike, unlike = change(visit_of(thick), visit_of(thick)), change(visit_of(thick), visit_of(thin))
    assert "slice-thickness-differs" in codes(unlike)

    def width(result: Change) -> float:
        return result.delta_interval95_mm3.high - result.delta_interval95_mm3.low

    assert width(unlike) > width(alike)
    other = change(visit_of(thick), visit_of(thick, Role.SAGITTAL_T1))
    assert "roles-differ" in codes(other)
    assert width(other) > width(alike)


def test_scanners_that_differ_are_named() -> None:
    ball = ellipsoid(1000, 1, grid=GRID)
    one = visit_of(ball, facts=SeriesFacts("1", field_strength_t=1.5, manufacturer="A"))
    other = visit_of(ball, facts=SeriesFacts("2", field_strength_t=3.0, manufacturer="B"))
    assert "scanner-differs" in codes(change(one, other))


def test_a_fragment_at_the_edge_of_the_stack_is_doubted() -> None:
    ball = ellipsoid(1300, 1, grid=(3, *GRID[1:]))
    assert "fragment-near-field-edge" in codes(change(visit_of(ball), visit_of(ball)))


def test_an_unnamed_level_is_refused() -> None:
    visit, anatomy = fragment(1300, 1)
    without = dataclasses.replace(anatomy, levels={"L5/S1": anatomy.levels["L5/S1"]})
    with pytest.raises(LevelError, match="L4/L5 is not named in the follow-up"):
        change((visit, anatomy), (visit, without))


def test_sequences_that_differ_are_named_and_widen() -> None:
    ball = ellipsoid(1000, 1, grid=GRID)
    short, long = (visit_of(ball, facts=SeriesFacts("1", echo_time_ms=echo)) for echo in (80.0, 120.0))
    assert "sequence-differs" in codes(change(short, long))
    assert "sequence-differs" not in codes(change(short, short))


def test_an_alignment_in_doubt_or_slices_at_an_angle_are_told() -> None:
    case = fragment(1300, 1)
    doubtful = dataclasses.replace(still(), quality=dataclasses.replace(still().quality, estimated_tre_mm=1.2))
    assert "alignment-limits-change" in codes(change(case, case, doubtful))
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]
    assert "orientation-differs" in codes(change(case, case, dataclasses.replace(still(), baseline_to_followup=turn)))


def test_the_change_is_measured_directly_unless_the_fragment_vanished() -> None:
    same = fragment(1300, 1)
    both = change(same, same)
    assert both.direct_mm3 == 0
    assert both.direct_weight > 0.5
    assert both.baseline.weights_by_role == {Role.SAGITTAL_T2: 1.0}
    gone = change(same, fragment(0, 1))
    assert gone.direct_mm3 is None
    assert gone.delta_mm3 == gone.subtracted_mm3


def test_measuring_both_visits_at_once_changes_nothing() -> None:
    pair = (*fragment(1300, 1), *fragment(500, 2), still())
    one, other = (measure(*pair, level="L4/L5", settings=SETTINGS, threads=threads) for threads in (1, 2))
    assert (one.baseline.volume_mm3, one.followup.volume_mm3) == (other.baseline.volume_mm3, other.followup.volume_mm3)
    assert one.delta_interval95_mm3 == other.delta_interval95_mm3
    assert one.findings == other.findings
