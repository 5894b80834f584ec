"""The DICOMDIR: which files it names, and which of them are not there (PS3.3 F.3, PS3.10 section 8)."""

from __future__ import annotations

from pathlib import Path

from pipeline.dicom.quiet import quiet
from pipeline.dicom.skipping import Skipped, Unusable
from pipeline.dicom.sources import ByteSource


def referenced_files(data: bytes, source: ByteSource) -> tuple[list[ByteSource], list[Skipped]]:
    """Files named by a DICOMDIR that exist, and those that do not.

    Names are compared without regard to case: the standard writes them in capitals, copying to another file system
    often does not. A DICOMDIR inside a zip names members that are read anyway, so nothing is looked up for it.
    """
    from pipeline.dicom.full_header import read_dataset

    if source.member is not None:
        return [], []
    try:
        with quiet():
            records = list(read_dataset(data).get("DirectoryRecordSequence") or [])
            names = [_parts(record.get("ReferencedFileID")) for record in records]
    except Exception as error:  # values are parsed only when touched, and a damaged one may raise anything
        if isinstance(error, Unusable):
            raise
        raise Unusable("file-broken", f"is a DICOMDIR that cannot be parsed: {type(error).__name__}") from error
    found: list[ByteSource] = []
    missing: list[Skipped] = []
    listings: dict[Path, dict[str, Path]] = {}
    for parts in names:
        if not parts:
            continue
        path = _resolve(source.path.parent, parts, listings)
        if path is None:
            missing.append(Skipped("/".join(parts), "dicomdir-file-missing", "is named by the DICOMDIR but not there"))
        else:
            found.append(ByteSource(path))
    return found, missing


def _parts(value: object) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    parts = (value,) if isinstance(value, str) else tuple(value)  # type: ignore[arg-type]
    return tuple(str(part) for part in parts)


def _resolve(folder: Path, parts: tuple[str, ...], listings: dict[Path, dict[str, Path]]) -> Path | None:
    """The file, or None if it is not there or its name leads out of the folder."""
    path = folder
    for part in parts:
        if part in ("", ".", "..") or "/" in part:
            return None
        if path not in listings:
            try:
                listings[path] = {entry.name.casefold(): entry for entry in sorted(path.iterdir(), reverse=True)}
            except OSError:
                return None
        following = listings[path].get(part.casefold())
        if following is None:
            return None
        path = following
    return path if path.is_file() else None
