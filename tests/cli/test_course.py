"""More than two visits on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import pipeline.dicom.course
import pipeline.workflow
from pipeline.cli import app
from pipeline.course import Course
from pipeline.dicom.visit import Visit
from pipeline.errors import ExitCode
from pipeline.measurement.meaning.clinical import ClinicalCourse
from tests.report.test_course import course as made_by_hand

Run = Callable[..., Result]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stands in for the work; gives the sources that it was asked to follow."""
    seen: list[list[str]] = []

    def follow(
        sources: Sequence[object],
        *,
        config: Any,
        progress: Callable[[str], None],
        loaded: Callable[[tuple[Visit, ...]], None],
        clinical: ClinicalCourse | None = None,
    ) -> Course:
        seen.append([str(source) for source in sources])
        progress("load")
        made = replace(made_by_hand(7.5, 5.0, 0.0, usable="unusable" not in seen[-1]), clinical=clinical)
        loaded(made.visits)
        return made

    monkeypatch.setattr(pipeline.workflow, "follow", follow)
    return seen


@pytest.fixture
def run(given: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    del given
    for name in ("march", "july", "january", "all", "unusable"):
        (tmp_path / "here" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    return lambda *arguments: CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_three_visits_become_a_course(run: Run, given: list[list[str]], tmp_path: Path) -> None:
    out = tmp_path / "course"
    done = run("march", "july", "january", "--out", out)
    assert done.exit_code == 0, done.stderr
    assert given == [["march", "july", "january"]]
    assert done.stdout.startswith("Complete resorption: a ")
    assert str(out / "course.html") in done.stdout
    assert {"course.html", "course.json", "course.csv", "visits-1-2", "visits-1-3", "visits-2-3"} == {
        path.name for path in out.iterdir()
    }


def test_a_folder_with_three_visits_is_one_too(
    run: Run, given: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline.dicom.course, "count_visits", lambda source, settings: 3)
    done = run("all", "--json", "--quiet")
    assert json.loads(done.stdout)["schema"] == "discdelta-course/1.0"
    assert given == [["all"]]


def test_scores_of_every_visit_are_carried_through(run: Run, tmp_path: Path) -> None:
    scores = tmp_path / "scores.yaml"
    scores.write_text("visits: [{joa: 4}, {}, {joa: 28}]", encoding="utf-8")
    done = run("march", "july", "january", "--json", "--quiet", "--clinical", scores)
    assert [visit["joa"] for visit in json.loads(done.stdout)["clinical"]["visits"]] == [4, None, 28]


def test_scores_of_two_visits_do_not_fit_three(run: Run, given: list[list[str]], tmp_path: Path) -> None:
    scores = tmp_path / "scores.yaml"
    scores.write_text("baseline: {joa: 4}", encoding="utf-8")
    done = run("march", "july", "january", "--json", "--clinical", scores)
    assert done.exit_code == ExitCode.USAGE
    assert "visits" in done.stderr
    assert given == [], "refused before anything was loaded"


def test_the_folder_of_another_course_is_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / "course.json").write_text(json.dumps({"provenance": {"inputs_sha256": ["others"]}}))
    done = run("march", "july", "january", "--out", tmp_path)
    assert done.exit_code == ExitCode.USAGE
    assert "--overwrite" in done.stderr


def test_what_must_not_be_used_fails(run: Run, tmp_path: Path) -> None:
    done = run("unusable", "july", "january", "--out", tmp_path / "course", "--quiet")
    assert done.exit_code == ExitCode.RESULT_NOT_USABLE
    assert (tmp_path / "course" / "course.html").is_file()


def test_volumes_cannot_be_mixed_with_folders(run: Run) -> None:
    done = run("march", "july", "january", "--json", "--t2", "a.nii", "b.nii")
    assert done.exit_code == ExitCode.USAGE
    assert "not both" in done.stderr
