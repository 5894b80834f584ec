"""Attributes of one DICOM object as raw bytes, decoded only when asked for; odd values become None."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pipeline.dicom import tags

_PADDING = " \0\t\r\n"
_CODECS = {"": "latin-1", "ISO_IR 6": "latin-1", "ISO_IR 100": "latin-1", "ISO_IR 192": "utf-8"}


@dataclass(slots=True)
class Header:
    """Raw values by tag.

    Attributes
    ----------
    values
        Bytes of each attribute that is there, without interpretation.
    big_endian
        How binary numbers are stored.
    pixel_offset
        Where native pixels begin in the file; None when they are compressed or the file itself is deflated.
    pixel_length
        Bytes of pixel data that are really there; 0 without any.
    items_offset
        Where the items of compressed pixels begin in the file; None for native pixels.
    shared, frames
        Enhanced objects only: attributes of all frames, and of each frame, from the functional groups.
    """

    values: Mapping[int, bytes]
    big_endian: bool = False
    pixel_offset: int | None = None
    pixel_length: int = 0
    shared: Mapping[int, bytes] = field(default_factory=dict)
    frames: tuple[Mapping[int, bytes], ...] = ()
    items_offset: int | None = None

    def of_frame(self, index: int) -> Header:
        """The header as a classic image of that frame (0-based) would have it."""
        merged = {**self.values, **self.shared, **self.frames[index]}
        return Header(merged, self.big_endian, self.pixel_offset, self.pixel_length)

    @property
    def sop_class(self) -> str:
        """SOP class of the object, as a DICOMDIR has it in its file meta information only."""
        return self.text(tags.SOP_CLASS) or self.text(tags.MEDIA_SOP_CLASS)

    def text(self, tag: int) -> str:
        """Text of an attribute, or an empty string."""
        raw = self.values.get(tag)
        if not raw:
            return ""
        text = _ascii(raw)
        return self._decode(raw) if text is None else text

    def texts(self, tag: int) -> tuple[str, ...]:
        """All values of a text attribute."""
        text = self.text(tag)
        return tuple(part.strip() for part in text.split("\\")) if text else ()

    def number(self, tag: int) -> float | None:
        """First value of a decimal or integer string."""
        raw = self.values.get(tag)
        return _number(raw) if raw else None

    def integer(self, tag: int) -> int | None:
        """First value of an integer string."""
        value = self.number(tag)
        return None if value is None else int(value)

    def numbers(self, tag: int, count: int) -> tuple[float, ...] | None:
        """Exactly ``count`` values of a decimal string; None if there are others or one is no number."""
        raw = self.values.get(tag)
        values = _numbers(raw) if raw else None
        return values if values is not None and len(values) == count else None

    def unsigned(self, tag: int) -> int | None:
        """First value of a binary unsigned integer (US, UL)."""
        raw = self.values.get(tag)
        if not raw or len(raw) < 2:
            return None
        return int.from_bytes(raw if len(raw) == 4 else raw[:2], "big" if self.big_endian else "little")

    def double(self, tag: int) -> float | None:
        """First value of a binary double (FD)."""
        import struct

        raw = self.values.get(tag)
        if not raw or len(raw) < 8:
            return None
        value = float(struct.unpack(">d" if self.big_endian else "<d", raw[:8])[0])
        return value if math.isfinite(value) else None

    def _decode(self, raw: bytes) -> str:
        name = self.values.get(tags.CHARACTER_SET, b"").decode("ascii", "replace").strip(" \0")
        codec = _CODECS.get(name)
        text = _decode_by_pydicom(raw, name) if codec is None else raw.decode(codec, "replace")
        return text.strip(_PADDING)


def _decode_by_pydicom(raw: bytes, character_set: str) -> str:
    """Text in one of the rarer character sets, or in several (PS3.5 section 6.1); Latin 1 for unknown ones."""
    from pydicom.charset import convert_encodings, decode_bytes
    from pydicom.valuerep import TEXT_VR_DELIMS

    from pipeline.dicom.quiet import quiet

    with quiet():
        try:
            return decode_bytes(raw, convert_encodings(character_set.split("\\")), TEXT_VR_DELIMS)
        except (LookupError, UnicodeError, ValueError):
            return raw.decode("latin-1")


# Most values repeat from slice to slice, so that looking them up is faster than parsing them.


@lru_cache(maxsize=4096)
def _ascii(raw: bytes) -> str | None:
    return raw.decode("ascii").strip(_PADDING) if raw.isascii() and b"\x1b" not in raw else None


@lru_cache(maxsize=4096)
def _number(raw: bytes) -> float | None:
    try:
        value = float(raw.partition(b"\\")[0].strip(b" \0"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@lru_cache(maxsize=4096)
def _numbers(raw: bytes) -> tuple[float, ...] | None:
    try:
        values = tuple(map(float, raw.strip(b" \0").split(b"\\")))
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None
