"""How exactly two visits are aligned: real volumes moved by known motions, with fresh noise and shading.

Run from the repository's root, with the SPIDER volumes at hand::

    python benchmarks/registration_accuracy.py PATH/spider/t2_space --pairs 20
    python benchmarks/registration_accuracy.py PATH/spider/t2_space --pairs 20 --pitch 4

Every pair: up to 15° and 30 mm of repositioning, the stack planned anew within 3° and 3 mm, landmarks 1 mm off.
Prints the target registration error over L4, L5 and S1 and the processor time of each pair.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.config import RegistrationSettings
from pipeline.registration.stage import align
from tests.registration.pairs import moved_pair, spider


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of SPIDER volumes, N_t2space.npz")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--pitch", type=float, default=None, help="average to slices this far apart, mm")
    wanted = parser.parse_args()
    files = sorted(wanted.folder.glob("*_t2space.npz"))
    if not files:
        parser.error(f"no *_t2space.npz in {wanted.folder}")
    rows = []
    print(f"{'volume':>20} {'mean mm':>8} {'max mm':>8} {'estimate':>8} {'Dice':>6} {'usable':>6} {'s':>5}")
    for n in range(wanted.pairs):
        file = files[n % len(files)]
        pair = moved_pair(spider(file), n, pitch_mm=wanted.pitch, jitter_mm=1.0)
        began = time.process_time()
        found = align(
            pair.baseline, pair.baseline_anatomy, pair.followup, pair.followup_anatomy, RegistrationSettings()
        )
        spent = time.process_time() - began
        error, quality = pair.error_mm(found.baseline_to_followup), found.quality
        rows.append((error.mean(), error.max(), quality.estimated_tre_mm, spent))
        print(
            f"{file.stem:>20} {error.mean():8.3f} {error.max():8.3f} {quality.estimated_tre_mm:8.3f} "
            f"{quality.bone_dice:6.3f} {quality.usable!s:>6} {spent:5.1f}",
            flush=True,
        )
    mean, most, estimate, spent = np.array(rows).T
    covered = float((mean <= estimate).mean())
    print(
        f"median {np.median(mean):.3f} mm, largest {most.max():.3f} mm, "
        f"estimate covers {covered:.0%}, {np.median(spent):.1f} s"
    )


if __name__ == "__main__":
    main()
