"""Every failure becomes one sentence and one documented number, and none tells who the patient is."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer

from pipeline import errors
from pipeline.cli.terminal import INTERRUPTED, TERMINATED, guarded
from pipeline.errors import DiscdeltaError, ExitCode
from pipeline.volume import Volume

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DiscdeltaError)]


def failing(error: BaseException, *, verbose: bool = False) -> int:
    with pytest.raises(typer.Exit) as caught, guarded(verbose=verbose):
        raise error
    return int(caught.value.exit_code)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_error_has_its_exit_code_and_word(
    kind: type[DiscdeltaError], capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(kind("What was found. What to do.")) == kind.exit_code
    streams = capsys.readouterr()
    assert streams.err == f"error [{kind.code}]: What was found. What to do.\n"
    assert streams.out == ""


@pytest.mark.parametrize("verbose", [False, True])
def test_an_unexpected_error_shows_its_place_but_never_its_words(
    capsys: pytest.CaptureFixture[str], verbose: bool
) -> None:
    assert failing(KeyError("Doe^Jane"), verbose=verbose) == ExitCode.INTERNAL
    streams = capsys.readouterr()
    assert "KeyError" in streams.err
    assert "Doe" not in streams.err
    assert ("test_terminal.py" in streams.err) is verbose


@pytest.mark.parametrize("verbose", [False, True])
def test_words_of_this_package_are_shown_and_those_it_provokes_are_not(
    capsys: pytest.CaptureFixture[str], verbose: bool
) -> None:
    """What a `raise` of this package says is ours; what Python says of a value that it was given is not."""
    with pytest.raises(typer.Exit), guarded(verbose=verbose):
        Volume(np.zeros((2, 2)), np.eye(4))
    told = capsys.readouterr().err
    assert "This should not happen: ValueError at pipeline/volume.py:" in told
    assert "a volume has three dimensions, this array has 2" in told
    with pytest.raises(typer.Exit), guarded(verbose=verbose):
        Volume(np.zeros((2, 2, 2)), "Doe^Jane")  # type: ignore[arg-type]
    told = capsys.readouterr().err
    assert "ValueError at pipeline/volume.py:" in told
    assert "Doe^Jane" not in told.replace('Volume(np.zeros((2, 2, 2)), "Doe^Jane")', "")
    assert str(Path(__file__).parent) not in told


def refused_by_a_library(words: str) -> errors.UnreadableInputError:
    """Our own error with a library's error as its cause."""
    error = errors.UnreadableInputError("Nothing can be read. Try again.")
    try:
        raise OSError(words)
    except OSError as cause:
        error.__cause__ = cause
    return error


def test_frames_of_causes_are_shown_without_their_words(capsys: pytest.CaptureFixture[str]) -> None:
    error = refused_by_a_library("Doe^Jane")
    assert failing(error, verbose=True) == ExitCode.UNREADABLE_INPUT
    err = capsys.readouterr().err
    assert err.index("OSError") < err.index("UnreadableInputError") < err.index("error [unreadable-input]")
    assert "Doe" not in err


def test_control_c_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(KeyboardInterrupt()) == INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


def test_the_page_of_exit_codes_lists_every_code_and_word(repository: Path) -> None:
    page = (repository / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    rows = {int(number): word.strip("`") for number, word in re.findall(r"^\| (\d+) \| (\S+) \|", page, re.MULTILINE)}
    wanted = {int(kind.exit_code): kind.code for kind in KINDS}
    assert {number: rows.get(number) for number in wanted} == wanted
    assert set(rows) == {*map(int, ExitCode), INTERRUPTED, TERMINATED}


SLOW_WRITER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts with it ignored
from pathlib import Path
from pipeline.cli.terminal import guarded, terminable
from pipeline.files import replacing
import typer
app = typer.Typer(pretty_exceptions_enable=False)
@app.command()
def write():
    with guarded(), replacing(Path(sys.argv[1]) / "report.json") as temporary:
        temporary.write_text("half")
        print("writing", flush=True)
        time.sleep(30)
with terminable():
    app(args=[])
"""


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, TERMINATED), (signal.SIGINT, INTERRUPTED)])
def test_a_stopped_run_leaves_no_half_written_file(tmp_path: Path, sent: signal.Signals, status: int) -> None:
    command = [sys.executable, "-c", SLOW_WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "writing"
        process.send_signal(sent)
        _, err = process.communicate(timeout=20)
    assert process.returncode == status, err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
