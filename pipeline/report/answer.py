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
DIRECTED = (Category.COMPLETE, Category.PARTIAL, Category.GROWTH, Category.NEW)
"""Categories that turn into their opposite where the visits change places."""
AS_GIVEN = {
    "order-as-given": "their dates are not known",
    "visits-same-day": "both carry the same date",
}
"""Findings that leave the order of the visits to whoever gave them, and why."""
NOTHING_FOUND = "No displaced disc material found"
UNUSABLE = "Result not usable"


@dataclass(frozen=True)
class Answer:
    """What the report says first.

    Attributes
    ----------
    headline
        Two or three words.
    caution
        What the headline leaves open, to be said in one breath with it: how large a fragment may have been missed
        where none was found. Empty where one was found at both visits.
    sentence
        The measured values with their intervals, or why there are none.
    tone
        ``"calm"``, ``"plain"``, ``"warn"`` or ``"stop"``; colours the headline.
    """

    headline: str
    caution: str
    sentence: str
    tone: str

    @property
    def in_full(self) -> str:
        """Headline, caution and sentence in one line."""
        return f"{with_caution(self.headline, self.caution)}. {self.sentence}"


def with_caution(headline: str, caution: str) -> str:
    """``Complete resorption: a remnant under 457 mm³ may have been missed``; the headline alone without a caution."""
    return f"{headline}: {caution}" if caution else headline


def may_be_missed(what: str, *fragments: FragmentMeasurement) -> str:
    """What "none found" leaves open: below the limit of detection, the larger one of several visits."""
    limits = [one.surely_seen_mm3 for one in fragments]
    known = [limit for limit in limits if limit is not None]
    if len(known) < len(limits):
        return f"a small {what} may have been missed"
    return f"a {what} under {in_words(max(known))}{NO_BREAK}mm³ may have been missed"


def as_if_empty(fragment: FragmentMeasurement) -> str:
    """What "none found" means: no more than the limit of blank, or that somebody said so."""
    if fragment.replaced_mm3 is not None:
        return f"the mask that was given says so, in place of {in_words(fragment.replaced_mm3)}{NO_BREAK}mm³ without it"
    return (
        "no more was measured than a canal without a fragment may show "
        f"(limit of blank, {in_words(fragment.detection_limit_mm3)}{NO_BREAK}mm³)"
    )


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
    """Whether neither visit shows a fragment above its limit of blank."""
    return not (comparison.change.baseline.present or comparison.change.followup.present)


def _both_in_words(comparison: Comparison) -> str:
    """What both visits showed, one of them at least a fragment; no full stop."""
    change, level = comparison.change, comparison.level
    first, second = _when(comparison.baseline, "baseline"), _when(comparison.followup, "follow-up")
    if not change.baseline.present:
        return (
            f"At {level} no displaced disc material was found {first}: {as_if_empty(change.baseline)}; {second} there "
            f"was a fragment of {measured(change.followup, explain=True)}"
        )
    text = f"The fragment at {level} measured {measured(change.baseline, explain=True)} {first}"
    if not change.followup.present:
        return f"{text}; {second} no displaced disc material was found: {as_if_empty(change.followup)}"
    return f"{text} and {measured(change.followup)} {second}"


def _empty_in_words(first: FragmentMeasurement, second: FragmentMeasurement) -> str:
    """Why neither visit counts as showing a fragment; no full stop."""
    if first.replaced_mm3 is not None or second.replaced_mm3 is not None:
        return f"at baseline {as_if_empty(first)}; at follow-up {as_if_empty(second)}"
    limit0, limit1 = (f"{in_words(one.detection_limit_mm3)}{NO_BREAK}mm³" for one in (first, second))
    return f"no more was measured than a canal without a fragment may show (limits of blank, {limit0} and {limit1})"


def _sentence(comparison: Comparison) -> str:
    change, level = comparison.change, comparison.level
    if nothing_found(comparison):
        none = f"At {level} no displaced disc material was found at either visit"
        return f"{none}: {_empty_in_words(change.baseline, change.followup)}. So there is no detectable change."
    match change.category:
        case Category.COMPLETE:
            return f"{_both_in_words(comparison)}."
        case Category.NO_DETECTABLE_CHANGE:
            return (
                f"{_both_in_words(comparison)}. The difference of {_difference(comparison)} lies within the "
                "uncertainty of the measurement."
            )
        case Category.NEW:
            return f"{_both_in_words(comparison)}."
        case _:
            return f"{_both_in_words(comparison)}: a change of {_difference(comparison)}{_rate(comparison)}."


def caution_of(comparison: Comparison) -> str:
    """What the headline leaves open; empty where a fragment was found at both visits."""
    change = comparison.change
    if nothing_found(comparison):
        return may_be_missed("fragment", change.baseline, change.followup)
    if not change.followup.present:
        return may_be_missed("remnant", change.followup)
    if not change.baseline.present:
        return f"{may_be_missed('fragment', change.baseline)} at baseline"
    return ""


def answer(comparison: Comparison) -> Answer:
    """The answer to the question that the comparison was made for."""
    if not comparison.change.usable:
        return Answer(
            UNUSABLE,
            "",
            f"The two visits were read, but the change at {comparison.level} could not be measured reliably. "
            "No volume is reported here; the findings below say why.",
            "stop",
        )
    category = comparison.change.category
    headline = NOTHING_FOUND if nothing_found(comparison) else HEADLINES[category]
    sentence = _sentence(comparison)
    if drawn := _drawn_at(comparison):
        headline += f" by the {'mask' if len(drawn) == 1 else 'masks'} given"
        sentence += f" The outline at {' and '.join(drawn)} was given, not found."
    reason = next((AS_GIVEN[finding.code] for finding in comparison.findings if finding.code in AS_GIVEN), None)
    if category in DIRECTED and reason:
        sentence += f" That holds if the visits are in the order given: {reason}."
    return Answer(headline, caution_of(comparison), sentence, TONES[category])


def _drawn_at(comparison: Comparison) -> list[str]:
    """Visits at which a mask took the place of a measurement."""
    both = {"the baseline": comparison.change.baseline, "the follow-up": comparison.change.followup}
    return [name for name, one in both.items() if one.replaced_mm3 is not None]
