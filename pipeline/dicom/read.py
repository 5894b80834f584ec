"""From byte sources to frames: what each file is, and why some are left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping

from pipeline.dicom.elements import Short, Unusual, walk
from pipeline.dicom.encapsulated import fragments, require_whole
from pipeline.dicom.frames import frames_of, identity_of
from pipeline.dicom.header import Header
from pipeline.dicom.instance import Instance
from pipeline.dicom.skipping import Skipped, Unusable
from pipeline.dicom.sources import ByteSource, Reader
from pipeline.dicom.visit import PatientIdentity

_FIRST_BYTES = 1 << 14
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"


def read_instances(
    sources: Iterable[ByteSource], spoiled: Mapping[ByteSource, Unusable] | None = None
) -> tuple[list[Instance], list[Skipped], set[PatientIdentity]]:
    """Every usable MR frame among the sources, in their order, everything left out, and whoever a header names.

    Zips among them are opened, and files named by a DICOMDIR are read even where they were not given. ``spoiled`` are
    left out for the reasons given: their headers are sound, but their pixels were tried in vain.
    """
    with Reader() as reader:
        collection = _Collection(sources, reader, spoiled or {})
        collection.run()
    return collection.instances, collection.skipped, collection.identities


class _Collection:
    """The work list and what came of it so far."""

    def __init__(self, sources: Iterable[ByteSource], reader: Reader, spoiled: Mapping[ByteSource, Unusable]) -> None:
        self._spoiled = spoiled
        self.instances: list[Instance] = []
        self.skipped: list[Skipped] = []
        self.identities: set[PatientIdentity] = set()
        self._queue = deque(sources)
        self._known = set(self._queue)
        self._images: set[Hashable] = set()
        self._reader = reader
        # Headers of one study are about equally long, so the last one tells how much to read at once.
        self._guess = _FIRST_BYTES

    def run(self) -> None:
        while self._queue:
            source = self._queue.popleft()
            try:
                self._add(source)
            except Unusable as error:
                self.skipped.append(Skipped(source.name, error.reason, error.sentence))

    def _add(self, source: ByteSource) -> None:
        data, size = self._reader.read(source, self._guess)
        if not data:
            raise Unusable("file-empty", "has no content")
        if data[:4] in _ZIP:
            self._open_archive(source)
            return
        header, data = self._header(data, size, source)
        if header.sop_class == _DIRECTORY_CLASS:
            self._follow_directory(source)
            return
        self.identities.add(identity_of(header))  # of what is left out as well: its file may be called like its patient
        frames = frames_of(header, source)
        if source in self._spoiled:
            raise self._spoiled[source]
        first = frames[0]
        if header.items_offset is not None:
            self._require_whole(header.items_offset, first.frame_count, data, size, source)
        # Careless de-identification gives every image the same UID, so a copy must also lie at the same place.
        image = first.series_instance_uid, first.sop_instance_uid, first.instance_number, first.position_mm
        if first.sop_instance_uid and image in self._images:
            raise Unusable("file-duplicate", "holds an image that was read from another file")
        self._images.add(image)
        self.instances.extend(frames)

    def _open_archive(self, source: ByteSource) -> None:
        if source.member is not None:
            raise Unusable("zip-nested", "is a zip inside a zip")
        members, refused = self._reader.members(source.path)
        self._queue.extendleft(reversed(members))
        self.skipped.extend(refused)

    def _follow_directory(self, source: ByteSource) -> None:
        from pipeline.dicom.dicomdir import referenced_files

        named, missing = referenced_files(self._reader.read(source)[0], source)
        self._queue.extend(one for one in named if one not in self._known)
        self._known.update(named)
        self.skipped.extend(missing)

    def _require_whole(self, start: int, frames: int, data: bytes, size: int, source: ByteSource) -> None:
        def head_at(at: int) -> bytes:
            return data[at : at + 8] if at + 8 <= len(data) else self._reader.piece(source, at, 8)

        require_whole(fragments(head_at, start, size), frames, size)

    def _header(self, data: bytes, size: int, source: ByteSource) -> tuple[Header, bytes]:
        """The header, and as much of the file as was read for it."""
        try:
            while True:
                try:
                    return walk(data, size), data
                except Short as short:
                    self._guess = max(2 * len(data), short.needed)
                    data, size = self._reader.read(source, self._guess)
        except (Unusual, RecursionError):
            from pipeline.dicom.full_header import full_header, might_be_dicom

            if len(data) < size and might_be_dicom(data):
                data, _ = self._reader.read(source)
            return full_header(data), data
