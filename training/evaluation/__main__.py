"""Measure the product and print the tables: ``python -m training.evaluation``.

With ``--write`` the figures go to ``training/evaluation/results.json`` and into the tables of ``docs/evaluation.md``
and ``docs/model-card.md``; those of ``trained`` also to the package, which takes its limit of detection from them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.config import package_file
from pipeline.files import write_text
from pipeline.measurement.precision.real_canals import FILE as REAL_CANALS
from training.evaluation.anatomy import evaluate_anatomy
from training.evaluation.cache import networks, product_sha256, weights_sha256
from training.evaluation.clinical import evaluate_clinical, unpacked
from training.evaluation.overlooked import EVERY, fitted, told
from training.evaluation.pair_summary import summarise_pairs
from training.evaluation.pairs import evaluate_pairs
from training.evaluation.pasted import evaluate_pasted
from training.evaluation.phantoms import SEEDS, evaluate_phantom, phantom_folder
from training.evaluation.real import Patient, load_patient
from training.evaluation.speed import evaluate_speed
from training.evaluation.summary import summarise_anatomy, summarise_pasted
from training.evaluation.tables import TABLES, filled, rendered
from training.split import HELD_OUT, TRAINING

RESULTS = Path(__file__).with_name("results.json")
PAGES = (Path("docs/evaluation.md"), Path("docs/model-card.md"))
PARTS = ("thick", "native", "pasted", "pairs", "trained", "phantom", "clinical", "speed")


def measure(parts: list[str], data: Path, say: Callable[[str], None], jobs: int = 1) -> dict[str, Any]:
    """The figures of some parts; those whose data are not here are left out, which is said.

    ``jobs`` is the number of processes for the pairs, which take longest.
    """
    results: dict[str, Any] = {}
    spider = data / "spider"
    if (spider / "t2_space").is_dir():
        if single := [part for part in parts if part in {"thick", "native", "pasted"}]:
            results |= _real(single, spider, say)
        if "pairs" in parts:
            pairs = evaluate_pairs(spider, HELD_OUT, jobs, say)
            results["pairs"] = {"summary": summarise_pairs(pairs), "patients": pairs}
        if "trained" in parts:
            rows = evaluate_pairs(spider, TRAINING, jobs, say, every=EVERY)
            results["trained"] = {"summary": summarise_pairs(rows), "patients": told(rows)}
    else:
        say(f"no held-out patients: {spider} is not here (name its folder with --data)")
    if "phantom" in parts:
        results["phantom"] = []
        for number in range(len(SEEDS)):
            say(f"digital reference object {number}")
            results["phantom"].append(evaluate_phantom(number))
    archive = data / "ucla_contrast" / "study.tar.xz"
    if "clinical" in parts:
        say("clinical study" if archive.is_file() else f"no clinical study: {archive} is not here")
        results["clinical"] = evaluate_clinical(archive)
    if "speed" in parts:
        say("speed and memory")
        with unpacked(archive) as folder:
            results["speed"] = evaluate_speed(folder or phantom_folder(0))
    return results


def _real(parts: list[str], folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Everything that is measured on single visits of held-out patients."""
    rows: dict[str, list[dict[str, Any]]] = {part: [] for part in parts}
    measures: dict[str, Callable[[Patient], list[dict[str, Any]]]] = {
        "thick": lambda patient: [evaluate_anatomy(patient, thick=True)],
        "native": lambda patient: [evaluate_anatomy(patient, thick=False)],
        "pasted": evaluate_pasted,
    }
    for number in HELD_OUT:
        patient = load_patient(folder, number)
        for part in parts:
            say(f"patient {number}: {part}")
            rows[part] += measures[part](patient)
    return {
        part: {"summary": (summarise_pasted if part == "pasted" else summarise_anatomy)(found), "patients": found}
        for part, found in rows.items()
    }


def _made() -> dict[str, Any]:
    """When a part was measured, and on what: parts measured at other times may be of another product."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "weights": weights_sha256(),
        "product": product_sha256(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("DISCDELTA_SHARED_DATA", "../shared/data")))
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="processes for the pairs of visits")
    parser.add_argument("--write", action="store_true", help="keep the figures and fill the tables of the page")
    options = parser.parse_args()
    found = measure(options.part or list(PARTS), options.data, lambda text: print(text, flush=True), options.jobs)
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    results |= found | {"made": results.get("made", {}) | dict.fromkeys(found, _made())}
    results["networks"] = networks()
    for name, table in TABLES.items():
        print(f"\n## {name}\n\n{filled(table, results)}")
    if options.write:
        if "trained" in found:
            write_text(Path(str(package_file(REAL_CANALS))), fitted(found["trained"]["patients"]).to_text())
        write_text(RESULTS, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        for page in PAGES:
            write_text(page, rendered(page.read_text(encoding="utf-8"), results))


if __name__ == "__main__":
    main()
