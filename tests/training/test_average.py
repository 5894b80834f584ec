"""The mean of two networks lies half-way between them, and is refused where they are not the same network."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch; install the extra 'train'")


def test_weights_lie_half_way_and_counters_are_the_later_ones() -> None:
    from training.average import mean_of

    first = {"weight": torch.tensor([1.0, 3.0]), "count": torch.tensor(5)}
    second = {"weight": torch.tensor([3.0, -1.0]), "count": torch.tensor(9)}
    mean = mean_of(first, second)
    assert mean["weight"].tolist() == [2.0, 1.0]
    assert mean["count"].item() == 9


def test_different_networks_are_refused() -> None:
    from training.average import mean_of

    with pytest.raises(ValueError, match="different networks"):
        mean_of({"weight": torch.zeros(2)}, {"weight": torch.zeros(3)})


def test_normalisation_is_that_of_the_batches_it_was_measured_on() -> None:
    from training.average import renormalise
    from training.network import UNet

    torch.manual_seed(3)
    network = UNet((8, 16), 4, 3)
    batches = [torch.randn(4, 3, 32, 32) * 2 + 1 for _ in range(2)]
    renormalise(network, batches)
    first = network.down[0]
    assert not network.training
    assert first[1].momentum == 0.03
    passed = [first[0](network.fold(batch)) for batch in batches]
    mean = torch.stack([one.mean(dim=(0, 2, 3)) for one in passed]).mean(dim=0)
    assert torch.allclose(first[1].running_mean, mean, atol=1e-5)
