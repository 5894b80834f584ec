"""One page: it needs nothing else, keeps below its limit, and never runs what a header says."""

from __future__ import annotations

import re
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
