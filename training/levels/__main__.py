"""Fit the count of levels, check its confidence, and print both: ``python -m training.levels``.

What the network says of the SPIDER patients is kept under ``training/runs/levels`` until its weights change.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.segmentation.lumbosacral import FITTED
from training.levels.fit import fitted
from training.levels.generated import generated_views
from training.levels.judge import Outcome, cross_validated, judged
from training.levels.real import WHOLE, group_of, real_views
from training.levels.tables import count_table, reliability_table, threshold_table, weights_table, wrong_ones
from training.levels.views import View
from training.split import HELD_OUT

FIT_SEEDS = range(60, 68)
FRESH_SEEDS = range(240, 248)
"""Generated spines that no fit here ever uses."""


def report(title: str, outcomes: Sequence[Outcome]) -> str:
    """Every table of some outcomes."""
    tables = (reliability_table(outcomes), count_table(outcomes), threshold_table(outcomes))
    parts = "\n\n".join(tables)
    return f"\n## {title} ({len(outcomes)} views)\n\n{parts}\n\nNamed wrong:\n{wrong_ones(outcomes)}"


def run(spider: Path, *, fresh: bool) -> None:
    """Build the views, fit, judge, print."""

    def say(text: str) -> None:
        print(text, flush=True)

    real = list(real_views(spider, say)) if (spider / "t2_space").is_dir() else []
    if not real:
        say(f"no patients: {spider} is not here (name its folder with --data); only generated spines are fitted")
    views = real + list(generated_views(FIT_SEEDS, say))
    say(f"{len(views)} views, {len(real)} of patients\n{weights_table(fitted(views))}")
    say(report("Shipped weights", [judged(view) for view in views]))
    checked = cross_validated(views)
    of_patients = {view.group for view in real}
    say(report("Cross-validated by patient and by spine", checked))
    say(report("Of them patients", [one for one in checked if one.group in of_patients]))
    say(report("Of them whole", [one for one in checked if one.group in of_patients and one.kind == WHOLE]))
    say(report("Patients the network never saw, all eight left out of the fit", _held_out(views)))
    if fresh:
        outside = [judged(view) for view in generated_views(FRESH_SEEDS, say)]
        say(report("Generated spines outside the fit, shipped weights", outside))
    say(f"\nShipped: {weights_table(FITTED)}")


def _held_out(views: Sequence[View]) -> list[Outcome]:
    groups = {group_of(patient) for patient in HELD_OUT}
    weighing = fitted([view for view in views if view.group not in groups])
    return [judged(view, weighing) for view in views if view.group in groups]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("DISCDELTA_SHARED_DATA", "../shared/data")))
    parser.add_argument("--no-fresh", action="store_true", help="leave out the generated spines outside the fit")
    options = parser.parse_args()
    run(options.data / "spider", fresh=not options.no_fresh)


if __name__ == "__main__":
    main()
