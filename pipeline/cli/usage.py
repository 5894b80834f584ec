"""A wrong call ends as every other failure does: one line on standard error, with the word and the code for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import typer
from typer.core import TyperGroup

from pipeline.cli.terminal import fail
from pipeline.errors import UsageError

# Typer has the parser's errors in a package of its own, older versions in click: what both export leads to them.
_WrongCall = cast("type[Exception]", typer.BadParameter.__mro__[1])


class OneLineGroup(TyperGroup):
    """The command with its subcommands, without the parser's own boxes and help pages on failure."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the arguments before the subcommand's name."""
        with _in_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Find the subcommand, read its arguments and run it."""
        with _in_one_line():
            return super().invoke(ctx)


@contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except _WrongCall as error:
        context = getattr(error, "ctx", None)
        command = "discdelta" if context is None else " ".join(["discdelta", *context.command_path.split()[1:]])
        words = " ".join(cast("Any", error).format_message().split())
        words = words if words.endswith((".", "!", "?")) else f"{words}."
        fail(UsageError.code, f"{words} `{command} --help` tells what can be given.", UsageError.exit_code)
