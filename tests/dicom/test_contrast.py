"""Contrast medium: every kind of evidence, alone and against each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.dicom.contrast import judge_contrast
from pipeline.dicom.contrast_evidence import Source
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.visit import Plane
from pipeline.dicom.weighting import classify_weighting
from tests.dicom.headers import START, t1, t2


def judge(
    *stacks: StackFacts, enhancement: object = None
) -> tuple[dict[int | None, bool], set[str], dict[int | None, Source]]:
    """Verdicts and deciding sources by series number, and the codes of findings."""
    numbered = [facts.but(index=n) for n, facts in enumerate(stacks)]
    verdicts = [classify_weighting(facts) for facts in numbered]
    outcome = judge_contrast(
        [(facts, v.weighting, v.fat_suppressed) for facts, v in zip(numbered, verdicts, strict=True)],
        enhancement,  # type: ignore[arg-type]
    )
    by_number = {facts.series_number: outcome.verdicts[facts.series_instance_uid] for facts in numbered}
    return (
        {number: verdict.enhanced for number, verdict in by_number.items()},
        {finding.code for finding in outcome.findings},
        {number: verdict.decided_by for number, verdict in by_number.items()},
    )


def test_a_native_study_has_no_enhanced_series_and_no_doubt() -> None:
    enhanced, found, _ = judge(t2(1), t1(2), t2(3, plane=Plane.AXIAL))
    assert enhanced == {1: False, 2: False, 3: False}
    assert not found


def test_an_attribute_on_some_series_tells_them_apart() -> None:
    enhanced, found, source = judge(t2(1), t1(2), t1(3, contrast_agent="Dotarem"))
    assert enhanced == {1: False, 2: False, 3: True}
    assert source[3] is Source.ATTRIBUTES
    assert not found


@pytest.mark.parametrize("agent", ["13 mL", "13 multihance", "0,1 mmol/kg"])
def test_an_agent_field_that_holds_the_dose_still_says_that_contrast_was_given(agent: str) -> None:
    enhanced, found, _ = judge(t1(2), t1(3, contrast_agent=agent))
    assert enhanced == {2: False, 3: True}
    assert found == {"contrast-attribute-misused"}


@pytest.mark.parametrize("agent", ["", "NONE", "no", "0", "Anonymous", "without contrast", "NOCONTRAST"])
def test_an_agent_field_may_say_no(agent: str) -> None:
    enhanced, _, _ = judge(t1(2, contrast_agent=agent), t2(3, contrast_agent=agent))
    assert enhanced == {2: False, 3: False}


def test_an_attribute_copied_on_all_series_leaves_it_to_the_order() -> None:
    enhanced, found, source = judge(*(f.but(contrast_agent="Gadovist") for f in (t2(1), t1(2), t1(4))))
    assert (enhanced[2], enhanced[4]) == (False, True)
    assert source[4] is Source.ORDER
    assert "contrast-attributes-on-all" in found


def test_an_attribute_copied_on_all_series_does_not_beat_names() -> None:
    enhanced, _, source = judge(
        *(
            f.but(contrast_agent="Gadovist")
            for f in (t1(2, "T1 sag"), t1(3, "T1 sag KM"), t1(4, "T1 nativ", Plane.AXIAL))
        )
    )
    assert enhanced == {2: False, 3: True, 4: False}
    assert source[3] is Source.DESCRIPTION


def test_the_volume_or_route_alone_counts_as_given() -> None:
    assert judge(t1(2), t1(3, contrast_volume_ml=15.0))[0][3]
    assert judge(t1(2), t1(3, contrast_route="IV"))[0][3]
    assert not judge(t1(2), t1(3, contrast_volume_ml=0.0))[0][3]


def test_the_time_of_the_bolus_decides_where_all_series_carry_it() -> None:
    given = {"contrast_agent": "Gd", "contrast_start": START + timedelta(minutes=12)}
    enhanced, _, source = judge(t1(2, **given), t1(3, **given))
    assert enhanced == {2: False, 3: True}
    assert source[3] is Source.BOLUS_TIME


def test_what_was_given_stays_given() -> None:
    enhanced, _, source = judge(t1(2), t1(3, "T1 sag gd"), t1(4, "T1 tra", Plane.AXIAL))
    assert enhanced == {2: False, 3: True, 4: True}
    assert source[4] is Source.ORDER


def test_order_follows_times_before_numbers() -> None:
    late, early = START + timedelta(hours=1), START
    enhanced, _, _ = judge(
        t1(2, acquired_at=late), t1(9, acquired_at=early), t2(5, study_description="MR LSPINE W WO CONTRAST")
    )
    assert enhanced == {2: True, 9: False, 5: False}


def test_the_study_description_makes_the_last_repeat_the_enhanced_one_but_unsurely() -> None:
    study = {"study_description": "MR LUMBAR SPINE WO+W CONTRAST"}
    enhanced, found, _ = judge(t1(2, **study), t1(5, **study))
    assert enhanced == {2: False, 5: True}
    assert "contrast-unsure" in found


def test_two_alike_t1_series_without_any_hint_are_a_repeat() -> None:
    assert judge(t1(2), t1(3))[0] == {2: False, 3: False}


def test_pixels_find_the_enhanced_one_where_headers_are_silent() -> None:
    def brighter(one: StackFacts, other: StackFacts) -> float | None:
        return 3.0 if one.series_number == 3 else -3.0

    enhanced, found, source = judge(t1(2), t1(3), enhancement=brighter)
    assert enhanced == {2: False, 3: True}
    assert source[3] is Source.PIXELS
    assert found == {"contrast-from-pixels"}


def test_pixels_are_not_asked_without_a_doubt() -> None:
    def never(one: StackFacts, other: StackFacts) -> float | None:
        raise AssertionError("asked without need")

    judge(t1(2, "T1 pre"), t1(3, "T1 post"), enhancement=never)


def test_contradiction_between_name_and_order_is_told_and_pixels_settle_it() -> None:
    stacks = (t1(2, "T1 sag gd"), t1(3, "T1 sag nativ"), t1(4, "T1 tra gd", Plane.AXIAL))
    assert "contrast-contradictory" in judge(*stacks)[1]
    enhanced, found, _ = judge(*stacks, enhancement=lambda one, other: 0.0)
    assert "contrast-contradictory" in found
    assert enhanced[4]


def test_alike_pixels_give_a_doubtful_series_the_state_of_its_partner() -> None:
    study = {"study_description": "MR W/WO CONTRAST"}
    enhanced, _, _ = judge(t1(2, "T1 sag nativ", **study), t1(3, "T1 sag", **study), enhancement=lambda one, other: 0.0)
    assert enhanced == {2: False, 3: False}


def test_likely_enhancement_counts_only_in_the_order_of_time_and_stays_a_doubt() -> None:
    def slightly(sign: float) -> object:
        return lambda one, other: sign if one.series_number == 3 else -sign

    enhanced, found, _ = judge(t1(2), t1(3), enhancement=slightly(1.0))
    assert enhanced == {2: False, 3: True}
    assert "contrast-unsure" in found
    assert judge(t1(2), t1(3), enhancement=slightly(-1.0))[0] == {2: False, 3: False}
