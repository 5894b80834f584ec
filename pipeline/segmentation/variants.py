"""Test-time variants: slightly different views of one series, whose disagreement is part of the uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

SHIFT_MM = 0.5
SCALE_RANGE = 0.08
CONTRAST_RANGE = 0.3


@dataclass(frozen=True)
class Variant:
    """How one variant looks at a series.

    Attributes
    ----------
    mirrored
        The neighbours of each slice change sides, as if left and right were swapped.
    shift_mm
        Rows and columns lie this far beside those of the plain view.
    pixel_mm
        Pixel pitch in pixels of the network, near 1: another one shows the spine larger or smaller.
    contrast
        Factor of the normalised intensities.
    """

    mirrored: bool = False
    shift_mm: tuple[float, float] = (0.0, 0.0)
    pixel_mm: float = 1.0
    contrast: float = 1.0


def variants(count: int) -> tuple[Variant, ...]:
    """The plain view and ``count - 1`` others, always the same ones.

    They follow additive recurrences with irrational steps, so that any number of them covers the ranges evenly.
    """
    return (
        Variant(),
        *(
            Variant(
                mirrored=k % 2 == 1,
                shift_mm=(_even(k, 0.7548776662) * 2 * SHIFT_MM, _even(k, 0.5698402910) * 2 * SHIFT_MM),
                pixel_mm=1.0 + SCALE_RANGE * _even(k, 0.6180339887),
                contrast=1.0 + CONTRAST_RANGE * _even(k, 0.4142135624),
            )
            for k in range(1, count)
        ),
    )


def _even(k: int, step: float) -> float:
    """Member ``k`` of an evenly distributed sequence in −0.5 … 0.5."""
    return (k * step) % 1.0 - 0.5
