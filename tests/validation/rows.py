"""Finished pairs with chosen errors, as a study would have left them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.validation.draw import PairPlan, plan_pairs
from pipeline.validation.outcome import PairOutcome, VisitOutcome
from pipeline.validation.protocol import Protocol, load_protocol

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "protocols"
LIMIT_MM3 = 60.0


def protocol(name: str = "mixed") -> Protocol:
    return load_protocol(CONFIGS / f"{name}.yaml")


def visit(protocol: Protocol, scan: str, true_mm3: float, measured_mm3: float, half_mm3: float) -> VisitOutcome:
    card = protocol.scans[scan].sagittal_t2
    return VisitOutcome(
        scan=scan,
        thickness_mm=card.thickness_mm,
        pitch_mm=round(card.pitch_mm, 6),
        snr=card.snr,
        field_t=protocol.scans[scan].field_t,
        brightness=0.45,
        true_mm3=true_mm3,
        measured_mm3=measured_mm3,
        low_mm3=max(0.0, measured_mm3 - half_mm3),
        high_mm3=measured_mm3 + half_mm3,
        limit_mm3=LIMIT_MM3,
        present=measured_mm3 > LIMIT_MM3,
    )


def outcome(
    plan: PairPlan, protocol: Protocol, *, errors: tuple[float, float] = (0.0, 0.0), wide: float = 0.12
) -> PairOutcome:
    """A pair whose volumes are off by these shares; intervals reach ``wide`` times the first volume to either side."""
    true = plan.baseline_mm3, plan.followup_mm3
    half = wide * true[0]
    first, second = (
        visit(protocol, scan, volume, volume * (1 + error), half)
        for scan, volume, error in zip(plan.scans, true, errors, strict=True)
    )
    before, after = float(first.measured_mm3 or 0), float(second.measured_mm3 or 0)
    delta = after - before
    category = "no_detectable_change" if abs(delta) <= half else "partial" if delta < 0 else "growth"
    rate = -100 * delta / before
    return PairOutcome(
        number=plan.number,
        anatomy=plan.anatomy,
        kind=plan.kind.value,
        baseline=first,
        followup=second,
        rim_mm=1.0 if plan.number % 4 == 0 else 0.0,
        sequestered=False,
        refused=None,
        usable=True,
        category=category if second.present else "complete",
        delta_mm3=delta,
        delta_low_mm3=delta - half,
        delta_high_mm3=delta + half,
        rate_percent=rate,
        rate_low_percent=rate - 100 * wide,
        rate_high_percent=rate + 100 * wide,
        tre_mm=0.5,
        angle_deg=4.0,
        swap_mm3=0.0 if plan.swapped else None,
        findings=("scanner-differs",),
        seconds=12.0,
        making_seconds=10.0,
    )


def study(count: int = 240, *, bias: float = 0.0, sd: float = 0.05, name: str = "mixed") -> list[PairOutcome]:
    """Pairs of a shipped protocol whose volumes are off by independent normal shares."""
    of, rng = protocol(name), np.random.default_rng(1)
    errors = bias + sd * rng.standard_normal((count, 2))
    plans = plan_pairs(of, count)
    return [outcome(plan, of, errors=(float(a), float(b))) for plan, (a, b) in zip(plans, errors, strict=True)]


def refused(one: PairOutcome, code: str = "refused-comparability") -> PairOutcome:
    """The same pair without a result."""
    blank = {"measured_mm3": None, "low_mm3": None, "high_mm3": None, "limit_mm3": None, "present": None}
    return replace(
        one,
        baseline=replace(one.baseline, **blank),
        followup=replace(one.followup, **blank),
        refused=code,
        usable=False,
        category=None,
        delta_mm3=None,
        delta_low_mm3=None,
        delta_high_mm3=None,
        rate_percent=None,
        rate_low_percent=None,
        rate_high_percent=None,
    )
