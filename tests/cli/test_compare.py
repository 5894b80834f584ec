"""The command around the comparison: streams, exit codes, and what may be replaced."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import pipeline.dicom.course
import pipeline.workflow
from pipeline.cli import app
from pipeline.comparison import Comparison
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import ExitCode, LevelError
from tests.report.cases import comparison as made_by_hand

Run = Callable[..., Result]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Stands in for the comparison; gives the arguments that it was called with."""
    seen: list[dict[str, Any]] = []

    def compare(
        baseline: object,
        followup: object = None,
        *,
        config: Any,
        progress: Callable[[str], None],
        loaded: Callable[[Visit, Visit], None],
    ) -> Comparison:
        seen.append({"baseline": baseline, "followup": followup, "config": config})
        progress("load")
        made = made_by_hand(
            3.0 if str(baseline) == "other" else 7.5,
            usable=str(baseline) != "unusable",
            roles=(Role.SAGITTAL_T2,),
            config=config,
        )
        loaded(made.baseline, made.followup)
        for stage in ("segment baseline", "segment follow-up", "align", "measure"):
            progress(stage)
            seen[-1]["last"] = stage
        if str(baseline) == "unsure":
            raise LevelError("L4/L5 is not there. Choose another level.")
        return made

    monkeypatch.setattr(pipeline.workflow, "compare", compare)
    return seen


@pytest.fixture
def run(calls: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in a folder that holds the visits named below."""
    del calls
    place = tmp_path / "here"
    for name in ("march", "july", "other", "both", "unsure", "unusable"):
        (place / name).mkdir(parents=True)
    monkeypatch.chdir(place)
    return lambda *arguments: CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_the_answer_goes_to_standard_output_and_the_files_to_the_folder(run: Run, tmp_path: Path) -> None:
    done = run("march", "july", "--out", tmp_path / "report")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("Partial resorption. The fragment at L4/L5 measured ")
    assert str(tmp_path / "report" / "report.html") in done.stdout
    assert {"report.html", "report.json", "report.csv", "settings.yaml"} <= {
        p.name for p in (tmp_path / "report").iterdir()
    }
    assert done.stderr.splitlines()[0:3:2] == ["load (about 1 s)", "segment baseline (about 5 s)"]


def test_json_prints_the_report_and_nothing_else(run: Run, tmp_path: Path) -> None:
    done = run("march", "july", "--out", tmp_path, "--json")
    assert done.stdout == (tmp_path / "report.json").read_text(encoding="utf-8")
    assert json.loads(done.stdout)["change"]["category"] == "partial"


def test_json_without_a_folder_writes_nothing(run: Run, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert json.loads(run("march", "july", "--json").stdout)["level"]["name"] == "L4/L5"
    assert sorted(tmp_path.rglob("*")) == before


def test_quiet_prints_nothing(run: Run, tmp_path: Path) -> None:
    done = run("march", "july", "--out", tmp_path, "--quiet")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("json_flag", [[], ["--json"]])
def test_a_refusal_is_one_sentence_and_leaves_standard_output_empty(
    run: Run, tmp_path: Path, json_flag: list[str]
) -> None:
    done = run("unsure", "july", "--out", tmp_path / "report", "--quiet", *json_flag)
    assert done.exit_code == ExitCode.REFUSED_LEVEL
    assert done.stderr == "error [refused-level]: L4/L5 is not there. Choose another level.\n"
    assert done.stdout == ""
    assert not (tmp_path / "report").exists()


def test_an_unusable_result_is_written_and_still_fails(run: Run, tmp_path: Path) -> None:
    done = run("unusable", "july", "--out", tmp_path, "--json", "--quiet")
    assert done.exit_code == ExitCode.RESULT_NOT_USABLE
    assert json.loads(done.stdout)["change"]["usable"] is False
    assert (tmp_path / "report.html").exists()


def test_a_rerun_replaces_its_own_result_but_never_another(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("march", "july", "--out", tmp_path).exit_code == 0
    first = (tmp_path / "report.json").read_bytes()
    (tmp_path / ".partial-left-by-a-killed-run").touch()
    assert run("march", "july", "--out", tmp_path).exit_code == 0
    assert (tmp_path / "report.json").read_bytes() == first
    assert not list(tmp_path.glob(".partial-*"))

    (tmp_path / "report.json").write_text(json.dumps({"provenance": {"inputs_sha256": ["somebody", "else"]}}))
    refused = run("march", "july", "--out", tmp_path)
    assert refused.exit_code == ExitCode.USAGE
    assert "--overwrite" in refused.stderr
    assert run("march", "july", "--out", tmp_path, "--overwrite").exit_code == 0


def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    run: Run, calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = run("march", "july", "--out", tmp_path / "file" / "report")
    assert done.exit_code == ExitCode.OUTPUT_NOT_WRITTEN
    assert done.stderr.startswith("error [output-not-written]: ")
    assert calls == []


def test_another_pairs_folder_is_refused_before_the_long_work(
    run: Run, calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert run("march", "july", "--out", tmp_path / "report").exit_code == 0
    (tmp_path / "report" / "report.json").write_text('{"provenance": {"inputs_sha256": ["a", "b"]}}')
    assert run("march", "july", "--out", tmp_path / "report").exit_code == ExitCode.USAGE
    assert "last" not in calls[-1]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
def test_a_place_where_nothing_can_be_made_is_told_before_the_work(run: Run, calls: list[dict[str, Any]]) -> None:
    assert run("march", "july", "--out", "/proc/report").exit_code == ExitCode.OUTPUT_NOT_WRITTEN
    assert calls == []


@pytest.mark.parametrize("visits", [("march", "nowhere"), ("nowhere", "july")])
def test_a_missing_visit_is_told_before_anything_begins(
    run: Run, calls: list[dict[str, Any]], tmp_path: Path, visits: tuple[str, str]
) -> None:
    done = run(*visits, "--out", tmp_path / "report")
    assert done.exit_code == ExitCode.UNREADABLE_INPUT
    assert done.stderr.startswith("error [unreadable-input]: Cannot read nowhere")
    assert len(done.stderr.splitlines()) == 1
    assert calls == []


def test_verbose_logs_series_sizes_and_times(run: Run, tmp_path: Path) -> None:
    done = run("march", "july", "--out", tmp_path / "report", "--verbose")
    assert done.exit_code == 0
    for told in ("baseline of ", "sagittal T2: series ", " voxels of ", " took "):
        assert told in done.stderr
    assert any(line.endswith(" mm") for line in done.stderr.splitlines()), "lines of a log are not wrapped"
    assert str(tmp_path) not in done.stderr


def test_options_reach_the_settings(run: Run, calls: list[dict[str, Any]], tmp_path: Path) -> None:
    run("march", "july", "--out", tmp_path, "--level", "l5-s1", "--lowest-disc", "L5/S1", "--allow-different-patients")
    settings = calls[0]["config"]
    assert settings.segmentation.level == "L5/S1"
    assert settings.segmentation.lowest_disc == "L5/S1"
    assert settings.dicom.allow_different_patients


def test_one_folder_may_hold_both_visits(
    run: Run, calls: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline.dicom.course, "count_visits", lambda source, settings: 2)
    assert run("both", "--out", tmp_path).exit_code == 0
    assert calls[0]["followup"] is None


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["march", "july"], "--out"),
        (["--out", "report"], "--t2"),
        ([], "Which visits?"),
        (["march", "july", "--out", "report", "--t2", "a.nii", "b.nii"], "not both"),
        (["march", "july", "--out", "report", "--level", "knee"], "L4/L5"),
        (["march", "july", "--out", "report", "--config", "nowhere.yaml"], "--config"),
        (["march", "july", "--out", "report", "--bogus"], "--bogus"),
    ],
)
def test_a_wrong_call_says_what_to_do(run: Run, calls: list[dict[str, Any]], arguments: list[str], advice: str) -> None:
    done = run(*arguments)
    assert done.exit_code == ExitCode.USAGE
    assert advice in done.stderr
    assert done.stderr.startswith("error [usage]: ")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert calls == []
