"""Progress of a run on standard error: a bar per stage on a screen, a line per stage anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.progress_bar import ProgressBar
from rich.text import Text

SAID_BEFORE = 2
"""Number of the stage before which the time of the whole run is told."""


class _ExpectedBar(ProgressColumn):
    """A bar that fills with the time a stage usually takes, and waits nearly full when it takes longer."""

    def render(self, task: Task) -> ProgressBar:
        """Draw ``task`` by the clock: stages are single calls that cannot say how far they are."""
        total = task.total or 1.0
        done = total if task.finished else min(task.elapsed or 0.0, 0.95 * total)
        return ProgressBar(total=total, completed=done, width=30)


class _Clock(ProgressColumn):
    """Seconds so far, and the seconds to expect."""

    def render(self, task: Task) -> Text:
        """Write both, e.g. ``3 s of about 12 s``."""
        elapsed = (task.finished_time if task.finished else task.elapsed) or 0.0
        return Text(f"{elapsed:.0f} s" if task.finished else f"{elapsed:.0f} s of about {task.total or 0:.0f} s")


class StageDisplay:
    """Shows stages as they begin; an instance is the ``progress`` callable that the library asks for.

    Parameters
    ----------
    console
        On standard error.
    expected_seconds
        By stage, on two cores; the order is the order of the run.
    shown
        False to stay silent.
    """

    def __init__(self, console: Console, expected_seconds: Mapping[str, float], *, shown: bool = True) -> None:
        self._console = console
        self._expected = dict(expected_seconds)
        self._shown = shown
        self._begun = 0
        self._task: TaskID | None = None
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<20}"),
            _ExpectedBar(),
            _Clock(),
            console=console,
            disable=not (shown and console.is_terminal),
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the last stage, unless it failed."""
        if error is None:
            self._finish()
        self._progress.stop()

    def __call__(self, stage: str) -> None:
        """Begin ``stage``, and so end the one before it.

        How long all of it should take is said before the second one: the first reads the input, and may find that
        there is nothing to do.
        """
        self._finish()
        self._begun += 1
        if self._shown and self._begun == SAID_BEFORE:
            total = sum(self._expected.values())
            self._console.print(f"This takes about {total:.0f} s on two idle cores; more with many series.")
        seconds = self._expected.get(stage, 5.0)
        self._task = self._progress.add_task(stage, total=seconds)
        if self._shown and not self._console.is_terminal:
            self._console.print(f"{stage} (about {seconds:.0f} s)")

    def _finish(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=self._progress.tasks[self._task].total)
            self._task = None
