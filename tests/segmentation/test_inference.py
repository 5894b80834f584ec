"""What the network says comes back on the voxels that it was said of, in every variant."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.inference import predict
from pipeline.segmentation.variants import variants
from tests.segmentation.test_grid import canonical_affine, stored

ORIENTATIONS = [(p, f) for p in permutations(range(3)) for f in product((1, -1), repeat=3)]


class BrightIsFragment:
    """A network that calls bright pixels fragment, and remembers where it saw them."""

    def __init__(self) -> None:
        self.seen: list[NDArray[np.float32]] = []

    def __call__(self, slices: NDArray[np.float32]) -> NDArray[np.float32]:
        bright = np.clip(slices[:, 1] - 1.0, 0.0, 1.0)
        result = np.zeros((len(slices), 6, *slices.shape[2:]), dtype=np.float32)
        result[:, Structure.FRAGMENT] = bright
        result[:, Structure.BACKGROUND] = 1.0 - bright
        self.seen.append(slices)
        return result


class Proportional(BrightIsFragment):
    """A network whose answer does not depend on the contrast."""

    def __call__(self, slices: NDArray[np.float32]) -> NDArray[np.float32]:
        low, high = slices.min(), slices.max()
        mid = low + 0.4 * (high - low)
        result = np.zeros((len(slices), 6, *slices.shape[2:]), dtype=np.float32)
        result[:, Structure.FRAGMENT] = np.clip(slices[:, 1] - mid, 0, None) / (high - mid)
        result[:, Structure.BACKGROUND] = 1.0 - result[:, Structure.FRAGMENT]
        return result


def scene() -> NDArray[np.float32]:
    """A block high, in front and to the left of the middle."""
    array = np.full((7, 100, 120), 50.0, dtype=np.float32)
    array[4:6, 20:40, 30:50] = 900.0
    array[:, 90:, :] = 120.0
    return array


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_labels_come_back_on_the_right_voxels(order: tuple[int, ...], signs: tuple[int, ...]) -> None:
    volume = stored(scene(), canonical_affine(), order, signs)
    network = BrightIsFragment()
    prediction = predict(volume, network, 3)
    labelled = prediction.native_probabilities[Structure.FRAGMENT] > 0.5
    truth = volume.array == 900.0
    assert (labelled & truth).sum() / (labelled | truth).sum() > 0.9
    assert np.allclose(prediction.native_probabilities.sum(axis=0), 1.0, atol=1e-5)
    assert prediction.native_fragment_variants.shape == (3, *volume.shape)
    located = network.seen[0][:, 1] > 1.0
    _, rows, columns = np.nonzero(located)
    assert rows.mean() * 1.0 == pytest.approx(29.5 * 0.8, abs=1.0), "superior must come first"
    assert columns.mean() == pytest.approx(39.5 * 0.6, abs=1.0), "anterior must come first"


def test_each_variant_agrees_with_the_plain_view_on_a_large_block() -> None:
    volume = stored(scene(), canonical_affine(), (0, 1, 2), (1, 1, 1))
    prediction = predict(volume, Proportional(), 6)
    volumes = prediction.native_fragment_variants.sum(axis=(1, 2, 3))
    assert np.ptp(volumes) / volumes.mean() < 0.05
    centres = [ndimage.center_of_mass(v) for v in prediction.native_fragment_variants]
    assert np.ptp(centres, axis=0).max() < 0.4, "a shifted view must be shifted back"


def test_mirrored_variants_swap_the_neighbours() -> None:
    volume = stored(scene(), canonical_affine(), (0, 1, 2), (1, 1, 1))
    network = BrightIsFragment()
    predict(volume, network, 2)
    _, plain, mirrored = network.seen
    assert plain[3, 2].max() > 1.0 > plain[3, 0].max(), "the block begins in the next slice towards the left"
    assert mirrored[3, 0].max() > 1.0 > mirrored[3, 2].max()


def test_same_input_same_output() -> None:
    volume = stored(scene(), canonical_affine(), (1, 0, 2), (1, -1, 1))
    first, second = (predict(volume, BrightIsFragment(), 4) for _ in range(2))
    assert np.array_equal(first.native_probabilities, second.native_probabilities)
    assert variants(4) == variants(7)[:4]
    assert len(set(variants(32))) == 32
