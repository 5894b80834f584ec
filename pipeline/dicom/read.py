"""From byte sources to frames: what each file is, and why some are left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from pipeline.dicom import tags
from pipeline.dicom.dicomdir import DIRECTORY_CLASS, referenced_files
from pipeline.dicom.elements import Short, Unusual, walk
from pipeline.dicom.frames import frames_of
from pipeline.dicom.header import Header
from pipeline.dicom.instance import Instance
from pipeline.dicom.skipping import Skipped, Unusable
from pipeline.dicom.sources import ByteSource, Reader

_FIRST_BYTES = 1 << 16
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def read_instances(sources: Iterable[ByteSource]) -> tuple[list[Instance], list[Skipped]]:
    """Every usable MR frame among the sources, in their order, and everything left out.

    Zips among them are opened, and files named by a DICOMDIR are read even where they were not given.
    """
    queue = deque(sources)
    known = set(queue)
    instances: list[Instance] = []
    skipped: list[Skipped] = []
    copies: set[str] = set()
    with Reader() as reader:
        while queue:
            source = queue.popleft()
            try:
                found = _read(source, reader, queue, known, skipped)
                if found and found[0].sop_instance_uid in copies:
                    raise Unusable("file-duplicate", "holds an image that was read from another file")
            except Unusable as error:
                skipped.append(Skipped(source.name, error.reason, error.sentence))
                continue
            instances.extend(found)
            copies.update(one.sop_instance_uid for one in found[:1] if one.sop_instance_uid)
    return instances, skipped


def _read(
    source: ByteSource, reader: Reader, queue: deque[ByteSource], known: set[ByteSource], skipped: list[Skipped]
) -> list[Instance]:
    data, size = reader.read(source, _FIRST_BYTES)
    if not data:
        raise Unusable("file-empty", "has no content")
    if data[:4] in _ZIP:
        if source.member is not None:
            raise Unusable("zip-nested", "is a zip inside a zip")
        members, refused = reader.members(source.path)
        queue.extendleft(reversed(members))
        skipped.extend(refused)
        return []
    header = _header(data, size, source, reader)
    if header.text(tags.SOP_CLASS) == DIRECTORY_CLASS:
        named, missing = referenced_files(reader.read(source)[0], source)
        queue.extend(one for one in named if one not in known)
        known.update(named)
        skipped.extend(missing)
        return []
    return frames_of(header, source)


def _header(data: bytes, size: int, source: ByteSource, reader: Reader) -> Header:
    try:
        try:
            return walk(data, size)
        except Short:
            data, size = reader.read(source)
            return walk(data, size)
    except (Short, Unusual, RecursionError):
        from pipeline.dicom.full_header import full_header

        if len(data) < size and data[128:132] == b"DICM":
            data, _ = reader.read(source)
        return full_header(data)
