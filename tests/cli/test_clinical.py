"""Scores that do not fit are refused before the long work begins."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.cli.compare import scores_from
from pipeline.errors import ExitCode


def test_scores_that_do_not_fit_are_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    visits = [tmp_path / "first", tmp_path / "second"]
    for visit in visits:
        visit.mkdir()
    scores = tmp_path / "scores.yaml"
    scores.write_text("baseline: {patient: somebody}", encoding="utf-8")
    given = ["compare", *map(str, visits), "--out", str(tmp_path / "out"), "--clinical", str(scores)]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == ExitCode.USAGE
    assert "unknown setting baseline.patient" in " ".join(result.output.split())


def test_scores_are_read_only_where_a_file_is_given(tmp_path: Path) -> None:
    assert scores_from(None) == {}
    scores = tmp_path / "scores.json"
    scores.write_text('{"baseline": {"joa": 11}}', encoding="utf-8")
    assert scores_from(scores)["clinical"].baseline.joa == 11
