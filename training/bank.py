"""A bank of generated anatomies, cached on disk, so that training need not wait for the generator."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import (
    AnatomyMap,
    FragmentSpec,
    SpineSpec,
    build_anatomy,
    sample_fragment,
    sample_spine,
)
from pipeline.phantom.anatomy.curve import make_curve

_SMALLEST_MM3 = 120.0

logger = logging.getLogger(__name__)
WHOLE, LOCAL = Path("training/runs/bank"), Path("training/runs/local")
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Grid:
    """Pitch and extent along (R→L, S→I, A→P) and centre in LPS, all in mm, of a map to build."""

    spacing_mm: Point
    extent_mm: Point
    centre_lps: Point


def draw_fragments(rng: np.random.Generator, spine: SpineSpec) -> list[FragmentSpec]:
    """None, one or more fragments, at most one of a level."""
    fragments: dict[str, FragmentSpec] = {}
    for _ in range(int(rng.choice(4, p=[0.25, 0.40, 0.25, 0.10]))):
        fragment = sample_fragment(rng, spine)
        fragments.setdefault(fragment.level, fragment)
    return list(fragments.values())


def _build(spine: SpineSpec, fragments: list[FragmentSpec], grid: Grid) -> AnatomyMap:
    """Build an anatomy; fragments that there is no room for are made smaller, and small ones left out."""
    while True:
        try:
            return build_anatomy(
                spine, fragments, spacing_mm=grid.spacing_mm, extent_mm=grid.extent_mm, centre_lps=grid.centre_lps
            )
        except UsageError:
            largest = max(fragments, key=lambda item: item.volume_mm3)
            fragments.remove(largest)
            # Narrow canals hold fragments too, only smaller ones.
            if largest.volume_mm3 > _SMALLEST_MM3:
                fragments.append(dataclasses.replace(largest, volume_mm3=0.65 * largest.volume_mm3))


def make_item(seed: int) -> AnatomyMap:
    """One random anatomy of the whole lumbar spine with none, one or more fragments."""
    rng = np.random.default_rng((7919, seed))
    spine = sample_spine(rng)
    fragments = draw_fragments(rng, spine)
    return _build(
        spine, fragments, Grid((1.5, 1.0, 1.0), (96.0, 320.0, 240.0), (float(rng.uniform(-4, 4)), -5.0, -25.0))
    )


def make_local_item(seed: int) -> AnatomyMap:
    """One random anatomy from L3/L4 to S1 on a finer grid, for axial slices and for the fine pass."""
    rng = np.random.default_rng((7927, seed))
    spine = sample_spine(rng)
    lowest = spine.disc_names[spine.names.index("S1") - 3 : spine.names.index("S1")]
    fragments = [fragment for fragment in draw_fragments(rng, spine) if fragment.level in lowest]
    curve = make_curve(spine)
    x, y, z = curve.point_lps(curve.disc_centres[spine.disc_index(lowest[1])])
    dx, dy, dz = rng.uniform(-10, 10, 3)
    # Bodies lie in the front third, so that the spinous processes are inside.
    centre = (x + 0.5 * dx, y + 28 + 0.6 * dy, z + dz)
    return _build(spine, fragments, Grid((1.0, 0.75, 0.75), (116.0, 150.0, 128.0), centre))


def fill(folder: Path, start: int, stop: int, make: Callable[[int], AnatomyMap] = make_item) -> None:
    """Make the items that are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(start, stop):
        path = folder / f"{seed:05d}.pkl"
        if path.exists():
            continue
        handle, temporary = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            pickle.dump(make(seed), file, protocol=5)
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


class Carousel:
    """Anatomies on disk of which some are in memory, others every now and then."""

    def __init__(self, folder: Path, most: int = 160, renew: float = 0.08) -> None:
        self.folder, self.most, self.renew = folder, most, renew
        self.items: list[AnatomyMap] = []
        self.paths: list[Path] = []
        self.refresh()

    def __bool__(self) -> bool:
        return bool(self.paths)

    def draw(self, rng: np.random.Generator) -> AnatomyMap:
        """One of those in memory; with a chance of ``renew`` another one was read from disk for it."""
        if len(self.items) < min(self.most, len(self.paths)) or rng.random() < self.renew:
            with self.paths[int(rng.integers(len(self.paths)))].open("rb") as file:
                fresh: AnatomyMap = pickle.load(file)
            self.items = [*self.items[-self.most + 1 :], fresh]
            return fresh
        return self.items[int(rng.integers(len(self.items)))]

    def refresh(self) -> None:
        """Look for anatomies made meanwhile."""
        self.paths = sorted(self.folder.glob("*.pkl"))


def main() -> None:
    """Fill the bank from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--local", action="store_true", help="finer maps of L3/L4 to S1 rather than of the whole")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--stop", type=int)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    if options.local:
        fill(options.folder or LOCAL, options.start, options.stop or 250, make_local_item)
    else:
        fill(options.folder or WHOLE, options.start, options.stop or 150)


if __name__ == "__main__":
    main()
