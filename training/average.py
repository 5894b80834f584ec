"""The mean of the weights of two runs of which one began from the other: `python -m training.average A B --out C`.

Runs that share a beginning lie in one basin of the loss, where the mean of their weights is often better than either
and costs nothing when used (Wortsman et al., Model soups, ICML 2022).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from training.checkpoint import load, save


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


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path, help="the run that went on; its progress is kept")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    content = load(options.second)
    content["average"] = mean_of(load(options.first)["average"], content["average"])
    content["progress"]["averaged_runs"] = 2
    save(options.out, content)


if __name__ == "__main__":
    main()
