"""What is left out, and how that is told: one finding per reason, with a count and some names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.findings import Finding, Severity

_NAMES_SHOWN = 5

_REASONS: dict[str, tuple[Severity, str]] = {
    "file-empty": (Severity.INFO, "of zero length"),
    "file-unreadable": (Severity.WARNING, "that could not be opened or read"),
    "file-special": (Severity.INFO, "that are no regular files"),
    "file-not-dicom": (Severity.INFO, "that are not DICOM"),
    "file-broken": (Severity.WARNING, "that are DICOM but damaged"),
    "file-truncated": (Severity.WARNING, "cut off before the end of their pixels"),
    "file-duplicate": (Severity.INFO, "that are a second copy of an image already read"),
    "folder-repeated": (Severity.INFO, "reached a second time through a link"),
    "object-not-image": (Severity.INFO, "that are DICOM objects without pixels"),
    "object-not-mr": (Severity.INFO, "of another modality than MR"),
    "image-colour": (Severity.INFO, "that are colour pictures, not measurements"),
    "image-secondary-capture": (Severity.INFO, "that are secondary captures (screenshots or scanned documents)"),
    "image-format-unsupported": (Severity.WARNING, "whose pixel format cannot be interpreted"),
    "frames-without-geometry": (Severity.WARNING, "with several frames but no description of where each lies"),
    "zip-encrypted": (Severity.WARNING, "encrypted inside a zip; unpack them with their password first"),
    "zip-damaged": (Severity.WARNING, "damaged inside a zip, or a zip that is itself damaged"),
    "zip-too-large": (Severity.WARNING, "beyond the size or number that is unpacked from a zip; unpack it by hand"),
    "zip-nested": (Severity.INFO, "that are a zip inside a zip; unpack the outer one first"),
    "dicomdir-file-missing": (Severity.WARNING, "named by a DICOMDIR but not there; the export is incomplete"),
}


_THINGS = {"folder-repeated": ("folders", "folder"), "file-unreadable": ("files or folders", "file or folder")}

_SINGULAR = (
    ("are DICOM objects", "is a DICOM object"),
    ("are colour pictures, not measurements", "is a colour picture, no measurement"),
    ("are secondary captures (screenshots or scanned documents)", "is a secondary capture (screenshot or scan)"),
    ("are no regular files", "is no regular file"),
    ("of their pixels", "of its pixels"),
    ("unpack them with their password", "unpack it with its password"),
    ("that are ", "that is "),
)


@dataclass(frozen=True, slots=True)
class Skipped:
    """One thing that was found and left out.

    Attributes
    ----------
    name
        Last part of its name.
    reason
        Stable code, the same as that of the finding which sums it up.
    sentence
        Why, for a person.
    """

    name: str
    reason: str
    sentence: str


class Unusable(Exception):  # noqa: N818 - control flow inside this folder, never crosses a door
    """Raised where one file turns out to be of no use; becomes a :class:`Skipped`."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


def summarize(skipped: Iterable[Skipped]) -> tuple[Finding, ...]:
    """One finding per reason, in the order of codes."""
    return tuple(_summary(reason, names) for reason, names in _by_reason(skipped))


def counted(skipped: Iterable[Skipped]) -> str:
    """The same in one line without names, which can be those of patients: ``2 files that are not DICOM; …``."""
    return "; ".join(_count(reason, len(names)) for reason, names in _by_reason(skipped))


def _by_reason(skipped: Iterable[Skipped]) -> list[tuple[str, list[str]]]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for one in skipped:
        by_reason[one.reason].append(one.name)
    return sorted(by_reason.items())


def _of_one(what: str) -> str:
    """The same words about a single thing."""
    for plural, singular in _SINGULAR:
        what = what.replace(plural, singular)
    return what


def _summary(reason: str, names: list[str]) -> Finding:
    shown = ", ".join(sorted(names)[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return Finding(reason, _REASONS[reason][0], f"Left out {_count(reason, len(names))}: {shown}{more}.")


def _count(reason: str, count: int) -> str:
    what = _REASONS[reason][1]
    things, thing = _THINGS.get(reason, ("files", "file"))
    return f"1 {thing} {_of_one(what)}" if count == 1 else f"{count} {things} {what}"
