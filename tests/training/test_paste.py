"""Fragments drawn into a canal hold what was asked for, and lie where disc material may lie."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.phantom.anatomy import NetworkClass
from training.paste import paste_fragment
from training.spider import RealVolume

SPACING, PITCH = 0.9, 0.9
SHAPE = (26, 130, 90)
FRONT = 45


def volume() -> RealVolume:
    """A straight canal of 14 mm behind bodies and discs, bright, with a little fat before and behind it."""
    rng = np.random.default_rng(4)
    classes = np.zeros(SHAPE, dtype=np.uint8)
    slices = np.abs(np.arange(SHAPE[0]) - SHAPE[0] / 2)[:, None, None] * PITCH
    row, column = np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[2]), indexing="ij")
    classes[:, :, 10 : FRONT - 3] = np.where((row // 25) % 2 == 0, NetworkClass.VERTEBRA, NetworkClass.DISC)[
        :, 10 : FRONT - 3
    ]
    canal = (column >= FRONT) & (column < FRONT + 15)
    classes[(slices < 9) & canal[None]] = NetworkClass.CANAL
    image = np.choose(classes, [60, 90, 90, 40, 220]).astype(np.float32) + rng.normal(0, 4, SHAPE).astype(np.float32)
    return RealVolume(
        patient=0,
        image=image,
        classes=classes,
        unsure=np.zeros(SHAPE[1:], dtype=bool),
        pitch_mm=PITCH,
        spacing_mm=SPACING,
        arc=(row * SPACING).astype(np.float32),
        depth=((column - FRONT) * SPACING).astype(np.float32),
        discs=(90.0, 56.0),
        focus=(100.0, float(FRONT)),
        middle=SHAPE[0] / 2,
        disc_levels=(30.0, 40.0, 50.0),
        canal_level=220.0,
    )


@pytest.mark.parametrize("wanted", [200.0, 800.0, 2000.0])
@pytest.mark.parametrize("seed", range(6))
def test_a_fragment_has_the_volume_asked_for_and_spares_bone_and_disc(wanted: float, seed: int) -> None:
    whole = volume()
    drawn = paste_fragment(np.random.default_rng(seed), whole, volume_mm3=wanted, disc=0)
    assert drawn.volume_mm3 == pytest.approx(wanted, rel=0.02)
    assert drawn.mask.sum() * SPACING**2 * PITCH == pytest.approx(drawn.volume_mm3)
    solid = np.isin(whole.classes, (NetworkClass.VERTEBRA, NetworkClass.DISC))
    assert not (drawn.mask & solid).any()
    assert np.array_equal(drawn.classes[~drawn.mask], whole.classes[~drawn.mask])
    assert (drawn.classes[drawn.mask] == NetworkClass.FRAGMENT).all()


def test_the_volume_given_is_left_as_it_was() -> None:
    whole = volume()
    image, classes = whole.image.copy(), whole.classes.copy()
    paste_fragment(np.random.default_rng(1), whole, volume_mm3=900.0, disc=1)
    assert np.array_equal(whole.image, image)
    assert np.array_equal(whole.classes, classes)


def test_a_rim_lies_around_the_fragment_and_not_inside() -> None:
    rims = [paste_fragment(np.random.default_rng(seed), volume(), volume_mm3=900.0, disc=0) for seed in range(12)]
    some = [drawn for drawn in rims if drawn.rim.any()]
    assert some, "some fragments have a bright rim"
    for drawn in some:
        assert drawn.rim[drawn.mask].mean() < 0.5 * drawn.rim[~drawn.mask].max()
