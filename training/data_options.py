"""Where samples come from, as options of a command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from torch.utils.data import DataLoader

from training.recipe import Recipe
from training.stream import Batch, Stream, StreamConfig


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Folders of banks and images, share of real samples, batch size, processes, seed."""
    parser.add_argument("--bank", type=Path, default=Path("training/runs/bank"))
    parser.add_argument("--local", type=Path, default=Path("training/runs/local"))
    parser.add_argument("--spider", type=Path, default=Path("../shared/data/spider/t2_space"))
    parser.add_argument("--further", type=Path, default=Path("training/runs/midsagittal"))
    parser.add_argument("--real-share", type=float, default=None, help="share of real samples; the recipe's by default")
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)


def loader_of(options: argparse.Namespace, recipe: Recipe, seed: int) -> DataLoader[Batch]:
    """Endless batches of samples for a recipe."""
    share = recipe.real_share if options.real_share is None else options.real_share
    config = StreamConfig(options.bank, options.local, options.spider, share, recipe.size, seed, options.further)
    return DataLoader(
        Stream(recipe.make(), config), batch_size=options.batch, num_workers=options.workers, prefetch_factor=4
    )
