"""One page: it needs nothing else, keeps below its limit, and never runs what a header says."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pipeline.config import Config, ReportSettings
from pipeline.dicom.visit import Role
from pipeline.errors import OutputError
from pipeline.findings import Finding, Severity
from pipeline.report.as_html import render_html
from tests.report import cases


class References(HTMLParser):
    """Collects whatever a browser would fetch, and every script."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.scripts = 0
        self.images_without_text = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.fetched += [v or "" for k, v in attrs if k in {"src", "href", "data", "action", "poster", "srcset"}]
        self.scripts += tag == "script"
        self.images_without_text += tag == "img" and not values.get("alt")


@pytest.fixture(scope="module")
def page() -> str:
    return render_html(cases.comparison())[0]


def test_page_needs_nothing_else(page: str) -> None:
    found = References()
    found.feed(page)
    assert found.fetched
    assert all(reference.startswith(("data:image/", "#")) for reference in found.fetched)
    assert found.images_without_text == 0
    assert not re.search(r"https?://|@import|url\(", re.sub(r"data:image/[^\"']+", "", page))


def test_page_shows_the_numbers_with_their_intervals(page: str) -> None:
    text = page.replace("\u202f", " ").replace("\u00a0", " ")
    for words in ("2 340", "2 153 to 2 527", "−1 652", "Research use only", "L4/L5", "126 days"):
        assert words in text


def test_both_visits_have_every_slice_and_three_are_printed(page: str) -> None:
    for plane in ("sagittal", "axial"):
        part = page.split(f'id="view-{plane}"')[1].split("</section>", maxsplit=1)[0]
        slices = part.count("data-index=")
        assert slices >= 5
        assert part.count('class="film"') == 2 * slices
        assert part.count("printed") == 3
        assert 'class="o fragment"' in part


def test_header_text_is_never_run() -> None:
    findings = (Finding("odd-header", Severity.WARNING, "Description '<img src=x onerror=alert(1)>' was ignored."),)
    page, _ = render_html(cases.comparison(description="<script>alert(1)</script>", findings=findings))
    plain, _ = render_html(cases.comparison())
    found, expected = References(), References()
    found.feed(page)
    expected.feed(plain)
    assert found.scripts == expected.scripts
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<img src=x" not in page


def test_nobody_can_tell_who_was_examined() -> None:
    page, _ = render_html(cases.comparison(description="t2 Musterfrau Erika"))
    bare = re.sub(r"data:image/[^\"']+", "", page).lower()
    for secret in ("musterfrau", "erika", "778899", "19610412", "acc-4711", "/data/export"):
        assert secret not in bare


def test_unusable_result_is_refused_in_red_and_without_volumes() -> None:
    page, _ = render_html(cases.comparison(usable=False))
    assert 'role="alert"' in page
    assert "Do not use this result" in page
    assert "The visits could not be aligned." in page.split("</section>")[0]
    text = page.replace("\u202f", " ")
    assert "2 340" not in text
    assert 'class="numbers"' not in text


def test_no_fragment_is_said_plainly() -> None:
    page, _ = render_html(cases.comparison(0.0, 0.0))
    assert "No displaced disc material found" in page
    assert "none found" in page
    assert 'class="o fragment"' not in page


def test_page_is_kept_below_its_limit_and_says_what_it_cost() -> None:
    whole, none_given_up = render_html(cases.comparison())
    assert none_given_up == ()
    limit = len(whole.encode()) / 1e6 * 0.6
    config = Config(report=ReportSettings(maximum_html_megabytes=limit))
    small, findings = render_html(cases.comparison(config=config))
    assert len(small.encode()) <= limit * 1e6
    assert [f.code for f in findings] == ["report-pictures-reduced"]
    assert findings[0].message.split(" (")[0] in small


def test_page_that_cannot_be_made_small_enough_is_refused() -> None:
    config = Config(report=ReportSettings(maximum_html_megabytes=0.01))
    with pytest.raises(OutputError, match="maximum_html_megabytes"):
        render_html(cases.comparison(config=config))


def test_visit_without_the_other_series_says_so() -> None:
    page, _ = render_html(cases.comparison(followup_roles=(Role.SAGITTAL_T2,)))
    assert "Sagittal T1 was not acquired at this visit" in page
    assert "Axial T2 was not acquired at this visit" in page


def words(page: str) -> str:
    """The page's text without pictures and tags, its spaces plain."""
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def test_confidence_of_names_is_no_percentage_and_alike_everywhere(page: str) -> None:
    original = cases.comparison()
    level = replace(original.baseline_anatomy.levels["L4/L5"], confidence=0.97496)
    levels = {**original.baseline_anatomy.levels, "L4/L5": level}
    anatomy = replace(original.baseline_anatomy, levels=levels)
    part = words(render_html(replace(original, baseline_anatomy=anatomy))[0]).split("How the level was named")[1]
    part = part.split("Is the alignment right?")[0]
    assert "Confidence in the name (0 to 1, fitted to known cases): baseline 0.98, follow-up 0.92." in part
    assert "L4/L5 0.98" in part
    assert "%" not in part
    assert "robability" not in words(page)


def test_a_residue_up_to_the_limit_of_blank_is_explained_and_not_outlined() -> None:
    page, _ = render_html(cases.comparison(7.5, 2.0))
    assert "Complete resorption" in page
    text = words(page)
    assert re.search(
        r"Follow-up: a residue of \d+ mm³ does not exceed the limit of blank of 60 mm³ and counts as none", text
    )
    assert "Baseline: a residue" not in text
    assert "Band of the rate cut-offs 25, 50, 100 %" in text
    assert "The fragment is outlined as it was measured" in text
    followups = page.split('data-visit="Follow-up')[1:]
    assert all('class="o fragment"' not in film.split("</figure>")[0] for film in followups)


def test_both_limits_stand_beside_the_headline_and_are_explained() -> None:
    made = cases.comparison(7.5, 0.0)
    known = cases.with_change(made, followup=replace(made.change.followup, surely_seen_mm3=457.0))
    page, _ = render_html(known)
    first = words(page).split("How the number was made")[0]
    assert "Complete resorption: a remnant under 457 mm³ may have been missed" in first
    assert "Limit of blank 60 mm³ 60 mm³ Limit of detection not known 457 mm³" in first
    assert "Limit of blank : the most that is read where there is no fragment" in first
    assert "etection limit" not in words(page)


def test_up_to_two_warnings_stand_in_full_beside_the_headline() -> None:
    warnings = [Finding(f"odd-{k}", Severity.WARNING, f"Something odd {k}.") for k in range(3)]
    first = words(render_html(cases.comparison(findings=tuple(warnings[:1])))[0]).split("Measured volumes")[0]
    assert "Warning: Something odd 0." in first
    first = words(render_html(cases.comparison(findings=tuple(warnings)))[0]).split("Measured volumes")[0]
    assert "3 warnings about the input or the processing" in first
    assert "Something odd" not in first


def test_nothing_is_said_of_outlines_that_are_not_drawn() -> None:
    text = words(render_html(cases.comparison(0.0, 0.0))[0])
    assert "The fragment is outlined" not in text
    assert "residue" not in text


def test_series_that_disagree_are_shown_open() -> None:
    original = cases.comparison()
    volumes = {Role.SAGITTAL_T2: 2340.0, Role.SAGITTAL_T1: 900.0}
    change = replace(original.change, baseline=replace(original.change.baseline, volumes_by_role_mm3=volumes))
    alike = replace(original, change=change)
    finding = Finding("series-disagree", Severity.INFO, "At baseline the series disagree about the fragment.")
    folded, _ = render_html(alike)
    opened, _ = render_html(replace(alike, findings=(*original.findings, finding)))
    assert '<details class="making">' in folded
    assert '<details class="making" open>' in opened
    assert "The series disagree about the fragment by more than their errors" in words(opened)
    assert "The series disagree about the fragment by more than their errors" not in words(folded)


def test_carried_over_axial_labels_are_dashed_and_said_to_be(page: str) -> None:
    original = cases.comparison()
    finding = Finding("axial-labels-carried-over", Severity.INFO, "The labels of axial T2 were carried over.")
    anatomy = replace(original.followup_anatomy, findings=(finding,))
    carried, _ = render_html(replace(original, followup_anatomy=anatomy))
    assert 'class="viewer hide-bone carried-over" id="view-axial"' in carried
    assert 'class="viewer hide-bone" id="view-sagittal"' in carried
    assert "carried over from the sagittal series" in words(carried)
    assert "carried over from the sagittal series" not in words(page)
