"""How exactly two visits are aligned, beside elastix, ANTs, greedy and a plain SimpleITK set-up.

Real volumes (SPIDER, sagittal T2 SPACE) moved by known motions of up to 15 degrees and 30 mm, the stack planned anew
within 3 degrees and 3 mm, with fresh noise and shading. All start from the same named structures, placed 1 mm off.
The peers are no dependency of the project; run it where they are installed beside it, from the repository's root::

    python -m venv peers && peers/bin/pip install -e . itk-elastix antspyx picsl-greedy
    OMP_NUM_THREADS=1 ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS=1 peers/bin/python benchmarks/registration_peers.py \\
        PATH/spider/t2_space --pairs 100 --peer-pairs 10 --keep pairs.jsonl --write benchmarks/registration_peers.md

Peers that are not installed are left out, and named. With ``--keep`` every pair is written down at once, so that a run
that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.config import RegistrationSettings
from pipeline.registration.landmarks import fit_landmarks
from pipeline.registration.stage import align
from pipeline.volume import Affine, Volume
from tests.registration.pairs import Pair, moved_pair, spider

NOT_FOUND_MM = 2.0
Row = tuple[float, float, float]
Peer = Callable[[Volume, Volume], Affine]


def matrix_of(transform: sitk.Transform) -> Affine:
    """4 x 4 matrix of a linear ITK transform."""
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    found = np.eye(4)
    found[:3, :3] = np.stack([np.array(transform.TransformPoint(tuple(e))) - origin for e in np.eye(3)], axis=1)
    found[:3, 3] = origin
    return found


def plain_simpleitk(fixed: Volume, moving: Volume) -> Affine:
    """The set-up of SimpleITK's own examples: mutual information, three resolutions, regular steps."""
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(50)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.1, 1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 200)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    transform = sitk.Euler3DTransform()
    transform.SetCenter(fixed.to_lps((np.array(fixed.shape) - 1) / 2).tolist())
    method.SetInitialTransform(transform, inPlace=False)
    return matrix_of(method.Execute(fixed.to_sitk(), moving.to_sitk()))


def elastix(fixed: Volume, moving: Volume) -> Affine:
    """elastix with its own default parameters for rigid registration."""
    itk = importlib.import_module("itk")

    def image(volume: Volume) -> Any:
        made = itk.image_from_array(np.ascontiguousarray(volume.array, dtype=np.float32))
        held = volume.to_sitk()
        made.SetOrigin(held.GetOrigin())
        made.SetSpacing(held.GetSpacing())
        made.SetDirection(np.array(held.GetDirection()).reshape(3, 3))
        return made

    parameters = itk.ParameterObject.New()
    parameters.AddParameterMap(parameters.GetDefaultParameterMap("rigid"))
    _, found = itk.elastix_registration_method(image(fixed), image(moving), parameter_object=parameters)
    values = found.GetParameterMap(found.GetNumberOfParameterMaps() - 1)
    transform = sitk.Euler3DTransform()
    transform.SetCenter([float(v) for v in values["CenterOfRotationPoint"]])
    transform.SetParameters([float(v) for v in values["TransformParameters"]])
    return matrix_of(transform)


def ants(fixed: Volume, moving: Volume) -> Affine:
    """ANTs, type of transform Rigid."""
    module = importlib.import_module("ants")

    def image(volume: Volume) -> Any:
        held = volume.to_sitk()
        array = np.ascontiguousarray(volume.array.transpose(2, 1, 0), dtype=np.float32)
        direction = np.array(held.GetDirection()).reshape(3, 3)
        return module.from_numpy(array, list(held.GetOrigin()), list(held.GetSpacing()), direction)

    found = module.registration(
        image(fixed), image(moving), type_of_transform="Rigid", initial_transform="Identity", random_seed=1
    )
    return matrix_of(sitk.ReadTransform(found["fwdtransforms"][0]))


def greedy(fixed: Volume, moving: Volume) -> Affine:
    """greedy, rigid (6 degrees of freedom), local correlation."""
    made = importlib.import_module("picsl_greedy").Greedy3D()
    made.execute(
        "-i fixed moving -a -dof 6 -m NCC 2x2x2 -n 100x50x10 -ia-identity -threads 1 -o result",
        fixed=sitk.Cast(fixed.to_sitk(), sitk.sitkFloat32),
        moving=sitk.Cast(moving.to_sitk(), sitk.sitkFloat32),
        result=None,
    )
    flip = np.diag((-1.0, -1.0, 1.0, 1.0))
    return np.asarray(flip @ np.asarray(made["result"], float) @ flip)


PEERS: dict[str, tuple[str, Peer]] = {
    "SimpleITK, plain": ("SimpleITK", plain_simpleitk),
    "elastix, rigid default": ("itk-elastix", elastix),
    "ANTs, Rigid": ("antspyx", ants),
    "greedy, rigid NCC": ("picsl_greedy", greedy),
}


def ours(pair: Pair) -> tuple[Affine, float]:
    """Everything that the registration stage does, in both directions, and its estimate of the error."""
    found = align(pair.baseline, pair.baseline_anatomy, pair.followup, pair.followup_anatomy, RegistrationSettings())
    return found.baseline_to_followup, found.quality.estimated_tre_mm


def from_start(peer: Peer, pair: Pair) -> Affine:
    """What a peer finds when the follow-up is first laid onto the baseline by the named structures."""
    start = fit_landmarks(pair.baseline_anatomy, pair.followup_anatomy).transform
    fixed, moving = (next(iter(v.series.values())).volume for v in (pair.baseline, pair.followup))
    laid = Volume(moving.array, np.linalg.inv(start) @ moving.affine)
    return np.asarray(start @ peer(fixed, laid))


def judged(pair: Pair, transform: Affine, spent: float) -> Row:
    """Mean and largest error over L4-S1, mm, and processor seconds."""
    error = pair.error_mm(transform)
    return float(error.mean()), float(error.max()), spent


class Kept:
    """What was measured, by tool and pair: in memory, and line by line in a file where one is given."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.found: dict[tuple[str, int], tuple[Row, float]] = {}
        if file is not None and file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                one = json.loads(line)
                self.found[one["tool"], one["pair"]] = (tuple(one["row"]), one["estimate"])

    def add(self, tool: str, pair: int, row: Row, estimate: float = 0.0) -> None:
        """``estimate`` is the error that the tool expects of itself, mm."""
        self.found[tool, pair] = (row, estimate)
        print(pair, tool, *(f"{value:.3f}" for value in row), flush=True)
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as out:
                out.write(json.dumps({"tool": tool, "pair": pair, "row": row, "estimate": estimate}) + "\n")

    def rows(self, tool: str) -> list[Row]:
        """Of one tool, by pair."""
        return [row for (name, _), (row, _) in sorted(self.found.items()) if name == tool]

    def estimates(self) -> NDArray[np.float64]:
        """Our estimated errors (95 %), by pair."""
        return np.array([estimate for (name, _), (_, estimate) in sorted(self.found.items()) if name == "discdelta"])


def measure(files: list[Path], pairs: int, peer_pairs: int, seconds: float, kept: Kept) -> None:
    """Fill ``kept``, beginning no further pair once the time is up."""
    sources: dict[Path, Any] = {}
    until = time.monotonic() + seconds
    peers = {name: peer for name, (package, peer) in PEERS.items() if installed(package) is not None}
    loaded: set[str] = set()
    ramp = np.linspace(-1, 1, 48, dtype=np.float32)
    blob = Volume(np.exp(-(ramp[:, None, None] ** 2 + ramp[:, None] ** 2 + ramp**2)), np.eye(4))
    for n in range(pairs):
        wanted = ["discdelta", *(peers if n < peer_pairs else ())]
        missing = [name for name in wanted if (name, n) not in kept.found]
        if not missing:
            continue
        if time.monotonic() > until:
            return
        file = files[n % len(files)]
        if file not in sources:
            sources[file] = spider(file)
        pair = moved_pair(sources[file], n, jitter_mm=1.0)
        for name in missing:
            if name in peers and name not in loaded:
                peers[name](blob, blob)  # the first call also loads libraries
                loaded.add(name)
            began = time.process_time()
            transform, estimate = ours(pair) if name == "discdelta" else (from_start(peers[name], pair), 0.0)
            kept.add(name, n, judged(pair, transform, time.process_time() - began), estimate)


def installed(package: str) -> str | None:
    """Its version, None where it is absent."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def table(kept: Kept, note: str) -> str:
    """The page that is kept in the repository."""
    rows = {name: kept.rows(name) for name in ("discdelta", *PEERS)}
    estimates = kept.estimates()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    lines = [
        "# Aligning two visits, beside other tools",
        "",
        f"Made by `python benchmarks/registration_peers.py` on {date.today()}; {machine}; one thread each.",
        "",
        "| what | version | pairs | TRE median, mm | mean of the worst pair | largest point | lost (> 2 mm) | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in rows.items():
        package = PEERS[name][0] if name in PEERS else ""
        known = (installed(package) or "not installed") if package else "this"
        if not found:
            lines.append(f"| {name} | {known} | 0 | | | | | |")
            continue
        mean, most, spent = np.array(found).T
        lines.append(
            f"| {name} | {known} | {len(found)} | {np.median(mean):.3f} | {mean.max():.3f} | {most.max():.3f} | "
            f"{int((mean > NOT_FOUND_MM).sum())} | {np.median(spent):.1f} |"
        )
    covered = float((np.array(rows["discdelta"])[:, 0] <= estimates).mean())
    lines += [
        "",
        "SPIDER T2 SPACE volumes, moved by up to 15 degrees and 30 mm, the stack planned anew within",
        "3 degrees and 3 mm, fresh shading of 25 % and Rician noise. Error: distance of points of L4, L5 and S1 from",
        "where they should be. Every tool starts from the same named structures, each placed 1 mm (SD) off; the time",
        "of discdelta is that of the whole stage, both directions and the error estimate included.",
        f"The error that discdelta estimates for itself (95 %) covered the true mean error in {covered:.0%} of the",
        f"pairs; its median is {np.median(estimates):.3f} mm.",
    ]
    return "\n".join([*lines, *(["", note] if note else [])]) + "\n"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of SPIDER volumes, N_t2space.npz")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--peer-pairs", type=int, default=10)
    parser.add_argument("--volumes", type=int, default=30, help="how many volumes to take turns with")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin no further pair after this time")
    parser.add_argument("--keep", type=Path, default=None, help="write every pair down here, and go on from it")
    parser.add_argument("--note", default="", help="a sentence for the end of the page: what else the machine did")
    parser.add_argument("--write", type=Path, default=None, help="write the page here")
    wanted = parser.parse_args()
    files = sorted(wanted.folder.glob("*_t2space.npz"))[: wanted.volumes]
    if not files:
        parser.error(f"no *_t2space.npz in {wanted.folder}")
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    kept = Kept(wanted.keep)
    measure(files, wanted.pairs, wanted.peer_pairs, 60 * wanted.minutes, kept)
    if not kept.rows("discdelta"):
        parser.error("no pair was measured in that time")
    page = table(kept, wanted.note)
    print(page)
    if wanted.write is not None:
        wanted.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
