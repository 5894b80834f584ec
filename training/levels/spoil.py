"""Label maps of generated spines, spoiled as a network, or the edge of the image, might spoil them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Structure

Rng = np.random.Generator


@dataclass(eq=False)
class Draft:
    """A label map under way.

    Attributes
    ----------
    labels
        uint8, shape (slices, rows, columns), 1 mm in-plane: structures.
    sacral
        float32, same shape: share of SACRUM that bone is given.
    instance
        Numbers of bodies and discs, same shape.
    structures
        Names that ``instance`` counts from 1.
    bodies
        Names from cranial to caudal.
    at
        (slice, row, column) of every body and disc.
    rows
        What of it is in view.
    """

    labels: NDArray[np.uint8]
    sacral: NDArray[np.float32]
    instance: NDArray[np.uint8]
    structures: tuple[str, ...]
    bodies: tuple[str, ...]
    at: dict[str, NDArray[np.float64]]
    rows: slice

    def body(self, above_s1: int) -> str:
        """Name of a body: 1 is the last lumbar one, 0 is S1, −1 is S2."""
        return self.bodies[self.bodies.index("S1") - above_s1]

    def disc(self, above_s1: int) -> str:
        """Name of a disc: 1 is the lumbosacral one, 0 is S1/S2."""
        return f"{self.body(above_s1)}/{self.body(above_s1 - 1)}"

    def of(self, name: str) -> NDArray[np.bool_]:
        """Where a structure lies."""
        return np.asarray(self.instance == self.structures.index(name) + 1)

    def row(self, name: str) -> float:
        """Row of a structure's centre."""
        return float(self.at[name][1])

    def end_at(self, row: float) -> None:
        """Let the image end there."""
        self.rows = slice(0, int(min(self.labels.shape[1], row)))


def _clean(draft: Draft, rng: Rng) -> None:
    """Nothing is wrong."""


def _ends_below(draft: Draft, rng: Rng) -> None:
    near = draft.row(draft.disc(1)) + rng.uniform(-8, 30)
    ends = [draft.row(draft.body(1)), near, draft.row("S2"), draft.row("S3"), draft.row(draft.body(2))]
    draft.end_at(float(rng.choice(ends)))


def _ends_in_false_sacrum(draft: Draft, rng: Rng) -> None:
    """The vertebra that the edge cuts is called sacrum."""
    name = draft.body(int(rng.integers(1, 4)))
    draft.end_at(draft.row(name) + rng.uniform(-8, 14))
    draft.sacral[draft.of(name)] = rng.uniform(0.3, 1.0)


def _starts_low(draft: Draft, rng: Rng) -> None:
    draft.rows = slice(int(draft.row(draft.body(int(rng.integers(2, 5))))), draft.labels.shape[1])


def _s1_called_vertebra(draft: Draft, rng: Rng) -> None:
    draft.sacral[draft.of("S1") & (draft.labels == Structure.SACRUM)] = rng.uniform(0.0, 0.8)


def _s1_vertebra_with_disc(draft: Draft, rng: Rng) -> None:
    """S1 is called a vertebra, and a disc is seen below it."""
    _s1_called_vertebra(draft, rng)
    along = (draft.at["S2"] - draft.at["S1"])[1:]
    along /= np.linalg.norm(along)
    rows, columns = np.ogrid[: draft.labels.shape[1], : draft.labels.shape[2]]
    centre = draft.at["S1/S2"]
    down, back = rows - centre[1], columns - centre[2]
    high, deep = rng.uniform(1.2, 4.5), rng.uniform(6, 14)
    disc = (np.abs(down * along[0] + back * along[1]) < high) & (np.abs(back * along[0] - down * along[1]) < deep)
    draft.labels[disc[None] & (draft.labels == Structure.SACRUM)] = Structure.DISC


def _l5_called_sacrum(draft: Draft, rng: Rng) -> None:
    draft.sacral[draft.of(draft.body(1)) & (draft.labels == Structure.VERTEBRA)] = rng.uniform(0.2, 1.0)


def _lowest_disc_lost(draft: Draft, rng: Rng) -> None:
    _lose(draft, rng, draft.disc(1))


def _other_disc_lost(draft: Draft, rng: Rng) -> None:
    _lose(draft, rng, draft.disc(int(rng.integers(2, 6))))


def _lose(draft: Draft, rng: Rng, name: str) -> None:
    own = draft.of(name) & (draft.labels == Structure.DISC)
    draft.labels[own] = Structure.VERTEBRA if rng.random() < 0.6 else Structure.BACKGROUND
    draft.sacral[own] = rng.uniform(0, 1) if name.endswith("S1") else 0.0
    if rng.random() < 0.4:
        draft.labels[own & (rng.random(own.shape) < 0.5)] = Structure.DISC


def _false_disc(draft: Draft, rng: Rng) -> None:
    """Something inside a vertebra looks like a disc."""
    centre = draft.at[draft.body(int(rng.integers(1, 5)))]
    rows, columns = np.ogrid[: draft.labels.shape[1], : draft.labels.shape[2]]
    high = np.abs(rows - centre[1] - rng.uniform(-5, 5)) < rng.uniform(1.5, 4)
    place = high & (np.abs(columns - centre[2]) < rng.uniform(7, 15))
    draft.labels[place[None] & (draft.labels == Structure.VERTEBRA)] = Structure.DISC


def _bones_mixed_up(draft: Draft, rng: Rng) -> None:
    """Vertebra and sacrum are told apart badly near the lumbosacral disc."""
    middle = draft.row(draft.disc(1)) + rng.uniform(-20, 20)
    near = np.exp(-(((np.arange(draft.labels.shape[1]) - middle) / 25.0) ** 2))[None, :, None]
    rough = smooth_noise(rng, draft.labels.shape, 12.0)
    strength = (draft.sacral - 0.5) * 8 + (rng.uniform(2, 8) * rough + rng.uniform(-4, 4)) * near
    draft.sacral = (1 / (1 + np.exp(-strength))).astype(np.float32)


def smooth_noise(rng: Rng, shape: tuple[int, ...], size_mm: float) -> NDArray[np.float32]:
    """Noise of mean 0 and deviation about 1 whose grains are as large as this in the plane, the same in all slices."""
    plane = ndimage.gaussian_filter(rng.normal(size=shape[-2:]), size_mm)
    return np.broadcast_to((plane / plane.std()).astype(np.float32), shape)


NOISE = "noise"
KINDS: dict[str, Callable[[Draft, Rng], None]] = {
    "clean": _clean,
    "ends below": _ends_below,
    "ends in false sacrum": _ends_in_false_sacrum,
    "starts low": _starts_low,
    "S1 called vertebra": _s1_called_vertebra,
    "S1 called vertebra, disc below": _s1_vertebra_with_disc,
    "L5 called sacrum": _l5_called_sacrum,
    "lowest disc lost": _lowest_disc_lost,
    "other disc lost": _other_disc_lost,
    "false disc": _false_disc,
    "bones mixed up": _bones_mixed_up,
    NOISE: _clean,
}
"""What is done to a map; noise comes on top of the finished probabilities."""
