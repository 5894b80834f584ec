"""The shipped network: it loads, is deterministic, pads what does not fit, and is told apart by its hash."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import package_file
from pipeline.segmentation import network
from pipeline.segmentation.network import MULTIPLE, Network, WeightsError, shared_network, weights_sha256

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shipped() -> Network:
    return shared_network(1)


def test_probabilities_of_any_size(shipped: Network) -> None:
    slices = np.random.default_rng(2).normal(size=(3, 3, 50, 37)).astype(np.float32)
    probabilities = shipped(slices)
    assert probabilities.shape == (3, 6, 50, 37)
    assert np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-4)
    assert np.array_equal(probabilities, shipped(slices))


def test_batches_do_not_change_the_answer(shipped: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    slices = np.random.default_rng(2).normal(size=(4, 3, 2 * MULTIPLE, 3 * MULTIPLE)).astype(np.float32)
    together = shipped(slices)
    monkeypatch.setattr(network, "PIXELS_PER_BATCH", 1)
    assert np.allclose(shipped(slices), together, atol=1e-5)


def test_visits_that_begin_at_once_share_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Slow:
        def __init__(self, threads: int, weights: str) -> None:
            time.sleep(0.02)
            made.append((threads, weights))

    monkeypatch.setattr(network, "Network", Slow)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: shared_network(1, "of this test"), range(4)))
    assert made == [(1, "of this test")]
    assert all(one is found[0] for one in found)


def test_the_hash_covers_all_networks() -> None:
    files = (network.WEIGHTS, network.AXIAL_WEIGHTS, network.FINE_WEIGHTS)
    content = b"".join(package_file(file).read_bytes() for file in files)
    assert weights_sha256() == hashlib.sha256(content).hexdigest()


def test_missing_and_damaged_weights_are_named() -> None:
    with pytest.raises(WeightsError, match="not in this installation"):
        Network(1, "segmentation/weights/none.onnx")
    with pytest.raises(WeightsError, match="cannot be read"):
        Network(1, "segmentation/anatomy.py")


@pytest.mark.parametrize("name", ["lumbar", "axial"])
def test_the_manifest_of_eight_bits_tells_what_they_were_made_of(name: str) -> None:
    shipped, exported = package_file(f"segmentation/weights/{name}.onnx"), REPOSITORY / f"training/weights/{name}.onnx"
    told = json.loads(shipped.with_suffix(".json").read_text(encoding="utf-8"))
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (shipped, exported)]
    assert [told["sha256"], told["bits"]["made_from_sha256"]] == digests
