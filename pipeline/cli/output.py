"""The folder that a report goes to: never another pair's, never half old and half new."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import OutputError, UsageError

if TYPE_CHECKING:
    from pipeline.comparison import Comparison
    from pipeline.dicom.visit import Visit

REPORT, PAGE = "report.json", "report.html"
OURS = b'<meta name="generator" content="discdelta">'
HEAD_BYTES = 2000


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


def require_apart(out: Path, given: Iterable[Path | None]) -> None:
    """Refuse to write a result among the images that it is made of.

    Raises
    ------
    UsageError
        If ``out`` is one of the folders that were given.
    """
    for path in given:
        if path is not None and path.is_dir() and out.resolve() == path.resolve():
            raise UsageError(f"{out} holds the images themselves. Choose another --out, outside of it.")


def refuse_foreign(out: Path, first: Visit, second: Visit) -> None:
    """Let a rerun replace its own earlier report, and nothing else.

    Raises
    ------
    UsageError
        If ``out`` holds the report of other images, or a page of another program where the report's would lie.
    """
    page = out / PAGE
    if page.is_file() and not (out / REPORT).exists():  # that of a killed run may be replaced
        with page.open("rb") as opened:
            if OURS not in opened.read(HEAD_BYTES):
                raise UsageError(f"{page} is not of discdelta. Choose another --out, or add --overwrite.")
    refuse_other_inputs(out, REPORT, {"inputs_sha256": [first.input_sha256, second.input_sha256]})


def refuse_other_inputs(out: Path, name: str, inputs: dict[str, str | list[str]]) -> None:
    """Refuse a folder whose result was made from other images.

    Parameters
    ----------
    name
        The file that tells, ``report.json`` and the like.
    inputs
        What its provenance must hold.

    Raises
    ------
    UsageError
        If it holds something else.
    """
    try:
        text = (out / name).read_text(encoding="utf-8")
    except OSError:
        return
    try:
        held = json.loads(text)["provenance"]
        same = all(held[key] == value for key, value in inputs.items())
    except (ValueError, KeyError, TypeError):
        same = False
    if not same:
        what = name.removesuffix(".json")
        raise UsageError(f"{out} holds the {what} of other images. Choose another --out, or add --overwrite.")


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
        clear_leftovers(folder)
    return files.json.read_text(encoding="utf-8")


def clear_leftovers(folder: Path) -> None:
    """Remove what a killed run left behind."""
    for leftover in folder.glob(".partial-*"):
        with suppress(OSError):  # another user's; it is hidden and in nobody's way
            leftover.unlink()
