"""Signal of each tissue in one sequence, by the spin-echo equation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.tissue_physics import TissuePhysics, column

RELAXIVITY_R1 = 4.0
"""l/mmol/s of an extracellular gadolinium agent at 1.5 T."""
RELAXIVITY_R2 = 5.0
FAT_SATURATION_EFFICIENCY = 0.93
"""Share of the fat signal that spectral saturation removes; field inhomogeneity leaves the rest."""

Signals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SequenceTiming:
    """What decides about contrast.

    Attributes
    ----------
    tr_ms, te_ms
        Repetition and (effective) echo time in ms.
    ti_ms
        Inversion time in ms; None without inversion.
    fat_saturation
        Spectral fat saturation.
    gadolinium
        Share of the full uptake that has been reached: 0 before injection, 1 five minutes after it.
    """

    tr_ms: float
    te_ms: float
    ti_ms: float | None = None
    fat_saturation: bool = False
    gadolinium: float = 0.0


def spin_echo(
    density: Signals, t1_ms: Signals, t2_ms: Signals, *, tr_ms: float, te_ms: float, ti_ms: float | None = None
) -> Signals:
    """Magnitude of a spin echo, S = PD |1 − 2 e^(−TI/T1) + e^(−TR/T1)| e^(−TE/T2).

    Without inversion the middle factor is 1 − e^(−TR/T1).

    Parameters
    ----------
    density, t1_ms, t2_ms
        Proton density and relaxation times (ms), arrays of one shape.
    tr_ms, te_ms, ti_ms
        Repetition, echo and inversion time (ms).

    Returns
    -------
    Array of the same shape, in units of the density.
    """
    recovered = 1 - np.exp(-tr_ms / t1_ms)
    if ti_ms is not None:
        recovered = np.abs(1 - 2 * np.exp(-ti_ms / t1_ms) + np.exp(-tr_ms / t1_ms))
    return np.asarray(density * recovered * np.exp(-te_ms / t2_ms))


def with_gadolinium(relaxation_ms: Signals, concentration_mmol_l: Signals, relaxivity: float) -> Signals:
    """Relaxation time (ms) once an agent has arrived: 1/T' = 1/T + r · C."""
    return 1.0 / (1.0 / relaxation_ms + relaxivity * concentration_mmol_l / 1000.0)


def tissue_signals(physics: tuple[TissuePhysics, ...], timing: SequenceTiming) -> Signals:
    """Signal of every material in one sequence.

    Returns
    -------
    float64 array of shape (materials,): tissues by their code, then whatever else ``physics`` holds.
    """
    taken_up = column(physics, "uptake_mmol_l") * timing.gadolinium
    t1 = with_gadolinium(column(physics, "t1_ms"), taken_up, RELAXIVITY_R1)
    t2 = with_gadolinium(column(physics, "t2_ms"), taken_up, RELAXIVITY_R2)
    density = column(physics, "density")
    signal = spin_echo(density, t1, t2, tr_ms=timing.tr_ms, te_ms=timing.te_ms, ti_ms=timing.ti_ms)
    if timing.fat_saturation:
        signal = signal * (1 - FAT_SATURATION_EFFICIENCY * column(physics, "fat"))
    return signal
