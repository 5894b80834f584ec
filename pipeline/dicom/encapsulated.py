"""Whether compressed pixel data is whole, from the heads of its items alone (PS3.5 section A.4).

Compressed pixels stand as items: a table of offsets, which may be empty, then fragments of at least one per frame, then
a delimiter. Only the eight bytes at the head of each are looked at, so that the check costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.dicom.skipping import Unusable

_ITEM, DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0"
_HEAD = 8


@dataclass(frozen=True, slots=True)
class Fragments:
    """What was met on the way along the items.

    Attributes
    ----------
    count
        Whole fragments, the table of offsets not among them.
    end
        Byte position after the last whole item; the delimiter belongs there.
    due
        Byte position at which an item ends that runs past the end of the file; None where all are whole.
    """

    count: int
    end: int
    due: int | None = None


def fragments(head_at: Callable[[int], bytes], start: int, size: int) -> Fragments:
    """Walk along the items of compressed pixel data.

    Parameters
    ----------
    head_at
        Gives the eight bytes at a position.
    start
        Where the first item begins.
    size
        Length of the file.
    """
    at, items = start, 0
    # What is left after the last fragment, if it is no more than a delimiter, need not be read.
    while size - at > _HEAD or (items < 2 and size - at == _HEAD):
        head = head_at(at)
        if head[:4] != _ITEM or len(head) < _HEAD:
            break
        end = at + _HEAD + int.from_bytes(head[4:], "little")
        if end > size:
            return Fragments(max(items - 1, 0), at, end)
        at, items = end, items + 1
    return Fragments(max(items - 1, 0), at)


def require_whole(found: Fragments, frames: int, size: int) -> None:
    """Refuse pixel data that ends early; a delimiter that is missing after the last frame does no harm.

    Raises
    ------
    Unusable
        If an item runs past the end of the file, or there are fewer fragments than frames.
    """
    if found.due is not None:
        raise Unusable("file-truncated", f"ends at byte {size}, inside a fragment of pixels that goes to {found.due}")
    if found.count < frames:
        raise Unusable("file-truncated", f"holds {found.count} fragments of pixels for {frames} frames")
