"""Noise, ghosts, coil and saturation band do what they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.phantom.acquisition import IN_PLANE
from pipeline.phantom.artefacts import PAD, Imaging, coil_shading, saturation_band, scan_slice

SIDE = 96


def flat(value: float) -> np.ndarray:
    side = IN_PLANE * (SIDE + 2 * PAD)
    return np.full((side, side), value, dtype=np.float32)


@pytest.mark.parametrize("resolution", [1.0, 0.7])
def test_noise_over_signal_has_the_asked_strength(resolution: float) -> None:
    image = scan_slice(flat(100.0), Imaging(noise=4.0, phase_resolution=resolution), np.random.default_rng(3))
    inner = image[8:-8, 8:-8]
    assert inner.mean() == pytest.approx(100, rel=0.02)
    assert inner.std() == pytest.approx(4.0, rel=0.06)


def test_noise_without_signal_is_rayleigh() -> None:
    image = scan_slice(flat(0.0), Imaging(noise=4.0), np.random.default_rng(3))
    assert image.mean() == pytest.approx(4.0 * np.sqrt(np.pi / 2), rel=0.03)
    assert image.std() == pytest.approx(4.0 * np.sqrt(2 - np.pi / 2), rel=0.08)


@pytest.mark.parametrize("rows", [True, False])
def test_ghosts_run_along_the_phase_direction(rows: bool) -> None:
    scene = flat(0.0)
    middle = scene.shape[0] // 2
    scene[middle - 8 : middle + 8, middle - 8 : middle + 8] = 100.0
    imaging = Imaging(noise=0.0, phase_along_rows=rows, phase_resolution=1.0, smoothing=1.0, ghost=0.1)
    clean = Imaging(noise=0.0, phase_along_rows=rows, phase_resolution=1.0, smoothing=1.0)
    extra = np.abs(
        scan_slice(scene, imaging, np.random.default_rng(0)) - scan_slice(scene, clean, np.random.default_rng(0))
    )
    strip = slice(SIDE // 2 - 4, SIDE // 2 + 4)
    along, across = (extra[:, strip], extra[strip]) if rows else (extra[strip], extra[:, strip])
    far = np.r_[0 : SIDE // 2 - 10, SIDE // 2 + 10 : SIDE]
    assert np.take(along, far, axis=0 if rows else 1).max() > 1.0
    assert np.take(across, far, axis=1 if rows else 0).max() < 0.5


def test_coil_is_brighter_towards_the_back_and_can_be_switched_off() -> None:
    points = np.array([[0.0, y, 0.0] for y in (80.0, 0.0, -80.0)])
    shading = coil_shading(points, back_mm=85.0, head_feet_mm=0.0, strength=1.0)
    assert shading[0] > 1.5 * shading[1] > 2 * shading[2]
    assert coil_shading(points, 85.0, 0.0, 0.0) == pytest.approx(np.ones(3))


def test_saturation_band_leaves_the_spine_alone() -> None:
    points = np.array([[0.0, y, 0.0] for y in (-100.0, -30.0, 20.0)])
    kept = saturation_band(points, edge_mm=-30.0)
    assert kept[0] < 0.15
    assert kept[2] > 0.99
