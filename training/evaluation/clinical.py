"""Whether the volumes of the same discs agree between the sequences of one clinical study."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.dicom.visit import Plane, Visit
from pipeline.dicom.visits import load_visit
from pipeline.segmentation.names import disc_value
from training.evaluation.cache import remembered
from training.evaluation.product import measured, segmented
from training.evaluation.statistics import coefficient_of_variation

DISCS = ("L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1")
VERSION = 2


def evaluate_clinical(archive: Path) -> dict[str, Any] | None:
    """Volumes of the discs in every sagittal series, and their coefficients of variation; None without the study."""
    if not archive.is_file():
        return None
    return remembered(lambda: _evaluated(archive), True, "clinical", VERSION, archive.stat().st_size)


def _evaluated(archive: Path) -> dict[str, Any]:
    with unpacked(archive) as folder:
        return of_visit(load_visit(folder)) if folder else {}


@contextmanager
def unpacked(archive: Path) -> Generator[Path | None]:
    """The study in a folder that goes away again; None without it."""
    if not archive.is_file():
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as tar:
            # The filter came with Python 3.11.4.
            tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        yield Path(folder)


def of_visit(visit: Visit) -> dict[str, Any]:
    """Disc volumes by series, their spread, and displaced volume at every level."""
    outcome = segmented(visit)
    if outcome.anatomy is None:
        return {"refusal": outcome.refusal}
    anatomy = outcome.anatomy
    volumes: dict[str, dict[str, float]] = {}
    loose: dict[str, dict[str, float]] = {}
    for role, found in anatomy.segmentations.items():
        loose[role.value] = {
            name: round(measured(anatomy, role, name, visit.series[role].volume).volume_mm3, 1)
            for name in DISCS
            if name in anatomy.levels
        }
        if role.plane is Plane.SAGITTAL:
            volumes[role.value] = {
                name: round(float((found.instances.array == disc_value(name)).sum()) * found.labels.voxel_volume_mm3)
                for name in DISCS
            }
    spread = {name: coefficient_of_variation([one[name] for one in volumes.values()]) for name in DISCS}
    return {
        "refusal": outcome.refusal,
        "disc_mm3": volumes,
        "variation_percent": {name: round(100 * value, 1) for name, value in spread.items()},
        "mean_variation_percent": round(100 * sum(spread.values()) / len(spread), 1),
        "displaced_mm3": loose,
        "levels": {name: round(level.confidence, 3) for name, level in anatomy.levels.items()},
    }
