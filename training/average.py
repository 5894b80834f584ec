"""The mean of the weights of two runs of which one began from the other: `python -m training.average A B --out C`.

Runs that share a beginning lie in one basin of the loss, where the mean of their weights is often better than either
and costs nothing when used (Wortsman et al., Model soups, ICML 2022). What passes through the mean network is spread
otherwise than in either run, so its batch normalisation is measured on samples again (Izmailov et al. 2018). The first
may be an exported network (ONNX).
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from training.checkpoint import load, save
from training.data_options import add_data_options, loader_of
from training.network import UNet
from training.recipe import RECIPES, Recipe
from training.shipped import restored

_BATCHES = 100


def mean_of(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights half-way between two networks of the same shape; counters are those of the second.

    Raises
    ------
    ValueError
        If the networks do not have the same weights.
    """
    if first.keys() != second.keys() or any(first[name].shape != second[name].shape for name in first):
        raise ValueError("the checkpoints hold different networks; give two runs of one recipe")
    return {
        name: (first[name].to(new.dtype) + new) / 2 if new.dtype.is_floating_point else new
        for name, new in second.items()
    }


@torch.no_grad()
def renormalise(network: UNet, batches: Iterable[Tensor]) -> None:
    """Replace mean and variance of every batch normalisation by those of all batches (N, channels, H, W)."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    before = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean of all batches
    network.train()
    for batch in batches:
        network(batch)
    for layer, momentum in zip(layers, before, strict=True):
        layer.momentum = momentum
    network.eval()


def _weights(path: Path, recipe: Recipe, images: Iterator[Tensor]) -> Mapping[str, Tensor]:
    """Averaged weights of a checkpoint, or those of an exported network."""
    if path.suffix == ".onnx":
        return restored(path, recipe, itertools.islice(images, _BATCHES)).state_dict()
    weights: Mapping[str, Tensor] = load(path)["average"]
    return weights


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path, help="a checkpoint or an exported network")
    parser.add_argument("second", type=Path, help="the run that went on; its progress is kept")
    parser.add_argument("--out", type=Path, required=True)
    add_data_options(parser)
    options = parser.parse_args()
    content = load(options.second)
    recipe = RECIPES[content["recipe"]]
    images = (batch[0] for batch in loader_of(options, recipe, options.seed))
    network = UNet(recipe.widths, recipe.fine, recipe.channels)
    network.load_state_dict(mean_of(_weights(options.first, recipe, images), content["average"]))
    renormalise(network, itertools.islice(images, _BATCHES))
    content["average"] = network.state_dict()
    content["progress"]["averaged_runs"] = 2
    save(options.out, content)


if __name__ == "__main__":
    main()
