"""The files of a study: whole, consistent with each other, and a page that needs nothing else."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.validation.protocol import load_protocol
from pipeline.validation.write import StudyFiles, write_study
from tests.validation import rows


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> StudyFiles:
    study = rows.study(240, bias=-0.02)
    study[9] = rows.refused(study[9])
    return write_study(study, rows.protocol(), tmp_path_factory.mktemp("study"))


def test_all_files_are_written_and_nothing_else(files: StudyFiles) -> None:
    names = {"validation.html", "validation.json", "pairs.csv", "precision_profile.json", "protocol.yaml"}
    assert {path.name for path in files.page.parent.iterdir()} == names
    assert load_protocol(files.protocol) == rows.protocol()


def test_the_table_has_a_row_per_pair_and_the_json_agrees_with_it(files: StudyFiles) -> None:
    with files.table.open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    data = json.loads(files.json.read_text(encoding="utf-8"))
    assert len(table) == data["pairs"] == 240
    assert [row["refused"] for row in table if row["refused"]] == ["refused-comparability"]
    called = [row["category"] == "complete" for row in table if row["kind"] == "complete" and row["usable"] == "yes"]
    assert (sum(called), len(called)) == (data["complete_called"]["count"], data["complete_called"]["n"])
    errors = [
        100 * (float(row["delta_mm3"]) - float(row["true_delta_mm3"])) / float(row["baseline_true_mm3"])
        for row in table
        if row["usable"] == "yes"
    ]
    assert sum(errors) / len(errors) == pytest.approx(data["groups"][0]["change_percent"]["bias"], abs=1e-3)


def test_the_page_shows_every_pair_and_fetches_nothing(files: StudyFiles) -> None:
    page = files.page.read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!#)|url\(|<script|@import", page)
    plots = dict(re.findall(r'<figure class="plot" id="plot-(\w+)">(.*?)<figcaption', page, re.DOTALL))
    assert list(plots) == ["change", "volume", "truth", "precision"]
    assert plots["change"].count("<title>") == 239
    assert plots["truth"].count('class="whisker"') == 239
    assert "Not decided" not in page


def test_every_mark_lies_inside_its_plot(files: StudyFiles) -> None:
    page = files.page.read_text(encoding="utf-8")
    for x, y in re.findall(r'<circle cx="([\d.-]+)" cy="([\d.-]+)"', page):
        assert 0 < float(x) < 560
        assert 0 < float(y) < 340


def test_a_rerun_gives_the_same_bytes(files: StudyFiles, tmp_path: Path) -> None:
    study = rows.study(240, bias=-0.02)
    study[9] = rows.refused(study[9])
    again = write_study(study, rows.protocol(), tmp_path)
    for one in ("page", "json", "table", "profile", "protocol"):
        assert getattr(again, one).read_bytes() == getattr(files, one).read_bytes()


def test_a_rehearsal_says_that_it_is_one(tmp_path: Path) -> None:
    page = write_study(rows.study(8), rows.protocol(), tmp_path).page.read_text(encoding="utf-8")
    assert "Not decided: too few cases" in page
    assert "Run it with --full" in page


def test_a_study_without_any_result_still_has_a_page(tmp_path: Path) -> None:
    files = write_study([rows.refused(one) for one in rows.study(4)], rows.protocol(), tmp_path)
    assert "refused-comparability" in files.page.read_text(encoding="utf-8")
    assert json.loads(files.profile.read_text(encoding="utf-8"))["cells"] == []


@pytest.mark.system
def test_the_page_fits_the_window_of_a_real_browser(files: StudyFiles, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no chromium here: install the system package chromium to look at the page")
    probe = "<script>document.title = [scrollWidth = document.documentElement.scrollWidth, innerWidth].join()</script>"
    page = files.page.read_text(encoding="utf-8").replace("style-src", "script-src 'unsafe-inline'; style-src")
    (tmp_path / "page.html").write_text(page.replace("</body>", probe + "</body>"), encoding="utf-8")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    where = (f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1300,1000", "--dump-dom")
    command = [browser, *flags, *where, (tmp_path / "page.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r"<title>(\d+),(\d+)</title>", done.stdout)
    assert found
    assert int(found[1]) <= int(found[2])
