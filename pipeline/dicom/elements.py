"""A quick walk over the elements of a plain little-endian DICOM file.

pydicom reads everything, but importing it alone takes longer than a C program needs to convert a whole study, and
it builds an object per element. This walk keeps the raw bytes of the few attributes that are wanted, passes over
the rest, and gives up on whatever is unusual (:class:`Unusual`), for pydicom to read.
Structure after PS3.5 section 7.1 (elements), 7.5 (sequences) and PS3.10 section 7.1 (file meta information).
"""

from __future__ import annotations

import struct
from struct import Struct

from pipeline.dicom import tags
from pipeline.dicom.header import Header

_WANTED = {(tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little"): tag for tag in tags.WANTED}
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT = frozenset(
    (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
     b"ST", b"TM", b"UI", b"UL", b"US")
)  # fmt: skip
_PIXELS = b"\xe0\x7f\x10\x00"
_ITEM, _ITEM_END, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
_UNDEFINED = 0xFFFFFFFF
_LONGEST_HEAD = 12
_U32 = Struct("<I").unpack_from
_TAG_U32 = Struct("<4sI").unpack_from
_HEAD = Struct("<4s2sH").unpack_from
"""Tag, value representation and short length of an explicit element."""

EXPLICIT_LITTLE = b"1.2.840.10008.1.2.1"
IMPLICIT_LITTLE = b"1.2.840.10008.1.2"
_NOT_FOR_THE_WALK = (b"1.2.840.10008.1.2.2", b"1.2.840.10008.1.2.1.99")
_META_LENGTH, _GROUP_2, _GROUP_FFFE = b"\x02\x00\x00\x00", b"\x02\x00", b"\xfe\xff"


class Unusual(Exception):  # noqa: N818 - an ordinary outcome of the walk
    """The bytes are not what the quick walk understands."""


class Short(Exception):  # noqa: N818 - an ordinary outcome of the walk
    """The header goes on beyond the bytes that were given; ``needed`` is how far at least."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


def walk(data: bytes, size: int) -> Header:
    """The wanted attributes at the head of a file.

    Parameters
    ----------
    data
        The file's first bytes.
    size
        Length of the whole file.

    Raises
    ------
    Short
        If ``data`` ends before the header does, but the file goes on.
    Unusual
        If this needs a full reader.
    """
    if data[128:132] != b"DICM":
        raise Unusual
    values: dict[int, bytes] = {}
    try:
        start = _end_of_meta(data)
        if _explicit(data, 132, start, values) != start or data[start : start + 2] == _GROUP_2:
            raise Unusual
        syntax = values.get(tags.TRANSFER_SYNTAX, b"").rstrip(b"\0 ")
        if not syntax or syntax in _NOT_FOR_THE_WALK:
            raise Unusual
        step = _implicit if syntax == IMPLICIT_LITTLE else _explicit
        end = step(data, start, len(data), values)
    except (IndexError, struct.error) as error:
        raise _beyond(len(data) + 1, data, size) from error
    if (end + _LONGEST_HEAD > len(data) and len(data) < size) or end > len(data):
        raise _beyond(end + _LONGEST_HEAD, data, size)
    if tags.SHARED_GROUPS in values or tags.FRAME_GROUPS in values:
        raise Unusual
    return _with_pixels(values, data, size, end, syntax)


def _end_of_meta(data: bytes) -> int:
    """Where the file meta information ends by its group length, which stands first (PS3.10 table 7.1-1)."""
    tag, vr, length = _HEAD(data, 132)
    if tag != _META_LENGTH or vr != b"UL" or length != 4:
        raise Unusual
    end: int = 144 + _U32(data, 140)[0]
    if end > len(data):
        raise IndexError
    return end


def _beyond(needed: int, data: bytes, size: int) -> Exception:
    return Short(min(needed, size)) if len(data) < size else Unusual()


def _with_pixels(values: dict[int, bytes], data: bytes, size: int, end: int, syntax: bytes) -> Header:
    if data[end : end + 4] != _PIXELS:
        return Header(values)
    body = end + (8 if syntax == IMPLICIT_LITTLE else 12)
    if body > len(data):
        raise Unusual
    length = _U32(data, body - 4)[0]
    if syntax in (IMPLICIT_LITTLE, EXPLICIT_LITTLE) and length != _UNDEFINED:
        return Header(values, pixel_offset=body, pixel_length=max(min(length, size - body), 0))
    items = body if length == _UNDEFINED else None
    return Header(values, pixel_length=max(size - body, 0), items_offset=items)


def _explicit(data: bytes, at: int, end: int, values: dict[int, bytes]) -> int:
    """Walk from ``at`` to the pixels or to ``end``; the position reached."""
    wanted, long, short, head = _WANTED, _LONG, _SHORT, _HEAD
    while at < end:
        tag, vr, length = head(data, at)
        if vr in short:
            body = at + 8
        elif vr in long:
            if tag == _PIXELS:
                return at
            body = at + 12
            length = _U32(data, at + 8)[0]
            if length == _UNDEFINED:
                if vr == b"UN":
                    raise Unusual
                at = _sequence(data, body, end, explicit=True)
                if tag in wanted:
                    values[wanted[tag]] = b"\1"
                continue
        else:
            raise Unusual
        at = body + length
        if tag in wanted:
            values[wanted[tag]] = data[body:at]
    return at


def _implicit(data: bytes, at: int, end: int, values: dict[int, bytes]) -> int:
    wanted = _WANTED
    while at < end:
        tag = data[at : at + 4]
        if tag == _PIXELS:
            return at
        if tag[:2] == _GROUP_FFFE:
            raise Unusual
        length = _U32(data, at + 4)[0]
        body = at + 8
        if length == _UNDEFINED:
            at = _sequence(data, body, end, explicit=False)
            if tag in wanted:
                values[wanted[tag]] = b"\1"
            continue
        at = body + length
        if tag in wanted:
            values[wanted[tag]] = data[body:at]
    return at


def _sequence(data: bytes, at: int, end: int, *, explicit: bool) -> int:
    """Position after a sequence of undefined length whose items begin at ``at``."""
    while True:
        tag, length = _TAG_U32(data, at)  # past the end this raises, and the caller reads more
        at += 8
        if tag == _SEQUENCE_END:
            return at
        if tag != _ITEM:
            raise Unusual
        at = _item(data, at, end, explicit=explicit) if length == _UNDEFINED else at + length


def _item(data: bytes, at: int, end: int, *, explicit: bool) -> int:
    """Position after an item of undefined length whose elements begin at ``at``."""
    while True:
        tag, vr, length = _HEAD(data, at)
        if tag == _ITEM_END:
            return at + 8
        if not explicit:
            length, at = _U32(data, at + 4)[0], at + 8
        elif vr in _SHORT:
            at += 8
        elif vr in _LONG and vr != b"UN":
            length, at = _U32(data, at + 8)[0], at + 12
        else:
            raise Unusual
        at = _sequence(data, at, end, explicit=explicit) if length == _UNDEFINED else at + length
