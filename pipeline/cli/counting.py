"""Progress of a study on standard error: a bar with the time to go on a screen, a line now and then anywhere else."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

_LINE_EVERY_S = 60.0


class PairDisplay:
    """Shows how many pairs are finished; an instance is the ``told`` callable of a study.

    Parameters
    ----------
    console
        On standard error.
    count
        Number of pairs.
    shown
        False to stay silent.
    """

    def __init__(self, console: Console, count: int, *, shown: bool = True) -> None:
        self._console = console
        self._count = count
        self._shown = shown
        self._began = time.monotonic()
        self._held: int | None = None
        self._told: tuple[int, float] | None = None
        self._progress = Progress(
            TextColumn("pairs"),
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[to_go]}"),
            console=console,
            disable=not (shown and console.is_terminal),
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Begin."""
        self._progress.start()
        self._task = self._progress.add_task("pairs", total=self._count, to_go="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, whatever happened."""
        self._progress.stop()

    def __call__(self, done: int, count: int) -> None:
        """Take note of ``done`` of ``count`` finished pairs; the first call says how many there were before."""
        if self._held is None:
            self._held = done
            if self._shown and done:
                self._console.print(f"{done} of {count} pairs are finished already")
        to_go = self._to_go(done, count)
        if self._task is not None:
            self._progress.update(self._task, completed=done, to_go=to_go)
        if self._shown and not self._console.is_terminal and self._due(done, count):
            self._console.print(f"{done} of {count} pairs{', ' + to_go if to_go else ''}")
            self._told = (done, time.monotonic())

    def _due(self, done: int, count: int) -> bool:
        if self._told is None:
            return done > (self._held or 0)
        return done > self._told[0] and (done == count or time.monotonic() - self._told[1] >= _LINE_EVERY_S)

    def _to_go(self, done: int, count: int) -> str:
        made = done - (self._held or 0)
        if made <= 0 or done >= count:
            return ""
        seconds = (time.monotonic() - self._began) / made * (count - done)
        return f"about {seconds / 60:.0f} min to go" if seconds >= 90 else f"about {seconds:.0f} s to go"
