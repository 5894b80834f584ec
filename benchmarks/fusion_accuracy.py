"""How exactly sagittal and axial series show the fragment, alone and fused: sample cases against their exact truth.

Run from the repository's root::

    python benchmarks/fusion_accuracy.py sample_dicoms/partial-case sample_dicoms/source-case

Prints, for every visit with displaced material, Dice (more than half a voxel, on 1 mm) and volume relative to the truth
of each series alone, of their plain average, and fused.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Plane, Visit
from pipeline.dicom.visits import load_visit
from pipeline.phantom.anatomy import FragmentSpec, Tissue
from pipeline.phantom.case import PhantomCase, case_of_truth
from pipeline.phantom.displaced import paint_displaced
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.axial import carried_to
from pipeline.segmentation.axial_series import segment_axial
from pipeline.segmentation.displaced import DisplacedMaterial, displaced_probability
from pipeline.segmentation.fusion import averaged, fuse
from pipeline.segmentation.network import AXIAL_WEIGHTS, shared_network
from pipeline.segmentation.stage import segment
from pipeline.volume import Volume


def true_fragment(case: PhantomCase, visit: dict[str, Any], spacing_mm: float) -> Volume:
    """Displaced material of the case's level as the patient lay: 0 or 1, on a fine grid."""
    specs = [FragmentSpec(**one) for found in visit["fragments"] for one in found["spec"]]
    (painted,) = (
        one for one in paint_displaced(case.spine.spec(case.seed), specs, spacing_mm) if one.level == case.level
    )
    tissue = painted.tissue
    return Volume(
        (tissue.array == Tissue.FRAGMENT).astype(np.float32), np.array(visit["anatomy_to_lps"]) @ tissue.affine
    )


def materials_of(visit: Visit, anatomy: Anatomy, level: str, threads: int) -> list[DisplacedMaterial]:
    """Displaced material in every series, every block of an axial one for itself."""
    sagittal = [one for role, one in anatomy.segmentations.items() if role.plane is Plane.SAGITTAL]
    reference = anatomy.segmentations[anatomy.reference]
    others = [one for one in sagittal if one is not reference]
    chosen, network = anatomy.levels[level], shared_network(threads, AXIAL_WEIGHTS)
    found = [displaced_probability(one, chosen, anatomy) for one in sagittal]
    for role, series in visit.series.items():
        if role.plane is Plane.AXIAL:
            for stack in series.stacks:
                carried = carried_to(role, stack.volume, reference, others)
                own = segment_axial(role, stack.volume, carried, network, count=2).segmentation
                with_own = replace(anatomy, segmentations={**anatomy.segmentations, role: own})
                material = displaced_probability(own, chosen, with_own)
                found += [material] if material.region.array.any() else []
    return found


def dice(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Of what fills more than half a voxel."""
    a, b = one > 0.5, other > 0.5
    return float(2 * np.count_nonzero(a & b) / max(1, np.count_nonzero(a) + np.count_nonzero(b)))


def report(name: str, materials: Sequence[DisplacedMaterial], anatomy: Anatomy, level: str, truth: Volume) -> None:
    """Print one line for each series, for the planes together, and for all."""
    true_mm3 = float(truth.array.sum()) * truth.voxel_volume_mm3
    groups = {one.role.words: [two for two in materials if two.role is one.role] for one in materials}
    groups["all sagittal"] = [one for one in materials if one.role.plane is Plane.SAGITTAL]
    groups["all"] = list(materials)
    for label, chosen in groups.items():
        fused = fuse(chosen, anatomy.levels[level])
        grid = fused.occupancy
        target = averaged([truth], grid)
        plain = averaged([one.probability for one in chosen], grid)
        ratio = fused.volume_mm3 / true_mm3
        print(
            f"{name:24s} {label:20s} {dice(plain, target):8.3f} {dice(grid.array, target):8.3f} {ratio:8.3f}",
            flush=True,
        )


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path, nargs="+", help="folders with truth.json and one folder per visit")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--truth-mm", type=float, default=0.5, help="pitch of the grid that the truth is painted on")
    wanted = parser.parse_args()
    print(f"{'visit':24s} {'series':20s} {'average':>8s} {'fused':>8s} {'volume':>8s}")
    for folder in wanted.cases:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        case = case_of_truth(truth)
        for of_visit in truth["visits"]:
            if not of_visit["fragments"]:
                continue
            visit = load_visit(folder / of_visit["folder"])
            anatomy = segment(visit, SegmentationSettings(level=case.level, threads=wanted.threads))
            materials = materials_of(visit, anatomy, case.level, wanted.threads)
            target = true_fragment(case, of_visit, wanted.truth_mm)
            report(f"{case.name} {of_visit['name']}", materials, anatomy, case.level, target)


if __name__ == "__main__":
    main()
