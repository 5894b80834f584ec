"""Finished pairs with evidence, as a study would have left them, from a law of errors instead of images."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Role
from pipeline.measurement.evidence import ChangeEvidence, VisitEvidence
from pipeline.measurement.precision import Contrast, PrecisionCell, PrecisionProfile
from pipeline.measurement.profiled import View
from pipeline.measurement.uncertainty import Spread, surface_of_ball_mm2
from pipeline.validation.draw import PairPlan, plan_pairs
from pipeline.validation.outcome import PairOutcome
from pipeline.validation.rejudge import rejudged
from tests.validation import rows

SETTINGS = MeasurementSettings()
IN_USE = PrecisionProfile(
    tuple(
        PrecisionCell(volume, 4.4, Contrast.MIDDLE, 15, 99, -10, 50, 40, 40, missed)
        for volume, missed in ((150, 0.4), (600, 0.1), (2400, 0.0))
    ),
    {"provisional": False},
)
"""A far too cautious profile."""


@dataclass(frozen=True)
class Law:
    """How errors come about: logarithmic, with tails, larger in small fragments, thick slices, noise and low contrast.

    Attributes
    ----------
    bias
        Mean of the logarithm of measured over true.
    common, own
        Standard deviations of the logarithm that both visits share, and that each has.
    freedom
        Of Student's law that errors follow.
    missed_mm3
        Half of the fragments of that volume are missed.
    blank_mm3
        Scale of what is measured where there is nothing (exponential, in a third of all visits).
    """

    bias: float = -0.06
    common: float = 0.08
    own: float = 0.06
    freedom: float = 4.0
    missed_mm3: float = 50.0
    blank_mm3: float = 20.0


def study(count: int = 200, law: Law | None = None, seed: int = 1, name: str = "mixed") -> list[PairOutcome]:
    """Pairs of a shipped protocol with errors of that law, judged with a cautious profile."""
    protocol = rows.protocol(name)
    pairs = []
    for plan in plan_pairs(protocol, count):
        rng = np.random.default_rng([seed, plan.number])
        blank = _brightened(rows.outcome(plan, protocol), float(rng.uniform(0.3, 0.65)))
        pairs.append(replace(blank, evidence=_evidence(blank, plan, law or Law(), rng)))
    return list(rejudged(pairs, SETTINGS, IN_USE))


def _brightened(one: PairOutcome, brightness: float) -> PairOutcome:
    first, second = (replace(visit, brightness=brightness) for visit in (one.baseline, one.followup))
    return replace(one, baseline=first, followup=second)


def _evidence(one: PairOutcome, plan: PairPlan, law: Law, rng: np.random.Generator) -> ChangeEvidence:
    common = law.common * _harder(one.baseline.brightness) * rng.standard_t(law.freedom)
    visits = []
    for visit in (one.baseline, one.followup):
        small = (600 / max(visit.true_mm3, 50)) ** 0.3 * (visit.pitch_mm / 4.4) ** 0.7 * (30 / visit.snr) ** 0.3
        off = law.bias + small * (common + law.own * _harder(visit.brightness) * rng.standard_t(law.freedom))
        seen = rng.random() < 1 / (1 + (law.missed_mm3 / max(visit.true_mm3, 1e-3)) ** 4)
        noise = float(rng.exponential(law.blank_mm3)) if rng.random() < 1 / 3 else 0.0
        volume = visit.true_mm3 * float(np.exp(off)) if seen and visit.true_mm3 > 0 else noise
        visits.append(_visit(volume, View(visit.pitch_mm, visit.brightness, 0.8 * visit.snr)))
    subtracted = visits[1].by_role[Role.SAGITTAL_T2].volume_mm3 - visits[0].by_role[Role.SAGITTAL_T2].volume_mm3
    mean = (one.baseline.true_mm3 + one.followup.true_mm3) / 2
    direct = 0.4 * subtracted + 0.6 * 0.95 * one.true_delta_mm3 + 0.03 * mean * float(rng.standard_normal())
    different = 1.0 if plan.scans[0] == plan.scans[1] else 0.6
    remains = visits[1].by_role[Role.SAGITTAL_T2].volume_mm3 > 0.2 * visits[0].by_role[Role.SAGITTAL_T2].volume_mm3
    return ChangeEvidence(
        visits[0],
        visits[1],
        alike=different,
        sound=True,
        tre_mm=0.4,
        direct_mm3=direct if remains else None,
        apart_mm3=subtracted if remains else None,
        say=0.7 if remains else None,
    )


def _harder(brightness: float) -> float:
    return 1.0 + 2.0 * max(0.0, brightness - 0.4)


def _visit(volume_mm3: float, view: View) -> VisitEvidence:
    limit = max(60.0, 15 * view.pitch_mm)
    spread = Spread(volume_mm3, 0.3 * surface_of_ball_mm2(volume_mm3), 0.02 * volume_mm3, 0.02 * volume_mm3, limit)
    return VisitEvidence(
        role=Role.SAGITTAL_T2,
        volumes_by_role_mm3={Role.SAGITTAL_T2: volume_mm3},
        by_role={Role.SAGITTAL_T2: spread},
        view=view,
        outside=0.0,
        contrast=0.7,
        at_edge=0.0,
        suppressed_mm3=0.0,
        probability_mm3=volume_mm3,
    )
