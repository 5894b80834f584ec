"""Planes, pictures and outlines: what is shown lies where it should, alike at both visits."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pipeline.dicom.visit import Plane, Role, Stack
from pipeline.report.check import Check
from pipeline.report.outline import outline_path
from pipeline.report.picture import central, checkerboard, coarser, data_uri, to_grey, window
from pipeline.report.plane import HANGING, focus, grid_through, hanging_axes, sides
from pipeline.report.resample import Grid, resample
from pipeline.report.views import Encoding, make_view, packed
from pipeline.segmentation.anatomy import Structure
from pipeline.volume import Volume
from tests.report import cases


def test_outline_runs_around_the_structure_in_millimetres() -> None:
    inside = np.zeros((40, 60), dtype=np.float32)
    inside[10:20, 30:50] = 1
    numbers = [float(n) for n in re.findall(r"[\d.]+", outline_path(inside, 0.5))]
    x, y = numbers[0::2], numbers[1::2]
    assert (min(x), max(x)) == pytest.approx((15.0, 25.0), abs=0.3)
    assert (min(y), max(y)) == pytest.approx((5.0, 10.0), abs=0.3)


def test_outline_of_what_runs_out_of_the_picture_closes_outside() -> None:
    inside = np.ones((20, 20), dtype=np.float32)
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", outline_path(inside, 1.0))]
    assert min(numbers) < 0
    assert max(numbers) > 20


def test_specks_and_nothing_have_no_outline() -> None:
    speck = np.zeros((20, 20), dtype=np.float32)
    assert outline_path(speck, 0.5) == ""
    speck[5, 5] = 1
    assert outline_path(speck, 0.5) == ""


def test_window_ignores_what_the_images_do_not_cover() -> None:
    values = np.full((4, 50, 50), np.nan, dtype=np.float32)
    values[:, 10:40, 10:40] = np.linspace(100, 600, 900).reshape(30, 30)
    low, high = window(values)
    assert 100 <= low < 110
    assert 585 < high <= 600
    grey = to_grey(values, (low, high))
    assert grey[0, 0, 0] == 0
    assert grey.max() == 255
    assert window(np.full((2, 2), np.nan, dtype=np.float32)) == (0.0, 1.0)
    assert window(np.full((2, 2), 7, dtype=np.float32))[1] > 7


def test_pictures_open_again_and_coarser_ones_are_smaller() -> None:
    grey = (np.indices((60, 80)).sum(0) % 256).astype(np.uint8)
    uri = data_uri(grey, 90)
    assert uri == data_uri(grey, 90)
    assert Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).size == (80, 60)
    assert coarser(grey, 3).shape == (20, 26)
    assert len(data_uri(coarser(grey, 2), 60)) < len(uri)
    board = checkerboard(np.zeros((4, 4), np.uint8), np.full((4, 4), 9, np.uint8), 2)
    assert board[0].tolist() == [0, 0, 9, 9]
    assert board[2].tolist() == [9, 9, 0, 0]


@pytest.mark.parametrize("plane", [Plane.SAGITTAL, Plane.AXIAL])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_any_storage_order_is_hung_the_usual_way(plane: Plane, order: tuple[int, int, int]) -> None:
    turned = cases.rigid((8.0, -5.0, 11.0), (0.0, 0.0, 0.0))[:3, :3]
    affine = np.eye(4)
    affine[:3, :3] = turned[:, order] * np.array([-1.0, 1.0, -1.0]) * np.array([4.0, 0.6, 0.6])
    axes = hanging_axes(Volume(np.zeros((2, 3, 4)), affine), plane)
    assert (np.diag(axes.T @ HANGING[plane]) > 0.95).all()


def test_resampling_follows_the_patient() -> None:
    affine = np.diag([4.0, 1.0, 1.0, 1.0])
    volume = Volume(np.random.default_rng(1).random((5, 20, 20)).astype(np.float32), affine)
    shift = np.eye(4)
    shift[:3, 3] = (4.0, 2.0, -3.0)
    seen = resample(volume, shift, Grid(affine, (5, 20, 20)))
    np.testing.assert_allclose(seen[1:, 2:, :-3], volume.array[:-1, :-2, 3:], atol=1e-5)
    assert np.isnan(seen[0]).all()


@pytest.mark.parametrize("plane", [Plane.SAGITTAL, Plane.AXIAL])
def test_the_key_slice_runs_through_the_fragment_at_the_same_place_of_both(plane: Plane) -> None:
    comparison = cases.comparison(7.0, 6.0)
    both = sides(comparison)
    grid, key = grid_through(comparison, both, plane, (100.0, 90.0), 0.5)
    where, _ = focus(comparison, both)
    assert grid.to_index(where)[0] == pytest.approx(key, abs=1e-6)
    places = [grid.to_index(side.halfway(np.array(side.centroid))) * grid.spacing_mm for side in both]
    assert np.linalg.norm(places[0] - places[1]) < 2.5
    assert all(0 < p[1] < 100 and 0 < p[2] < 90 for p in places)


def test_view_shows_both_visits_alike_and_says_what_is_missing() -> None:
    comparison = cases.comparison(followup_roles=(Role.SAGITTAL_T2, Role.AXIAL_T2))
    view = make_view(comparison, Plane.SAGITTAL)
    assert view is not None
    page = packed(view, Encoding())
    assert page["missing"] == {"sagittal_t2": [], "sagittal_t1": ["followup"]}
    grey = view.grey[Role.SAGITTAL_T2]
    bone = [grey[name][view.key][abs(grey[name][view.key].astype(int) - 100) < 160] for name in grey]
    assert bone[0].mean() == pytest.approx(bone[1].mean(), rel=0.1)
    assert "fragment" in view.outlines["baseline"][view.key]
    assert len(view.printed()) == 3
    only_one = packed(view, Encoding(all_series=False))
    assert [r["key"] for r in only_one["roles"]] == ["sagittal_t2"]  # type: ignore[attr-defined]


def test_axial_plane_without_axial_series_is_reformatted() -> None:
    view = make_view(cases.comparison(roles=(Role.SAGITTAL_T2,)), Plane.AXIAL)
    assert view is not None
    assert view.reformatted
    assert list(view.grey) == [Role.SAGITTAL_T2]


def test_tilted_blocks_of_one_axial_series_are_shown_together() -> None:
    comparison = cases.comparison()
    series = comparison.baseline.series[Role.AXIAL_T2]
    whole = series.volume
    lower = Volume(whole.array[6:], whole.affine @ _shift(6))
    blocks = tuple(Stack(v, 4.0) for v in (Volume(whole.array[:6], whole.affine), lower))
    visit = replace(
        comparison.baseline, series={**comparison.baseline.series, Role.AXIAL_T2: replace(series, stacks=blocks)}
    )
    view = make_view(replace(comparison, baseline=visit), Plane.AXIAL)
    assert view is not None
    assert all("canal" in view.outlines[name][view.key] for name in ("baseline", "followup"))
    pictures = view.grey[Role.AXIAL_T2]["baseline"]
    assert sum(picture.max() > 100 for picture in pictures) >= 9


def _shift(slices: int) -> np.ndarray:
    matrix = np.eye(4)
    matrix[0, 3] = slices
    return matrix


def test_bright_fat_under_the_skin_does_not_darken_the_spine() -> None:
    values = np.full((60, 60), 200.0, dtype=np.float32)
    values[:, 50:] = 3000.0
    assert window(values)[1] == 3000
    assert window(values, central(60, 60))[1] < 201


def test_only_bodies_and_sacrum_are_outlined_over_the_alignment() -> None:
    comparison = cases.comparison()
    anatomy = comparison.baseline_anatomy
    segmentation = anatomy.segmentations[Role.SAGITTAL_T2]
    labels = segmentation.labels
    behind = (labels.array == 0) & (cases.lps(labels.shape, labels.affine)[..., 1] > cases.POSTERIOR_WALL_MM + 17)
    with_processes = labels.with_array(np.where(behind, np.uint8(Structure.VERTEBRA), labels.array))
    segmentations = {Role.SAGITTAL_T2: replace(segmentation, labels=with_processes)}
    drawn = Check(replace(comparison, baseline_anatomy=replace(anatomy, segmentations=segmentations)))
    assert drawn.bones == Check(comparison).bones
    assert drawn.bones[0].count("M") >= 4
