"""Headers that the quick walk leaves alone, read by pydicom: big-endian, deflated, enhanced, damaged, odd."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.dicom import tags
from pipeline.dicom.encapsulated import DELIMITER, fragments
from pipeline.dicom.header import Header
from pipeline.dicom.quiet import quiet
from pipeline.dicom.skipping import Unusable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_DEFLATED = "1.2.840.10008.1.2.1.99"
_PREAMBLE = 132
_UNDEFINED = 0xFFFFFFFF

# Attributes of functional groups under the name that classic images use. Everything else keeps its own tag.
_CLASSIC_NAME = {
    tags.EFFECTIVE_ECHO_TIME: tags.ECHO_TIME,
    tags.FRAME_TYPE: tags.IMAGE_TYPE,
    tags.INVERSION_TIMES: tags.INVERSION_TIME,
    tags.TEMPORAL_POSITION_INDEX: tags.TEMPORAL_POSITION,
    tags.FRAME_ACQUISITION_NUMBER: tags.ACQUISITION_NUMBER,
}
_MAX_DEPTH = 4
_COMPRESSED = tuple(b"\xe0\x7f\x10\x00" + vr + b"\0\0\xff\xff\xff\xff" for vr in (b"OB", b"OW", b"UN"))


def read_dataset(data: bytes) -> Dataset:
    """A whole object, parsed by pydicom.

    Raises
    ------
    Unusable
        If it is not DICOM, or too damaged to read.
    """
    from pydicom import dcmread

    if not might_be_dicom(data):
        raise Unusable("file-not-dicom", "is not DICOM")
    reason = "file-broken" if _has_preamble(data) else "file-not-dicom"
    try:
        with quiet():
            dataset = dcmread(io.BytesIO(data), force=True)
            if tags.PIXEL_DATA not in dataset and (whole := _delimited(data)) is not None:
                dataset = dcmread(io.BytesIO(whole), force=True)
            for _ in dataset.keys():  # noqa: SIM118 - Dataset iterates over elements
                break
    except Exception as error:  # a damaged file may fail anywhere inside the parser
        raise Unusable(reason, f"cannot be parsed: {type(error).__name__}") from error
    return dataset


def _delimited(data: bytes) -> bytes | None:
    """The object with the delimiter after compressed pixels, where only that is missing: pydicom gives them all up."""
    start = max(data.rfind(head) for head in _COMPRESSED)
    if start < 0:
        return None
    found = fragments(lambda at: data[at : at + 8], start + len(_COMPRESSED[0]), len(data))
    cut = found.due is not None or not DELIMITER.startswith(data[found.end :])
    return None if cut or not found.count else data[: found.end] + DELIMITER


def _has_preamble(data: bytes) -> bool:
    return data[128:_PREAMBLE] == b"DICM"


def might_be_dicom(data: bytes) -> bool:
    """Whether there is a preamble, or at least an element of group 2 or 8 in the first place."""
    if _has_preamble(data):
        return True
    head = data[:8]
    if len(head) < 8:
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    if head[:2] in (b"\x02\x00", b"\x08\x00"):
        return explicit or (head[3] == 0 and int.from_bytes(head[4:8], "little") < 1024)
    return head[:2] == b"\x00\x08" and explicit


def full_header(data: bytes) -> Header:
    """The wanted attributes of any DICOM object.

    Raises
    ------
    Unusable
        If it is not DICOM, or too damaged to read.
    """
    dataset = read_dataset(data)
    try:
        with quiet():
            return _header(dataset)
    except Unusable:
        raise
    except Exception as error:  # values are parsed only when touched, so damage may show up here too
        raise Unusable("file-broken", f"cannot be parsed: {type(error).__name__}") from error


def _header(dataset: Dataset) -> Header:
    big_endian = not dataset.original_encoding[1] if dataset.original_encoding[1] is not None else False
    values = dict(_raw_values(dataset))
    if hasattr(dataset, "file_meta"):
        values.update(_raw_values(dataset.file_meta))
    pixels = values.pop(tags.PIXEL_DATA, b"")
    element = dataset.get_item(tags.PIXEL_DATA) if pixels else None
    items = getattr(element, "value_tell", None) if getattr(element, "length", 0) == _UNDEFINED else None
    shared: dict[int, bytes] = {}
    for group in _items(dataset, tags.SHARED_GROUPS):
        shared.update(_flat(group))
    frames = tuple(dict(_flat(group)) for group in _items(dataset, tags.FRAME_GROUPS))
    return Header(values, big_endian, None, len(pixels), shared, frames, items)


def _items(dataset: Dataset, tag: int) -> Iterator[Dataset]:
    if tag in dataset:
        value = dataset[tag].value
        if isinstance(value, list) or hasattr(value, "__iter__"):
            yield from value


def _flat(group: Dataset, depth: int = 0) -> Iterator[tuple[int, bytes]]:
    """Attributes of the sequences inside one functional group item, under their classic names."""
    for tag, raw in _raw_values(group):
        yield (_CLASSIC_NAME[tag], _as_text(group, tag)) if tag in _CLASSIC_NAME else (tag, raw)
    if depth >= _MAX_DEPTH:
        return
    for element in list(group.keys()):
        # Philips repeats public attributes inside a private sequence with another meaning: a position half a voxel off.
        if int(element) >> 16 & 1:
            continue
        if group.get_item(element).VR == "SQ":
            for item in _items(group, int(element)):
                yield from _flat(item, depth + 1)


def _raw_values(dataset: Dataset) -> Iterator[tuple[int, bytes]]:
    for key in list(dataset.keys()):
        tag = int(key)
        if tag not in tags.WANTED and tag != tags.PIXEL_DATA:
            continue
        element = dataset.get_item(key)
        value = getattr(element, "value", None)
        if getattr(element, "VR", None) == "SQ":
            yield tag, b"\1"
        elif isinstance(value, bytes):
            yield tag, value
        elif isinstance(value, int) and getattr(element, "VR", None) in ("US", "SS"):
            # pydicom converts a few attributes early, because the meaning of others depends on them.
            yield tag, (value & 0xFFFF).to_bytes(2, "little" if dataset.original_encoding[1] is not False else "big")
        elif value is not None:
            yield tag, _as_text(dataset, tag)


def _as_text(group: Dataset, tag: int) -> bytes:
    """Binary numbers in the text form of their classic sibling."""
    value = group[tag].value
    values = (
        value if isinstance(value, list) or (hasattr(value, "__iter__") and not isinstance(value, str)) else [value]
    )
    return "\\".join(str(one) for one in values if one is not None).encode("latin-1", "replace")
