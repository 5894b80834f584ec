"""How accurate the change is on simulated pairs with known truth, as Markdown for ``change_accuracy.md``.

python benchmarks/change_accuracy.py                         # a rehearsal of eight pairs
python benchmarks/change_accuracy.py --study qualification/  # tables of a study that `discdelta validate` has made
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PROTOCOL = Path(__file__).resolve().parent.parent / "configs" / "protocols" / "mixed.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--study", type=Path, help="output folder of `discdelta validate`; without it one is made")
    parser.add_argument("--protocol", type=Path, default=PROTOCOL)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    if given.study is not None:
        print(tables(read(given.study)))
        return
    with tempfile.TemporaryDirectory() as folder:
        simulate(given.protocol, given.pairs, given.jobs, Path(folder))
        print(tables(read(Path(folder))))


def simulate(protocol: Path, pairs: int, jobs: int, out: Path) -> None:
    """Run the command as a department would."""
    code = "from pipeline.cli import main; main()"
    options = ["--protocol", str(protocol), "--out", str(out), "--pairs", str(pairs), "--jobs", str(jobs)]
    subprocess.run([sys.executable, "-c", code, "validate", *options], check=True, stdout=subprocess.DEVNULL)


def read(study: Path) -> dict[str, Any]:
    return dict(json.loads((study / "validation.json").read_text(encoding="utf-8")))


def tables(found: dict[str, Any]) -> str:
    """Goals, agreement and repeatability."""
    made = found["made_with"]
    study = f"{found['pairs']} simulated pairs of the protocol `{found['protocol']}`, {found['usable']} usable"
    program = f"discdelta {made['version']}, weights `{made['weights_sha256'][:12]}`"
    lines = [
        f"{study}; {program}; median {found['seconds']:.1f} s per comparison.",
        "",
        "| goal | asked for | found | cases | met |",
        "|---|---|---|---:|---|",
        *(f"| {g['goal']} | {g['wanted']} | {g['found']} | {g['n']} | {g['met']} |" for g in found["goals"]),
        "",
        "| pairs | change: bias, limits (% of V0) | volume: bias, limits (%) | n |",
        "|---|---|---|---:|",
        *(group(one) for one in found["groups"]),
        "",
        *(repeated(name, found[name]) for name in ("repeatability", "reproducibility")),
    ]
    return "\n".join(lines)


def group(one: dict[str, Any]) -> str:
    change = one["change_percent"] or {"n": 0}
    return f"| {one['name']} | {limits(one['change_percent'])} | {limits(one['volume_percent'])} | {change['n']} |"


def limits(found: dict[str, float] | None) -> str:
    return "–" if found is None else f"{found['bias']:+.1f}, {found['low']:+.1f} to {found['high']:+.1f}"


def repeated(name: str, found: dict[str, float] | None) -> str:
    if found is None:
        return f"- {name}: too few unchanged pairs"
    span = f"{found['lower_percent']:+.0f} to {found['upper_percent']:+.0f} %"
    return f"- {name} coefficient: {found['coefficient_mm3']:.0f} mm³, {span}, from {found['n']} unchanged pairs"


if __name__ == "__main__":
    main()
