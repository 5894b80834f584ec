"""One pair of series: from a drawn visit to the rim and the map, with what was doubtful about them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.findings import Finding
from pipeline.measurement.enhancement.pair import enhancement_map, enhancement_of_pair
from pipeline.measurement.enhancement.result import Completeness, SeriesEnhancement
from pipeline.segmentation.anatomy import Structure
from tests.measurement.enhancement.scene import GAIN, LEVEL, POST, PRE, Scene, grid, visit_of


def _told(scene: Scene) -> tuple[SeriesEnhancement | None, list[Finding]]:
    return enhancement_of_pair(*visit_of(scene), LEVEL, before=PRE, after=POST)


def _codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


@pytest.mark.parametrize("fat", [(False, False), (True, True), (False, True)])
@pytest.mark.parametrize("rim_mm", [1.0, 2.2])
def test_thickness_and_class_do_not_depend_on_fat_suppression(rim_mm: float, fat: tuple[bool, bool]) -> None:
    found, findings = _told(Scene(rim_mm=rim_mm, fat=fat))
    assert found is not None
    assert found.rim.completeness is Completeness.COMPLETE
    assert found.rim.thickness_mm == pytest.approx(rim_mm, abs=0.3)
    assert found.rim.rim_enhancement_percent == pytest.approx(100 * (GAIN["rim"] - 1), rel=0.2)
    assert found.rim.core_enhancement_percent == pytest.approx(2.0, abs=5.0)
    assert (found.before_fat_suppressed, found.fat_suppressed) == fat
    assert ("enhancement-fat-suppression-differs" in _codes(findings)) == (fat[0] != fat[1])


@pytest.mark.parametrize(("covered", "kind"), [(0.5, Completeness.PARTIAL), (0.0, Completeness.NONE)])
def test_part_of_a_rim_and_none(covered: float, kind: Completeness) -> None:
    found, _ = _told(Scene(covered=covered))
    assert found is not None
    assert found.rim.completeness is kind


def test_a_patient_who_moved_is_brought_back_and_that_is_said() -> None:
    found, findings = _told(Scene(moved_mm=(0.9, 1.1, -0.7)))
    assert found is not None
    assert found.rim.thickness_mm == pytest.approx(1.6, abs=0.3)
    assert found.moved_mm == pytest.approx(1.59, abs=0.2)
    assert "enhancement-series-moved" in _codes(findings)


def test_coarse_pixels_give_a_class_and_no_thickness() -> None:
    found, findings = _told(Scene(rim_mm=2.5, pixel_mm=1.5))
    assert found is not None
    assert found.rim.completeness is Completeness.COMPLETE
    assert found.rim.thickness_mm is None
    assert "enhancement-matrix-coarse" in _codes(findings)


def test_without_disc_and_canal_there_is_no_scale_and_nothing_is_told() -> None:
    visit, anatomy, fragment = visit_of(Scene())
    after = anatomy.segmentations[POST]
    bare = np.where(after.labels.array == Structure.VERTEBRA, after.labels.array, 0).astype(np.uint8)
    segmentations = {**anatomy.segmentations, POST: replace(after, labels=after.labels.with_array(bare))}
    one, findings = enhancement_of_pair(
        visit, replace(anatomy, segmentations=segmentations), fragment, LEVEL, before=PRE, after=POST
    )
    assert one is None
    assert _codes(findings)[-1] == "enhancement-not-told"
    assert "disc" in findings[-1].message


def test_without_bone_the_scanner_is_believed_and_that_is_said() -> None:
    visit, anatomy, fragment = visit_of(Scene())
    after = anatomy.segmentations[POST]
    boneless = np.where(after.labels.array == Structure.VERTEBRA, 0, after.labels.array).astype(np.uint8)
    segmentations = {**anatomy.segmentations, POST: replace(after, labels=after.labels.with_array(boneless))}
    one, findings = enhancement_of_pair(
        visit, replace(anatomy, segmentations=segmentations), fragment, LEVEL, before=PRE, after=POST
    )
    assert one is not None
    assert one.moved_mm == 0.0
    assert "enhancement-not-aligned" in _codes(findings)


def test_the_map_is_a_percentage_and_silent_where_it_was_dark() -> None:
    series = grid(2.0)
    before = np.full(series.shape, 100.0, dtype=np.float32)
    before[:, 0], before[:, 1] = 1.0, np.nan
    rise = enhancement_map(series.with_array(before), series.with_array(np.full_like(before, 130.0)), noise=2.0).array
    assert np.isnan(rise[:, :2]).all()
    assert rise[:, 2:] == pytest.approx(30.0)


def test_the_map_shows_the_rim_and_spares_the_core() -> None:
    found, _ = _told(Scene(rim_mm=2.2))
    assert found is not None
    share, rise = found.outline.array, found.map.array
    middle = share.shape[0] // 2
    assert abs(float(np.nanmedian(rise[middle][share[middle] > 0.99]))) < 8.0
    assert float(np.nanpercentile(rise[middle], 99)) > 80.0
    assert found.map.shape == found.after.shape == found.outline.shape
