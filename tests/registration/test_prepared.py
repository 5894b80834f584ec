"""Which bones two visits are laid onto each other by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.registration.prepared import common_bones
from pipeline.segmentation.anatomy import Anatomy
from tests.report.cases import comparison


def showing(*names: str) -> Anatomy:
    """A visit that names these vertebrae."""
    anatomy = comparison().baseline_anatomy
    any_one = next(iter(anatomy.vertebrae.values()))
    return replace(anatomy, vertebrae={name: replace(any_one, name=name) for name in names})


@pytest.mark.parametrize(
    ("names", "bones"),
    [
        (("L1", "L2", "L3", "L4", "L5", "S1"), ("L4", "L5", "S1")),
        (("L1", "L2", "L3", "L4"), ("L2", "L3", "L4")),
        (("L3", "L4", "L5"), ("L3", "L4", "L5")),
        (("L5", "S1"), ("L5", "S1")),
        (("T11", "T12", "L1"), ("T11", "T12", "L1")),
    ],
)
def test_missing_bones_are_made_up_for_by_those_above(names: tuple[str, ...], bones: tuple[str, ...]) -> None:
    assert common_bones(showing(*names), showing(*names)) == bones
