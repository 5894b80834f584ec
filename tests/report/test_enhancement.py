"""The enhancing rim in JSON, in the table, on the page and in its picture."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Role
from pipeline.measurement.change import Interval
from pipeline.measurement.enhancement.result import Completeness, Enhancement, Rim, SeriesEnhancement, completeness_of
from pipeline.report.enhancement_csv import COLUMNS, enhancement_columns
from pipeline.report.enhancement_html import NOT_MEASURED, enhancement_view
from pipeline.report.enhancement_json import enhancement_dict
from pipeline.report.enhancement_picture import FULL_PERCENT, HALF_MM, above_core, coloured, enhancement_picture
from pipeline.volume import Volume
from tests.report.cases import comparison

POST = Role.SAGITTAL_T1_POST
RADIUS_MM, RIM_MM, PIXEL_MM = 6.0, 2.0, 0.6
CORE, BRIGHT, AROUND = 100.0, 220.0, 60.0


def ring(*, fat_before: bool = False, fat_after: bool = False) -> SeriesEnhancement:
    """A round fragment with a rim, 3 canonical sagittal slices; the map knows nothing of the first ten rows."""
    count = 100
    at = (np.arange(count) - (count - 1) / 2) * PIXEL_MM
    radius = np.hypot(*np.meshgrid(at, at, indexing="ij"))
    rim = (radius >= RADIUS_MM) & (radius < RADIUS_MM + RIM_MM)
    after = np.where(radius < RADIUS_MM, CORE, np.where(rim, BRIGHT, AROUND))
    rise = np.where(rim, 120.0, 0.0)
    rise[:10] = np.nan
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]) * np.array([4.0, PIXEL_MM, PIXEL_MM])
    layers = [np.repeat(a[None], 3, axis=0).astype(np.float32) for a in (rise, after, radius < RADIUS_MM)]
    volumes = [Volume(one, affine) for one in layers]
    told = Rim(
        1.944, Interval(1.6, 2.3), 97.04, Interval(85.3, 100.0), completeness_of(97.04), 2.06, 121.26, 412.34
    )  # fmt: skip
    return SeriesEnhancement(POST, told, volumes[0], volumes[1], volumes[2], fat_after, fat_before, 0.616)


def enhancement(one: SeriesEnhancement) -> Enhancement:
    """A visit of which one pair tells everything."""
    rim = one.rim
    return Enhancement(
        rim.thickness_mm,
        rim.thickness_interval95_mm,
        rim.extent_percent,
        rim.extent_interval95_percent,
        rim.completeness,
        rim.core_enhancement_percent,
        rim.rim_enhancement_percent,
        one.map,
        one.fat_suppressed,
        {one.role: one},
    )


def without_rim() -> Enhancement:
    """A visit whose fragment enhances nowhere."""
    whole = enhancement(ring())
    return replace(
        whole,
        rim_thickness_mm=None,
        rim_thickness_interval95_mm=None,
        rim_enhancement_percent=None,
        extent_percent=3.0,
        extent_interval95_percent=Interval(0.0, 9.0),
        completeness=Completeness.NONE,
    )


def compared(baseline: Enhancement | None, followup: Enhancement | None) -> Comparison:
    """A comparison with these enhancements."""
    return replace(comparison(), enhancement=(baseline, followup))


def test_json_holds_both_visits_rounded_with_every_series() -> None:
    told = enhancement_dict(compared(enhancement(ring(fat_after=True)), None))
    assert told is not None
    assert told["followup"] is None
    first = told["baseline"]
    assert (first["completeness"], first["extent_percent"], first["thickness_mm"]) == ("complete", 97.0, 1.94)
    assert first["thickness_interval95_mm"] == [1.6, 2.3]
    assert first["fat_suppressed"] is True
    series = first["by_series"]["sagittal_t1_post"]
    assert (series["moved_mm"], series["surface_mm2"], series["before_fat_suppressed"]) == (0.62, 412.3, False)


def test_json_is_empty_where_nothing_was_measured() -> None:
    assert enhancement_dict(compared(None, None)) is None


def test_the_table_has_every_column_for_both_visits() -> None:
    report = {"enhancement": enhancement_dict(compared(enhancement(ring()), None))}
    row = enhancement_columns(report)
    assert tuple(row) == COLUMNS or set(row) == set(COLUMNS)
    assert row["baseline_rim_completeness"] == "complete"
    assert (row["baseline_rim_thickness_low_mm"], row["baseline_rim_thickness_high_mm"]) == (1.6, 2.3)
    assert all(row[name] is None for name in COLUMNS if name.startswith("followup_"))
    assert set(enhancement_columns({"enhancement": None}).values()) == {None}


def test_the_page_says_class_part_and_thickness_of_both_visits() -> None:
    view = enhancement_view(compared(enhancement(ring()), without_rim()))
    assert view is not None
    cells = {row["title"]: row["cells"] for row in view["rows"]}
    assert cells["Enhancing rim"] == ["complete rim", "no rim"]
    assert cells["Part of the free surface"][0].startswith("97 %")
    assert cells["Thickness of the rim"][0].startswith("1.9 mm")
    assert cells["Thickness of the rim"][1] == ""
    assert cells["Rim"] == ["+121 %", ""]
    assert [len(pictures) for pictures in view["pictures"]] == [1, 1]


def test_a_rim_that_may_be_of_another_class_is_told_with_it() -> None:
    wide = replace(enhancement(ring()), extent_interval95_percent=Interval(42.0, 100.0))
    assert wide.may_be == (Completeness.COMPLETE, Completeness.PARTIAL)
    view = enhancement_view(compared(wide, replace(wide, extent_interval95_percent=Interval(3.0, 100.0))))
    assert view is not None
    assert view["rows"][0]["cells"] == ["complete rim or partial rim", "complete rim or partial rim or no rim"]


def test_a_rim_too_fine_for_the_pixels_has_no_thickness_on_the_page() -> None:
    coarse = replace(enhancement(ring()), rim_thickness_mm=None, rim_thickness_interval95_mm=None)
    view = enhancement_view(compared(coarse, None))
    assert view is not None
    cells = {row["title"]: row["cells"] for row in view["rows"]}
    assert cells["Thickness of the rim"] == ["cannot be told", ""]
    assert cells["Enhancing rim"][1] == NOT_MEASURED


def test_the_page_is_silent_without_measurement_or_where_the_change_must_not_be_used() -> None:
    assert enhancement_view(compared(None, None)) is None
    unusable = replace(comparison(usable=False), enhancement=(enhancement(ring()), None))
    assert enhancement_view(unusable) is None


def _pixels(uri: object) -> np.ndarray:
    picture = Image.open(io.BytesIO(base64.b64decode(str(uri).split(",")[1])))
    return np.asarray(picture.convert("RGB"), dtype=float)


def _redness(picture: np.ndarray, radius_mm: float) -> float:
    """Mean excess of red over blue on a circle around the middle of a picture."""
    middle = (np.array(picture.shape[:2]) - 1) / 2
    scale = picture.shape[0] / (2 * HALF_MM)
    angle = np.linspace(0, 2 * np.pi, 90)
    places = np.rint(middle[:, None] + radius_mm * scale * np.stack([np.sin(angle), np.cos(angle)])).astype(int)
    found = picture[places[0], places[1]]
    return float((found[:, 0] - found[:, 2]).mean())


def test_the_picture_colours_the_rim_only() -> None:
    told = enhancement_picture(ring())
    plain, colour = _pixels(told["plain"]), _pixels(told["coloured"])
    assert abs(_redness(plain, RADIUS_MM + 1.0)) < 5
    assert _redness(colour, RADIUS_MM + 1.0) > 40
    assert abs(_redness(colour, 3.0)) < 8
    assert abs(_redness(colour, 15.0)) < 8
    assert told["size_mm"] == 2 * HALF_MM
    assert str(told["outline"]).startswith("M")
    assert told["sides"] == {"left": "A", "right": "P", "top": "H", "bottom": "F"}
    assert told["above_core"] is False


def test_beside_fat_suppressed_later_only_the_rim_is_shown_against_the_core() -> None:
    """The difference of such series shows no thin rim: the picture must not say that there is none."""
    one = ring(fat_after=True)
    faded = replace(one, map=one.map.with_array(np.zeros_like(one.map.array)))
    assert above_core(faded)
    told = enhancement_picture(faded)
    assert told["above_core"] is True
    colour = _pixels(told["coloured"])
    assert _redness(colour, RADIUS_MM + 1.0) > 40
    assert abs(_redness(colour, 3.0)) < 8
    alike = replace(faded, before_fat_suppressed=True)
    assert abs(_redness(_pixels(enhancement_picture(alike)["coloured"]), RADIUS_MM + 1.0)) < 8


@pytest.mark.parametrize("rise", [np.nan, -40.0, 0.0, 19.0])
def test_no_colour_where_nothing_is_known_or_rises(rise: float) -> None:
    grey = np.full((4, 4, 3), 90, dtype=np.uint8)
    assert np.array_equal(coloured(grey, np.full((4, 4), rise, dtype=np.float32)), grey)


def test_colour_ends_at_the_full_rise() -> None:
    grey = np.full((2, 2, 3), 90, dtype=np.uint8)
    full, more = (coloured(grey, np.full((2, 2), value, dtype=np.float32)) for value in (FULL_PERCENT, 400.0))
    assert np.array_equal(full, more)
