"""How far the views of a series differ in volume, and what is taken for one that was seen once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.dicom.visit import Role
from pipeline.measurement.looking import Seen
from pipeline.measurement.views_apart import apart_mm3, share_apart
from pipeline.segmentation.displaced import DisplacedMaterial
from pipeline.volume import Volume

GRID = np.diag([4.0, 0.5, 0.5, 1.0])


def material(views: NDArray[np.float32]) -> DisplacedMaterial:
    mean = Volume(views.mean(axis=0), GRID)
    full = mean.with_array(np.ones(mean.shape, dtype=bool))
    parts = mean.with_array(np.ones(mean.shape, dtype=np.uint8))
    return DisplacedMaterial("L4/L5", Role.SAGITTAL_T1, mean, views, full, parts, 0.0)


def test_views_of_known_volume() -> None:
    views = np.zeros((3, 2, 4, 4), dtype=np.float32)
    views[0, 0, 0, :1], views[1, 0, 0, :2], views[2, 0, 0, :3] = 1, 1, 1  # 1, 2 and 3 voxels of 1 mm³
    assert apart_mm3(material(views), 2.0, share=0.9) == pytest.approx(1.0)


def test_a_series_seen_once_varies_by_the_share_of_others() -> None:
    views = np.full((1, 2, 4, 4), 0.5, dtype=np.float32)
    assert apart_mm3(material(views), 400.0, share=0.1) == pytest.approx(40.0)
    assert apart_mm3(material(views), 400.0, share=0.0) == 0.0


def seen(views: NDArray[np.float32], volume_mm3: float) -> Seen:
    return cast("Seen", SimpleNamespace(material=material(views), found=SimpleNamespace(volume_mm3=volume_mm3)))


def test_share_of_a_series_in_blocks() -> None:
    views = np.zeros((2, 2, 4, 4), dtype=np.float32)
    views[0, 0, 0, :2], views[1, 0, 0, :4] = 1, 1  # 2 and 4 mm³
    once = np.ones((1, 2, 4, 4), dtype=np.float32)
    assert share_apart([seen(views, 3.0)]) == pytest.approx(np.sqrt(2) / 3)
    assert share_apart([seen(views, 3.0), seen(once, 3.0)]) == pytest.approx(np.sqrt(2) / 6)
    assert share_apart([seen(views, 0.1)]) == 1.0
    assert share_apart([seen(views, 0.0)]) == share_apart([]) == 0.0
