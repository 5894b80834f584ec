"""Time and memory of one sagittal series: discdelta beside an nnU-Net-sized 3D network, same volume, same machine.

The other network is the standard architecture of nnU-Net's `3d_fullres` configuration (PlainConvUNet; Isensee et al.,
Nature Methods 2021) as its planner sets it up for series of 13 slices of 320 x 320 pixels: seven stages of 32 to 320
features, anisotropic strides, instance normalisation, one window that holds the whole padded volume, which is the
kindest case for it. Published predictions average eight mirrored passes (and often five folds, left out here). The
network is untrained: its output means nothing, its time does.

Run from the repository's root; writes benchmarks/segmentation_speed.md::

    pip install torch dynamic-network-architectures
    python benchmarks/segmentation_speed.py
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

SAMPLE = Path("sample_dicoms/source-case/baseline")
THREADS = 2
CLASSES = 6
PATCH = (16, 320, 320)
FEATURES = (32, 64, 128, 256, 320, 320, 320)
KERNELS = ((1, 3, 3), (1, 3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3))
STRIDES = ((1, 1, 1), (1, 2, 2), (1, 2, 2), (2, 2, 2), (2, 2, 2), (1, 2, 2), (1, 2, 2))
TOOLS = {
    "discdelta": "discdelta, everything from pixels to named levels",
    "plain": "nnU-Net-sized network, one pass",
    "mirrored": "nnU-Net-sized network, eight mirrored passes",
}


def discdelta() -> Callable[[], object]:
    """Segmentation of the sagittal T2 series with default settings."""
    from pipeline.config import SegmentationSettings
    from pipeline.dicom.visit import Role, Visit
    from pipeline.dicom.visits import load_visit
    from pipeline.segmentation.stage import segment

    whole = load_visit(SAMPLE)
    chosen = {Role.SAGITTAL_T2: whole.series[Role.SAGITTAL_T2]}
    visit = Visit(whole.identity, None, None, None, chosen, (), (), "benchmark")
    return lambda: segment(visit, SegmentationSettings(threads=THREADS))


def nnunet_sized(mirrored: bool) -> Callable[[], object]:
    """The other network on the same number of voxels."""
    import torch
    from dynamic_network_architectures.architectures.unet import PlainConvUNet

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    network = PlainConvUNet(
        1, len(FEATURES), FEATURES, torch.nn.Conv3d, KERNELS, STRIDES, [2] * len(FEATURES), CLASSES,
        [2] * (len(FEATURES) - 1), conv_bias=True, norm_op=torch.nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=torch.nn.LeakyReLU, nonlin_kwargs={"inplace": True},
    ).eval()  # fmt: skip
    volume = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 1, *PATCH), dtype=np.float32))
    flips = [axes for n in range(4 if mirrored else 1) for axes in itertools.combinations((2, 3, 4), n)]

    def run() -> object:
        with torch.inference_mode():
            return sum(torch.flip(network(torch.flip(volume, axes)), axes) for axes in flips)

    return run


def timed(tool: str, rounds: int) -> dict[str, Any]:
    """Wall times and peak memory of one tool in this process."""
    run = discdelta() if tool == "discdelta" else nnunet_sized(tool == "mirrored")
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return {"seconds": times, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def in_own_process(tool: str, rounds: int) -> dict[str, Any]:
    """The same in a process of its own, so that memory is counted for one tool alone."""
    command = [sys.executable, __file__, "--only", tool, "--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def page(results: dict[str, dict[str, Any]], load: float) -> str:
    """The Markdown page."""
    own = statistics.median(results["discdelta"]["seconds"])
    rows = [
        f"| {TOOLS[tool]} | {statistics.median(one['seconds']):.1f} | {min(one['seconds']):.1f} "
        f"| {len(one['seconds'])} | {one['peak_mb']:.0f} | {statistics.median(one['seconds']) / own:.1f} |"
        for tool, one in results.items()
    ]
    return "\n".join(
        [
            "# Segmenting one sagittal series, beside an nnU-Net-sized network",
            "",
            f"13 slices of 320 x 320 pixels; {THREADS} threads; {platform.machine()}, {os.cpu_count()} cores, Python "
            f"{platform.python_version()}, {platform.system()}; {datetime.now(UTC).date()}. "
            f"Load of the machine before: {load:.1f}.",
            "",
            "| what | wall, median s | wall, best s | runs | peak memory, MB | ratio |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "The nnU-Net-sized network is its standard `3d_fullres` architecture, untrained, on random numbers: for",
            "time alone. Its time leaves out resampling, the choice of components and the naming of levels, all of",
            "which discdelta's includes, and the averaging of five folds, which published predictions do. Made by",
            "`python benchmarks/segmentation_speed.py`.",
            "",
        ]
    )


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=TOOLS, help="time one tool in this process and print JSON")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mirrored", action="store_true", help="also time the eight mirrored passes (minutes)")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(timed(options.only, options.rounds)))
        return
    load = os.getloadavg()[0]
    results = {"discdelta": in_own_process("discdelta", options.rounds), "plain": in_own_process("plain", 2)}
    if options.mirrored:
        results["mirrored"] = in_own_process("mirrored", 1)
    text = page(results, load)
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
