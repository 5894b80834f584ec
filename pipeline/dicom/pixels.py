"""Decoding: from the bytes of the chosen frames to values (PS3.5 section 8, PS3.3 C.7.6.3 and C.11.1)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.describe import printable, series_label, without_identity
from pipeline.dicom.instance import Instance, PixelFormat
from pipeline.dicom.quiet import quiet
from pipeline.dicom.skipping import Unusable
from pipeline.dicom.sources import ByteSource, Reader
from pipeline.dicom.stack import RawStack
from pipeline.dicom.visit import Stack
from pipeline.errors import UnreadableInputError
from pipeline.volume import Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


class SlicesUnreadableError(UnreadableInputError):
    """Some slices of a stack cannot be decoded.

    Attributes
    ----------
    lost
        Every file that failed, with the reason.
    some
        Whether the other slices are worth keeping: each lost file holds one slice, and most slices are sound.
    """

    def __init__(self, raw: RawStack, lost: Mapping[ByteSource, Unusable]) -> None:
        first, error = next(iter(lost.items()))
        name = without_identity(printable(first.name), {one.identity for one in raw.instances})
        more = f" The same goes for {len(lost) - 1} more of its files." if len(lost) > 1 else ""
        super().__init__(
            f"{series_label(raw.first)}: cannot read the pixels of {name}: it {error.sentence}.{more} "
            "Export this series again."
        )
        self.lost = dict(lost)
        single = all(one.frame_count == 1 for one in raw.instances if one.source in lost)
        self.some = single and 2 * len(lost) < len(raw.instances)


def load_stack(raw: RawStack) -> Stack:
    """Decode the pixels of a stack.

    Returns
    -------
    Stack
        float32 values after Modality LUT or rescale, in the order and on the grid of ``raw``.

    Raises
    ------
    SlicesUnreadableError
        If files are gone, cut off or their pixels cannot be decoded; the message names the first.
    UnreadableInputError
        If memory does not suffice.
    """
    try:
        array = np.empty(raw.shape, dtype=np.float32)
    except MemoryError as error:
        raise UnreadableInputError(
            f"{series_label(raw.first)} needs {np.prod(raw.shape) * 4 / 2**30:.1f} GiB of memory, which is not there. "
            "Close other programs or leave the series out."
        ) from error
    scratch = bytearray(max(_frame_bytes(one) for one in raw.instances))
    lost: dict[ByteSource, Unusable] = {}
    with Reader() as reader:
        by_source: dict[ByteSource, list[int]] = {}
        for index, one in enumerate(raw.instances):
            by_source.setdefault(one.source, []).append(index)
        for source, indices in by_source.items():
            try:
                if _is_native(raw.instances[indices[0]]) and source.member is None:
                    _fill_plain(array, indices, raw.instances, source.path, scratch)
                else:
                    _fill(array, indices, raw.instances, reader.read(source)[0])
            except Unusable as error:
                lost[source] = error
    if lost:
        raise SlicesUnreadableError(raw, lost)
    return Stack(
        volume=Volume(array, raw.affine),
        slice_thickness_mm=raw.first.slice_thickness_mm,
        sop_instance_uids=tuple(one.sop_instance_uid for one in raw.instances),
        frame_numbers=tuple(one.frame for one in raw.instances),
        files=tuple(one.source.path for one in raw.instances),
    )


def _is_native(one: Instance) -> bool:
    return one.pixels.offset is not None and not one.pixels.has_modality_lut


def _frame_bytes(one: Instance) -> int:
    return one.rows * one.columns * one.pixels.bits_allocated // 8


def _fill_plain(
    array: NDArray[np.float32],
    indices: Sequence[int],
    instances: Sequence[Instance],
    path: Path,
    scratch: bytearray,
) -> None:
    """Frames of a plain file, read without its header into memory that is used again for the next."""
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            for index in indices:
                one = instances[index]
                wanted = memoryview(scratch)[: _frame_bytes(one)]
                if os.preadv(handle, [wanted], _start(one)) < len(wanted):
                    raise Unusable("file-truncated", "ends before its pixels do")
                _into(array[index], _as_stored(wanted, one), one.pixels)
        finally:
            os.close(handle)
    except OSError as error:
        raise Unusable("file-unreadable", f"cannot be opened ({error.strerror or error})") from error


def _fill(array: NDArray[np.float32], indices: Sequence[int], instances: Sequence[Instance], data: bytes) -> None:
    """Frames out of the bytes of a whole object."""
    if not _is_native(instances[indices[0]]):
        _decode(array, indices, instances, data)
        return
    for index in indices:
        one = instances[index]
        wanted = memoryview(data)[_start(one) : _start(one) + _frame_bytes(one)]
        if len(wanted) < _frame_bytes(one):
            raise Unusable("file-truncated", "ends before its pixels do")
        _into(array[index], _as_stored(wanted, one), one.pixels)


def _start(one: Instance) -> int:
    return (one.pixels.offset or 0) + (one.frame - 1) * _frame_bytes(one)


def _as_stored(data: memoryview, one: Instance) -> NDArray[Any]:
    return np.frombuffer(data, _stored_type(one.pixels)).reshape(one.rows, one.columns)


def _stored_type(pixels: PixelFormat) -> str:
    return f"<{'i' if pixels.signed else 'u'}{pixels.bits_allocated // 8}"


def _into(target: NDArray[np.float32], stored: NDArray[Any], pixels: PixelFormat) -> None:
    """Mask what lies beyond the stored bits, then rescale into the target."""
    if pixels.bits_stored < pixels.bits_allocated:
        stored = _masked(stored, pixels)
    if pixels.slope == 1.0 and pixels.intercept == 0.0:
        target[...] = stored
    else:
        np.multiply(stored, pixels.slope, out=target, casting="unsafe", dtype=np.float64)
        target += np.float32(pixels.intercept)


def _masked(stored: NDArray[Any], pixels: PixelFormat) -> NDArray[Any]:
    """Stored values without overlay planes or other rubbish in the unused bits, sign extended."""
    shift = pixels.high_bit + 1 - pixels.bits_stored
    limit = 1 << pixels.bits_stored
    if not pixels.signed:
        if shift == 0 and int(stored.max(initial=0)) < limit:
            return stored
        return (stored >> shift) & (limit - 1)
    left = pixels.bits_allocated - pixels.high_bit - 1
    return (stored << left) >> (left + shift)


def _decode(array: NDArray[np.float32], indices: Sequence[int], instances: Sequence[Instance], data: bytes) -> None:
    """Let pydicom and its codecs decode what is compressed, big-endian, deflated or needs a Modality LUT."""
    from pipeline.dicom.full_header import read_dataset

    dataset = read_dataset(data)
    try:
        with quiet():
            for index in indices:
                one = instances[index]
                stored = _decoded_frame(dataset, one)
                if stored.shape != (one.rows, one.columns):
                    raise Unusable("file-broken", f"decodes to shape {stored.shape}, not {(one.rows, one.columns)}")
                if one.pixels.has_modality_lut:
                    from pydicom.pixels.processing import apply_modality_lut

                    array[index] = apply_modality_lut(_masked(stored, one.pixels), dataset)
                else:
                    _into(array[index], stored, one.pixels)
    except Unusable:
        raise
    except Exception as error:  # codecs raise whatever they like on damaged data
        syntax = printable(instances[indices[0]].pixels.transfer_syntax_uid) or "not named"
        raise Unusable("file-broken", f"cannot be decoded (transfer syntax {syntax})") from error


def _decoded_frame(dataset: Dataset, one: Instance) -> NDArray[Any]:
    from pydicom.pixels.utils import pixel_array

    return np.asarray(pixel_array(dataset, index=one.frame - 1, raw=True))
