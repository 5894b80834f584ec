"""The 2-D U-Net: neighbouring slices in, six class scores out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CLASSES = 6


def _block(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside, momentum=0.03),
        nn.ReLU(inplace=True),
        nn.Conv2d(outside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside, momentum=0.03),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    """U-Net that works at half resolution, with a light refinement at full resolution.

    Blocks of 2 x 2 pixels become channels at its entrance, for convolutions at full resolution would take most of
    the time on a CPU; the refinement sees the input again, so that borders stay sharp.

    Parameters
    ----------
    widths
        Channels at 1/2, 1/4, … of the resolution.
    fine
        Channels at full resolution.
    channels
        Channels of the input.
    """

    def __init__(self, widths: tuple[int, ...], fine: int, channels: int) -> None:
        super().__init__()
        self.fold = nn.PixelUnshuffle(2)
        self.down = nn.ModuleList()
        before = 4 * channels
        for width in widths:
            self.down.append(_block(before, width))
            before = width
        self.reduce = nn.ModuleList()
        self.up = nn.ModuleList()
        for width in reversed(widths[:-1]):
            self.reduce.append(nn.Conv2d(before, width, 1))
            self.up.append(_block(2 * width, width))
            before = width
        self.unfold = nn.Sequential(nn.Conv2d(before, 4 * fine, 1), nn.PixelShuffle(2))
        self.refine = nn.Sequential(
            nn.Conv2d(fine + channels, fine, 3, padding=1, bias=False),
            nn.BatchNorm2d(fine, momentum=0.03),
            nn.ReLU(inplace=True),
        )
        self.head = nn.Conv2d(fine, CLASSES, 3, padding=1)

    def forward(self, slices: Tensor) -> Tensor:
        """Scores (N, 6, H, W) of slices (N, channels, H, W); H and W are multiples of 16."""
        skips = []
        x = self.fold(slices)
        for level, block in enumerate(self.down):
            if level:
                x = nn.functional.max_pool2d(x, 2)
            x = block(x)
            skips.append(x)
        skips.pop()
        for reduce, block in zip(self.reduce, self.up, strict=True):
            x = nn.functional.interpolate(reduce(x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = block(torch.cat([x, skips.pop()], dim=1))
        x = self.refine(torch.cat([self.unfold(x), slices], dim=1))
        scores: Tensor = self.head(x)
        return scores


class Segmenter(nn.Module):
    """A U-Net that gives probabilities: what is exported."""

    def __init__(self, network: UNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, slices: Tensor) -> Tensor:
        """Probabilities (N, 6, H, W)."""
        return torch.softmax(self.network(slices), dim=1)
