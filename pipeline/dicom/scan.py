"""From whatever was given to stacks of slices whose geometry is verified, without decoding a pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.dicom.describe import Anonymiser, printable
from pipeline.dicom.instance import Instance
from pipeline.dicom.read import read_instances
from pipeline.dicom.skipping import Unusable, summarize
from pipeline.dicom.sources import ByteSource, find_sources
from pipeline.dicom.stack import ScanResult
from pipeline.dicom.stacking import build_stacks


def scan(source: Path | Sequence[Path], spoiled: Mapping[ByteSource, Unusable] | None = None) -> ScanResult:
    """Find every MR image in a folder, DICOMDIR, zip or list of files and stack its slices.

    Parameters
    ----------
    source
        One path, or several; folders are searched to any depth. Names and extensions mean nothing.
    spoiled
        Files to leave out with the reasons given, since their pixels proved to be damaged.

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
    instances, skipped, identities = read_instances(sources, spoiled)
    anonymous = Anonymiser(identities)
    stacks, geometry_notes = build_stacks(_shown(instances, anonymous))
    left_out = tuple(replace(one, name=anonymous(printable(one.name))) for one in (*unreachable, *skipped))
    return ScanResult(stacks, left_out, (*summarize(left_out), *geometry_notes))


def _shown(instances: Sequence[Instance], anonymous: Anonymiser) -> list[Instance]:
    """Frames that know how their series is called where anybody may read it."""
    titles = {text: anonymous(text) for text in {one.series_description for one in instances}}
    return [
        one
        if (title := titles[one.series_description]) == one.series_description
        else replace(one, shown_description=title)
        for one in instances
    ]
