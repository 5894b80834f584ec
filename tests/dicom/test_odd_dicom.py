"""Real files that are odd in some way: each is read, or left out for a reason that has a name."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from pipeline.dicom.pixels import load_stack
from pipeline.dicom.scan import scan
from pipeline.errors import DiscdeltaError

pytestmark = pytest.mark.shared_data


def test_one_image_in_all_transfer_syntaxes_has_the_same_values(shared_data: Path) -> None:
    files = sorted((shared_data / "odd_dicom" / "transfer_syntaxes").glob("*.dcm"))
    assert len(files) == 9
    arrays, syntaxes = [], set()
    for path in files:
        (stack,) = scan(path).stacks
        syntaxes.add(stack.first.pixels.transfer_syntax_uid)
        arrays.append(load_stack(stack).volume.array)
    assert len(syntaxes) == 7
    assert arrays[0].max() == 2362
    for array in arrays[1:]:
        np.testing.assert_array_equal(array, arrays[0])


def test_everything_is_read_or_left_out_by_name(shared_data: Path) -> None:
    paths = [path for path in (shared_data / "odd_dicom").rglob("*") if path.is_file()]
    for path in paths:
        result = scan(path)
        assert bool(result.stacks) != bool(result.skipped), path.name
        for stack in result.stacks:
            assert np.isfinite(load_stack(stack).volume.array).all()
    reasons = {one.name: one.reason for one in scan(shared_data / "odd_dicom").skipped}
    assert reasons == {"LICENSE": "file-not-dicom", "emri_small.dcm": "frames-without-geometry"}


def test_frames_of_one_enhanced_object_are_split_by_what_they_show(shared_data: Path) -> None:
    stacks = scan(shared_data / "odd_dicom" / "enhanced" / "Philips").stacks
    assert sorted(stack.kind for stack in stacks) == ["original", "phase"]
    assert {stack.shape for stack in stacks} == {(32, 64, 64)}


def test_overlay_bits_do_not_reach_the_values(shared_data: Path) -> None:
    (stack,) = scan(shared_data / "odd_dicom" / "misc" / "MR-SIEMENS-DICOM-WithOverlays.dcm").stacks
    assert load_stack(stack).volume.array.max() < 4096


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The file cut off, or with some bytes changed, most of them in the header."""
    if rng.random() < 0.4:
        return data[: rng.randrange(len(data))]
    spoiled = bytearray(data)
    for _ in range(rng.choice((1, 3, 30, 300))):
        spoiled[rng.randrange(min(len(spoiled), rng.choice((1000, 8000, len(spoiled)))))] = rng.randrange(256)
    return bytes(spoiled)


def test_no_damage_raises_anything_but_the_projects_own_error(shared_data: Path, tmp_path: Path) -> None:
    rng = random.Random(20130311)
    target = tmp_path / "image"
    for path in sorted((shared_data / "odd_dicom").rglob("*.dcm")):
        data = path.read_bytes()
        for _ in range(12):
            target.write_bytes(damaged(data, rng))
            try:
                for stack in scan(target).stacks:
                    load_stack(stack)
            except DiscdeltaError as error:
                assert "image" in str(error)  # noqa: PT017 - not every damage is fatal
