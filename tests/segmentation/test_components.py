"""Which disc a piece of displaced material came from."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.segmentation.components import disc_of_each
from pipeline.segmentation.wall import WallCoordinates

DISCS = np.array([0.0, 29.0])
"""Positions of L4/L5 and L5/S1 along the wall."""


def parents(along: np.ndarray, behind: np.ndarray, asked: int | None = None) -> set[int]:
    """Discs that the voxels of one piece are given to."""
    place = WallCoordinates(along, behind, np.zeros(len(along)))
    return set(disc_of_each(place, np.ones(len(along)), DISCS, asked).tolist())


def migrated(neck: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """A neck at L4/L5 on the wall, and a bulk that hangs down into the canal until beside L5/S1."""
    along = np.concatenate([np.linspace(2, 8, neck), np.linspace(8, 27, 200)])
    return along, np.concatenate([np.full(neck, 1.0), np.full(200, 8.0)])


def test_a_fragment_that_migrated_down_keeps_the_disc_that_its_neck_touches() -> None:
    """The case that the project began with: its bulk lies nearer to the next disc."""
    along, behind = migrated()
    assert np.abs(along - 29).mean() < np.abs(along).mean()
    assert parents(along, behind) == {0}


@pytest.mark.parametrize(("asked", "parent"), [(None, 1), (0, 0), (1, 1)])
def test_what_may_come_from_two_discs_counts_to_the_one_asked_for(asked: int | None, parent: int) -> None:
    along = np.linspace(11, 19, 60)
    assert parents(along, np.full(60, 1.0), asked) == {parent}


def test_what_lies_at_another_disc_is_not_claimed() -> None:
    assert parents(np.linspace(22, 33, 60), np.full(60, 1.0), asked=0) == {1}


def test_material_that_lies_at_two_discs_is_divided() -> None:
    assert parents(np.linspace(-3, 32, 200), np.full(200, 1.0), asked=0) == {0, 1}
