"""Progress: bars on a screen, one line per stage in a log, nothing when asked to be quiet."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipeline.cli.progress import StageDisplay

STAGES = {"load": 2.0, "align": 6.0}


def shown(*, terminal: bool, visible: bool = True, fails: bool = False) -> str:
    """Everything that a run of two stages prints."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=100, color_system=None)
    with StageDisplay(console, STAGES, shown=visible) as progress:
        progress("load")
        progress("align")
        if fails:
            raise RuntimeError
    return stream.getvalue()


def test_a_log_gets_a_line_per_stage_with_the_time_to_expect() -> None:
    assert shown(terminal=False).splitlines() == [
        "load (about 2 s)",
        "This takes about 8 s on two idle cores; more with many series.",
        "align (about 6 s)",
    ]


def test_a_screen_gets_a_bar_per_stage() -> None:
    text = shown(terminal=True)
    assert "✓ load" in text
    assert "✓ align" in text


def test_nothing_is_shown_when_quiet() -> None:
    assert shown(terminal=False, visible=False) == ""
    assert shown(terminal=True, visible=False) == ""


def test_input_that_cannot_be_read_is_not_preceded_by_how_long_the_work_takes() -> None:
    stream = io.StringIO()
    with StageDisplay(Console(file=stream, width=100), STAGES) as progress:
        progress("load")
    assert stream.getvalue() == "load (about 2 s)\n"


def test_a_failure_passes_through() -> None:
    with pytest.raises(RuntimeError):
        shown(terminal=True, fails=True)
