"""Training goes on from the weights that were exported."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch; install the extra 'train'")
pytest.importorskip("onnx", reason="training needs PyTorch; install the extra 'train'")

from training.export import WEIGHTS  # noqa: E402
from training.quantise import EXPORTED  # noqa: E402
from training.recipe import RECIPES  # noqa: E402
from training.shipped import progress_of, restored  # noqa: E402


def test_restored_network_gives_what_the_exported_one_gives() -> None:
    recipe = RECIPES["axial"]
    torch.manual_seed(0)
    batches = [torch.randn(4, recipe.channels, 64, 80) for _ in range(3)]
    path = EXPORTED / f"{recipe.weights}.onnx"
    network = restored(path, recipe, batches).eval()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    other = torch.randn(2, recipe.channels, 96, 64)
    (wanted,) = session.run(None, {"slices": other.numpy()})
    with torch.no_grad():
        found = torch.softmax(network(other), dim=1).numpy()
    assert np.abs(found - wanted).max() < 1e-3


def test_restored_network_normalises_by_what_it_saw() -> None:
    recipe = RECIPES["axial"]
    torch.manual_seed(0)
    batch = torch.randn(8, recipe.channels, 96, 96)
    network = restored(EXPORTED / f"{recipe.weights}.onnx", recipe, [batch])
    first = network.down[0]
    passed = first[0](network.fold(batch))
    assert torch.allclose(first[1].running_mean, passed.mean(dim=(0, 2, 3)), atol=1e-4)
    assert torch.allclose(first[0].weight.flatten(1).norm(dim=1), torch.ones(len(first[0].weight)), atol=1e-5)


def test_another_network_is_refused() -> None:
    with pytest.raises(ValueError, match="which axial has not"):
        restored(EXPORTED / "lumbar.onnx", RECIPES["axial"], [])


def test_progress_is_read_from_the_manifest() -> None:
    assert progress_of(WEIGHTS / "fine.onnx").earlier_steps > 0


def test_eight_bits_cannot_be_trained_on() -> None:
    with pytest.raises(ValueError, match="8 bits"):
        restored(WEIGHTS / "axial.onnx", RECIPES["axial"], [])
