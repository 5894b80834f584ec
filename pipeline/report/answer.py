"""The answer in words: one headline, one sentence, no more certainty than the measurement has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Visit
from pipeline.measurement.change import Category, FragmentMeasurement
from pipeline.report.numbers import NO_BREAK, in_words, range_in_words

NOTICE = "Research use only \u2014 not a medical device."
HEADLINES = {
    Category.COMPLETE: "Complete resorption",
    Category.PARTIAL: "Partial resorption",
    Category.NO_DETECTABLE_CHANGE: "No detectable change",
    Category.GROWTH: "Larger at follow-up",
    Category.NEW: "New at follow-up",
}
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
TONES = {
    Category.COMPLETE: "calm",
    Category.PARTIAL: "calm",
    Category.NO_DETECTABLE_CHANGE: "plain",
    Category.GROWTH: "warn",
    Category.NEW: "warn",
}
NOTHING_FOUND = "No displaced disc material found"
SMALLER = "Smaller fragments cannot be excluded."
UNUSABLE = "Result not usable"


@dataclass(frozen=True)
class Answer:
    """What the report says first.

    Attributes
    ----------
    headline
        Two or three words.
    sentence
        The measured values with their intervals, or why there are none.
    tone
        ``"calm"``, ``"plain"``, ``"warn"`` or ``"stop"``; colours the headline.
    """

    headline: str
    sentence: str
    tone: str


def measured(fragment: FragmentMeasurement, *, explain: bool = False) -> str:
    """``1 310 mm³ (1 190 to 1 430)``; with ``explain`` it says that brackets hold 95 % intervals."""
    what = "95 % interval " if explain else ""
    return f"{in_words(fragment.volume_mm3)}{NO_BREAK}mm³ ({what}{range_in_words(fragment.interval95_mm3)})"


def days_between(comparison: Comparison) -> int | None:
    """Days from baseline to follow-up, None when a date is missing."""
    first, second = comparison.baseline.study_date, comparison.followup.study_date
    return None if first is None or second is None else (second - first).days


def time_between(days: int | None) -> str:
    """``126 days``; empty when unknown."""
    return "" if days is None else "1 day" if days == 1 else f"{in_words(days)} days"


def date_in_words(day: date) -> str:
    """``4 March 2013``, whatever the language of the machine."""
    return f"{day.day}{NO_BREAK}{MONTHS[day.month - 1]}{NO_BREAK}{day.year}"


def _when(visit: Visit, name: str) -> str:
    return f"at {name}" if visit.study_date is None else f"on {date_in_words(visit.study_date)}"


def _rate(comparison: Comparison) -> str:
    change = comparison.change
    if change.resorption_rate_percent is None or change.category is Category.GROWTH:
        return ""
    return (
        f", a resorption rate of {in_words(change.resorption_rate_percent)} % "
        f"({range_in_words(change.resorption_rate_interval95_percent)})"
    )


def _difference(comparison: Comparison) -> str:
    change = comparison.change
    return (
        f"{in_words(change.delta_mm3, signed=True)}{NO_BREAK}mm³ "
        f"({range_in_words(change.delta_interval95_mm3, signed=True)})"
    )


def nothing_found(comparison: Comparison) -> bool:
    """Whether neither visit shows a fragment above its detection limit."""
    return not (comparison.change.baseline.present or comparison.change.followup.present)


def _sentence(comparison: Comparison) -> str:
    change, level = comparison.change, comparison.level
    first, second = _when(comparison.baseline, "baseline"), _when(comparison.followup, "follow-up")
    v0, v1 = measured(change.baseline, explain=True), measured(change.followup)
    limit0, limit1 = (f"{in_words(m.detection_limit_mm3)}{NO_BREAK}mm³" for m in (change.baseline, change.followup))
    if nothing_found(comparison):
        return (
            f"At {level} no displaced disc material was found at either visit (detection limits {limit0} and "
            f"{limit1}), so there is no detectable change. {SMALLER}"
        )
    match change.category:
        case Category.COMPLETE:
            return (
                f"The fragment at {level} measured {v0} {first}; {second} no displaced disc material was found "
                f"above the detection limit of {limit1}. {SMALLER}"
            )
        case Category.NO_DETECTABLE_CHANGE:
            return (
                f"The fragment at {level} measured {v0} {first} and {v1} {second}. The difference of "
                f"{_difference(comparison)} lies within the uncertainty of the measurement."
            )
        case Category.NEW:
            return (
                f"At {level} no displaced disc material was found {first} (detection limit {limit0}); "
                f"{second} there was a fragment of {measured(change.followup, explain=True)}. "
                "A smaller one at the earlier visit cannot be excluded."
            )
        case _:
            return (
                f"The fragment at {level} measured {v0} {first} and {v1} {second}: a change of "
                f"{_difference(comparison)}{_rate(comparison)}."
            )


def answer(comparison: Comparison) -> Answer:
    """The answer to the question that the comparison was made for."""
    if not comparison.change.usable:
        return Answer(
            UNUSABLE,
            f"The two visits were read, but the change at {comparison.level} could not be measured reliably. "
            "No volume is reported here; the findings below say why.",
            "stop",
        )
    category = comparison.change.category
    headline = NOTHING_FOUND if nothing_found(comparison) else HEADLINES[category]
    return Answer(headline, _sentence(comparison), TONES[category])
