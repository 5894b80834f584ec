"""The command around the segmentation: streams, exit codes, what may be replaced, and which series are taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import pipeline.segmenting
from pipeline.cli import app
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import ExitCode, LevelError
from pipeline.report.as_nifti import to_nifti
from pipeline.segmented import SegmentedVisit
from tests.report.segmented import segmented

Run = Callable[..., Result]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Stands in for the segmentation; gives the arguments that it was called with."""
    seen: list[dict[str, Any]] = []

    def segment_visit(
        source: object,
        *,
        config: Any,
        roles: Any,
        study_date: date | None,
        progress: Callable[[str], None],
        loaded: Callable[[Visit], None],
    ) -> SegmentedVisit:
        seen.append({"source": source, "config": config, "roles": roles, "study_date": study_date})
        progress("load")
        made = segmented(usable=str(source) != "unsure")
        loaded(made.visit)
        seen[-1]["worked"] = True
        if str(source) == "unnamed":
            raise LevelError("L4/L5 is not in view. Choose another level.")
        return replace(made, config=config)

    monkeypatch.setattr(pipeline.segmenting, "segment_visit", segment_visit)
    return seen


@pytest.fixture
def run(calls: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in a folder that holds the visits named below."""
    del calls
    place = tmp_path / "here"
    for name in ("march", "unsure", "unnamed"):
        (place / name).mkdir(parents=True)
    monkeypatch.chdir(place)
    return lambda *arguments: CliRunner().invoke(app, ["segment", *map(str, arguments)])


def test_words_go_to_standard_output_and_files_to_the_folder(run: Run, tmp_path: Path) -> None:
    done = run("march", "--out", tmp_path / "out", "--probabilities", "--images")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("Discs L5/S1 to L2/L3, counted from the sacrum on Sagittal T2")
    assert str(tmp_path / "out" / "segmentation.png") in done.stdout
    names = {p.name for p in (tmp_path / "out").iterdir()}
    for kind in ("labels", "instances", "probabilities", "image"):
        assert {f"{role}_{kind}.nii.gz" for role in ("sagittal_t2", "sagittal_t1", "axial_t2")} <= names
    assert done.stderr.splitlines()[0] == "load (about 2 s)"
    assert "Research use only." in done.stdout.splitlines()


def test_json_prints_the_values_and_nothing_else(run: Run, tmp_path: Path) -> None:
    done = run("march", "--json", "--quiet")
    assert json.loads(done.stdout)["schema"] == "discdelta-segmentation/1.0"
    assert done.stderr == ""
    written = run("march", "--json", "--quiet", "--out", tmp_path / "out")
    assert written.stdout == (tmp_path / "out" / "segmentation.json").read_text(encoding="utf-8") == done.stdout


def test_unsure_names_are_written_and_still_fail(run: Run, tmp_path: Path) -> None:
    done = run("unsure", "--out", tmp_path / "out", "--quiet")
    assert done.exit_code == ExitCode.RESULT_NOT_USABLE
    assert done.stderr.startswith("error [result-not-usable]: L4/L5 could be named with a confidence of only 0.31")
    assert (tmp_path / "out" / "segmentation.png").exists()


def test_a_refusal_is_one_sentence_and_leaves_nothing(run: Run, tmp_path: Path) -> None:
    done = run("unnamed", "--out", tmp_path / "out", "--quiet", "--json")
    assert done.exit_code == ExitCode.REFUSED_LEVEL
    assert done.stderr == "error [refused-level]: L4/L5 is not in view. Choose another level.\n"
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_another_visits_folder_is_refused_before_the_work(
    run: Run, calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "segmentation.json").write_text('{"provenance": {"input_sha256": "of another visit"}}')
    refused = run("march", "--out", tmp_path)
    assert refused.exit_code == ExitCode.USAGE
    assert "--overwrite" in refused.stderr
    assert "worked" not in calls[-1]
    assert run("march", "--out", tmp_path, "--overwrite").exit_code == 0
    (tmp_path / ".partial-left-by-a-killed-run").touch()
    assert run("march", "--out", tmp_path).exit_code == 0
    assert not list(tmp_path.glob(".partial-*"))


def test_options_reach_the_library(run: Run, calls: list[dict[str, Any]], tmp_path: Path) -> None:
    options = ("--level", "l5-s1", "--lowest-disc", "L5/S1", "--study-date", "2013-03-04")
    run("march", "--json", *options, "--series", "sagittal_t2", "--series", "Axial-T2")
    settings = calls[0]["config"].segmentation
    assert (settings.level, settings.lowest_disc) == ("L5/S1", "L5/S1")
    assert calls[0]["study_date"] == date(2013, 3, 4)
    assert calls[0]["roles"] == [Role.SAGITTAL_T2, Role.AXIAL_T2]


def test_several_files_make_one_visit(run: Run, calls: list[dict[str, Any]]) -> None:
    for name in ("one.dcm", "two.dcm"):
        Path(name).touch()
    run("one.dcm", "two.dcm", "--json")
    assert calls[0]["source"] == [Path("one.dcm"), Path("two.dcm")]


def test_nifti_is_taken_for_what_it_is_said_to_be(run: Run, calls: list[dict[str, Any]]) -> None:
    for role in (Role.SAGITTAL_T2, Role.SAGITTAL_T1):
        to_nifti(segmented().visit.series[role].volume).to_filename(f"{role.value}.nii.gz")
    run("sagittal_t1.nii.gz", "sagittal_t2.nii.gz", "--series", "sagittal_t1", "--series", "sagittal_t2", "--json")
    visit = calls[0]["source"]
    for role, series in visit.series.items():
        np.testing.assert_allclose(series.volume.array, segmented().visit.series[role].volume.array, atol=1e-3)
    assert calls[0]["roles"] == []


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["march"], "--out"),
        (["march", "--images", "--json"], "--out"),
        (["--json"], "--series"),
        (["volume.nii.gz", "--json"], "--series sagittal_t2"),
        (["volume.nii.gz", "march", "--series", "sagittal_t2", "--json"], "not both"),
        (["march", "--json", "--level", "knee"], "L4/L5"),
        (["march", "--json", "--series", "knee"], "sagittal_t2"),
        (["march", "--json", "--study-date", "last week"], "--study-date"),
    ],
)
def test_a_wrong_call_says_what_to_do(run: Run, calls: list[dict[str, Any]], arguments: list[str], advice: str) -> None:
    Path("volume.nii.gz").touch()
    done = run(*arguments)
    assert done.exit_code == ExitCode.USAGE
    assert advice in done.stderr
    assert done.stdout == ""
    assert calls == []


def test_a_missing_visit_is_told_before_anything_begins(run: Run, calls: list[dict[str, Any]]) -> None:
    done = run("nowhere", "--json")
    assert done.exit_code == ExitCode.UNREADABLE_INPUT
    assert calls == []
