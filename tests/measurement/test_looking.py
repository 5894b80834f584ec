"""Which series and blocks are looked at for the material of a level."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.dicom.visit import Role
from pipeline.measurement.looking import look_around, reaches, shows, volume_mm3
from pipeline.volume import Volume
from tests.measurement.visits import fragment, seen_by

T2, T1 = Role.SAGITTAL_T2, Role.SAGITTAL_T1


def test_a_stack_reaches_a_level_whose_margin_lies_in_it() -> None:
    visit, anatomy = fragment(800, 1)
    image, level = visit.series[T2].volume, anatomy.levels["L4/L5"]
    assert reaches(image, level)
    away = image.affine.copy()
    away[2, 3] -= 80.0
    below = Volume(image.array, away)
    assert not reaches(below, level)
    assert reaches(below, level, beyond_mm=80.0)


def test_a_series_shows_a_fragment_that_lies_in_its_stack() -> None:
    visit, anatomy = seen_by({T2: 800, T1: 800})
    seen = look_around(visit, anatomy, "L4/L5", T2)
    assert list(seen) == [T2, T1]
    share = seen[T2][0].found.share
    assert volume_mm3(seen[T1]) == pytest.approx(seen[T1][0].found.volume_mm3)
    assert shows(seen[T1], share, None)
    assert not shows(seen[T1], share, np.array([0.0, 0.0, 100.0])), "the patient moved out of the picture"


def test_labels_of_another_grid_are_no_measurement() -> None:
    visit, anatomy = fragment(800, 1)
    labels = anatomy.segmentations[T2].labels
    shorter = replace(anatomy.segmentations[T2], labels=Volume(labels.array[:-1], labels.affine))
    with pytest.raises(ValueError, match="does not lie on its series"):
        look_around(visit, replace(anatomy, segmentations={T2: shorter}), "L4/L5", T2)
