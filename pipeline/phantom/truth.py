"""The exact truth of a case, as JSON and NIfTI beside the images."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from pipeline.files import replacing, write_text
from pipeline.phantom.geometry import Stack
from pipeline.volume import Affine

SCHEMA = "discdelta-phantom-truth/1"

Point = tuple[float, float, float]
Matrix = tuple[tuple[float, ...], ...]


def matrix(affine: Affine) -> Matrix:
    """A 4 × 4 matrix as nested tuples, rounded to 1e-9."""
    return tuple(tuple(float(v) for v in row) for row in np.round(affine, 9) + 0.0)


def point(values: NDArray[np.float64]) -> Point:
    """An LPS point as a tuple, rounded to 1e-6 mm."""
    x, y, z = (float(v) for v in np.round(values, 6) + 0.0)
    return x, y, z


@dataclass(frozen=True)
class StackTruth:
    """Truth of one stack of parallel slices.

    Attributes
    ----------
    affine
        (4, 4) array index (slice, row, column, 1) → LPS mm.
    shape
        Slices, rows, columns.
    thickness_mm, pitch_mm
        Slice thickness and distance of slice centres.
    voxel_volume_mm3
        Pixel area × pitch.
    contiguous
        Whether slices touch without gap: only then do occupancies add up to the true volume.
    occupancy_sum_mm3
        Sum of occupancy × voxel volume.
    occupancy_file, rim_file, classes_file
        NIfTI files beside the truth file, relative to it; occupancies only where something is displaced.
    """

    affine: Matrix
    shape: tuple[int, int, int]
    thickness_mm: float
    pitch_mm: float
    voxel_volume_mm3: float
    contiguous: bool
    occupancy_sum_mm3: float
    occupancy_file: str | None
    rim_file: str | None
    classes_file: str


@dataclass(frozen=True)
class SeriesTruth:
    """Truth of one series.

    Attributes
    ----------
    key, description, plane, weighting, contrast, fat_saturation
        What was asked for.
    folder
        Folder of its DICOM files, relative to the truth file.
    series_instance_uid
        Its UID.
    anatomy_to_lps
        (4, 4) anatomy → LPS of this series, with the patient's movement since the visit's start.
    movement
        (4, 4) that movement, LPS → LPS.
    signals
        Mean signal of some tissues by the spin-echo equation, before coil and noise, relative to water.
    stacks
        One, or one per tilted block.
    """

    key: str
    description: str
    plane: str
    weighting: str
    contrast: bool
    fat_saturation: bool
    folder: str
    series_instance_uid: str
    anatomy_to_lps: Matrix
    movement: Matrix
    signals: dict[str, float]
    stacks: tuple[StackTruth, ...]


@dataclass(frozen=True)
class FragmentTruth:
    """Truth about the displaced material at one level.

    Attributes
    ----------
    level
        Its disc.
    volume_mm3, rim_volume_mm3
        Volume on the fine map from which the images were cut.
    centroid_lps_mm
        Centroid, LPS mm of the visit.
    rim_mm, rim_extent
        Thickness of the enhancing rim, and share of the surface that it covers.
    spec
        What was asked for.
    """

    level: str
    volume_mm3: float
    rim_volume_mm3: float
    centroid_lps_mm: Point
    rim_mm: float
    rim_extent: float
    spec: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class VisitTruth:
    """Truth of one visit; coordinates are LPS mm of its first series."""

    name: str
    study_date: str
    study_instance_uid: str
    folder: str
    anatomy_to_lps: Matrix
    landmarks_lps_mm: dict[str, Point]
    fragments: tuple[FragmentTruth, ...]
    enhancement: dict[str, float]
    series: tuple[SeriesTruth, ...]

    def fragment_volume_mm3(self, level: str) -> float:
        """Volume at a level, 0 where nothing is displaced."""
        return sum(fragment.volume_mm3 for fragment in self.fragments if fragment.level == level)


@dataclass(frozen=True)
class ChangeTruth:
    """True change from the first visit to a later one at the case's level."""

    baseline: str
    followup: str
    baseline_mm3: float
    followup_mm3: float
    delta_mm3: float
    resorption_rate_percent: float | None
    baseline_to_followup: Matrix


@dataclass(frozen=True)
class PhantomTruth:
    """Everything that is exactly known about a case."""

    case: str
    seed: int
    level: str
    visits: tuple[VisitTruth, ...]
    changes: tuple[ChangeTruth, ...]
    spec: dict[str, Any]

    def to_json(self) -> str:
        """The truth as JSON text."""
        data = {"schema": SCHEMA, "synthetic": True, **asdict(self)}
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    def write(self, target: Path) -> None:
        """Write ``truth.json``.

        Raises
        ------
        pipeline.errors.OutputError
            If the file cannot be written.
        """
        write_text(target, self.to_json())


def changes_of(visits: tuple[VisitTruth, ...], level: str) -> tuple[ChangeTruth, ...]:
    """True change of every later visit against the first."""
    first = visits[0]
    before = first.fragment_volume_mm3(level)
    out = []
    for later in visits[1:]:
        after = later.fragment_volume_mm3(level)
        transform = np.array(later.anatomy_to_lps) @ np.linalg.inv(np.array(first.anatomy_to_lps))
        rate = round(100 * (before - after) / before, 6) if before > 0 else None
        out.append(ChangeTruth(first.name, later.name, before, after, after - before, rate, matrix(transform)))
    return tuple(out)


def write_nifti(target: Path, array: NDArray[np.float32] | NDArray[np.uint8], stack: Stack) -> None:
    """Write values of a stack as NIfTI (RAS mm, as NIfTI demands), byte-equal on every run.

    Raises
    ------
    pipeline.errors.OutputError
        If the file cannot be written.
    """
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ stack.affine
    image = nib.Nifti1Image(array, ras)
    image.header.set_xyzt_units("mm")
    with replacing(target) as temporary:
        nib.save(image, temporary)
