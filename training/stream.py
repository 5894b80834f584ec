"""An endless stream of training samples, whatever makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

Batch = tuple[Tensor, Tensor, Tensor]
"""Images (channels, H, W) normalised, occupancy (6, H, W), unsure (H, W)."""

_LOOK_AGAIN = 600
"""Samples after which the banks are searched for anatomies made meanwhile."""


@dataclass(frozen=True)
class StreamConfig:
    """Where samples come from and how they look.

    Attributes
    ----------
    bank, local, spider
        Folders of generated anatomies, of finer ones of the lower lumbar spine, and of SPIDER `*_t2space.npz` files.
    real_share
        Share of real samples.
    size
        Rows and columns of a sample, pixels.
    seed
        Seed of the stream.
    further
        Folder of further real images in SPIDER's form, or None.
    """

    bank: Path
    local: Path
    spider: Path
    real_share: float
    size: tuple[int, int]
    seed: int = 0
    further: Path | None = None


class Maker(Protocol):
    """Makes samples; built in the process that uses it."""

    def make(self, rng: np.random.Generator) -> Batch:
        """One sample."""
        ...

    def refresh(self) -> None:
        """Read what was added to the banks since."""
        ...


class Stream(IterableDataset[Batch]):
    """Endless samples."""

    def __init__(self, build: Callable[[StreamConfig], Maker], config: StreamConfig) -> None:
        self.build = build
        self.config = config

    def __iter__(self) -> Iterator[Batch]:
        info = get_worker_info()
        rng = np.random.default_rng((self.config.seed, info.id if info else 0))
        torch.set_num_threads(1)
        maker = self.build(self.config)
        while True:
            for _ in range(_LOOK_AGAIN):
                yield maker.make(rng)
            maker.refresh()
