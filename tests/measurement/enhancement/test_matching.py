"""One scale for two series: disc and CSF decide, whatever enhances or holds fat."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.measurement.enhancement.matching import match_intensities
from pipeline.measurement.enhancement.median import weighted_median
from pipeline.segmentation.anatomy import Structure
from pipeline.volume import Volume

AFFINE = np.diag([4.0, 0.8, 0.8, 1.0])


def _scene(fat_after: float) -> tuple[Volume, Volume, Volume]:
    """Disc, canal, bone that enhances by 30 %, and fat that only the second series may suppress."""
    rng = np.random.default_rng(7)
    labels = np.zeros((5, 60, 60), dtype=np.uint8)
    labels[:, 5:25, 5:25] = Structure.DISC
    labels[:, 5:25, 35:55] = Structure.CANAL
    labels[:, 30:55, 5:30] = Structure.VERTEBRA
    native = np.select([labels == k for k in (3, 4, 1)], [120.0, 45.0, 300.0], 400.0)
    gain = np.select([labels == k for k in (3, 4, 1)], [1.0, 1.0, 1.3], fat_after)
    noise = rng.normal(0, 3, (2, *labels.shape))
    before = Volume((native + noise[0]).astype(np.float32), AFFINE)
    after = Volume((0.7 * native * gain + noise[1]).astype(np.float32), AFFINE)
    return before, after, Volume(labels, AFFINE)


@pytest.mark.parametrize("fat_after", [1.0, 0.1])
def test_scale_rests_on_tissue_that_does_not_enhance(fat_after: float) -> None:
    before, after, labels = _scene(fat_after)
    match = match_intensities(before, after, labels, np.zeros(labels.shape, dtype=bool))
    assert match is not None
    assert match.scale == pytest.approx(0.7, rel=0.01)
    assert match.relative_sd < 0.05


def test_without_disc_and_canal_there_is_no_scale() -> None:
    before, after, labels = _scene(1.0)
    nothing = labels.with_array(np.zeros_like(labels.array))
    assert match_intensities(before, after, nothing, np.zeros(labels.shape, dtype=bool)) is None


def test_weighted_median_follows_the_weight() -> None:
    assert weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 9.0])) == 2.0
    assert weighted_median(np.array([3.0, 1.0, 2.0]), np.array([9.0, 1.0, 1.0])) == 3.0
