"""A folder holds a whole report or none: report.json is written last and removed first."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from pipeline.config import Config, ReportSettings, load_config
from pipeline.errors import OutputError
from pipeline.report.write import write_report
from tests.report import cases


def test_every_file_is_there_and_agrees(tmp_path: Path) -> None:
    comparison = cases.comparison()
    files = write_report(comparison, tmp_path / "deep" / "out")
    assert {p.name for p in (tmp_path / "deep" / "out").iterdir()} == {
        "report.html", "report.json", "report.csv", "settings.yaml", "provenance.json", "nifti",
    }  # fmt: skip
    assert load_config(files.settings) == comparison.config
    report = json.loads(files.json.read_text(encoding="utf-8"))
    provenance = json.loads(files.provenance.read_text(encoding="utf-8"))
    assert provenance["settings_sha256"] == report["provenance"]["settings_sha256"]
    assert [c["role"] for c in provenance["series"]["baseline"]] == [None, "sagittal_t2", "sagittal_t1", "axial_t2"]
    assert yaml.safe_load(files.settings.read_text(encoding="utf-8"))["segmentation"]["level"] == "L4/L5"
    assert files.json.stat().st_mtime_ns >= max(
        p.stat().st_mtime_ns for p in (tmp_path / "deep").rglob("*") if p.is_file()
    )


def test_rerun_replaces_every_file_with_the_same_bytes(tmp_path: Path) -> None:
    write_report(cases.comparison(), tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    (tmp_path / "nifti" / "baseline_sagittal_stir_labels.nii.gz").write_bytes(b"stale")
    write_report(cases.comparison.__wrapped__(), tmp_path)
    assert before == {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}


def test_files_of_others_stay(tmp_path: Path) -> None:
    others = [tmp_path / "nifti" / "patient07_T2.nii.gz", tmp_path / "nifti" / "corrected_mask.nii.gz"]
    (tmp_path / "nifti").mkdir()
    for path in others:
        path.write_bytes(b"by hand")
    write_report(cases.comparison(), tmp_path)
    assert all(path.read_bytes() == b"by hand" for path in others)


def test_a_run_cut_short_leaves_no_page_of_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it writes: whoever opens the folder must not read the answer of other images."""
    write_report(cases.comparison(), tmp_path)

    def killed(*_: object) -> None:
        raise SystemExit(137)

    monkeypatch.setattr("pipeline.report.write.write_nifti", killed)
    with pytest.raises(SystemExit):
        write_report(cases.comparison(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["nifti"]


def test_failed_run_leaves_no_finished_report(tmp_path: Path) -> None:
    write_report(cases.comparison(), tmp_path)
    config = Config(report=ReportSettings(maximum_html_megabytes=0.01))
    with pytest.raises(OutputError):
        write_report(cases.comparison(config=config), tmp_path)
    assert not (tmp_path / "report.json").exists()
    assert not list(tmp_path.rglob(".partial-*"))


def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match="Cannot write"):
        write_report(cases.comparison(), tmp_path / "file" / "out")


def test_importing_the_room_is_light() -> None:
    command = "import sys, pipeline.report; print('jinja2' in sys.modules, 'pipeline.report.write' in sys.modules)"
    import subprocess
    import sys

    out = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, env=os.environ)
    assert out.stdout.split() == ["False", "False"]
