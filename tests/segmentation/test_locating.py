"""One series of a visit tells the others where the spine lies, and no more than it can."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Role
from pipeline.segmentation.grid import CanonicalSeries
from pipeline.segmentation.locating import find_box
from pipeline.segmentation.stage import segment
from pipeline.volume import Volume
from pipeline.workflow import load_visit
from tests.segmentation.test_grid import canonical_affine
from tests.segmentation.test_orientation import SAMPLE, flipped
from tests.segmentation.test_stage import visit

SHAPE = (7, 220, 200)
BLOCK = (slice(None), slice(60, 150), slice(70, 130))


class BrightIsSpine:
    """A network that calls bright pixels vertebra."""

    def __call__(self, slices: NDArray[np.float32]) -> NDArray[np.float32]:
        result = np.zeros((len(slices), 6, *slices.shape[2:]), dtype=np.float32)
        result[:, 1] = slices[:, 1] > 0.0
        result[:, 0] = 1.0 - result[:, 1]
        return result


def seen(block: tuple[slice, slice, slice]) -> Volume:
    array = np.full(SHAPE, 50.0, dtype=np.float32)
    array[block] = 900.0
    array[:, :8, :8] = 120.0
    return Volume(array, canonical_affine())


def rows_of(volume: Volume, box_of: Volume) -> tuple[float, float]:
    """First and last row (LPS z) that another series takes from the box found in one."""
    series = CanonicalSeries.of(volume)
    affine = series.affine_of(plane := find_box(box_of, BrightIsSpine()).within(series))
    return float(affine[2, 3]), float((affine @ np.array([0, plane.count[0] - 1, 0, 1.0]))[2])


def test_another_field_of_view_gets_the_same_place() -> None:
    volume = seen(BLOCK)
    shifted = volume.affine.copy()
    shifted[:3, 3] += (0.0, 21.0, 17.0)
    top, bottom = rows_of(volume, volume)
    for other in (Volume(volume.array, shifted), Volume(volume.array[:, :, ::-1], volume.affine)):
        assert rows_of(other, volume) == pytest.approx((top, bottom), abs=2.1)


def test_where_the_first_series_ends_the_spine_may_go_on() -> None:
    cut = seen((slice(None), slice(0, 150), slice(70, 130)))
    higher = cut.affine.copy()
    higher[:3, 3] += (0.0, 0.0, 40.0)
    other = Volume(cut.array, higher)
    top, bottom = rows_of(other, cut)
    assert top == pytest.approx(float(other.to_lps(np.zeros(3))[2]), abs=1.5), "up to the other series' own end"
    assert bottom == pytest.approx(rows_of(cut, cut)[1], abs=2.1)


def test_a_box_elsewhere_leaves_the_whole_plane() -> None:
    volume = seen(BLOCK)
    away = volume.affine.copy()
    away[:3, 3] += (0.0, 0.0, 900.0)
    series = CanonicalSeries.of(Volume(volume.array, away))
    assert find_box(volume, BrightIsSpine()).within(series).count == series.plane().count


def test_a_further_series_that_lies_the_wrong_way_is_left_out() -> None:
    """The leading series is tried flipped; another one only where it shows the canal elsewhere, as here."""
    sample = load_visit(SAMPLE)
    t2, t1 = (sample.series[role].volume for role in (Role.SAGITTAL_T2, Role.SAGITTAL_T1))
    anatomy = segment(visit(sagittal_t2=t2, sagittal_t1=flipped(t1, (1,))), SegmentationSettings(variants=1, threads=1))
    assert set(anatomy.segmentations) == {Role.SAGITTAL_T2}
    assert "series-not-lumbar" in {finding.code for finding in anatomy.findings}
