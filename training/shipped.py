"""Begin from an exported network: its batch normalisation, folded into the convolutions, is measured anew.

So that whoever has the package can go on training what it ships, without the checkpoints of its first training.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnx.numpy_helper
import torch
from torch import Tensor, nn

from training.checkpoint import Progress
from training.network import UNet
from training.recipe import Recipe

_PREFIX, _HALF, _FOLDED_BIAS, _EIGHT_BITS = "network.", ".half", ".weight_bias", "_quantized"


class _Measured(nn.Module):
    """Stands where batch normalisation was: adds the folded bias and notes what passes."""

    def __init__(self, bias: Tensor) -> None:
        super().__init__()
        self.bias = bias
        self.means: list[Tensor] = []
        self.variances: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.means.append(x.mean(dim=(0, 2, 3)))
        self.variances.append(x.var(dim=(0, 2, 3)))
        return x + self.bias[:, None, None]


def restored(path: Path, recipe: Recipe, batches: Iterable[Tensor]) -> UNet:
    """A trainable network that gives what an exported one gives.

    Folding keeps W' = W g / s and b' = b - m g / s of a convolution W followed by batch normalisation with mean m,
    deviation s, gain g and bias b (Ioffe and Szegedy 2015). Mean and deviation are taken from `batches` again, and gain
    and bias chosen so that the outcome is the same; each filter gets unit norm, for its gain now holds its length.

    Parameters
    ----------
    path
        Exported network (ONNX), as `training.export` writes it.
    recipe
        How it was built.
    batches
        Training images (N, channels, H, W), some hundreds in all.

    Raises
    ------
    ValueError
        If the file holds another network than the recipe builds, or one in 8 bits.
    """
    weights = _initialisers(path)
    if any(name.endswith(_EIGHT_BITS) for name in weights):
        raise ValueError(f"{path} holds a network in 8 bits; go on from what it was made of, in training/weights")
    network = UNet(recipe.widths, recipe.fine, recipe.channels)
    state = network.state_dict()
    for name, values in weights.items():
        if name.endswith(_FOLDED_BIAS):
            continue
        if name not in state or state[name].shape != values.shape:
            raise ValueError(f"{path} holds weights {name} of shape {tuple(values.shape)}, which {recipe.name} has not")
        state[name].copy_(values)
    network.load_state_dict(state)
    places = _normalised(network)
    for convolution, (parent, index) in places.items():
        parent[index] = _Measured(weights[f"{convolution}{_FOLDED_BIAS}"])
    with torch.no_grad():
        for batch in batches:
            network(batch)
        for parent, index in places.values():
            parent[index] = _normalising(cast("nn.Conv2d", parent[index - 1]), cast("_Measured", parent[index]))
    return network


def progress_of(path: Path) -> Progress:
    """How far an exported network was trained, from the manifest beside it."""
    told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["training"]
    return Progress(earlier_steps=int(told["steps"]), earlier_seconds=3600 * float(told["hours"]))


def _initialisers(path: Path) -> dict[str, Tensor]:
    """Weights by their name in the network, and folded biases."""
    return {
        item.name.removeprefix(_PREFIX).removesuffix(_HALF): torch.from_numpy(
            onnx.numpy_helper.to_array(item).astype(np.float32)
        )
        for item in onnx.load(str(path)).graph.initializer
        if item.name.startswith(_PREFIX)
    }


def _normalised(network: UNet) -> dict[str, tuple[nn.Sequential, int]]:
    """Where batch normalisation is, by the name of the convolution before it."""
    return {
        f"{name}.{index - 1}": (block, index)
        for name, block in network.named_modules()
        if isinstance(block, nn.Sequential)
        for index, layer in enumerate(block)
        if isinstance(layer, nn.BatchNorm2d)
    }


def _normalising(convolution: nn.Conv2d, seen: _Measured) -> nn.BatchNorm2d:
    """Batch normalisation that gives what its stand-in gave; the convolution before it gets filters of unit norm."""
    length = convolution.weight.flatten(1).norm(dim=1).clamp_min(1e-6)
    mean, variance = torch.stack(seen.means).mean(dim=0), torch.stack(seen.variances).mean(dim=0)
    convolution.weight /= length[:, None, None, None]
    layer = nn.BatchNorm2d(len(length), momentum=0.03)
    assert layer.running_mean is not None
    assert layer.running_var is not None
    layer.running_mean.copy_(mean / length)
    layer.running_var.copy_(variance / length**2)
    layer.weight.copy_(length * torch.sqrt(variance / length**2 + layer.eps))
    layer.bias.copy_(seen.bias + mean)
    return layer
