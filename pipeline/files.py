"""Writing that never leaves half a file: a temporary name beside the target, then a rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import OutputError


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary path beside ``target``; on success it takes the target's name, on failure it goes.

    The temporary name keeps the target's suffixes, because writers choose formats by them.

    Raises
    ------
    OutputError
        If the folder cannot be made or the file cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".partial-", suffix="".join(target.suffixes[-2:]))
        os.close(handle)
    except OSError as error:
        raise OutputError(
            f"Cannot write into {target.parent}: {error.strerror}. Choose another --out folder or mend its rights."
        ) from error
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp gives 0600, which a department's other users could not read
        temporary.replace(target)
    except OSError as error:
        raise OutputError(
            f"Cannot write {target}: {error.strerror or error}. Check free space and rights, then run again."
        ) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text to ``target`` atomically."""
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(target: Path, data: bytes) -> None:
    """Write bytes to ``target`` atomically."""
    with replacing(target) as temporary:
        temporary.write_bytes(data)


def discard(folder: Path, names: Iterable[str]) -> None:
    """Remove files of an earlier result, in this order, that a run cut short must not leave beside new ones.

    Raises
    ------
    OutputError
        If one cannot be removed.
    """
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot write into {folder}: {error.strerror or error}. Check free space and rights, then run again."
        ) from error
