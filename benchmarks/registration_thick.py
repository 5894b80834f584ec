"""How exactly two visits of few thick slices are aligned: real volumes resliced after a known repositioning.

Run from the repository's root, with the SPIDER volumes at hand::

    python benchmarks/registration_thick.py PATH/spider/t2_space --patients training
    python benchmarks/registration_thick.py PATH/spider/t2_space --patients 57 78 146 --seeds 2

Every pair: up to 10 degrees and 20 mm of repositioning, both stacks planned anew within 2 degrees and half a slice,
slices of a box profile, fresh shading and Rician noise, structures named by SPIDER's masks and placed 1 mm (SD) off.
The stacks stay within the published slab, at half of its resolution within slices. Prints the error at the back of
L4/L5 and over L4-S1, what the alignment states for itself, and the processor time.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline import rigid
from pipeline.config import RegistrationSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.registration.stage import align
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Affine, Points, Volume
from tests.registration.pairs import Pair, anatomy, displaced, drawn_spine, spider, visit
from training.evaluation.pair_visits import scanned
from training.evaluation.repositioning import repositioned
from training.evaluation.reslice import resliced
from training.split import TRAINING

ROLE = Role.SAGITTAL_T2
PITCH_MM = 4.0
FEWEST_SLICES = 3
Source = tuple[Volume, np.ndarray]


def resliced_pair(source: Source, seed: int, shown_slices: int, empty: int = 0) -> tuple[Pair, Points]:
    """Two visits in so many slices, and the back of the disc L4/L5 at baseline, LPS mm.

    Beyond them at either end so many more hold nothing but noise.
    """
    image, instances = source
    slices = shown_slices + 2 * empty
    rng = np.random.default_rng((seed, 4711))
    back = anatomy(ROLE, Volume(instances, image.affine)).levels["L4/L5"].posterior_margin_lps_mm
    placed = repositioned(rng, back)
    step = PITCH_MM / image.spacing_mm[0]
    grid = np.diag((step, 1.0, 1.0, 1.0))
    grid[0, 3] = (image.shape[0] - 1 - step * (slices - 1)) / 2
    bone = float(np.median(image.array[np.isin(instances, (51, 52))]))
    visits: list[tuple[Visit, Anatomy]] = []
    for stack, motion in ((placed.baseline_stack, np.eye(4)), (placed.followup_stack, placed.motion)):
        own = stack @ image.affine @ grid
        clean = resliced(image, own, (slices, *image.shape[1:]), order=3, beyond=True)
        within = np.zeros((slices, 1, 1), np.uint8)
        within[empty : slices - empty] = 1
        pixels = Volume(scanned(rng, clean.array * within, bone), motion @ own)
        named = Volume(nearest(source, own, clean.shape) * within, motion @ own)
        visits.append((visit(ROLE, pixels), displaced(anatomy(ROLE, named), rng, 1.0)))
    inside = np.argwhere(np.isin(instances, (50, 51, 52)))
    targets = image.to_lps(inside[:: max(1, len(inside) // 2000)].astype(float))
    return Pair(*visits[0], *visits[1], placed.motion, targets), back[None]


def nearest(source: Source, grid: Affine, shape: tuple[int, int, int]) -> np.ndarray:
    """Named instances at the middle of every voxel; the outermost slices go on beyond the slab."""
    image, instances = source
    index = np.moveaxis(np.indices(shape), 0, -1).reshape(-1, 3)
    place = np.rint(to_other(np.linalg.inv(image.affine) @ grid, index)).astype(np.intp)
    place[:, 0] = np.clip(place[:, 0], 0, image.shape[0] - 1)
    inside = np.all((place >= 0) & (place < image.shape), axis=1)
    found = np.zeros(len(place), np.uint8)
    found[inside] = instances[tuple(place[inside].T)]
    return found.reshape(shape)


def to_other(matrix: Affine, index: np.ndarray) -> Points:
    """Indices (n, 3) of one grid in another one."""
    return np.asarray(index @ matrix[:3, :3].T + matrix[:3, 3])


def sources(folder: Path, patients: list[str], wide: int) -> list[tuple[str, int, Source, int]]:
    """Name, number, volume and count of slices: as many as the slab holds whole, and some of drawn spines."""
    numbers = list(TRAINING) if patients == ["training"] else [int(one) for one in patients]
    found = []
    for number in numbers:
        source = spider(folder / f"{number}_t2space.npz", every=2)
        slices = int(source[0].shape[0] * source[0].spacing_mm[0] // PITCH_MM)
        if slices >= FEWEST_SLICES:
            found.append((str(number), number, source, slices))
    return found + [(f"drawn {n}", n, drawn_spine(n, slices=60), 8 + n % 5) for n in range(1001, 1001 + wide)]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of SPIDER volumes, N_t2space.npz")
    parser.add_argument("--patients", nargs="+", default=["training"], help="numbers, or: training")
    parser.add_argument("--seeds", type=int, default=1, help="pairs of each patient")
    parser.add_argument("--wide", type=int, default=0, help="so many drawn spines in 8 to 12 slices beside them")
    parser.add_argument("--empty", type=int, default=0, help="so many slices more at either end hold only noise")
    wanted = parser.parse_args()
    rows = []
    print(f"{'patient':>10} {'slices':>6} {'L4/L5 mm':>8} {'mean mm':>8} {'max mm':>8} {'stated':>8} {'s':>5}")
    for name, number, source, slices in sources(wanted.folder, wanted.patients, wanted.wide):
        for seed in range(wanted.seeds):
            pair, back = resliced_pair(source, 100 * number + seed, slices, wanted.empty)
            began = time.process_time()
            found = align(
                pair.baseline, pair.baseline_anatomy, pair.followup, pair.followup_anatomy, RegistrationSettings()
            )
            spent = time.process_time() - began
            off = rigid.apply(found.baseline_to_followup, back) - rigid.apply(pair.truth, back)
            error = pair.error_mm(found.baseline_to_followup)
            rows.append((np.linalg.norm(off), error.mean(), error.max(), found.quality.estimated_tre_mm, spent))
            print(
                f"{name:>10} {slices:6d} " + " ".join(f"{v:8.3f}" for v in rows[-1][:4]) + f" {spent:5.1f}", flush=True
            )
    back_mm, mean, most, stated, spent = np.array(rows).T
    print(
        f"{len(rows)} pairs, at the back of L4/L5: median {np.median(back_mm):.3f} mm, rms "
        f"{np.sqrt((back_mm**2).mean()):.3f}, largest {back_mm.max():.3f}; over L4-S1: median {np.median(mean):.3f}, "
        f"largest mean {mean.max():.3f}, worst point {most.max():.3f}; stated: median {np.median(stated):.3f}, "
        f"covers {(back_mm <= stated).mean():.0%} at L4/L5 and {(mean <= stated).mean():.0%} over L4-S1; "
        f"{np.median(spent):.1f} s"
    )


if __name__ == "__main__":
    main()
