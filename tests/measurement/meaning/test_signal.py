"""Ratios of known signals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.dicom.visit import Role
from pipeline.measurement.meaning.signal import FEWEST, shortest_half, signals
from tests.report.cases import BRIGHTNESS, comparison

BACKGROUND, CANAL, FRAGMENT = 0, 4, 5


@pytest.mark.parametrize("role", [Role.SAGITTAL_T2, Role.SAGITTAL_T1])
def test_ratios_of_the_block_shaped_spine(role: Role) -> None:
    pair = comparison()
    level = pair.baseline_anatomy.levels["L4/L5"]
    found = signals(pair.baseline, pair.baseline_anatomy, level, pair.change.baseline)[role]
    grey = BRIGHTNESS[role]
    assert found.reason == ""
    assert found.fragment_to_csf == pytest.approx(grey[FRAGMENT] / grey[CANAL], rel=0.12)
    assert found.fragment_to_muscle == pytest.approx(grey[FRAGMENT] / grey[BACKGROUND], rel=0.05)
    assert found.csf_to_muscle == pytest.approx(grey[CANAL] / grey[BACKGROUND], rel=0.12)
    assert found.fragment.voxels >= FEWEST


def test_too_few_voxels_give_no_ratio_but_a_reason() -> None:
    pair = comparison(followup_radius_mm=0.0)
    level = pair.followup_anatomy.levels["L4/L5"]
    found = signals(pair.followup, pair.followup_anatomy, level, pair.change.followup)[Role.SAGITTAL_T2]
    assert found.fragment.level is None
    assert found.fragment_to_csf is None
    assert found.csf_to_muscle is not None
    assert found.reason == "no pure voxel of fragment"


def test_series_with_labels_of_another_are_left_out() -> None:
    pair = comparison()
    anatomy = pair.baseline_anatomy
    carried = {role: replace(one, carried=True) for role, one in anatomy.segmentations.items()}
    level = anatomy.levels["L4/L5"]
    assert signals(pair.baseline, replace(anatomy, segmentations=carried), level, pair.change.baseline) == {}


def test_the_shortest_half_leaves_contamination_out() -> None:
    random = np.random.default_rng(1)
    mixed = np.concatenate([random.normal(100, 5, 600), random.normal(300, 40, 350)])
    assert np.median(shortest_half(mixed)) == pytest.approx(100, abs=3)
    assert np.median(mixed) > 103
