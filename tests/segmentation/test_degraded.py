"""What noise has buried is refused, what it has blurred is doubted, and label maps are no images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.config import SegmentationSettings
from pipeline.errors import AnatomyError
from pipeline.findings import Severity
from pipeline.segmentation.degraded import DOUBTED, ImageQuality, image_quality, require_clear
from pipeline.segmentation.instances import find_spine
from pipeline.segmentation.stage import segment
from pipeline.volume import Volume
from tests.segmentation.conftest import Known
from tests.segmentation.oracle import prediction_of
from tests.segmentation.test_shipped_weights import picture
from tests.segmentation.test_stage import visit

GREY = np.array([0.0, 300.0, 300.0, 200.0, 600.0, 220.0], dtype=np.float32)


def judged(known: Known, deviation: float) -> ImageQuality:
    """Quality of a known spine with noise of this standard deviation; vertebra 300, disc 200, canal 600."""
    prediction = prediction_of(known.labels)
    noise = np.random.default_rng(5).normal(0.0, deviation, known.labels.shape)
    image = (GREY[known.labels.array] + noise).astype(np.float32)
    return image_quality(replace(prediction, series=replace(prediction.series, image=image)), find_spine(prediction))


def test_contrast_to_noise_falls_as_noise_grows(lumbar: Known) -> None:
    little, much = judged(lumbar, 20.0), judged(lumbar, 200.0)
    assert little.contrast_to_noise / much.contrast_to_noise == pytest.approx(10.0, rel=0.15)


def test_clear_images_pass_in_silence(lumbar: Known) -> None:
    quality = judged(lumbar, 40.0)
    assert require_clear(quality, "sagittal T2") == []
    assert quality.confidence_factor == 1.0


def test_degraded_images_are_flagged_and_doubted(lumbar: Known) -> None:
    quality = judged(lumbar, 260.0)
    (finding,) = require_clear(quality, "sagittal T2")
    assert (finding.code, finding.severity) == ("image-degraded", Severity.WARNING)
    assert DOUBTED < quality.confidence_factor < 1.0


def test_buried_images_are_refused(lumbar: Known) -> None:
    with pytest.raises(AnatomyError, match=r"sagittal T2 series is too degraded.*times the noise.*Give the original"):
        require_clear(judged(lumbar, 600.0), "sagittal T2")


@pytest.mark.parametrize("doubtful", [{"certainty": 0.7}, {"agreement": 0.6}])
def test_an_unsure_network_is_enough(doubtful: dict[str, float]) -> None:
    quality = replace(ImageQuality(20.0, 0.92, 0.97), **doubtful)
    with pytest.raises(AnatomyError, match="too degraded"):
        require_clear(quality, "sagittal T1")


def test_noise_through_the_shipped_network(lumbar: Known) -> None:
    clean = picture(lumbar)
    noise = np.random.default_rng(3).normal(size=clean.shape) * 0.8 * clean.array.max(axis=(1, 2), keepdims=True)
    hopeless = clean.with_array(np.clip(clean.array + noise, 0, None).astype(np.float32))
    with pytest.raises(AnatomyError):
        segment(visit(sagittal_t2=hopeless), SegmentationSettings(variants=2, threads=1))


def test_a_label_map_is_no_image(lumbar: Known) -> None:
    labels: Volume = lumbar.labels.with_array(lumbar.labels.array.astype(np.float32))
    with pytest.raises(AnatomyError, match="6 distinct values, so it looks like a label map"):
        segment(visit(sagittal_t2=labels), SegmentationSettings(variants=1, threads=1))
