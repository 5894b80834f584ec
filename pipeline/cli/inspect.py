"""``discdelta inspect``: what a folder holds, which series plays which role, and why the others lost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import ConfigFile, Json, Verbose, resolve_settings
from pipeline.cli.terminal import error_console, guarded, set_up_logging


def inspect(
    folder: Annotated[Path, typer.Argument(help="A folder of any depth, a DICOMDIR, a zip or one file.")],
    config: ConfigFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show every series of every visit in a folder: its role, or why it plays none."""
