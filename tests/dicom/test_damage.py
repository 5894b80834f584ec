"""Damaged files: whatever the bytes, the worst that can happen is the project's own error."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from pipeline.dicom.pixels import load_stack
from pipeline.dicom.scan import scan
from pipeline.errors import DiscdeltaError
from tests.dicom.dicom_files import affine_of, enhanced, ramp, save, slices


def _bytes_of_samples() -> list[bytes]:
    made = []
    with tempfile.TemporaryDirectory() as name:
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless):
            dataset = slices(ramp((1, 8, 8)))[0]
            path = save(dataset, Path(name) / "image")
            if syntax == RLELossless:
                dataset.compress(syntax, generate_instance_uid=False)
            made.append(save(dataset, path, syntax).read_bytes())
        made.append(save(enhanced(ramp(), affine_of(), range(6)), Path(name) / "frames").read_bytes())
    return made


SAMPLES = _bytes_of_samples()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    sample=st.sampled_from(SAMPLES),
    keep=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=20),
    cut=st.booleans(),
)
def test_cut_and_changed_files(sample: bytes, keep: float, changes: list[tuple[float, int]], cut: bool) -> None:
    data = bytearray(sample[: int(keep * len(sample))] if cut else sample)
    for where, value in changes:
        if data:
            data[int(where * (len(data) - 1))] = value
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "image"
        path.write_bytes(data)
        try:
            result = scan(path)
            for stack in result.stacks:
                load_stack(stack)
        except DiscdeltaError as error:
            assert "image" in str(error)  # noqa: PT017 - most examples raise nothing


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=300), st.sampled_from([b"", bytes(128) + b"DICM", b"PK\x03\x04", b"\x08\x00\x05\x00CS"]))
def test_any_bytes(data: bytes, head: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "image"
        path.write_bytes(head + data)
        result = scan(path)
    assert len(result.skipped) + len(result.findings) >= 1
