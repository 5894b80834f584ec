"""A spine without displaced material, segmented from its true labels, and true shapes of material to describe."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from pipeline.config import SegmentationSettings
from pipeline.phantom.anatomy.build import build_anatomy
from pipeline.phantom.anatomy.sample import standard_spine
from pipeline.phantom.anatomy.spec import FragmentSpec
from pipeline.phantom.anatomy.tissue import Tissue
from pipeline.segmentation import stage
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Volume
from tests.segmentation.test_stage import see_labels, visit

FINE_MM = (1.1, 1.0, 1.0)
SLICES = 4
"""Fine slices averaged to one of 4.4 mm."""


@pytest.fixture(scope="session")
def spine() -> Anatomy:
    """T12 to the sacrum as thirteen thick sagittal slices show them."""
    labels = build_anatomy(
        standard_spine(), spacing_mm=(4.4, 1.0, 1.0), extent_mm=(57.2, 230.0, 110.0), centre_lps=(0.0, 10.0, -40.0)
    ).classes()
    with pytest.MonkeyPatch.context() as patch:
        see_labels(patch)
        return stage.segment(visit(sagittal_t2=labels), SegmentationSettings(variants=1), network=lambda x: x)


@cache
def drawn(spec: FragmentSpec) -> Volume:
    """Where the phantom draws a fragment, on fine sagittal slices: 0 or 1."""
    tissue = build_anatomy(
        standard_spine(), (spec,), spacing_mm=FINE_MM, extent_mm=(52.8, 90.0, 50.0), centre_lps=(0.0, 30.0, -60.0)
    ).tissue
    return tissue.with_array((tissue.array == Tissue.FRAGMENT).astype(np.float32))


def thick(fine: Volume) -> Volume:
    """The same on slices of 4.4 mm: the share of each voxel that is filled."""
    averaged = fine.array.reshape(-1, SLICES, *fine.array.shape[1:]).mean(axis=1)
    affine = fine.affine.copy()
    affine[:3, 3] += fine.affine[:3, 0] * (SLICES - 1) / 2
    affine[:3, 0] *= SLICES
    return Volume(averaged, affine)
