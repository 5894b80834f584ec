"""The spin-echo equation against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.phantom.anatomy import Tissue
from pipeline.phantom.signal import SequenceTiming, spin_echo, tissue_signals, with_gadolinium
from pipeline.phantom.tissue_physics import column, material_physics


def one(value: float) -> np.ndarray:
    return np.array([value])


def test_csf_in_t2_by_hand() -> None:
    # 1.075 · (1 − e^(−3500/4273)) · e^(−100/1578) = 1.075 · 0.55916 · 0.93860
    signal = spin_echo(one(1.075), one(4273.0), one(1578.0), tr_ms=3500, te_ms=100)
    assert signal[0] == pytest.approx(0.56419, abs=2e-5)


def test_marrow_in_t1_by_hand() -> None:
    # 0.91 · (1 − e^(−550/515)) · e^(−10/101) = 0.91 · 0.65631 · 0.90573
    signal = spin_echo(one(0.91), one(515.0), one(101.0), tr_ms=550, te_ms=10)
    assert signal[0] == pytest.approx(0.54094, abs=2e-5)


def test_inversion_nulls_fat_at_t1_ln_2() -> None:
    t1 = 343.0
    signal = spin_echo(one(1.0), one(t1), one(1e9), tr_ms=1e6, te_ms=0, ti_ms=t1 * math.log(2))
    assert signal[0] == pytest.approx(0, abs=1e-9)


def test_inversion_is_a_magnitude() -> None:
    # Right after inversion all magnetisation points down: the image shows its full length.
    signal = spin_echo(one(1.0), one(1000.0), one(1e9), tr_ms=1e6, te_ms=0, ti_ms=1e-9)
    assert signal[0] == pytest.approx(1, abs=1e-6)


def test_gadolinium_shortens_relaxation_by_hand() -> None:
    # 1/T1 = 1/1.0 s + 4 · 0.5 /s = 3 /s
    assert with_gadolinium(one(1000.0), one(0.5), 4.0)[0] == pytest.approx(1000 / 3)


def test_rim_enhances_and_core_hardly() -> None:
    physics = material_physics()
    before = tissue_signals(physics, SequenceTiming(550, 10))
    after = tissue_signals(physics, SequenceTiming(550, 10, gadolinium=1.0))
    rise = after / np.maximum(before, 1e-9) - 1
    assert rise[Tissue.FRAGMENT_RIM] > 0.8
    assert rise[Tissue.EPIDURAL_VEIN] > rise[Tissue.MUSCLE] > 0.05
    assert 0 <= rise[Tissue.FRAGMENT] < 0.1
    assert rise[Tissue.CSF] == pytest.approx(0)


def test_fat_saturation_takes_fat_and_leaves_water() -> None:
    physics = material_physics()
    plain = tissue_signals(physics, SequenceTiming(550, 10))
    saturated = tissue_signals(physics, SequenceTiming(550, 10, fat_saturation=True))
    assert saturated[Tissue.EPIDURAL_FAT] < 0.2 * plain[Tissue.EPIDURAL_FAT]
    assert saturated[Tissue.CSF] == plain[Tissue.CSF]


def test_order_of_brightness_is_that_of_a_real_spine() -> None:
    physics = material_physics()
    t2 = tissue_signals(physics, SequenceTiming(3500, 100))
    t1 = tissue_signals(physics, SequenceTiming(550, 10))
    falling_t2 = (Tissue.CSF, Tissue.VERTEBRA, Tissue.DISC_NUCLEUS, Tissue.DISC_ANNULUS, Tissue.LIGAMENT)
    falling_t1 = (Tissue.EPIDURAL_FAT, Tissue.VERTEBRA, Tissue.DISC_NUCLEUS, Tissue.CSF)
    assert all(a > b for a, b in zip(t2[list(falling_t2)], t2[list(falling_t2)][1:], strict=False))
    assert all(a > b for a, b in zip(t1[list(falling_t1)], t1[list(falling_t1)][1:], strict=False))


def test_discs_dry_out_as_published() -> None:
    healthy, half, dry = material_physics((0.0, 0.5, 1.0))[len(Tissue) :]
    assert (healthy.t1_ms, healthy.t2_ms, healthy.density) == pytest.approx((1165, 102, 0.79))
    assert (half.t1_ms, half.t2_ms, half.density) == pytest.approx((723, 67, 0.61))
    assert (dry.t1_ms, dry.t2_ms, dry.density) == pytest.approx((554, 56, 0.48))


def test_every_tissue_has_properties() -> None:
    physics = material_physics()
    assert len(physics) == len(Tissue)
    assert (column(physics, "t1_ms") > 0).all()
    assert (column(physics, "density")[1:] > 0).all()
    assert column(physics, "density")[Tissue.AIR] == 0
