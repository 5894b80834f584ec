"""Start a network that sees several series from the weights of one that sees a single series."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from training.network import UNet

_ENTRANCE, _REFINEMENT = "down.0.0.weight", "refine.0.weight"
_OTHER_SERIES = 0.3
"""Weight of the further series in the beginning: they say something at once, and do not shout the first one down."""


def adopt(network: UNet, known: Mapping[str, Tensor], series: int) -> None:
    """Take over all weights that fit; those of the entrances are repeated for every further series.

    Parameters
    ----------
    network
        What is to begin; its input is that of the known network ``series`` times, and then perhaps planes that say
        which series exist; these begin at zero.
    known
        Weights of a network of the same widths.
    series
        How many series it sees.

    Raises
    ------
    ValueError
        If other weights differ in shape.
    """
    state = network.state_dict()
    for name, new in state.items():
        old = known[name]
        if old.shape == new.shape:
            new.copy_(old)
        elif name == _ENTRANCE:
            new.copy_(_repeated(old, new, 0, series))
        elif name == _REFINEMENT:
            new.copy_(_repeated(old, new, new.shape[0], series))
        else:
            raise ValueError(f"weights {name} have shape {tuple(old.shape)}, wanted {tuple(new.shape)}")
    network.load_state_dict(state)


def _repeated(old: Tensor, new: Tensor, first: int, series: int) -> Tensor:
    """Input channels ``first`` … of ``old``, once for each series; what follows them in ``new`` is zero."""
    result = torch.zeros_like(new)
    result[:, :first] = old[:, :first]
    own = old[:, first:]
    for k in range(series):
        start = first + k * own.shape[1]
        result[:, start : start + own.shape[1]] = own if k == 0 else _OTHER_SERIES * own
    return result
