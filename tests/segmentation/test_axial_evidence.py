"""What an axial series may say by itself, and what the sagittal series must have seen too."""

import numpy as np

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.axial_evidence import corroborated


def test_displaced_material_that_no_sagittal_series_shows_is_canal() -> None:
    probabilities = np.zeros((len(Structure), 5, 60, 60), dtype=np.float32)
    probabilities[Structure.CANAL] = 0.2
    probabilities[Structure.FRAGMENT] = 0.8
    sagittal = np.zeros((5, 60, 60), dtype=np.float32)
    sagittal[1, 10, 10] = 0.9
    found = corroborated(probabilities, sagittal, (4.0, 0.8, 0.8))
    fragment = found[Structure.FRAGMENT]
    assert fragment[1, 10, 14] == np.float32(0.8), "beside what was seen, the axial series tells how far it reaches"
    assert fragment[1, 40, 40] == 0.0
    assert fragment[4].max() == 0.0
    assert np.allclose(found.sum(axis=0), 1.0)
    assert probabilities[Structure.FRAGMENT].min() == np.float32(0.8), "the input is left as it was"
