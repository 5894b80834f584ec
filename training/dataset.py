"""Samples for the sagittal network: generated anatomies and real volumes, warped to 1 mm pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.phantom.anatomy import AnatomyMap
from pipeline.segmentation.normalise import normalise
from training.bank import load
from training.effects import acquire, smooth_field
from training.sample import Sample
from training.spider import RealVolume, load_volume, real_sample
from training.split import TRAINING
from training.stream import Batch, StreamConfig
from training.synthetic import synthetic_sample


def warp(
    rng: np.random.Generator,
    sample: Sample,
    size: tuple[int, int],
    *,
    pixel_mm: float = 1.0,
    wander: float = 1.0,
    part: bool = False,
    bent: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Random rotation, scale and crop: slices (channels, H, W), occupancy (6, H, W), unsure (H, W).

    ``pixel_mm`` is the pitch of the result at scale 1; ``wander`` scales how far the crop strays from the focus. What
    lies outside the sample is background, or unknown (all occupancies 0) where the sample is but a part of an image.
    ``bent`` lets tissue yield as well, so that the same patient never shows the same canal twice.
    """
    angle = np.deg2rad(rng.normal(0, 7))
    scale = float(np.exp(rng.normal(0, 0.09)))
    stretch = float(np.exp(rng.normal(0, 0.03)))
    pixel = pixel_mm * scale / sample.spacing_mm
    centre_row = sample.focus[0] + wander * rng.normal(0, 22) / sample.spacing_mm
    centre_column = sample.focus[1] + wander * rng.normal(0, 12) / sample.spacing_mm
    if not part and rng.random() < 0.25:
        # The far front of the field of view, where a network that never saw it finds spines in the bowel.
        centre_column -= rng.uniform(25, 90) / sample.spacing_mm
    linear = pixel * np.array([[np.cos(angle) * stretch, -np.sin(angle)], [np.sin(angle), np.cos(angle) / stretch]])
    channels = len(sample.slices)
    stack = torch.from_numpy(np.concatenate([sample.slices, sample.occupancy, sample.unsure[None]]))
    yielding = bend(rng, size, pixel_mm / sample.spacing_mm) if bent else None
    out = resampled(stack, linear, (centre_row, centre_column), size, yielding)
    occupancy = out[channels : channels + 6]
    if part:
        occupancy = occupancy * (occupancy.sum(dim=0) > 0.99)
    else:
        occupancy[0] += 1 - occupancy.sum(dim=0)
    return out[:channels], occupancy, out[-1]


def bend(rng: np.random.Generator, size: tuple[int, int], scale: float) -> NDArray[np.float32]:
    """Smooth displacements (rows, columns, 2) along columns and rows, in pixels of the input; ``scale`` of these make
    one of the result: wide bends of up to some 4 mm and, half of the time, dents of up to some 1.5 mm.
    """
    field = np.zeros((*size, 2), dtype=np.float32)
    steps = [(float(rng.uniform(30, 60)), float(rng.uniform(0, 2.5)))]
    if rng.random() < 0.5:
        steps.append((float(rng.uniform(12, 20)), float(rng.uniform(0, 1.1))))
    for cell, pixels in steps:
        for axis in range(2):
            field[..., axis] += pixels * smooth_field(rng, size, cell)
    return field * np.float32(scale)


def resampled(
    stack: Tensor,
    linear: NDArray[np.float64],
    centre: tuple[float, float],
    size: tuple[int, int],
    bent: NDArray[np.float32] | None = None,
) -> Tensor:
    """Planes (n, rows, columns) at ``centre + linear @ (column, row) + bent`` of each pixel of the result."""
    rows, columns = stack.shape[1:]
    # grid_sample wants (column, row) in -1 … 1 of the input, for -1 … 1 of the output.
    half = np.array([size[1] / 2, size[0] / 2])
    matrix = (linear * half[None, :]) / np.array([columns / 2, rows / 2])[:, None]
    shift = np.array([(centre[1] + 0.5) / (columns / 2) - 1, (centre[0] + 0.5) / (rows / 2) - 1])
    theta = torch.from_numpy(np.concatenate([matrix, shift[:, None]], axis=1).astype(np.float32))[None]
    grid = torch.nn.functional.affine_grid(theta, [1, len(stack), *size], align_corners=False)
    if bent is not None:
        grid = grid + torch.from_numpy(bent * np.float32(2) / np.array([columns, rows], dtype=np.float32))[None]
    return torch.nn.functional.grid_sample(stack[None], grid, align_corners=False)[0]


class SagittalMaker:
    """Makes samples of whole sagittal slices; see :class:`training.stream.Maker`."""

    def __init__(self, config: StreamConfig) -> None:
        self.config = config
        self.known: set[Path] = set()
        self.bank: list[AnatomyMap] = load(config.bank, self.known)
        self.real: list[RealVolume] = [load_volume(config.spider / f"{n}_t2space.npz") for n in TRAINING]

    def _anatomy(self, rng: np.random.Generator) -> AnatomyMap:
        """Draw an anatomy; fragments with a rim are preferred, for core and rim are hard to tell apart."""
        chosen = self.bank[int(rng.integers(len(self.bank)))]
        if rng.random() < 0.6 and not any(fragment.rim_mm > 1 for fragment in chosen.fragments):
            chosen = self.bank[int(rng.integers(len(self.bank)))]
        return chosen

    def make(self, rng: np.random.Generator) -> Batch:
        """One sample."""
        if rng.random() < self.config.real_share:
            sample = real_sample(rng, self.real[int(rng.integers(len(self.real)))])
        else:
            sample = synthetic_sample(rng, self._anatomy(rng))
        slices, occupancy, unsure = warp(rng, sample, self.config.size)
        images = normalise(acquire(rng, slices.numpy()))
        # Percentiles of a crop and of a whole series differ: a little gain and offset stands for that.
        images = images * np.float32(np.exp(rng.normal(0, 0.10))) + np.float32(rng.normal(0, 0.15))
        return torch.from_numpy(images), occupancy, unsure

    def refresh(self) -> None:
        """Read anatomies made meanwhile."""
        self.bank += load(self.config.bank, self.known)
