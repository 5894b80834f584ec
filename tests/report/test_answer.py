"""The sentence that people read: right for every outcome, and never surer than the measurement."""

from __future__ import annotations

import pytest

from pipeline.report.answer import answer
from tests.report import cases


@pytest.mark.parametrize(
    ("radii", "headline", "said"),
    [
        ((7.5, 5.0), "Partial resorption", ["on 4 March 2013", "95 % interval", "a resorption rate of 71 %"]),
        (
            (7.5, 0.0),
            "Complete resorption",
            ["no displaced disc material", "detection limit of 60 mm³. Smaller fragments cannot be excluded."],
        ),
        ((6.0, 6.0), "No detectable change", ["within the uncertainty of the measurement"]),
        ((5.0, 7.5), "Larger at follow-up", ["a change of +"]),
        (
            (0.0, 6.0),
            "New at follow-up",
            ["there was a fragment of", "A smaller one at the earlier visit cannot be excluded."],
        ),
        ((0.0, 0.0), "No displaced disc material found", ["Smaller fragments cannot be excluded"]),
    ],
)
def test_outcomes(radii: tuple[float, float], headline: str, said: list[str]) -> None:
    given = answer(cases.comparison(*radii))
    assert given.headline == headline
    sentence = given.sentence.replace("\u00a0", " ")
    for words in said:
        assert words in sentence


def test_unusable_result_gives_no_number() -> None:
    given = answer(cases.comparison(usable=False))
    assert given.tone == "stop"
    assert not any(c.isdigit() for c in given.sentence.replace("L4/L5", ""))


def test_visits_without_dates_are_named() -> None:
    sentence = answer(cases.comparison(dates=(None, None))).sentence
    assert "at baseline" in sentence
    assert "at follow-up" in sentence
