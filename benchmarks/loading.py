"""Time to load a study beside the time that dcm2niix needs to convert it.

    python benchmarks/loading.py STUDY [--runs 15] [--write benchmarks/loading.md]

Both do the whole job: find the files, read headers, stack slices, give out volumes. Runs alternate, so that whatever
else the machine does meets both alike. dcm2niix writes NIfTI files, as it always does (its default is uncompressed);
discdelta classifies the series, decodes those that play a role and hashes their files. Without STUDY, the clinical
study in $DISCDELTA_SHARED_DATA is used.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import dcm2niix

from pipeline.dicom.visits import load_visit

WHOLE_PROCESS = (
    "import sys; from pathlib import Path; from pipeline.dicom.visits import load_visit; load_visit(Path(sys.argv[1]))"
)
LIMIT = 1.2


def convert(study: Path, compress: str) -> None:
    with tempfile.TemporaryDirectory() as target:
        command = [dcm2niix.bin, "-z", compress, "-o", target, "-f", "%s_%d", str(study)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def load_in_new_process(study: Path) -> None:
    subprocess.run([sys.executable, "-c", WHOLE_PROCESS, str(study)], check=True)


def measure(job: Callable[[], object]) -> tuple[float, float]:
    """Wall time and processor time of a job and its child processes, in seconds."""
    before, start = _processor_time(), time.perf_counter()
    job()
    return time.perf_counter() - start, _processor_time() - before


def _processor_time() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def machine() -> str:
    model = platform.processor() or "unknown processor"
    information = Path("/proc/cpuinfo")
    if information.is_file():
        names = [
            line.partition(":")[2].strip() for line in information.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    return f"{model}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, {platform.system()}"


def table(samples: dict[str, list[tuple[float, float]]], study_files: int, versions: str) -> str:
    walls = {name: [wall for wall, _ in runs] for name, runs in samples.items()}
    reference = next(iter(walls))
    lines = [
        "# Loading a study, beside dcm2niix",
        "",
        f"{study_files} files; {len(walls[reference])} alternating runs; {machine()}; {versions}; "
        f"{datetime.now(UTC).date().isoformat()}. Load of the machine meanwhile: {os.getloadavg()[0]:.1f}.",
        "",
        f"Ratio: median over runs of the wall time against {reference} in the same round; the limit is {LIMIT}.",
        "",
        "| what | wall, median s | wall, best s | processor, median s | ratio |",
        "|---|---|---|---|---|",
    ]
    for name, runs in samples.items():
        wall, processor = (statistics.median(run[n] for run in runs) for n in (0, 1))
        ratio = statistics.median(own / other for own, other in zip(walls[name], walls[reference], strict=True))
        lines.append(f"| {name} | {wall:.3f} | {min(walls[name]):.3f} | {processor:.3f} | {ratio:.2f} |")
    return "\n".join([*lines, "", *NOTES, ""])


NOTES = (
    "*Warm* is what a cohort run, a watch folder or a notebook pays per study: the interpreter is there already.",
    "*New process* adds starting Python and importing NumPy and pydantic, which alone takes longer than dcm2niix",
    "takes for this whole small study; it is paid once per run, not per study. Uncompressed output is the default of",
    "dcm2niix and its fastest; it is often run with `-z y`, because NIfTI is nearly always kept compressed. Processor",
    "time counts all threads and child processes, and suffers less from whatever else the machine does.",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, nargs="?", help="folder with DICOM files")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--write", type=Path, help="also write the table to this Markdown file")
    options = parser.parse_args()
    with ExitStack() as stack:
        study = options.study or unpacked(stack)
        jobs: dict[str, Callable[[], object]] = {
            "dcm2niix `-z n`": lambda: convert(study, "n"),
            "dcm2niix `-z y`": lambda: convert(study, "y"),
            "discdelta, warm": lambda: load_visit(study),
            "discdelta, new process": lambda: load_in_new_process(study),
        }
        samples: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
        for run in range(options.runs + 1):
            for name, job in jobs.items():
                result = measure(job)
                if run:  # the first round fills the file cache
                    samples[name].append(result)
        files = sum(1 for path in study.rglob("*") if path.is_file())
    version = subprocess.run([dcm2niix.bin, "--version"], capture_output=True, text=True, check=False).stdout
    text = table(samples, files, f"dcm2niix {version.split()[-1]}")
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")


def unpacked(stack: ExitStack) -> Path:
    """The clinical study of the shared data, unpacked for the length of the run."""
    root = Path(os.environ.get("DISCDELTA_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    archive = root / "ucla_contrast" / "study.tar.xz"
    if not archive.is_file():
        raise SystemExit("Name a folder with DICOM files, or set DISCDELTA_SHARED_DATA.")
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    with tarfile.open(archive) as tar:
        tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # since 3.11.4
    return Path(folder)


if __name__ == "__main__":
    main()
