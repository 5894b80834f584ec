"""A visit's enhancement from all its pairs: what is said when series are missing, and how pairs are put together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.dicom.visit import Role, Visit
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import Interval
from pipeline.measurement.enhancement import stage
from pipeline.measurement.enhancement.result import Completeness, Rim, SeriesEnhancement, completeness_of
from pipeline.measurement.enhancement.stage import measure_enhancement
from pipeline.segmentation.anatomy import Anatomy
from tests.measurement.enhancement.scene import LEVEL, POST, PRE, Scene, grid, visit_of, without

AXIAL_PRE, AXIAL_POST = Role.AXIAL_T1, Role.AXIAL_T1_POST


def rim(extent: float, thickness: float | None, sd: float = 0.1, surface: float = 300.0) -> Rim:
    """A rim as one pair might show it."""
    interval = None if thickness is None else Interval(thickness - 1.96 * sd, thickness + 1.96 * sd)
    around = Interval(max(0.0, extent - 10), min(100.0, extent + 10))
    return Rim(thickness, interval, extent, around, completeness_of(extent), 3.0, None, surface)


def with_axial(visit: Visit, anatomy: Anatomy) -> tuple[Visit, Anatomy]:
    """The same with an axial pair, of which only its being there counts."""
    series = {**visit.series, AXIAL_PRE: visit.series[PRE], AXIAL_POST: visit.series[POST]}
    segmentations = {**anatomy.segmentations, AXIAL_POST: anatomy.segmentations[POST]}
    return replace(visit, series=series), replace(anatomy, segmentations=segmentations)


def put_together(monkeypatch: pytest.MonkeyPatch, sagittal: Rim | None, axial: Rim | None) -> stage.VisitEnhancement:
    """What a visit says whose pairs show these rims."""
    empty = grid(2.0)

    def shown(*_: object, before: Role, after: Role) -> tuple[SeriesEnhancement | None, list[Finding]]:
        one = sagittal if after is POST else axial
        if one is None:
            return None, [Finding("enhancement-not-told", Severity.WARNING, f"{after.words}: nothing")]
        return SeriesEnhancement(after, one, empty, empty, empty, after is POST, False, 0.1), []

    monkeypatch.setattr(stage, "enhancement_of_pair", shown)
    visit, anatomy, fragment = visit_of(Scene(pixel_mm=2.0))
    return measure_enhancement(*with_axial(visit, anatomy), fragment, LEVEL)


def test_nothing_is_said_where_no_fragment_is() -> None:
    visit, anatomy, fragment = visit_of(Scene(pixel_mm=2.0))
    none = measure_enhancement(visit, anatomy, replace(fragment, present=False), LEVEL)
    assert (none.enhancement, none.findings) == (None, ())
    unnamed = measure_enhancement(visit, anatomy, fragment, "L1/L2")
    assert (unnamed.enhancement, unnamed.findings) == (None, ())


def test_missing_series_are_named() -> None:
    visit, anatomy, fragment = visit_of(Scene(pixel_mm=2.0))
    no_post = measure_enhancement(without(visit, POST), anatomy, fragment, LEVEL)
    assert no_post.enhancement is None
    assert [f.code for f in no_post.findings] == ["enhancement-no-post"]
    no_pre = measure_enhancement(without(visit, PRE), anatomy, fragment, LEVEL)
    assert no_pre.enhancement is None
    assert [(f.code, f.severity) for f in no_pre.findings] == [("enhancement-no-pre", Severity.WARNING)]
    assert POST.words in no_pre.findings[0].message


def test_one_plane_without_its_partner_is_only_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    put_together(monkeypatch, rim(90, 1.5), None)
    visit, anatomy, fragment = visit_of(Scene(pixel_mm=2.0))
    both, named = with_axial(visit, anatomy)
    told = measure_enhancement(without(both, AXIAL_PRE), named, fragment, LEVEL)
    assert told.enhancement is not None
    assert [(f.code, f.severity) for f in told.findings] == [("enhancement-no-pre", Severity.INFO)]


def test_extents_count_by_surface_and_thicknesses_by_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    told = put_together(monkeypatch, rim(90, 1.4, sd=0.1, surface=300), rim(86, 1.7, sd=0.2, surface=100))
    one = told.enhancement
    assert one is not None
    assert one.extent_percent == pytest.approx(89.0)
    assert one.rim_thickness_mm == pytest.approx((1.4 / 0.01 + 1.7 / 0.04) / (1 / 0.01 + 1 / 0.04))
    assert one.completeness is Completeness.COMPLETE
    assert one.fat_suppressed  # of the pair that shows most of the surface
    assert one.rim_thickness_interval95_mm is not None
    # What they disagree by is in the interval, which is never narrower than the best pair's.
    assert one.rim_thickness_interval95_mm.high - one.rim_thickness_interval95_mm.low > 2 * 1.96 * 0.1
    assert set(one.by_role) == {POST, AXIAL_POST}
    assert told.findings == ()


def test_pairs_of_different_class_are_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    told = put_together(monkeypatch, rim(95, 1.4), rim(40, None))
    assert [f.code for f in told.findings] == ["enhancement-series-disagree"]
    assert "complete (95 %)" in told.findings[0].message
    assert told.enhancement is not None
    assert told.enhancement.rim_thickness_mm == pytest.approx(1.4)


def test_a_pair_that_tells_nothing_leaves_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    told = put_together(monkeypatch, None, rim(5, None))
    assert told.enhancement is not None
    assert told.enhancement.completeness is Completeness.NONE
    assert told.enhancement.rim_thickness_mm is None
    assert [f.code for f in told.findings] == ["enhancement-not-told"]
    assert put_together(monkeypatch, None, None).enhancement is None


def test_a_drawn_visit_goes_through_all_stages() -> None:
    told = measure_enhancement(*visit_of(Scene()), LEVEL)
    assert told.enhancement is not None
    assert told.enhancement.completeness is Completeness.COMPLETE
    assert told.enhancement.rim_thickness_mm == pytest.approx(1.6, abs=0.3)
