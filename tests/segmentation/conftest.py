"""A generated spine as label map: the truth that a perfect network would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from pipeline.phantom.anatomy.build import AnatomyMap, build_anatomy
from pipeline.phantom.anatomy.sample import standard_spine
from pipeline.phantom.anatomy.spec import FragmentSpec
from pipeline.volume import Volume

SPACING = (4.4, 1.0, 1.0)
EXTENT = (57.2, 300.0, 160.0)
FRAGMENTS = (
    FragmentSpec("L4/L5", 1200.0, migration_mm=14.0),
    FragmentSpec("L2/L3", 600.0, migration_mm=-10.0, lateral_mm=3.0),
)


@dataclass(frozen=True)
class Known:
    """A label map (structures) and the anatomy that it was made from."""

    labels: Volume
    anatomy: AnatomyMap


@pytest.fixture(scope="session")
def lumbar() -> Known:
    """T10 to the sacrum in 13 thick sagittal slices, with displaced material at L4/L5 and L2/L3."""
    anatomy = build_anatomy(
        standard_spine(), FRAGMENTS, spacing_mm=SPACING, extent_mm=EXTENT, centre_lps=(0.0, 10.0, -25.0)
    )
    return Known(anatomy.classes(), anatomy)


def cropped(labels: Volume, rows: slice) -> Volume:
    """Some rows of a canonical label map, in their place."""
    affine = labels.affine.copy()
    affine[:3, 3] = labels.to_lps(np.array([0.0, float(rows.start or 0), 0.0]))
    return Volume(np.ascontiguousarray(labels.array[:, rows]), affine)


def row_of(known: Known, name: str) -> int:
    """The row of a landmark."""
    return round(float(known.labels.to_index(np.array(known.anatomy.landmarks[name]))[1]))
