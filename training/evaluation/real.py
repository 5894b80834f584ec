"""Held-out SPIDER patients (CC BY 4.0) at full resolution: image, labels, gradings."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.volume import Volume

DISC, VERTEBRA, CANAL = 29, 76, 150
SMALLEST_DISC_MM3 = 300.0
LEVELS = ("L5/S1", "L4/L5", "L3/L4", "L2/L3", "L1/L2", "T12/L1", "T11/T12", "T10/T11", "T9/T10", "T8/T9")
"""Names of SPIDER's disc labels 1, 2, …"""
BELOW = "below L5/S1"
"""Name of SPIDER's disc label 0, an extra disc."""


@dataclass(frozen=True)
class Grading:
    """What SPIDER's reader said of one disc."""

    herniated: bool
    bulging: bool
    pfirrmann: int


@dataclass(frozen=True, eq=False)
class Patient:
    """One SPIDER volume as it was published.

    Attributes
    ----------
    number
        SPIDER's number.
    image
        float32 (slices, rows, columns) in LPS mm; which end of the slices is left is not known.
    mask
        SPIDER's labels on the same grid: 29 disc, 76 vertebra, 150 canal.
    discs
        uint8, 1 … n from caudal to cranial in the order of ``names``; 0 elsewhere.
    names
        True name of every disc: the lowest is L5/S1 unless the gradings hold an extra one below it.
    gradings
        By name.
    """

    number: int
    image: Volume
    mask: NDArray[np.uint8]
    discs: NDArray[np.uint8]
    names: tuple[str, ...]
    gradings: Mapping[str, Grading]

    def disc(self, name: str) -> NDArray[np.bool_]:
        """The voxels of one disc."""
        return np.asarray(self.discs == self.names.index(name) + 1)


def sagittal(array: NDArray[np.generic], spacing_mm: tuple[float, float, float]) -> Volume:
    """A volume whose slices go to the left, rows down and columns backwards; its centre lies in the origin."""
    affine = np.zeros((4, 4))
    affine[0, 0], affine[2, 1], affine[1, 2], affine[3, 3] = spacing_mm[0], -spacing_mm[1], spacing_mm[2], 1.0
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(array.shape) - 1) / 2)
    return Volume(array, affine)


def load_patient(folder: Path, number: int) -> Patient:
    """Read one patient from the folder that holds ``t2_space`` and ``radiological_gradings.csv``."""
    with np.load(folder / "t2_space" / f"{number}_t2space.npz") as stored:
        image, mask, spacing = stored["I"].astype(np.float32), stored["M"], stored["spacing"]
    steps = (float(spacing[0]), float(spacing[1]), float(spacing[2]))
    volume = sagittal(image, steps)
    discs, count = _numbered(mask == DISC, volume.voxel_volume_mm3)
    by_label = _gradings(folder / "radiological_gradings.csv", number)
    order = (BELOW, *LEVELS) if 0 in by_label else LEVELS
    names = order[:count]
    gradings = {_name(label): grading for label, grading in by_label.items()}
    return Patient(number, volume, mask, discs, names, gradings)


def _name(label: int) -> str:
    return LEVELS[label - 1] if label else BELOW


def _numbered(mask: NDArray[np.bool_], voxel_mm3: float) -> tuple[NDArray[np.uint8], int]:
    """Discs numbered from caudal to cranial; specks are no disc."""
    parts, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    sizes = ndimage.sum_labels(mask, parts, range(1, count + 1)) * voxel_mm3
    rows = ndimage.center_of_mass(mask, parts, range(1, count + 1))
    kept = sorted((k for k in range(count) if sizes[k] > SMALLEST_DISC_MM3), key=lambda k: -rows[k][1])
    table = np.zeros(count + 1, dtype=np.uint8)
    for number, k in enumerate(kept, start=1):
        table[k + 1] = number
    return table[parts], len(kept)


def _gradings(path: Path, number: int) -> dict[int, Grading]:
    """By SPIDER's disc label."""
    with path.open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if row["Patient"] == str(number)]
    return {
        int(row["IVD label"]): Grading(
            row["Disc herniation"] == "1", row["Disc bulging"] == "1", int(row["Pfirrman grade"])
        )
        for row in rows
    }
