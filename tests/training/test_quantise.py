"""The networks in 8 bits that ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="training needs PyTorch; install the extra 'train'")
pytest.importorskip("onnx", reason="training needs PyTorch; install the extra 'train'")

from training.quantise import EXPORTED, quantise


def probabilities(path: Path, slices: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"slices": slices})
    return np.asarray(found)


def noise(seed: int, n: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, 3, 64, 80)).astype(np.float32)


def test_a_network_in_eight_bits_says_nearly_the_same(tmp_path: Path) -> None:
    target = tmp_path / "axial.onnx"
    quantise(EXPORTED / "axial.onnx", target, [noise(k, 2) for k in range(4)])
    before, after = (probabilities(path, noise(9, 2)) for path in (EXPORTED / "axial.onnx", target))
    assert np.abs(before - after).mean() < 0.02
    assert np.abs(after.sum(axis=1) - 1).max() < 1e-5
    assert target.stat().st_size < 0.7 * (EXPORTED / "axial.onnx").stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == ["axial.onnx"]


def test_nothing_of_the_training_machine_is_in_it(tmp_path: Path) -> None:
    target = tmp_path / "axial.onnx"
    quantise(EXPORTED / "axial.onnx", target, [noise(0, 2)])
    assert str(tmp_path).encode() not in target.read_bytes()
    assert b"site-packages" not in target.read_bytes()
