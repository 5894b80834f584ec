"""The three networks of the project: what each sees, how large it is, and where its samples come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from training.stream import Maker, StreamConfig


@dataclass(frozen=True)
class Recipe:
    """How one network is built and trained.

    Attributes
    ----------
    name
        Its name on the command line.
    weights
        File name of the exported network, without suffix.
    channels, series
        Channels of its input, and how many series they show.
    widths, fine
        Channels of the U-Net at 1/2, 1/4, … of the resolution, and at full resolution.
    size
        Rows and columns of a training sample.
    pixel_mm
        Pitch of its pixels.
    real_share
        Share of samples from real volumes.
    maker
        ``module:class`` of what makes samples; looked up late, for each needs its own banks.
    described
        What the manifest of the weights says about the input.
    """

    name: str
    weights: str
    channels: int
    series: int
    widths: tuple[int, ...]
    fine: int
    size: tuple[int, int]
    pixel_mm: float
    real_share: float
    maker: str
    described: str

    def make(self) -> Callable[[StreamConfig], Maker]:
        """The class that makes samples."""
        module, name = self.maker.split(":")
        found: Callable[[StreamConfig], Maker] = getattr(import_module(module), name)
        return found


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="sagittal",
            weights="lumbar",
            channels=3,
            series=1,
            widths=(32, 64, 128, 192),
            fine=16,
            size=(224, 176),
            pixel_mm=1.0,
            real_share=0.5,
            maker="training.dataset:SagittalMaker",
            described="a sagittal slice between its neighbours; rows S to I, columns A to P",
        ),
        Recipe(
            name="axial",
            weights="axial",
            channels=3,
            series=1,
            widths=(24, 48, 80, 112),
            fine=12,
            size=(144, 160),
            pixel_mm=0.8,
            real_share=0.3,
            maker="training.axial:AxialMaker",
            described="an axial slice between its neighbours; rows A to P, columns R to L",
        ),
        Recipe(
            name="fine",
            weights="fine",
            channels=16,
            series=4,
            widths=(32, 64, 128, 192),
            fine=16,
            size=(176, 144),
            pixel_mm=0.75,
            real_share=0.6,
            maker="training.fine:FineMaker",
            described="a sagittal slice between its neighbours in T2, T1, T1 post-contrast and STIR, then four planes "
            "that are 1 where that series exists; rows S to I, columns A to P",
        ),
    )
}
