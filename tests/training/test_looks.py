"""No patient looks the same twice in training, and what is known of a sample stays true of it."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from training.bank import Carousel
from training.spider import relit

torch = pytest.importorskip("torch", reason="training needs PyTorch; install the extra 'train'")


def test_a_bend_moves_image_and_labels_alike() -> None:
    from training.dataset import warp
    from training.sample import Sample

    rng = np.random.default_rng(3)
    shape = (120, 100)
    inside = (np.hypot(*(np.indices(shape) - np.array([60, 50])[:, None, None])) < 18).astype(np.float32)
    occupancy = np.zeros((6, *shape), dtype=np.float32)
    occupancy[0], occupancy[3] = 1 - inside, inside
    sample = Sample(
        np.repeat(inside[None], 3, axis=0), occupancy, np.zeros(shape, dtype=np.float32), 0.75, (60.0, 50.0)
    )
    shapes = []
    for _ in range(4):
        slices, classes, _ = warp(rng, sample, (96, 96), pixel_mm=0.75, wander=0.0, part=True, bent=True)
        known = classes.sum(dim=0) > 0.99
        assert torch.allclose(slices[1][known], classes[3][known], atol=1e-4)
        shapes.append(classes[3])
    assert all((shapes[0] - other).abs().sum() > 20 for other in shapes[1:])


def test_bends_do_not_fold_tissue() -> None:
    from training.dataset import bend

    folded = []
    for seed in range(40):
        field = bend(np.random.default_rng(seed), (176, 144), 1.0)
        down, across = np.gradient(field[..., 1], axis=0), np.gradient(field[..., 0], axis=1)
        folded.append(((1 + down < 0) | (1 + across < 0)).mean())
    assert max(folded) < 1e-3


def test_other_lighting_leaves_the_fragment_against_its_own_neighbours() -> None:
    rng = np.random.default_rng(1)
    classes = np.zeros((60, 60), dtype=np.uint8)
    classes[:, 20:40], classes[25:35, 22:32] = 4, 5
    planes = np.where(classes == 5, 80.0, 200.0).astype(np.float32)[None].repeat(3, axis=0)
    seen = relit(rng, planes, classes)
    assert seen.shape == planes.shape
    assert (seen > 0).all()
    assert not np.allclose(seen, planes, rtol=0.05)


def test_a_carousel_shows_all_that_is_on_disk_and_keeps_few(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number:05d}.pkl").write_bytes(pickle.dumps(number))
    carousel = Carousel(tmp_path, most=2, renew=0.5)
    rng = np.random.default_rng(0)
    assert {carousel.draw(rng) for _ in range(200)} == set(range(6))
    assert len(carousel.items) == 2
    assert not Carousel(tmp_path / "nothing")
