"""Axial samples show what the generated anatomy holds, and count what is unknown nowhere."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed")

from pipeline.phantom.anatomy import FragmentSpec, NetworkClass, build_anatomy, standard_spine  # noqa: E402
from pipeline.phantom.anatomy.curve import make_curve  # noqa: E402
from training.axial import AxialMaker, LocalMap, render  # noqa: E402
from training.axial_real import Strip, set_into  # noqa: E402
from training.loss import segmentation_loss  # noqa: E402
from training.oblique import PIXEL_MM, Frame, draw_frame  # noqa: E402
from training.stream import StreamConfig  # noqa: E402

SIZE = (144, 160)


@pytest.fixture(scope="module")
def local() -> LocalMap:
    spine = standard_spine()
    curve = make_curve(spine)
    x, y, z = curve.point_lps(curve.disc_centres[spine.disc_index("L4/L5")])
    anatomy = build_anatomy(
        spine,
        [FragmentSpec("L4/L5", 900.0, migration_mm=4.0)],
        spacing_mm=(1.5, 1.5, 1.5),
        extent_mm=(116.0, 150.0, 128.0),
        centre_lps=(x, y + 28, z),
    )
    return LocalMap(anatomy, curve)


def test_columns_of_a_frame_run_to_the_left_rows_to_the_back_or_both_are_mirrored() -> None:
    for seed in range(20):
        frame = draw_frame(np.random.default_rng(seed), np.zeros(3), 0.0, (4.0, 4.4), SIZE)
        assert frame.row[1] > 0.6
        assert abs(frame.column[0]) > 0.6
        across = [frame.row @ frame.column, frame.row @ frame.normal, frame.column @ frame.normal]
        np.testing.assert_allclose(across, 0, atol=1e-9)
        assert np.linalg.norm(frame.normal) == pytest.approx(4.4)


def test_thin_planes_fill_the_thickness_of_their_slice() -> None:
    frame = Frame(
        np.array([1.0, 2.0, 3.0]), np.array([0, 0.8, 0]), np.array([0.8, 0, 0]), np.array([0, 0, -5.0]), 4, SIZE
    )
    centres, count = frame.planes(np.random.default_rng(0))
    middle = centres[count : 2 * count]
    np.testing.assert_allclose(middle.mean(axis=0), frame.centre, atol=1e-9)
    assert 4 * (1 - 1 / count) - PIXEL_MM < np.ptp(middle[:, 2]) < 4 * (1 - 1 / count) + PIXEL_MM
    np.testing.assert_allclose(centres[:count, 2].mean(), 8)


def test_pixels_are_found_where_they_lie() -> None:
    affine = np.diag([1.0, 0.5, 2.0, 1.0])
    affine[:3, 3] = 10, -20, 5
    frame = Frame(
        np.array([12.0, -18, 9]), np.array([0, 0.8, 0]), np.array([0.8, 0, 0]), np.array([0, 0, 4.0]), 2, (3, 5)
    )
    index = np.stack(frame.index(frame.centre[None], affine), axis=-1)[0]
    lps = index @ affine[:3, :3].T + affine[:3, 3]
    np.testing.assert_allclose(lps[1, 2], frame.centre, atol=1e-5)
    np.testing.assert_allclose(lps[2, 4] - lps[1, 2], frame.row + 2 * frame.column, atol=1e-5)


def test_a_generated_slice_shows_canal_and_body_where_they_are_expected(local: LocalMap) -> None:
    canals = 0
    for seed in range(8):
        picture = render(np.random.default_rng(seed), local, SIZE)
        assert np.isfinite(picture.slices).all()
        np.testing.assert_allclose(picture.occupancy.sum(axis=0), 1, atol=1e-5)
        row, column = (round(value) for value in picture.canal)
        inside = picture.occupancy[[NetworkClass.CANAL, NetworkClass.FRAGMENT], row, column].sum()
        canals += int(inside > 0.5)
        front = round(row - 28 / PIXEL_MM)
        bone = picture.occupancy[[NetworkClass.VERTEBRA, NetworkClass.SACRUM, NetworkClass.DISC], front, column].sum()
        assert bone > 0.5, seed
    assert canals >= 6, "here and there fat or a root lies in its middle"


def test_the_same_chance_gives_the_same_sample(local: LocalMap, tmp_path: Path) -> None:
    (tmp_path / "00000.pkl").write_bytes(pickle.dumps(local.anatomy))
    maker = AxialMaker(StreamConfig(tmp_path, tmp_path, tmp_path, 0.0, SIZE), patients=())
    first, second = (maker.make(np.random.default_rng(4)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other)
    slices, occupancy, unsure = first
    assert (slices.shape, occupancy.shape, unsure.shape) == ((3, *SIZE), (6, *SIZE), SIZE)


def test_a_strip_is_set_canal_upon_canal_and_its_border_is_unknown() -> None:
    width = 21
    occupancy = np.zeros((6, *SIZE), dtype=np.float32)
    occupancy[NetworkClass.BACKGROUND] = 1
    own = np.zeros((6, SIZE[0], width), dtype=np.float32)
    own[NetworkClass.CANAL, 72, 10] = 1
    slices = np.random.default_rng(0).random((3, *SIZE)).astype(np.float32)
    strip = Strip(slices[:, :, :width], own, np.zeros((SIZE[0], width), dtype=np.float32), (72.0, 10.0), True)
    images, shares, _ = set_into(strip, slices, occupancy, (90.0, 80.0))
    assert np.argwhere(shares[NetworkClass.CANAL]).tolist() == [[90, 80]]
    assert shares[:, :, 70].sum() == 0
    assert shares[:, :, 91].sum() == 0
    np.testing.assert_array_equal(images[:, :, :70], slices[:, :, :70])
    np.testing.assert_array_equal(shares[:, :, 100:], occupancy[:, :, 100:])


def test_unknown_pixels_do_not_count_in_the_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(1, 6, 16, 16, generator=generator)
    occupancy = torch.zeros(1, 6, 16, 16)
    occupancy[:, 4, :, :8] = 1
    changed = scores.clone()
    changed[..., 8:] = 5 * torch.randn(1, 6, 16, 8, generator=generator)
    unsure = torch.zeros(1, 16, 16)
    assert segmentation_loss(changed, occupancy, unsure) == pytest.approx(
        segmentation_loss(scores, occupancy, unsure).item()
    )
