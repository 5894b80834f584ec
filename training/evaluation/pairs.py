"""Pairs of visits with a fragment of known change in held-out patients."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from pipeline.config import package_file
from pipeline.measurement.precision import PrecisionProfile
from pipeline.validation.workers import work_together
from training.evaluation.cache import remembered
from training.evaluation.canal_room import CanalRoom
from training.evaluation.fragments import rooms_of
from training.evaluation.pair_compare import compared_at
from training.evaluation.pair_plan import PairWanted, wanted_pairs
from training.evaluation.pair_row import Row, judged_again, seen_in, truth_of
from training.evaluation.pair_visits import draw_pair
from training.evaluation.product import THREADS
from training.evaluation.real import Patient, load_patient

MADE_BY = (
    "canal_room.py", "fragments.py", "pair_compare.py", "pair_plan.py", "pair_row.py", "pair_visits.py", "paste.py",
    "real.py", "repositioning.py", "reslice.py", "shapes.py", "texture.py", "thick.py",
)  # fmt: skip
MEASURED_BY = ("config.py", "dicom", "measurement", "motion", "pair.py", "registration", "rigid.py", "workflow.py")


@dataclass(frozen=True)
class Task:
    """All pairs of one patient, or one in so many, on so many threads."""

    folder: Path
    patient: int
    threads: int
    every: int = 1


def evaluate_pairs(
    folder: Path, patients: Sequence[int], jobs: int, say: Callable[[str], None], *, every: int = 1
) -> list[Row]:
    """One row per pair; finished ones are remembered, so that a run may be cut off and begun again.

    Parameters
    ----------
    folder
        With ``t2_space`` and ``radiological_gradings.csv``.
    jobs
        Processes; each has its share of the threads.
    every
        One pair in so many of each patient.
    """
    tasks = [Task(folder, number, max(1, THREADS // jobs), every) for number in patients]
    if jobs > 1:
        say(f"pairs of {len(tasks)} patients on {jobs} processes")
        work_together(_done, tasks, jobs=jobs, look=lambda: None)
    rows = []
    for task in tasks:
        say(f"patient {task.patient}: pairs")
        rows += rows_of(task)
    return rows


def _done(task: Task) -> None:
    rows_of(task)


def rows_of(task: Task) -> list[Row]:
    """The rows of one patient."""
    patient = load_patient(task.folder, task.patient)
    rooms = rooms_of(patient)
    known = made_sha256(), measured_sha256(), task.patient
    rows = [
        remembered(partial(_row, patient, rooms[wanted.level], wanted, task.threads), False, "pairs", *known, wanted)
        for wanted in wanted_pairs(patient, rooms)[:: task.every]
    ]
    profile = PrecisionProfile.load(None)
    return [judged_again(row, profile) for row in rows if row["drawn"]]


@lru_cache(maxsize=1)
def made_sha256() -> str:
    """Hash of the code that makes a pair and judges it."""
    return _sha256([Path(__file__).with_name(name) for name in MADE_BY])


@lru_cache(maxsize=1)
def measured_sha256() -> str:
    """Hash of what else a comparison rests on; the precision profile is applied anew whenever a row is read."""
    roots = [Path(str(package_file(name))) for name in MEASURED_BY]
    files = [file for root in roots for file in (sorted(root.rglob("*")) if root.is_dir() else [root])]
    return _sha256([file for file in files if file.suffix in {".py", ".yaml"}])


def _sha256(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _row(patient: Patient, room: CanalRoom, wanted: PairWanted, threads: int) -> Row:
    began = time.process_time()
    pair = draw_pair(patient, room, wanted)
    facts: Row = {"patient": patient.number, "pair": wanted.number, "kind": str(wanted.kind), "level": wanted.level}
    if pair is None:
        return {**facts, "drawn": False}
    made = time.process_time()
    found = compared_at(patient, pair, threads)
    return {
        **facts,
        "drawn": True,
        **truth_of(patient, room, pair),
        "refused": found.refused,
        "lowest_disc_named": found.lowest_disc_named,
        **(seen_in(pair, found.comparison) if found.comparison is not None else {}),
        "cpu_s": [round(made - began, 1), round(time.process_time() - made, 1)],
    }
