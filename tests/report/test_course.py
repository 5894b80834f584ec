"""The course of several visits: numbers in its JSON, a curve that shows them, and reports that its page links."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from pipeline.comparison import Comparison
from pipeline.course import Course
from pipeline.following import as_course
from pipeline.report.course_chart import course_chart
from pipeline.report.course_html import render_course
from pipeline.report.course_json import course_dict
from pipeline.report.course_write import write_course
from pipeline.report.numbers import NO_BREAK, in_words
from tests.report import cases

DAYS = (date(2013, 3, 11), date(2013, 7, 15), date(2014, 1, 9))


def course(*radii: float, days: tuple[date | None, ...] = DAYS, usable: bool = True) -> Course:
    """Three visits of a fragment with these radii (mm)."""

    def between(first: int, second: int) -> Comparison:
        return cases.comparison(radii[first], radii[second], dates=(days[first], days[second]), usable=usable)

    against_first = [between(0, k) for k in range(1, len(radii))]
    against_previous = [against_first[0], *(between(k, k + 1) for k in range(1, len(radii) - 1))]
    return as_course(against_first, against_previous, against_first[0].provenance)


@pytest.fixture(scope="module")
def shrinking() -> Course:
    return course(7.5, 5.0, 0.0)


def test_json_keeps_to_its_schema(shrinking: Course, repository: Path) -> None:
    schema = json.loads((repository / "docs" / "course.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for one in (shrinking, course(0.0, 0.0, 0.0), course(7.0, 6.0, 5.0, days=(None, None, None), usable=False)):
        validator.validate(course_dict(one))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**course_dict(shrinking), "surprise": 1})


def test_every_visit_and_every_comparison_is_there_once(shrinking: Course) -> None:
    told = course_dict(shrinking)
    assert [visit["days"] for visit in told["visits"]] == [0, 126, 304]
    assert [visit["present"] for visit in told["visits"]] == [True, True, False]
    assert [one["visits"] for one in told["comparisons"]] == [[1, 2], [1, 3], [2, 3]]
    assert told["comparisons"][1]["category"] == "complete"
    first, second, third = (visit["volume_mm3"] for visit in told["visits"])
    assert told["comparisons"][1]["delta_mm3"] == pytest.approx(third - first, abs=0.11), "what is shown fits together"
    assert told["comparisons"][2]["delta_mm3"] == pytest.approx(third - second, abs=5.0), "another pair, digitised anew"


def test_the_fragment_is_followed(shrinking: Course) -> None:
    (one,) = course_dict(shrinking)["fragments"]
    assert one["name"] == "A"
    assert one["sightings"][2] is None
    assert one["sightings"][0]["volume_mm3"] > one["sightings"][1]["volume_mm3"] > 0


def test_the_curve_runs_to_scale_in_time(shrinking: Course) -> None:
    chart = course_chart(shrinking)
    a, b, c = (point["x"] for point in chart["points"])
    assert (b - a) / (c - a) == pytest.approx(126 / 304, abs=0.01)
    heights = [point["y"] for point in chart["points"]]
    assert heights == sorted(heights), "smaller volumes lie lower on the page"
    assert [point["present"] for point in chart["points"]] == [True, True, False]


def test_without_dates_the_steps_are_equal_and_that_is_said() -> None:
    undated = course(7.0, 6.0, 5.0, days=(None, None, None))
    a, b, c = (point["x"] for point in course_chart(undated)["points"])
    assert b - a == pytest.approx(c - b, abs=0.2)
    assert "not to scale in time" in render_course(undated)


def test_the_page_links_every_report_and_names_nobody(shrinking: Course, tmp_path: Path) -> None:
    files = write_course(shrinking, tmp_path)
    page = files.html.read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^"#]+)"', page))
    assert links == {f"visits-{a}-{b}/report.html" for a, b in ((1, 2), (1, 3), (2, 3))}
    assert all((tmp_path / link).is_file() for link in links)
    assert "Musterfrau" not in page
    assert "http:" not in page
    assert "https:" not in page
    rows = list(csv.DictReader(files.csv.read_text(encoding="utf-8").splitlines()))
    assert [row["category"] for row in rows] == ["partial", "complete", "complete"]
    assert json.loads(files.json.read_text(encoding="utf-8")) == course_dict(shrinking)


def refusing(*pairs: tuple[int, int]) -> Course:
    """Three visits of which these comparisons must not be used."""
    made = {
        pair: cases.comparison(*radii, dates=dates, usable=pair not in pairs)
        for pair, radii, dates in (
            ((1, 2), (7.5, 5.0), DAYS[:2]),
            ((1, 3), (7.5, 4.0), (DAYS[0], DAYS[2])),
            ((2, 3), (5.0, 4.0), DAYS[1:]),
        )
    }
    return as_course([made[1, 2], made[1, 3]], [made[1, 2], made[2, 3]], made[1, 2].provenance)


def test_a_course_that_must_not_be_used_shows_no_curve_and_no_volume() -> None:
    one = refusing((1, 2), (1, 3), (2, 3))
    page = render_course(one)
    assert "Do not use this result" in page
    assert "Result not usable" in page
    assert "could not be measured reliably between visits 1 and 2 or between visits 1 and 3" in page
    assert "The other comparisons" not in page
    assert "<svg" not in page
    assert "The same fragment at every visit" not in page
    assert not [fragment for fragment in one.fragments if f">{in_words(fragment.volume_mm3)}<" in page]
    reasons = page.split('class="reasons"')[1].split("</ul>")[0]
    assert re.findall(r"Visits (\d) and (\d): The visits could not be aligned", reasons) == [
        ("1", "2"), ("1", "3"), ("2", "3"),
    ]  # fmt: skip
    assert 'href="visits-1-2/report.html#title-findings"' in reasons


def test_comparisons_that_may_be_used_stand_for_themselves() -> None:
    one = refusing((1, 3))
    page = render_course(one)
    assert "Do not use this result" in page
    assert "<svg" not in page
    assert page.count("must not be used</td>") == 1
    assert "The other comparisons stand by themselves" in page
    good, bad = (one.comparisons[pair].change.delta_mm3 for pair in ((1, 2), (1, 3)))
    assert in_words(good, signed=True) in page
    assert in_words(bad, signed=True) not in page
    assert "On the curve" not in page


def test_visits_that_cannot_be_compared_with_each_other_are_not_joined() -> None:
    """Both may be compared with the first one, so that the course may be used."""
    one = refusing((2, 3))
    assert one.usable
    (line,) = course_chart(one)["lines"]
    points = course_chart(one)["points"]
    assert line == " ".join(f"{point['x']},{point['y']}" for point in points[:2])
    page = render_course(one)
    assert "Do not use this result" not in page
    assert "Do not use the comparison of visits 2 and 3" in page
    assert "The visits could not be aligned" in page
    assert "not joined by a line" in page


def test_what_none_leaves_open_is_told_at_every_visit(shrinking: Course) -> None:
    assert [visit["surely_seen_mm3"] for visit in course_dict(shrinking)["visits"]] == [None, None, None]
    page = render_course(shrinking)
    assert "none found<small>a small fragment may have been missed</small>" in page

    found = [replace(one, surely_seen_mm3=217.04 if one.present else 457.0) for one in shrinking.fragments]
    known = replace(shrinking, fragments=tuple(found))
    assert [visit["surely_seen_mm3"] for visit in course_dict(known)["visits"]] == [217.0, 217.0, 457.0]
    assert f"none found<small>a fragment under 457{NO_BREAK}mm³ may have been missed</small>" in render_course(known)


def test_complete_resorption_of_one_comparison_is_told_with_what_it_leaves_open(shrinking: Course) -> None:
    """In the table of changes as in the headline."""
    gone = shrinking.against_first[-1]
    seen = cases.with_change(gone, followup=replace(gone.change.followup, surely_seen_mm3=457.0))
    one = replace(shrinking, against_first=(shrinking.against_first[0], seen))
    words = f"Complete resorption<small>a remnant under 457{NO_BREAK}mm³ may have been missed</small>"
    assert render_course(one).count(words) == 1


def test_unlike_series_are_told(shrinking: Course) -> None:
    first, second = shrinking.against_first
    other = replace(second.change.followup, role=cases.Role.SAGITTAL_T1)
    mixed = [first, replace(second, change=replace(second.change, followup=other))]
    one = as_course(mixed, shrinking.against_previous, shrinking.provenance)
    assert [finding.code for finding in one.findings] == ["course-of-unlike-series"]
