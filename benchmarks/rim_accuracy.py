"""How exactly the enhancing rim is measured: simulated rims of known thickness and extent.

Run from the repository's root::

    python benchmarks/rim_accuracy.py --cases 34 --table benchmarks/rim_accuracy.md

Every case is one fragment with a complete, a partial and no rim, imaged before and after contrast medium: other
noise, small movement between the series, none, one or both of them fat-suppressed. With ``--outline true`` the outline
is the true one, and so are the labels of bone, disc and canal; alignment, scale, resolution and rim are what the
product finds. With ``--outline product`` whole visits are segmented and measured as a comparison does it; one patient
in four is imaged too coarsely. ``--keep`` names a folder that holds segmented visits, so that they are not made again.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.rim_cases import RimCase, draw_cases
from benchmarks.rim_visits import COARSE_MM, LEVEL, RimVisit, draw_visits, measured_fragment
from pipeline.measurement.enhancement.alignment import resampled, shift_between
from pipeline.measurement.enhancement.matching import match_intensities
from pipeline.measurement.enhancement.point_spread import point_spread
from pipeline.measurement.enhancement.result import Completeness, Rim
from pipeline.measurement.enhancement.rim import RimImages, measure_rim
from pipeline.measurement.enhancement.stage import measure_enhancement
from pipeline.segmentation.anatomy import Structure

TOLERANCE_MM = 0.3


@dataclass(frozen=True)
class Outcome:
    """Truth and measurement of one case."""

    truth: Completeness
    true_mm: float | None
    fat: tuple[bool, bool]
    rim: Rim | None
    coarse: bool = False

    @property
    def right(self) -> bool:
        """Whether the class is right."""
        return self.rim is not None and self.rim.completeness is self.truth

    @property
    def error_mm(self) -> float | None:
        """Measured minus true thickness; None where either is missing."""
        if self.true_mm is None or self.rim is None or self.rim.thickness_mm is None:
            return None
        return self.rim.thickness_mm - self.true_mm

    @property
    def covered(self) -> bool:
        """Whether the 95 % interval holds the true thickness."""
        interval = None if self.rim is None else self.rim.thickness_interval95_mm
        return interval is not None and self.true_mm is not None and interval.low <= self.true_mm <= interval.high


def measured(case: RimCase) -> Rim | None:
    """The rim as the product measures it with the true outline."""
    labels = np.asarray(case.classes.array)
    bone = np.isin(labels, (Structure.VERTEBRA, Structure.SACRUM))
    changing = np.isin(labels, (Structure.CANAL, Structure.FRAGMENT))
    shift = shift_between(case.after, bone, case.before, left_out=changing)
    before = resampled(case.before, shift.fixed_to_moving, case.after)
    near = ndimage.binary_dilation(np.asarray(case.fragment.array) > 0.05, iterations=3)
    match = match_intensities(before, case.after, case.classes, near)
    if match is None:
        return None
    scaled = before.with_array(np.asarray(before.array) * match.scale)
    solid = np.isin(labels, (Structure.VERTEBRA, Structure.SACRUM, Structure.DISC))
    images = RimImages(
        added=scaled.with_array(np.asarray(case.after.array) - np.asarray(scaled.array)),
        before=scaled,
        outline=case.fragment,
        solid=solid,
        thickness_mm=case.spec.thickness_mm,
        spread=point_spread(case.after),
        noise=match.noise,
        fat_suppressed=case.spec.fat_saturation,
    )
    return measure_rim(images)


def measured_visit(one: RimVisit) -> Rim | None:
    """The rim as the product measures it with the outline that it finds."""
    found = measure_enhancement(one.visit, one.anatomy, measured_fragment(one), LEVEL).enhancement
    return None if found is None else next(iter(found.by_role.values())).rim


def outcomes_of(seed: int, given: argparse.Namespace) -> Iterator[Outcome]:
    """Truth and measurement of one fragment with every kind of rim."""
    if given.outline == "product":
        for one in draw_visits(seed, given.keep):
            yield Outcome(one.kind, one.thickness_mm, one.fat, measured_visit(one), one.pixel_mm >= COARSE_MM)
        return
    for kind, case in draw_cases(seed, given.plane).items():
        yield Outcome(kind, case.thickness_mm, case.spec.fat_saturation, measured(case))


def table(outcomes: Sequence[Outcome]) -> str:
    """Figures as a markdown table, by class and by fat suppression."""
    lines = [
        "| cases | n | class right | thickness n | bias mm | SD mm | within 0.3 mm | in its 95 % interval |",
        "|---|---|---|---|---|---|---|---|",
        _row("all", outcomes),
    ]
    for kind in Completeness:
        name = "no rim" if kind is Completeness.NONE else f"{kind} rim"
        lines.append(_row(name, [one for one in outcomes if one.truth is kind]))
    names = {
        (False, False): "no fat suppression",
        (False, True): "after contrast only",
        (True, True): "fat-suppressed",
    }
    lines += [_row(name, [one for one in outcomes if one.fat == state]) for state, name in names.items()]
    coarse = [one for one in outcomes if one.coarse]
    if coarse:
        lines += [_row("fine pixels", [one for one in outcomes if not one.coarse]), _row("too coarse pixels", coarse)]
    thin = [one for one in outcomes if one.true_mm is not None and one.true_mm < 1.5]
    thick = [one for one in outcomes if one.true_mm is not None and one.true_mm >= 1.5]
    return "\n".join([*lines, _row("rim below 1.5 mm", thin), _row("rim from 1.5 mm", thick)]) + "\n"


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    errors = np.array([one.error_mm for one in outcomes if one.error_mm is not None])
    told = [one for one in outcomes if one.error_mm is not None]
    right = _share([one.right for one in outcomes])
    if not len(errors):
        return f"| {name} | {len(outcomes)} | {right} | 0 | | | | |"
    near, held = _share(list(np.abs(errors) <= TOLERANCE_MM)), _share([one.covered for one in told])
    spread = f"{errors.mean():+.2f} | {errors.std():.2f}"
    return f"| {name} | {len(outcomes)} | {right} | {len(errors)} | {spread} | {near} | {held} |"


def _share(flags: Sequence[bool]) -> str:
    return f"{100 * sum(flags) / len(flags):.0f} %" if flags else ""


def main() -> None:
    """Draw, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=34, help="fragments; each gives three cases")
    parser.add_argument("--first", type=int, default=1, help="seed of the first fragment")
    parser.add_argument("--plane", choices=("sagittal", "axial"), default="sagittal")
    parser.add_argument("--outline", choices=("true", "product"), default="true")
    parser.add_argument("--keep", type=Path, help="folder of segmented visits (--outline product)")
    parser.add_argument("--table", type=Path, help="markdown file that receives the table")
    given = parser.parse_args()
    outcomes = []
    for seed in range(given.first, given.first + given.cases):
        for one in outcomes_of(seed, given):
            outcomes.append(one)
            extent = None if one.rim is None else round(one.rim.extent_percent)
            sys.stdout.write(
                f"{seed} {one.truth}: true {one.true_mm}, error {one.error_mm}, extent {extent}, right {one.right}\n"
            )
            sys.stdout.flush()
    text = table(outcomes)
    sys.stdout.write(text)
    if given.table is not None:
        where = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"
        head = f"# Enhancing rim on simulated cases ({given.plane}, {given.outline} outline)\n\n"
        head += f"{date.today().isoformat()}, {where}; seeds from {given.first}.\n\n"
        given.table.write_text(head + text, encoding="utf-8")


if __name__ == "__main__":
    main()
