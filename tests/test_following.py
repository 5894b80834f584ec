"""A course out of comparisons that do not fit each other exactly: one volume per visit, and the pairs as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline import workflow
from pipeline.comparison import Comparison
from pipeline.course import Course
from pipeline.dicom.visit import Role
from pipeline.errors import UsageError
from pipeline.following import as_course
from pipeline.measurement.change import Interval
from pipeline.measurement.meaning.clinical import ClinicalCourse, Scores
from tests.report import cases


def pair(before: float, after: float, *, direct: float | None = None, wide: float = 300.0) -> Comparison:
    """Two volumes measured alone, and a change measured directly that counts half."""
    made = cases.comparison(7.5, 6.0)
    moved = 0.0 if direct is None else (direct - (after - before)) / 2
    fragments = [
        replace(one, volume_mm3=shown, alone_mm3=alone, sd_mm3=100.0, interval95_mm3=Interval(shown - 190, shown + 200))
        for one, shown, alone in (
            (made.change.baseline, before - moved / 2, before),
            (made.change.followup, after + moved / 2, after),
        )
    ]
    delta = after - before + moved
    return cases.with_change(
        made,
        baseline=fragments[0],
        followup=fragments[1],
        delta_mm3=delta,
        delta_interval95_mm3=Interval(delta - wide, delta + wide),
        direct_mm3=direct,
        direct_weight=0.0 if direct is None else 0.5,
    )


def course(first_second: Comparison, first_third: Comparison, second_third: Comparison) -> Course:
    return as_course([first_second, first_third], [first_second, second_third], first_second.provenance)


def test_a_course_of_two_visits_is_their_comparison() -> None:
    one = pair(1300.0, 800.0, direct=-440.0)
    told = as_course([one], [one], one.provenance)
    assert [f.volume_mm3 for f in told.fragments] == pytest.approx(
        [one.change.baseline.volume_mm3, one.change.followup.volume_mm3]
    )
    assert [f.interval95_mm3.high for f in told.fragments] == pytest.approx(
        [one.change.baseline.interval95_mm3.high, one.change.followup.interval95_mm3.high]
    )
    assert told.on_the_curve(1, 2)[0] == pytest.approx(one.change.delta_mm3)


def test_the_same_images_have_the_same_volume_wherever_they_stand() -> None:
    """First and last visit are the same: the pairs move both, each for its own reasons, the curve does not."""
    there, back = pair(750.0, 1365.0, direct=560.0), pair(1365.0, 750.0, direct=-560.0)
    told = course(there, pair(750.0, 750.0, direct=0.0), back)
    assert there.change.baseline.volume_mm3 != 750.0
    assert told.fragments[0].volume_mm3 == pytest.approx(told.fragments[2].volume_mm3)
    assert told.fragments[0].interval95_mm3.high == pytest.approx(told.fragments[2].interval95_mm3.high)
    assert 560.0 < told.fragments[1].volume_mm3 - told.fragments[0].volume_mm3 < 615.0


def test_what_the_comparisons_found_stays_as_it_is() -> None:
    pairs = pair(1300.0, 900.0, direct=-350.0), pair(1310.0, 700.0, direct=-500.0), pair(880.0, 720.0, direct=-90.0)
    told = course(*pairs)
    assert told.against_first == pairs[:2]
    delta, interval = told.on_the_curve(1, 3)
    assert delta == pytest.approx(told.fragments[2].volume_mm3 - told.fragments[0].volume_mm3)
    assert interval.high - interval.low == pytest.approx(600.0), "no narrower than the comparison's own"
    assert told.fragments[0].alone_mm3 == pytest.approx(1305.0)
    assert not told.findings


def test_a_comparison_that_contradicts_the_curve_is_told() -> None:
    there, back = pair(1300.0, 900.0, direct=-400.0), pair(900.0, 800.0, direct=-100.0)
    (finding,) = course(there, pair(1300.0, 800.0, direct=300.0, wide=60.0), back).findings
    assert finding.code == "course-contradicts-itself"
    assert "visits 1 and 3" in finding.message


def test_kinds_of_series_are_not_mixed_in_one_visit() -> None:
    """Two visits have T2; the last one has T1 alone, so that its comparisons measure T1 of the others too."""

    def on_t1(one: Comparison) -> Comparison:
        change = one.change
        return cases.with_change(
            one,
            baseline=replace(change.baseline, role=Role.SAGITTAL_T1),
            followup=replace(change.followup, role=Role.SAGITTAL_T1),
        )

    told = course(pair(1300.0, 900.0), on_t1(pair(1800.0, 800.0)), on_t1(pair(1300.0, 800.0)))
    assert [f.volume_mm3 for f in told.fragments] == pytest.approx([1300.0, 900.0, 800.0])
    assert [finding.code for finding in told.findings] == ["course-of-unlike-series"]


def test_scores_of_another_number_of_visits_are_refused_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    made = cases.comparison()
    monkeypatch.setattr(
        workflow, "load_course", lambda sources, settings: (made.baseline, made.followup, made.followup)
    )
    begun: list[str] = []
    with pytest.raises(UsageError, match="scores are of 2 visits, the images of 3"):
        workflow.follow(["somewhere"], progress=begun.append, clinical=ClinicalCourse((Scores(), Scores())))
    assert begun == ["load"]
