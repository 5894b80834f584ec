"""Label maps show what was counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Role
from pipeline.measurement.counted import labelled_as_counted
from pipeline.measurement.fragment import measure_fragment
from pipeline.segmentation.anatomy import Structure
from tests.measurement.visits import fragment

T2 = Role.SAGITTAL_T2


def test_what_no_level_counts_is_labelled_canal_or_background() -> None:
    visit, anatomy = fragment(800, 1)
    one = anatomy.segmentations[T2]
    labels, probabilities = one.labels.array.copy(), one.probabilities.copy()
    labels[5, :4, :4] = Structure.FRAGMENT  # far from every disc
    probabilities[Structure.FRAGMENT, 5, :4, :4] = 0.6
    probabilities[Structure.CANAL, 5, :2, :4] = 0.3
    probabilities[Structure.BACKGROUND, 5, :4, :4] = 0.1
    spotted = replace(one, labels=one.labels.with_array(labels), probabilities=probabilities)
    anatomy = replace(anatomy, segmentations={T2: spotted})
    measured = [measure_fragment(visit, anatomy, name, T2, MeasurementSettings()) for name in anatomy.levels]
    after = labelled_as_counted(anatomy, measured).segmentations[T2].labels.array
    assert (after[5, :2, :4] == Structure.CANAL).all()
    assert (after[5, 2:4, :4] == Structure.BACKGROUND).all()
    after[5, :4, :4] = Structure.BACKGROUND
    assert np.array_equal(after, one.labels.array), "what L4/L5 counts stays"


def test_labels_that_were_not_looked_at_stay() -> None:
    _, anatomy = fragment(800, 1)
    again = labelled_as_counted(anatomy, [])
    assert again.segmentations[T2].labels is anatomy.segmentations[T2].labels
