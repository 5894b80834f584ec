"""DICOM Segmentation objects: which segment is meant, where it lies, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import UnreadableInputError, UsageError
from pipeline.volume import Volume

if TYPE_CHECKING:
    from highdicom.seg import Segmentation

FRAGMENT_WORDS = re.compile(r"fragment|hernia|extru|sequest|displaced disc|prolaps", re.IGNORECASE)
"""What people and programs call displaced disc material."""
_PREAMBLE = 128


@dataclass(frozen=True)
class Origin:
    """Whose a segmentation is, by its header; nothing of it reaches a log, a finding or a traceback."""

    patient_id: str | None = field(default=None, repr=False)
    study_instance_uid: str | None = field(default=None, repr=False)
    frame_of_reference_uid: str | None = field(default=None, repr=False)


def is_dicom(path: Path) -> bool:
    """Whether the file begins as DICOM files do."""
    try:
        with path.open("rb") as stream:
            return stream.read(_PREAMBLE + 4)[_PREAMBLE:] == b"DICM"
    except OSError:
        return False


def read_segment(path: Path, number: int | None = None) -> tuple[Volume, str, Origin]:
    """One segment of a DICOM SEG file.

    Parameters
    ----------
    number
        Of the segment; without it, the one whose label or code speaks of displaced disc material, or the only one.

    Returns
    -------
    shares 0…1 of every voxel as float32 in LPS mm, what was chosen in words, whose it is

    Raises
    ------
    UnreadableInputError
        If the file is no DICOM SEG, is damaged, or its slices make no volume.
    UsageError
        If there is no such segment, or several could be meant.
    """
    from highdicom.seg import SegmentationTypeValues

    seg = _opened(path)
    names = {int(n): _described(seg, int(n)) for n in seg.segment_numbers}
    chosen = choose(names, number, path.name, "segment")
    fractional = seg.segmentation_type == SegmentationTypeValues.FRACTIONAL
    try:
        volume = seg.get_volume(segment_numbers=[chosen], combine_segments=not fractional, relabel=not fractional)
    except (RuntimeError, ValueError, AttributeError, IndexError) as error:
        raise UnreadableInputError(
            f"The slices of segment {chosen} of {path.name} make no volume of even spacing. Export it as NIfTI."
        ) from error
    array = np.asarray(volume.array, dtype=np.float32)
    array = array[..., 0] if array.ndim == 4 else array
    return Volume(array, np.asarray(volume.affine)), f"segment {chosen} ({names[chosen]})", _origin(seg)


def _opened(path: Path) -> Segmentation:
    from highdicom.seg import segread
    from pydicom.errors import InvalidDicomError

    try:
        return segread(path)
    except (InvalidDicomError, ValueError, AttributeError, KeyError, TypeError, OSError, EOFError) as error:
        raise UnreadableInputError(
            f"{path.name} is DICOM but no Segmentation object that can be read. Give the SEG file, or export the mask "
            "as NIfTI."
        ) from error


_LISTED = 12


def choose(names: Mapping[int, str], number: int | None, file: str, what: str) -> int:
    """Which of several segments is the fragment.

    Raises
    ------
    UsageError
        If ``number`` is not among them, or without it several could be meant.
    """
    listed = "; ".join(f"{n}: {name}" for n, name in list(names.items())[:_LISTED]) or "none"
    if len(names) > _LISTED:
        listed += f"; and {len(names) - _LISTED} more, as an image has: is it a mask?"
    if number is not None:
        if number not in names:
            raise UsageError(f"{file} has no {what} {number}; it has {listed}. Choose one with --segment-number.")
        return number
    fitting = [n for n, name in names.items() if FRAGMENT_WORDS.search(name)] or list(names)
    if len(fitting) != 1:
        raise UsageError(
            f"Several {what}s of {file} could be the fragment: {listed}. Choose one with --segment-number."
            if names
            else f"{file} holds no {what}. Export the fragment again."
        )
    return fitting[0]


def _described(seg: Segmentation, number: int) -> str:
    segment = seg.get_segment_description(number)
    meaning = str(segment.segmented_property_type.meaning)
    label = str(segment.segment_label)
    return label if meaning.casefold() == label.casefold() else f"{label}, {meaning}"


def _origin(seg: Segmentation) -> Origin:
    def text(keyword: str) -> str | None:
        return str(seg.get(keyword) or "").strip() or None

    return Origin(text("PatientID"), text("StudyInstanceUID"), text("FrameOfReferenceUID"))
