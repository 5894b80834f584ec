"""What the parser refuses ends as docs/exit-codes.md promises: one line, the word, code 2, empty standard output."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import ExitCode


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing command"),
        (["bogus"], "No such command 'bogus'"),
        (["--bogus"], "--bogus"),
        (["compare"], "Which visits?"),
        (["measure"], "Which visits?"),
        (["segment"], "Which visit?"),
        (["phantom"], "CASE.yaml"),
        (["segment", "x", "--study-date", "never"], "--study-date"),
    ],
)
def test_a_wrong_call_is_one_line(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == ExitCode.USAGE
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error [usage]: ")
    assert said in line


@pytest.mark.parametrize("arguments", [["--help"], ["compare", "--help"]])
def test_help_is_no_failure(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Usage" in done.stdout
