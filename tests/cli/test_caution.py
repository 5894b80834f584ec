"""Nobody has to open the report to learn that an answer comes with warnings."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from pipeline.cli.caution import say_caution, say_early
from pipeline.findings import Finding, Severity

THICK = Finding("slice-thickness-differs", Severity.WARNING, "Slices differ.")
SAME = Finding("visits-identical", Severity.WARNING, "Baseline and follow-up are the same images.")
NOTE = Finding("level-chosen", Severity.INFO, "L5/S1 was measured.")


def test_warnings_are_counted_once_each_and_the_gravest_told(capsys: pytest.CaptureFixture[str]) -> None:
    say_caution([NOTE, THICK, SAME, THICK])
    assert capsys.readouterr().out.splitlines() == [
        "2 warnings: read the findings in the report first.",
        "warning [visits-identical]: Baseline and follow-up are the same images.",
        "Research use only.",
    ]


def test_without_warnings_only_what_the_result_is_for_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    say_caution([NOTE])
    assert capsys.readouterr().out == "Research use only.\n"


def test_where_only_a_file_for_programs_holds_the_findings_all_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    say_caution([THICK, NOTE], "segmentation.json")
    assert capsys.readouterr().out.splitlines() == [
        "1 warning, also in segmentation.json:",
        "warning [slice-thickness-differs]: Slices differ.",
        "Research use only.",
    ]


@pytest.mark.parametrize(("shown", "told"), [(True, [f"warning [{SAME.code}]: {SAME.message}"]), (False, [])])
def test_what_makes_the_work_pointless_is_told_before_it(shown: bool, told: list[str]) -> None:
    console = Console(file=StringIO(), width=200)
    say_early(console, [THICK, SAME, SAME], shown=shown)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines() == told
