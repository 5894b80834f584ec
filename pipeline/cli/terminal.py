"""What every command shares with its terminal: streams, logging, and how an error becomes an exit code.

Standard output belongs to results; everything else goes to standard error. No message says who the patient is:
tracebacks are printed without the text of libraries' exceptions, because these quote header values in it.
"""

from __future__ import annotations

import logging
import re
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from pipeline.errors import DiscdeltaError, ExitCode

if TYPE_CHECKING:
    from rich.console import Console

_PACKAGE = "pipeline"
INTERRUPTED = 130
TERMINATED = 143


def error_console() -> Console:
    """A console on standard error. It never wraps a line that is not shown on a screen: logs are read by line."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def set_up_logging(console: Console, *, quiet: bool, verbose: bool) -> None:
    """Show the package's own log; keep libraries' logs and warnings out, since they may quote patient data."""
    logger = logging.getLogger("pipeline")
    logger.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING)
    logger.handlers = [_ConsoleHandler(console)]
    logger.propagate = False
    root = logging.getLogger()
    if not root.handlers:  # without any, Python prints every library's warnings to standard error
        root.addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")


class _ConsoleHandler(logging.Handler):
    """Writes each record as one line above whatever progress is shown, never wrapped."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Print ``record``."""
        self._console.print(self.format(record), markup=False, soft_wrap=True)


@contextmanager
def guarded(*, verbose: bool = False) -> Iterator[None]:
    """Turn whatever goes wrong inside into one sentence on standard error and a documented exit code."""
    try:
        yield
    except DiscdeltaError as error:
        if verbose:
            _show_frames(error)
        fail(error.code, str(error), error.exit_code)
    except KeyboardInterrupt:
        fail("interrupted", "Stopped; no half-written file is left. The same command starts again.", INTERRUPTED)
    except (typer.Exit, SystemExit, BrokenPipeError):
        raise
    except Exception as error:
        if verbose:
            _show_frames(error)
        advice = "" if verbose else " Run again with --verbose to see where, and report it with those lines."
        fail("internal", f"This should not happen: {_told(error)}.{advice}", ExitCode.INTERNAL)


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM unwind the stack, so that temporary files go, and let a closed pipe end the command quietly."""
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # else Python complains once more about the same pipe while it shuts down
        sys.exit(ExitCode.OUTPUT_NOT_WRITTEN)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _terminate(signum: int, frame: FrameType | None) -> None:
    del signum, frame
    sys.exit(TERMINATED)


def fail(code: str, message: str, status: int) -> None:
    """End the command with one line on standard error.

    Raises
    ------
    typer.Exit
        Always, with ``status``.
    """
    typer.echo(f"error [{code}]: {message}", err=True)
    raise typer.Exit(int(status))


def _show_frames(error: BaseException) -> None:
    """Print where an error and its causes arose: files and lines of code, without the exceptions' own words."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    for link in reversed(chain):
        for frame in traceback.extract_tb(link.__traceback__):
            typer.echo(f"  {_place(frame)}, in {frame.name}: {frame.line}", err=True)
        typer.echo(_told(link), err=True)


def _place(frame: traceback.FrameSummary) -> str:
    """File and line, from the package's folder on: where it is installed is nobody's business."""
    path = Path(frame.filename)
    roots = [n for n, part in enumerate(path.parts) if part in ("site-packages", _PACKAGE)]
    inside = path.parts[roots[-1] + (path.parts[roots[-1]] == "site-packages") :] if roots else (path.name,)
    return f"{'/'.join(inside)}:{frame.lineno}"


def _told(error: BaseException) -> str:
    """Class of an error and the place in this package; its words only where this package wrote them.

    Libraries quote header values in their errors, and so does ``int("...")`` called from here. What a ``raise`` in this
    package says is ours.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame)]
    place = f" at {_place(ours[-1])}" if ours else ""
    words = f": {str(error).rstrip('.')}" if ours and ours[-1] is frames[-1] and _raises(ours[-1]) else ""
    return f"{type(error).__name__}{place}{words}"


def _is_ours(frame: traceback.FrameSummary) -> bool:
    path = Path(frame.filename)
    return path != Path(__file__) and path.is_relative_to(Path(__file__).parents[1])


def _raises(frame: traceback.FrameSummary) -> bool:
    return re.match(r"raise [A-Z]\w*\(", frame.line or "") is not None
