"""Images whose header turns them the wrong way are refused, and say how they lie."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Role
from pipeline.errors import AnatomyError
from pipeline.segmentation.grid import CanonicalSeries
from pipeline.segmentation.inference import predict
from pipeline.segmentation.network import shared_network
from pipeline.segmentation.orientation import require_upright
from pipeline.segmentation.stage import segment
from pipeline.volume import Volume
from pipeline.workflow import load_visit
from tests.conftest import REPOSITORY
from tests.segmentation.test_stage import visit

SAMPLE = REPOSITORY / "sample_dicoms" / "partial-case" / "baseline"


@pytest.fixture(scope="module")
def sample() -> Volume:
    return load_visit(SAMPLE).series[Role.SAGITTAL_T2].volume


def flipped(volume: Volume, axes: tuple[int, ...]) -> Volume:
    """The same header over an array that is flipped along canonical axes (1: rows, 2: columns)."""
    order = CanonicalSeries.of(volume).orientation.order
    return volume.with_array(np.ascontiguousarray(np.flip(volume.array, [order[axis] for axis in axes])))


@pytest.mark.parametrize(
    ("axes", "words"),
    [((2,), "mirrored front to back"), ((1,), "upside down"), ((1, 2), "turned by 180 degrees")],
)
def test_flipped_images_are_named(sample: Volume, axes: tuple[int, ...], words: str) -> None:
    network = shared_network(1)
    with pytest.raises(AnatomyError, match=words):
        require_upright(predict(flipped(sample, axes), network, 1), network, "sagittal T2")


def test_the_right_way_up_passes(sample: Volume) -> None:
    network = shared_network(1)
    require_upright(predict(sample, network, 1), network, "sagittal T2")


@pytest.mark.parametrize("axes", [(1,), (2,), (1, 2)])
def test_no_flipped_image_is_segmented(sample: Volume, axes: tuple[int, ...]) -> None:
    with pytest.raises(AnatomyError):
        segment(visit(sagittal_t2=flipped(sample, axes)), SegmentationSettings(variants=1, threads=1))
