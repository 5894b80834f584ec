"""The sentence that people read: right for every outcome, and never surer than the measurement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.findings import Finding, Severity
from pipeline.report.answer import answer
from tests.report import cases


@pytest.mark.parametrize(
    ("radii", "headline", "said"),
    [
        ((7.5, 5.0), "Partial resorption", ["on 4 March 2013", "95 % interval", "a resorption rate of 71 %"]),
        (
            (7.5, 0.0),
            "Complete resorption",
            ["no displaced disc material was found", "a canal without a fragment may show (limit of blank, 60 mm³)."],
        ),
        ((6.0, 6.0), "No detectable change", ["within the uncertainty of the measurement"]),
        ((5.0, 7.5), "Larger at follow-up", ["a change of +"]),
        (
            (0.0, 6.0),
            "New at follow-up",
            ["was found on 4 March 2013: no more was measured", "there was a fragment of"],
        ),
        ((0.0, 0.0), "No displaced disc material found", ["at either visit", "limits of blank, 60 mm³ and 60 mm³"]),
    ],
)
def test_outcomes(radii: tuple[float, float], headline: str, said: list[str]) -> None:
    given = answer(cases.comparison(*radii))
    assert given.headline == headline
    sentence = given.sentence.replace("\u00a0", " ")
    for words in said:
        assert words in sentence


@pytest.mark.parametrize(
    ("radii", "said"),
    [
        ((7.5, 5.0), "Partial resorption. "),
        ((7.5, 0.0), "Complete resorption: a remnant under 457 mm³ may have been missed. "),
        ((0.0, 6.0), "New at follow-up: a fragment under 217 mm³ may have been missed at baseline. "),
        ((0.0, 0.0), "No displaced disc material found: a fragment under 457 mm³ may have been missed. "),
    ],
)
def test_none_found_is_never_said_without_what_may_have_been_missed(radii: tuple[float, float], said: str) -> None:
    made = cases.comparison(*radii)
    known = cases.with_change(
        made,
        baseline=replace(made.change.baseline, surely_seen_mm3=217.0),
        followup=replace(made.change.followup, surely_seen_mm3=457.0),
    )
    assert answer(known).in_full.replace("\u00a0", " ").startswith(said)


def test_without_a_limit_of_detection_no_size_is_named() -> None:
    assert answer(cases.comparison(7.5, 0.0)).caution == "a small remnant may have been missed"


def test_unusable_result_gives_no_number() -> None:
    given = answer(cases.comparison(usable=False))
    assert given.tone == "stop"
    assert not any(c.isdigit() for c in given.sentence.replace("L4/L5", ""))


def test_visits_without_dates_are_named() -> None:
    sentence = answer(cases.comparison(dates=(None, None))).sentence
    assert "at baseline" in sentence
    assert "at follow-up" in sentence


def test_an_outline_that_was_given_is_not_told_as_found() -> None:
    """An empty mask says that nothing is left: a person's word, where the networks may have found a fragment."""
    found = cases.comparison(7.5, 0.0)
    drawn = replace(found.change.followup, replaced_mm3=843.0)
    given = answer(replace(found, change=replace(found.change, followup=drawn)))
    assert given.headline == "Complete resorption by the mask given"
    sentence = given.sentence.replace("\u00a0", " ")
    assert "the mask that was given says so, in place of 843 mm³ without it" in sentence
    assert "no more was measured" not in sentence
    assert sentence.endswith("The outline at the follow-up was given, not found.")


def test_masks_that_say_none_at_both_visits_are_no_measurement() -> None:
    found = cases.comparison(0.0, 0.0)
    both = {
        name: replace(getattr(found.change, name), replaced_mm3=volume)
        for name, volume in (("baseline", 620.0), ("followup", 0.0))
    }
    sentence = answer(replace(found, change=replace(found.change, **both))).sentence.replace("\u00a0", " ")
    assert "no more was measured" not in sentence
    assert "at baseline the mask that was given says so, in place of 620 mm³" in sentence


@pytest.mark.parametrize(
    ("radii", "said"), [((7.5, 5.0), True), ((7.5, 0.0), True), ((0.0, 6.0), True), ((6.0, 6.0), False)]
)
@pytest.mark.parametrize(
    ("code", "reason"), [("order-as-given", "dates are not known"), ("visits-same-day", "carry the same date")]
)
def test_where_dates_do_not_tell_a_change_holds_in_the_order_given(
    radii: tuple[float, float], said: bool, code: str, reason: str
) -> None:
    made = cases.comparison(*radii)
    unordered = replace(made, findings=(Finding(code, Severity.WARNING, "No order."),))
    sentence = answer(unordered).sentence
    assert ("if the visits are in the order given" in sentence) is said
    assert (reason in sentence) is said
    assert "in the order given" not in answer(made).sentence
