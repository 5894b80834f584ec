"""From whatever was given to stacks of slices whose geometry is verified, without decoding a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.dicom.describe import printable, without_identity
from pipeline.dicom.read import read_instances
from pipeline.dicom.skipping import summarize
from pipeline.dicom.sources import find_sources
from pipeline.dicom.stack import ScanResult
from pipeline.dicom.stacking import build_stacks


def scan(source: Path | Sequence[Path]) -> ScanResult:
    """Find every MR image in a folder, DICOMDIR, zip or list of files and stack its slices.

    Parameters
    ----------
    source
        One path, or several; folders are searched to any depth. Names and extensions mean nothing.

    Returns
    -------
    ScanResult
        The stacks of all studies and patients found, never merged across them, sorted by study, series number
        and position; what was skipped; and findings about both.

    Raises
    ------
    UnreadableInputError
        If a given path does not exist or cannot be listed.
    """
    sources, unreachable = find_sources(source)
    instances, skipped = read_instances(sources)
    stacks, geometry_notes = build_stacks(instances)
    identities = {one.identity for one in instances}
    left_out = tuple(
        replace(one, name=without_identity(printable(one.name), identities)) for one in (*unreachable, *skipped)
    )
    return ScanResult(stacks, left_out, (*summarize(left_out), *geometry_notes))
