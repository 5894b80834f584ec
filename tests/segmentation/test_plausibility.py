"""What is not a lumbar spine is refused with a sentence that says what was seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.errors import AnatomyError
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.instances import Spine, find_spine
from pipeline.segmentation.plausibility import require_lumbar
from pipeline.volume import Volume
from tests.segmentation.conftest import Known, cropped, row_of
from tests.segmentation.oracle import prediction_of


def check(prediction: Prediction) -> None:
    require_lumbar(find_spine(prediction), prediction.probabilities, "sagittal T2")


def volume(labels: NDArray[np.uint8], scale: float = 1.0) -> Volume:
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]) * np.array([4.4, scale, scale])
    return Volume(labels, affine)


def test_a_lumbar_spine_passes(lumbar: Known) -> None:
    check(prediction_of(lumbar.labels))


def test_empty() -> None:
    with pytest.raises(AnatomyError, match="no vertebra, disc or canal"):
        check(prediction_of(volume(np.zeros((5, 100, 100), np.uint8))))


def test_noise() -> None:
    rng = np.random.default_rng(1)
    blobs = ndimage.gaussian_filter(rng.normal(size=(6, 9, 160, 160)), (0, 1, 4, 4))
    with pytest.raises(AnatomyError):
        check(prediction_of(volume(blobs.argmax(axis=0).astype(np.uint8))))


def test_one_blob() -> None:
    labels = np.zeros((9, 160, 160), np.uint8)
    labels[:, 40:120, 40:120] = 1
    labels[:, 60:70, 40:120] = 3
    with pytest.raises(AnatomyError, match="1 disc between two vertebrae"):
        check(prediction_of(volume(labels)))


def test_back_to_front(lumbar: Known) -> None:
    """The header says front where back is."""
    with pytest.raises(AnatomyError, match="does not look like a lumbar spine"):
        check(prediction_of(lumbar.labels.with_array(np.ascontiguousarray(lumbar.labels.array[:, :, ::-1]))))


def test_upside_down(lumbar: Known) -> None:
    """The header says up where down is, and the network has taken the lowest body for the sacrum."""
    rows = slice(0, row_of(lumbar, "L5/S1") + 3)
    labels = cropped(lumbar.labels, rows)
    with pytest.raises(AnatomyError, match="upside down"):
        check(prediction_of(labels.with_array(np.ascontiguousarray(labels.array[:, ::-1]))))


def test_the_upper_half_is_not_upside_down(lumbar: Known) -> None:
    """Without a sacrum no disc slopes forward: that is a matter of counting, not of anatomy."""
    check(prediction_of(cropped(lumbar.labels, slice(0, row_of(lumbar, "L4")))))


def test_cervical_sizes(lumbar: Known) -> None:
    with pytest.raises(AnatomyError, match=r"apart|deep"):
        check(prediction_of(volume(lumbar.labels.array, scale=0.5)))


def with_gaps(lumbar: Known, *pattern: float) -> tuple[Spine, NDArray[np.float32]]:
    """The spine as long as it is, its discs found at distances in the ratio of a pattern that repeats."""
    prediction = prediction_of(lumbar.labels)
    spine = find_spine(prediction)
    centres = np.array([disc.centre for disc in spine.discs])
    along = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(centres, axis=0), axis=1)))
    wanted = np.append(0.0, np.cumsum(np.resize(pattern, len(centres) - 1)))
    moved = [np.interp(wanted * along[-1] / wanted[-1], along, centres[:, axis]) for axis in range(3)]
    discs = tuple(replace(disc, centre=at) for disc, at in zip(spine.discs, np.transpose(moved), strict=True))
    return replace(spine, discs=discs), prediction.probabilities


def test_discs_at_uneven_distances(lumbar: Known) -> None:
    """Of usual sizes and at a usual distance on the average, but now close together and now far apart."""
    with pytest.raises(AnatomyError, match=r"the discs lie unevenly, \d+ to \d+ mm apart\. Give"):
        require_lumbar(*with_gaps(lumbar, 16.0, 50.0, 34.0), "sagittal T2")


def test_some_discs_lost_or_false_are_no_fault(lumbar: Known) -> None:
    """Those are for the count to deal with."""
    require_lumbar(*with_gaps(lumbar, 34.0, 34.0, 34.0, 68.0, 17.0, 17.0), "sagittal T2")


def test_too_few_discs(lumbar: Known) -> None:
    rows = slice(row_of(lumbar, "L3") - 5, row_of(lumbar, "L5"))
    with pytest.raises(AnatomyError, match="2 discs"):
        check(prediction_of(cropped(lumbar.labels, rows)))


def test_unsure_probabilities(lumbar: Known) -> None:
    clear = prediction_of(lumbar.labels)
    vague = 0.4 * clear.probabilities + 0.1
    prediction = Prediction(
        clear.series,
        clear.plane,
        vague,
        clear.variant_labels,
        clear.native_probabilities,
        clear.native_fragment_variants,
    )
    with pytest.raises(AnatomyError, match="mean probability"):
        check(prediction)


@pytest.mark.shared_data
@pytest.mark.parametrize("patient", [5, 50, 152, 162])
def test_real_spines_pass(shared_data: Path, patient: int) -> None:
    """A straight, a scoliotic, an unusual and a small spine, by their hand-made labels."""
    path = shared_data / "spider" / "t2_space" / f"{patient}_t2space.npz"
    if not path.is_file():
        pytest.skip(f"SPIDER patient {patient} is not here: {path}")
    with np.load(path) as data:
        mask, spacing = data["M"][::4], data["spacing"]
    labels = np.select([mask == 76, mask == 29, mask == 150], [1, 3, 4], 0).astype(np.uint8)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]) * (spacing * np.array([4, 1, 1]))
    check(prediction_of(Volume(labels, affine)))
