"""The page of a course: the curve, every comparison with its report, and the fragments followed."""

from __future__ import annotations

from typing import Any

from pipeline.comparison import Comparison
from pipeline.course import Course
from pipeline.findings import Severity
from pipeline.measurement.change import Category, FragmentMeasurement
from pipeline.report.answer import (
    HEADLINES,
    NOTHING_FOUND,
    NOTICE,
    TONES,
    UNUSABLE,
    as_if_empty,
    caution_of,
    may_be_missed,
    nothing_found,
    time_between,
    with_caution,
)
from pipeline.report.as_html import asset, by_severity, environment, measured_on
from pipeline.report.course_chart import course_chart
from pipeline.report.course_json import course_dict, folder_of, stage_seconds
from pipeline.report.course_meaning import course_meaning
from pipeline.report.course_refused import refused_sentence, refused_view, unjoined_sentence
from pipeline.report.numbers import NO_BREAK, in_words, range_in_words
from pipeline.report.redact import Redactor
from pipeline.report.stages_html import stages_view


def render_course(course: Course) -> str:
    """HTML without any reference to another host; it links the reports of the comparisons beside it."""
    redact = Redactor(*course.visits)
    data = course_dict(course)
    return (
        environment()
        .get_template("course.html.j2")
        .render(
            css=asset("report.css"),
            notice=NOTICE,
            level=course.level,
            usable=course.usable,
            tone=_tone(course),
            headline=headline_of(course),
            caution=_caution(course),
            with_caution=with_caution,
            sentence=sentence_of(course),
            chart=course_chart(course),
            refused=refused_view(course),
            visits=[
                {
                    **visit,
                    "measured": measured_on(fragment),
                    "fragment": fragment,
                    "open": "" if fragment.present else may_be_missed("fragment", fragment),
                }
                for visit, fragment in zip(data["visits"], course.fragments, strict=True)
            ],
            warned=[
                _row(course, *pair)
                for pair, one in sorted(course.comparisons.items())
                if _warned(one) and pair not in course.refused
            ],
            against_first=[_row(course, 1, k) for k in range(2, len(course.visits) + 1)],
            against_previous=[_row(course, k, k + 1) for k in range(1, len(course.visits))],
            tracks=course.tracks,
            meaning=course_meaning(course),
            findings=by_severity(redact.findings((*course.visits[-1].findings, *course.findings))),
            provenance=data["provenance"],
            stages=stages_view(stage_seconds(course)),
        )
    )


def _row(course: Course, first: int, second: int) -> dict[str, Any]:
    one = course.comparisons[first, second]
    days = None
    if one.baseline.study_date is not None and one.followup.study_date is not None:
        days = (one.followup.study_date - one.baseline.study_date).days
    return {
        "visits": f"{first} to {second}",
        "href": f"{folder_of(first, second)}/report.html",
        "days": time_between(days),
        "change": one.change,
        "on_the_curve": course.on_the_curve(first, second)[0],
        "words": _words(one),
        "caution": caution_of(one) if one.change.usable else "",
    }


def _warned(one: Comparison) -> bool:
    return any(finding.severity is not Severity.INFO for finding in one.findings)


def _words(one: Comparison) -> str:
    if not one.change.usable:
        return UNUSABLE
    return NOTHING_FOUND if nothing_found(one) else HEADLINES[one.change.category]


def headline_of(course: Course) -> str:
    """What became of the fragment from the first to the last visit."""
    return _words(course.against_first[-1]) if course.usable else UNUSABLE


def _caution(course: Course) -> str:
    """What the headline leaves open, as in the comparison of the last visit with the first."""
    return caution_of(course.against_first[-1]) if course.usable else ""


def course_in_full(course: Course) -> str:
    """Headline, what it leaves open, and sentence in one line."""
    return f"{with_caution(headline_of(course), _caution(course))}. {sentence_of(course)}"


def _tone(course: Course) -> str:
    return TONES[course.against_first[-1].change.category] if course.usable else "stop"


def sentence_of(course: Course) -> str:
    """The first and the last volume, and the change between them."""
    if not course.usable:
        return refused_sentence(course)
    count = len(course.visits)
    delta, interval = course.on_the_curve(1, count)
    text = (
        f"{_ends(course)}. On the curve the change is "
        f"{in_words(delta, signed=True)}{NO_BREAK}mm³ (95 % interval {range_in_words(interval, signed=True)})."
    )
    text += _between_the_ends(course)
    gone = [
        number for number, one in enumerate(course.against_first, start=2) if one.change.category is Category.COMPLETE
    ]
    if gone and gone[0] < count and _stays_gone(course, gone[0]):
        missed = may_be_missed("remnant", *course.fragments[gone[0] - 1 :])
        text += f" From visit {gone[0]} on none was found: {missed}."
    return text + unjoined_sentence(course)


def _between_the_ends(course: Course) -> str:
    """A visit between that was detectably above or below both ends: the change from first to last does not tell it."""
    first, *_, last = (fragment.volume_mm3 for fragment in course.fragments)
    beyond = {
        number: max(low - fragment.volume_mm3, fragment.volume_mm3 - high)
        for number, (fragment, one) in enumerate(
            zip(course.fragments[1:-1], course.against_first[:-1], strict=True), start=2
        )
        for low, high in [sorted((first, last))]
        if one.change.detectable
    }
    number = max(beyond, key=lambda k: beyond[k], default=0)
    if not number or beyond[number] <= 0:
        return ""
    between = course.fragments[number - 1]
    if not between.present:
        return f" In between, at visit {number}, none was found: {may_be_missed('fragment', between)}."
    return f" In between, at visit {number}, it measured {_volume(between)}."


def _ends(course: Course) -> str:
    """What the first and the last visit showed."""
    first, last = course.fragments[0], course.fragments[-1]
    count, none = len(course.visits), "no displaced disc material was found"
    if not (first.present or last.present):
        return f"At {course.level} {none} at the first or the last of {count} visits: {as_if_empty(last)}"
    if not first.present:
        text = f"At {course.level} {none} at the first of {count} visits: {as_if_empty(first)}"
        return f"{text}; at the last there was a fragment of {_volume(last)}"
    text = f"The fragment at {course.level} measured {_volume(first)} at the first of {count} visits"
    if not last.present:
        return f"{text}; at the last {none}: {as_if_empty(last)}"
    return f"{text} and {_volume(last)} at the last"


def _volume(fragment: FragmentMeasurement) -> str:
    return f"{in_words(fragment.volume_mm3)}{NO_BREAK}mm³"


def _stays_gone(course: Course, visit: int) -> bool:
    return not any(fragment.present for fragment in course.fragments[visit - 1 :])
