"""An endless stream of training samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from pipeline.phantom.anatomy import AnatomyMap
from pipeline.segmentation.normalise import normalise
from training.bank import load
from training.effects import acquire
from training.sample import Sample
from training.spider import RealVolume, load_volume, real_sample
from training.split import TRAINING
from training.synthetic import synthetic_sample

_LOOK_AGAIN = 600
"""Samples after which the bank is searched for anatomies made meanwhile."""


@dataclass(frozen=True)
class StreamConfig:
    """Where samples come from and how they look.

    Attributes
    ----------
    bank, spider
        Folder of generated anatomies; folder of SPIDER `*_t2space.npz` files.
    real_share
        Share of real samples.
    size
        Rows and columns of a sample, mm.
    seed
        Seed of the stream.
    """

    bank: Path
    spider: Path
    real_share: float = 0.45
    size: tuple[int, int] = (224, 176)
    seed: int = 0


def warp(rng: np.random.Generator, sample: Sample, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Random rotation, scale and crop to 1 mm pixels: slices (3, H, W), occupancy (6, H, W), unsure (H, W)."""
    angle = np.deg2rad(rng.normal(0, 7))
    scale = float(np.exp(rng.normal(0, 0.09)))
    stretch = float(np.exp(rng.normal(0, 0.03)))
    pixel = scale / sample.spacing_mm
    rows, columns = sample.slices.shape[1:]
    centre_row = sample.focus[0] + rng.normal(0, 22)
    centre_column = sample.focus[1] + rng.normal(0, 12)
    if rng.random() < 0.25:
        # The far front of the field of view, where a network that never saw it finds spines in the bowel.
        centre_column -= rng.uniform(25, 90) / sample.spacing_mm
    linear = pixel * np.array([[np.cos(angle) * stretch, -np.sin(angle)], [np.sin(angle), np.cos(angle) / stretch]])
    # grid_sample wants (column, row) in -1 … 1 of the input, for -1 … 1 of the output.
    half = np.array([size[1] / 2, size[0] / 2])
    matrix = (linear * half[None, :]) / np.array([columns / 2, rows / 2])[:, None]
    shift = np.array([(centre_column + 0.5) / (columns / 2) - 1, (centre_row + 0.5) / (rows / 2) - 1])
    theta = torch.from_numpy(np.concatenate([matrix, shift[:, None]], axis=1).astype(np.float32))[None]
    stack = np.concatenate([sample.slices, sample.occupancy, sample.unsure[None]])
    grid = torch.nn.functional.affine_grid(theta, [1, len(stack), *size], align_corners=False)
    out = torch.nn.functional.grid_sample(torch.from_numpy(stack)[None], grid, align_corners=False)[0]
    occupancy = out[3:9]
    occupancy[0] += 1 - occupancy.sum(dim=0)
    return out[:3], occupancy, out[9]


class Stream(IterableDataset[tuple[Tensor, Tensor, Tensor]]):
    """Endless samples: slices (3, H, W) normalised, occupancy (6, H, W), unsure (H, W)."""

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

    def make(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
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

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        info = get_worker_info()
        rng = np.random.default_rng((self.config.seed, info.id if info else 0))
        torch.set_num_threads(1)
        while True:
            for _ in range(_LOOK_AGAIN):
                yield self.make(rng)
            self.bank += load(self.config.bank, self.known)
