"""Checkpoints that survive an interruption: written to a temporary name, then renamed."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.network import UNet


@dataclass
class Progress:
    """How far training is.

    Attributes
    ----------
    step
        Optimiser steps done.
    seconds
        Time trained.
    earlier_steps, earlier_seconds
        Of the runs of the same network that this one began from.
    averaged_runs
        Of how many runs the weights are the mean.
    """

    step: int = 0
    seconds: float = 0.0
    earlier_steps: int = 0
    earlier_seconds: float = 0.0
    averaged_runs: int = 1

    def followed(self) -> Progress:
        """What a run that begins from this one starts with."""
        return Progress(0, 0.0, self.earlier_steps + self.step, self.earlier_seconds + self.seconds)


def make_average(network: UNet) -> UNet:
    """A copy whose weights follow the network's slowly."""
    average = copy.deepcopy(network).eval()
    for parameter in average.parameters():
        parameter.requires_grad_(False)
    return average


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, step: int, decay: float = 0.998) -> None:
    """Exponential moving average of weights and batch statistics; faster in the beginning."""
    rate = 1 - min(decay, (1 + step) / (10 + step))
    for own, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if own.dtype.is_floating_point:
            own.lerp_(new.to(own.dtype), rate)
        else:
            own.copy_(new)


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    torch.save(content, temporary)
    temporary.replace(path)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint."""
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=False)
    return content
