"""What other series of a visit say about the volume."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.dicom.visit import Role
from pipeline.findings import Severity
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.measurement.series import disagreement_findings, disagreement_mm3
from pipeline.measurement.uncertainty import Spread, change_intervals, volume_interval
from pipeline.volume import Volume

T1, T2, POST = Role.SAGITTAL_T1, Role.SAGITTAL_T2, Role.SAGITTAL_T1_POST
ALONE = Spread(1000, 150, 20, 40, 66)
OWN = Interval(750.0, 1330.0)


def measured(volumes: dict[Role, float]) -> FragmentMeasurement:
    grid = Volume(np.zeros((1, 1, 1), np.float32), np.eye(4))
    return FragmentMeasurement(True, volumes[T2], OWN, 66.0, None, T2, grid, volumes)


@pytest.mark.parametrize(
    ("volumes", "said"),
    [
        ({T2: 1000.0, POST: 1100.0}, False),
        ({T2: 1000.0, POST: 1900.0}, True),
        ({T2: 1000.0, POST: 0.0}, True),
        ({T2: 1000.0, T1: 1600.0}, False),
        ({T2: 1000.0, T1: 2400.0}, True),
        ({T2: 1000.0}, False),
        ({T2: 10.0, POST: 40.0}, False),
    ],
    ids=["alike", "more", "none", "rim", "more than a rim", "alone", "nothing at all"],
)
def test_series_outside_the_interval_are_named(volumes: dict[Role, float], said: bool) -> None:
    findings = disagreement_findings("baseline", measured(volumes), OWN)
    assert bool(findings) is said
    assert all(f.code == "series-disagree" and f.severity is Severity.WARNING for f in findings)


@pytest.mark.parametrize(
    ("volumes", "weighed", "said"),
    [
        ({T2: 1000.0, POST: 1900.0}, 1000.0, "What was measured is that of sagittal T2."),
        ({T2: 1000.0, POST: 1900.0}, 1300.0, "they give 1300 mm³; the outline is that of sagittal T2."),
        ({T2: 0.0, POST: 1900.0}, 700.0, "they give 700 mm³; sagittal T2, whose outline would be drawn, shows none."),
    ],
)
def test_no_outline_is_claimed_where_there_is_none(volumes: dict[Role, float], weighed: float, said: str) -> None:
    [finding] = disagreement_findings("baseline", replace(measured(volumes), volume_mm3=weighed), OWN)
    assert finding.message.endswith(said)


def test_the_interval_reaches_the_other_series() -> None:
    widened = ALONE.with_disagreement(disagreement_mm3(T2, {T2: 1000.0, POST: 1600.0, T1: 3000.0}))
    assert volume_interval(widened).high >= 1600.0
    assert volume_interval(ALONE).high < 1600.0
    assert ALONE.with_disagreement(disagreement_mm3(T2, {T2: 1000.0, T1: 3000.0})) == ALONE


def test_series_that_agree_change_nothing() -> None:
    assert volume_interval(ALONE.with_disagreement(50.0)) == volume_interval(ALONE)


def test_widened_intervals_stay_symmetric() -> None:
    first, second = ALONE.with_disagreement(400.0), Spread(700, 130, 15, 30, 66)
    options = {"correlation": 0.8, "draws": 2000, "seed": 7}
    there, _ = change_intervals(first, second, **options)
    back, _ = change_intervals(second, first, **options)
    same, _ = change_intervals(first, first, **options)
    assert there.low == pytest.approx(-back.high, abs=1e-6)
    assert same.low <= 0 <= same.high
