"""A bank of generated anatomies, cached on disk, so that training need not wait for the generator."""

from __future__ import annotations

import argparse
import logging
import os
import pickle
import tempfile
from pathlib import Path

import numpy as np

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import AnatomyMap, build_anatomy, sample_fragment, sample_spine

logger = logging.getLogger(__name__)


def make_item(seed: int) -> AnatomyMap:
    """One random anatomy with none, one or two fragments."""
    rng = np.random.default_rng((7919, seed))
    spine = sample_spine(rng)
    fragments = []
    levels = set()
    for _ in range(int(rng.choice(4, p=[0.25, 0.40, 0.25, 0.10]))):
        fragment = sample_fragment(rng, spine)
        if fragment.level not in levels:
            levels.add(fragment.level)
            fragments.append(fragment)
    centre = (float(rng.uniform(-4, 4)), -5.0, -25.0)
    while True:
        try:
            return build_anatomy(spine, fragments, centre_lps=centre)
        except UsageError:
            # The canal has no room for the largest one: leave it out.
            fragments.remove(max(fragments, key=lambda item: item.volume_mm3))


def fill(folder: Path, start: int, stop: int) -> None:
    """Make the items that are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(start, stop):
        path = folder / f"{seed:05d}.pkl"
        if path.exists():
            continue
        handle, temporary = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            pickle.dump(make_item(seed), file, protocol=5)
        Path(temporary).replace(path)
        logger.info("made %s", path.name)


def load(folder: Path, known: set[Path] | None = None) -> list[AnatomyMap]:
    """Items on disk, in the order of their seeds, except those in `known`, which grows by what is read."""
    items = []
    for path in sorted(folder.glob("*.pkl")):
        if known is not None:
            if path in known:
                continue
            known.add(path)
        with path.open("rb") as file:
            items.append(pickle.load(file))
    return items


def main() -> None:
    """Fill the bank from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("training/runs/bank"))
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--stop", type=int, default=150)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    fill(options.folder, options.start, options.stop)


if __name__ == "__main__":
    main()
