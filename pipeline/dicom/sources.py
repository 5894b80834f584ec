"""Where bytes come from: what was given, followed down to single files; members of a zip are read like files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.dicom.skipping import Skipped, Unusable
from pipeline.errors import UnreadableInputError

if TYPE_CHECKING:
    import zipfile

MAX_MEMBER_BYTES = 2 << 30
"""Largest zip member that is unpacked; no MR object comes near it."""

MAX_ARCHIVE_BYTES = 32 << 30
"""Largest sum of members' sizes that one zip may declare."""

MAX_MEMBERS = 200_000


@dataclass(frozen=True, slots=True)
class ByteSource:
    """A file, or a member of a zip.

    Attributes
    ----------
    path
        The file on disk; for a member, its archive.
    member
        Name inside the archive; None for a plain file.
    """

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """Last part of the name, for messages."""
        return self.member.rsplit("/", 1)[-1] if self.member else self.path.name


class Reader:
    """Reads bytes of sources; keeps each archive open between members. Use it as a context manager."""

    def __init__(self) -> None:
        self._archives: dict[Path, zipfile.ZipFile] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for archive in self._archives.values():
            archive.close()
        self._archives.clear()

    def read(self, source: ByteSource, limit: int | None = None) -> tuple[bytes, int]:
        """Bytes of a source (at least the first ``limit``, if there are as many), and its full size.

        Raises
        ------
        Unusable
            If the source cannot be opened, is encrypted or damaged.
        """
        if source.member is not None:
            data = self._member(source.path, source.member)
            return data, len(data)
        try:
            handle = os.open(source.path, os.O_RDONLY)
            try:
                size = os.fstat(handle).st_size
                return _read_fully(handle, size if limit is None else min(size, limit)), size
            finally:
                os.close(handle)
        except OSError as error:
            raise Unusable("file-unreadable", f"cannot be read: {error.strerror or error}") from error

    def piece(self, source: ByteSource, at: int, length: int) -> bytes:
        """Some bytes from the midst of a source; fewer where it ends.

        Raises
        ------
        Unusable
            As :meth:`read`.
        """
        if source.member is not None:
            return self._member(source.path, source.member)[at : at + length]
        try:
            handle = os.open(source.path, os.O_RDONLY)
            try:
                return os.pread(handle, length, at)
            finally:
                os.close(handle)
        except OSError as error:
            raise Unusable("file-unreadable", f"cannot be read: {error.strerror or error}") from error

    def members(self, path: Path) -> tuple[list[ByteSource], list[Skipped]]:
        """Usable members of an archive, in the order of their names, and those that are not.

        Raises
        ------
        Unusable
            If the archive itself is damaged or declares more than is ever unpacked.
        """
        infos = [info for info in self._archive(path).infolist() if not info.is_dir()]
        if len(infos) > MAX_MEMBERS or sum(info.file_size for info in infos) > MAX_ARCHIVE_BYTES:
            raise Unusable("zip-too-large", f"declares {len(infos)} members, beyond the size or number ever unpacked")
        sources, skipped = [], []
        for info in sorted(infos, key=lambda info: info.filename):
            source = ByteSource(path, info.filename)
            if info.flag_bits & 1:
                skipped.append(Skipped(source.name, "zip-encrypted", "is encrypted"))
            elif info.file_size > MAX_MEMBER_BYTES:
                skipped.append(Skipped(source.name, "zip-too-large", f"declares {info.file_size} bytes"))
            else:
                sources.append(source)
        return sources, skipped

    def _archive(self, path: Path) -> zipfile.ZipFile:
        import zipfile  # most folders hold none, and it is not free to import

        if path not in self._archives:
            try:
                self._archives[path] = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
                raise Unusable("zip-damaged", f"is no readable zip: {error}") from error
        return self._archives[path]

    def _member(self, path: Path, member: str) -> bytes:
        import zipfile
        import zlib

        try:
            return self._archive(path).read(member)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
            raise Unusable("zip-damaged", f"cannot be unpacked: {error}") from error
        except (NotImplementedError, RuntimeError, KeyError) as error:
            raise Unusable("zip-damaged", f"is stored in a way that is not supported: {error}") from error


def _read_fully(handle: int, wanted: int) -> bytes:
    data = os.read(handle, wanted)
    if len(data) == wanted:
        return data
    parts = [data]
    while data and sum(map(len, parts)) < wanted:
        data = os.read(handle, wanted - sum(map(len, parts)))
        parts.append(data)
    return b"".join(parts)


def require_there(path: Path) -> bool:
    """Whether something given is a folder.

    Raises
    ------
    UnreadableInputError
        If nothing is there.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        raise UnreadableInputError(
            f"Cannot read {path}: {error.strerror or error}. Give an existing folder, DICOMDIR, zip or file."
        ) from error


def find_sources(source: Path | Sequence[Path]) -> tuple[list[ByteSource], list[Skipped]]:
    """Every file below what was given, in the order of names, each once; and what is no file.

    Links to folders are followed, but no folder is entered twice, so that a loop of links ends.

    Raises
    ------
    UnreadableInputError
        If a given path does not exist.
    """
    given = [Path(source)] if isinstance(source, str | Path) else [Path(one) for one in source]
    skipped: list[Skipped] = []
    seen: set[tuple[int, int]] = set()
    found: dict[str, ByteSource] = {}
    for path in given:
        is_folder = require_there(path)
        names = _walk(str(path), seen, skipped) if is_folder else [str(path)]
        found.update((name, ByteSource(Path(name))) for name in names)
    return list(found.values()), skipped


def _walk(folder: str, seen: set[tuple[int, int]], skipped: list[Skipped]) -> Iterator[str]:
    try:
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            skipped.append(Skipped(Path(folder).name, "folder-repeated", "was searched already"))
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        skipped.append(Skipped(Path(folder).name, "file-unreadable", f"cannot be listed: {error.strerror or error}"))
        return
    for entry in entries:
        kind = _kind(entry)
        if kind == "folder":
            yield from _walk(entry.path, seen, skipped)
        elif kind == "file":
            yield entry.path
        else:
            skipped.append(Skipped(entry.name, kind, "is neither a file nor a folder that can be reached"))


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        # A link to nowhere or to itself looks like neither.
        return "file-unreadable" if entry.is_symlink() else "file-special"
    except OSError:
        return "file-unreadable"
