"""On real series the grid and the values are those of dcm2niix, an independent converter in wide clinical use."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.dicom.pixels import load_stack
from pipeline.dicom.scan import scan
from pipeline.dicom.stack import RawStack, StackKind
from pipeline.volume import Volume

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def converted(source: Path, target: Path) -> list[Volume]:
    """Every image that dcm2niix makes, on its own grid; array axes are its (i, j, k)."""
    dcm2niix = pytest.importorskip("dcm2niix")
    command = [dcm2niix.bin, "-z", "n", "-p", "n", "-b", "n", "-f", "%s_%t_%p", "-o", str(target), str(source)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    volumes = []
    for path in sorted(target.glob("*.nii")):
        image = nibabel.load(path)
        array = np.asarray(image.dataobj, dtype=np.float64)
        for time in range(array.shape[3] if array.ndim == 4 else 1):
            volumes.append(Volume(array if array.ndim == 3 else array[..., time], RAS_TO_LPS @ image.affine))
    return volumes


def corners(shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.array(list(itertools.product(*[(0, count - 1) for count in shape])), dtype=float)


def mismatch_mm(ours: Volume, theirs: Volume) -> float:
    """Largest distance between the corner voxels of ours and the voxels of theirs that should be the same ones."""
    if sorted(ours.shape) != sorted(theirs.shape):
        return np.inf
    here = ours.to_lps(corners(ours.shape))
    index = np.rint(theirs.to_index(here))
    if (index < 0).any() or (index >= theirs.shape).any():
        return np.inf
    return float(np.abs(theirs.to_lps(index) - here).max())


def on_our_grid(ours: Volume, theirs: Volume) -> NDArray[np.float64]:
    """Their values where our voxels lie."""
    turn = np.rint(np.linalg.solve(theirs.affine, ours.affine)[:3, :3]).astype(int)
    order = np.abs(turn).argmax(axis=0)
    flips = tuple(slice(None, None, int(turn[axis, n])) for n, axis in enumerate(order))
    return np.asarray(theirs.array.transpose(order)[flips])


def check(stacks: tuple[RawStack, ...], theirs: list[Volume]) -> None:
    for raw in stacks:
        ours = load_stack(raw).volume
        same_grid = [one for one in theirs if mismatch_mm(ours, one) < 1e-3]
        assert same_grid, f"dcm2niix has no image on the grid of series {raw.first.series_number}"
        scale = max(1.0, float(np.abs(ours.array).max()))
        differences = [np.abs(on_our_grid(ours, one) - ours.array).max() / scale for one in same_grid]
        assert min(differences) < 1e-6, f"values of series {raw.first.series_number} differ"


@pytest.mark.shared_data
def test_clinical_study(clinical_study: Path, tmp_path: Path) -> None:
    stacks = scan(clinical_study).stacks
    assert len(stacks) == 10
    check(stacks, converted(clinical_study, tmp_path))


@pytest.mark.shared_data
@pytest.mark.parametrize("folder", ["enhanced/Siemens/XA10", "enhanced/Philips"])
def test_enhanced_objects(shared_data: Path, tmp_path: Path, folder: str) -> None:
    source = shared_data / "odd_dicom" / folder
    stacks = scan(source).stacks
    assert stacks
    check(stacks, converted(source, tmp_path))


@pytest.mark.shared_data
def test_single_images_lie_in_the_same_place(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "odd_dicom" / "misc"
    theirs = converted(source, tmp_path)
    for raw in scan(source).stacks:
        assert raw.kind in (StackKind.REFORMATTED, StackKind.DERIVED)
        ours = load_stack(raw).volume
        first = [one for one in theirs if sorted(one.shape) == sorted(ours.shape)]
        assert any(np.abs(on_our_grid(ours, one) - ours.array).max() < 1e-3 for one in first)
