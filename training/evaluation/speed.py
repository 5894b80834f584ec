"""Time and memory of the product, each case in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pipeline.config import SegmentationSettings
from pipeline.cores import linear_algebra_on_one_core
from pipeline.dicom.visit import Role, Visit
from pipeline.dicom.visits import load_visit
from pipeline.segmentation.stage import segment

THREADS = 2
REPEATS = 3


@linear_algebra_on_one_core()
def timed_visit(visit: Visit) -> dict[str, Any]:
    """Best and all wall times of segmenting a visit, the first one with a cold network; peak memory."""
    settings = SegmentationSettings(threads=THREADS)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        segment(visit, settings)
        times.append(round(time.perf_counter() - start, 2))
    return {
        "series": [role.value for role in visit.series],
        "slices": [sum(stack.volume.shape[0] for stack in series.stacks) for series in visit.series.values()],
        "seconds": times,
        "best_s": min(times),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "load": round(os.getloadavg()[0], 1),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
    }


def timed_pair(folder: Path) -> dict[str, Any]:
    """The same of `discdelta compare`, from two folders with the same study to the finished report."""
    load = os.getloadavg()[0]
    times = []
    with tempfile.TemporaryDirectory() as room:
        visits = [Path(room) / name for name in ("baseline", "followup")]
        for visit in visits:
            shutil.copytree(folder, visit)
        command = [str(Path(sys.executable).parent / "discdelta"), "compare", *map(str, visits), "--overwrite", "--out"]
        for _ in range(REPEATS):
            start = time.perf_counter()
            subprocess.run([*command, f"{room}/report"], capture_output=True, check=True)
            times.append(round(time.perf_counter() - start, 2))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"seconds": times, "best_s": min(times), "peak_mb": round(peak / 1024), "load": round(load, 1)}


def evaluate_speed(folder: Path) -> dict[str, Any]:
    """One 13-slice sagittal series, everything of the study, and two such studies compared; each in its own process."""
    result = {}
    for what in ("series", "study", "pair"):
        command = [sys.executable, "-m", "training.evaluation.speed", what, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        result[what] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Command line: prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["series", "study", "pair"])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.what == "pair":
        print(json.dumps(timed_pair(options.folder)))
        return
    visit = load_visit(options.folder)
    if options.what == "series":
        chosen = {Role.SAGITTAL_T2: visit.series[Role.SAGITTAL_T2]}
        visit = Visit(visit.identity, None, None, None, chosen, (), (), "one series")
    print(json.dumps(timed_visit(visit)))


if __name__ == "__main__":
    main()
