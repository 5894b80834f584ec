"""The folder that a report goes to: never another pair's, never half old and half new."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import OutputError, UsageError

if TYPE_CHECKING:
    from pipeline.comparison import Comparison
    from pipeline.dicom.visit import Visit

REPORT = "report.json"


def require_writable(out: Path) -> None:
    """Find out before the work that its result could not be written; leaves nothing.

    Raises
    ------
    OutputError
        If ``out`` is no folder, or neither it nor the folder that it would be made in may be written to.
    """
    place = out.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise OutputError(f"{out} cannot be a folder: {place.name} is a file. Choose another --out.")
    try:
        Path(tempfile.mkdtemp(prefix=".partial-", dir=place)).rmdir()  # rights alone say little: /proc, read-only disks
    except OSError as error:
        raise OutputError(
            f"Nothing can be written into {place}: {error.strerror}. Choose another --out folder or mend its rights."
        ) from error


def refuse_foreign(out: Path, first: Visit, second: Visit) -> None:
    """Let a rerun replace its own earlier result, and nothing else.

    Raises
    ------
    UsageError
        If ``out`` holds the report of other images.
    """
    try:
        text = (out / REPORT).read_text(encoding="utf-8")
    except OSError:
        return
    ours = [first.input_sha256, second.input_sha256]
    try:
        same = json.loads(text)["provenance"]["inputs_sha256"] == ours
    except (ValueError, KeyError, TypeError):
        same = False
    if not same:
        raise UsageError(f"{out} holds the report of other images. Choose another --out, or add --overwrite.")


def written_report(comparison: Comparison, out: Path) -> str:
    """Write the report, clear what a killed run left beside it, and give the text of its JSON file.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    from pipeline import write_report

    files = write_report(comparison, out)
    for folder in {out, *(path.parent for path in files.nifti)}:
        for leftover in folder.glob(".partial-*"):
            with suppress(OSError):  # another user's; it is hidden and in nobody's way
                leftover.unlink()
    return files.json.read_text(encoding="utf-8")
