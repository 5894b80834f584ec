"""What each tissue does in a magnet: relaxation times, proton density, fat, uptake of gadolinium, texture.

Sources: CSF, cord, discs and marrow from Drake-Pérez 2018 (synthetic MRI of the lumbar spine); subcutaneous fat,
muscle and blood are textbook values at 1.5 T. The T2 of fat is the *effective* one of a turbo spin echo, where the
echo train decouples the J-coupled fat spins and fat stays bright. Herniated material has no published values:
a case sets them within the range between annulus and hydrated nucleus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.phantom.anatomy.tissue import Tissue


@dataclass(frozen=True, slots=True)
class TissuePhysics:
    """MR properties of one tissue.

    Attributes
    ----------
    t1_ms, t2_ms
        Relaxation times in ms; T2 is the effective one of a turbo spin echo.
    density
        Proton density, water = 1.
    fat
        Share of the signal that fat saturation removes, 0 … 1.
    uptake_mmol_l
        Concentration of gadolinium five minutes after 0.1 mmol/kg, mmol/l.
    fine, coarse
        Relative standard deviation of the signal inside the tissue at 1.5 mm and at 8 mm.
    """

    t1_ms: float
    t2_ms: float
    density: float
    fat: float = 0.0
    uptake_mmol_l: float = 0.0
    fine: float = 0.0
    coarse: float = 0.0


_DEFAULTS: dict[Tissue, TissuePhysics] = {
    Tissue.AIR: TissuePhysics(1000.0, 1.0, 0.0),
    Tissue.FAT_SUBCUTANEOUS: TissuePhysics(343.0, 145.0, 0.95, fat=0.95, fine=0.03, coarse=0.03),
    Tissue.MUSCLE: TissuePhysics(930.0, 42.0, 0.80, fat=0.03, uptake_mmol_l=0.10, fine=0.10, coarse=0.08),
    Tissue.MUSCLE_FAT: TissuePhysics(380.0, 120.0, 0.85, fat=0.75, uptake_mmol_l=0.03, fine=0.15, coarse=0.15),
    Tissue.FAT_VISCERAL: TissuePhysics(343.0, 140.0, 0.92, fat=0.93, uptake_mmol_l=0.02, fine=0.08, coarse=0.06),
    # Flowing blood leaves the slice between excitation and refocusing: little signal in any spin echo.
    Tissue.VESSEL: TissuePhysics(1441.0, 290.0, 0.14, uptake_mmol_l=0.90, fine=0.20, coarse=0.25),
    Tissue.BOWEL: TissuePhysics(900.0, 70.0, 0.55, uptake_mmol_l=0.20, fine=0.15, coarse=0.35),
    Tissue.CORTICAL_BONE: TissuePhysics(450.0, 10.0, 0.18),
    Tissue.VERTEBRA: TissuePhysics(515.0, 101.0, 0.91, fat=0.45, uptake_mmol_l=0.06, fine=0.05, coarse=0.07),
    Tissue.POSTERIOR_ELEMENT: TissuePhysics(480.0, 104.0, 0.88, fat=0.55, uptake_mmol_l=0.05, fine=0.07, coarse=0.08),
    Tissue.SACRUM: TissuePhysics(490.0, 103.0, 0.90, fat=0.50, uptake_mmol_l=0.05, fine=0.06, coarse=0.08),
    Tissue.SACRUM_CORTEX: TissuePhysics(450.0, 10.0, 0.20),
    Tissue.ENDPLATE: TissuePhysics(600.0, 12.0, 0.22),
    Tissue.DISC_NUCLEUS: TissuePhysics(1165.0, 102.0, 0.79, fine=0.04, coarse=0.08),
    Tissue.DISC_ANNULUS: TissuePhysics(800.0, 48.0, 0.50, uptake_mmol_l=0.02, fine=0.05, coarse=0.06),
    Tissue.SACRAL_DISC: TissuePhysics(700.0, 50.0, 0.45, fine=0.05, coarse=0.05),
    Tissue.CSF: TissuePhysics(4273.0, 1578.0, 1.075, fine=0.015, coarse=0.03),
    Tissue.CORD: TissuePhysics(780.0, 102.0, 0.587, uptake_mmol_l=0.01, fine=0.02, coarse=0.02),
    Tissue.CAUDA_EQUINA: TissuePhysics(850.0, 100.0, 0.60, uptake_mmol_l=0.01, fine=0.03, coarse=0.03),
    Tissue.NERVE_ROOT: TissuePhysics(900.0, 88.0, 0.65, uptake_mmol_l=0.10, fine=0.04, coarse=0.04),
    Tissue.DURA: TissuePhysics(900.0, 22.0, 0.35, uptake_mmol_l=0.20),
    Tissue.EPIDURAL_FAT: TissuePhysics(343.0, 140.0, 0.90, fat=0.93, uptake_mmol_l=0.02, fine=0.04, coarse=0.05),
    Tissue.LIGAMENT: TissuePhysics(800.0, 15.0, 0.30, uptake_mmol_l=0.03, fine=0.10, coarse=0.10),
    Tissue.FACET_JOINT: TissuePhysics(1300.0, 80.0, 0.75, uptake_mmol_l=0.10, fine=0.08, coarse=0.05),
    Tissue.EPIDURAL_VEIN: TissuePhysics(1441.0, 170.0, 0.60, uptake_mmol_l=1.00, fine=0.05, coarse=0.05),
    Tissue.FRAGMENT: TissuePhysics(950.0, 82.0, 0.66, uptake_mmol_l=0.02, fine=0.05, coarse=0.07),
    # Granulation tissue is rich in vessels and water: brighter than the fragment in T2.
    Tissue.FRAGMENT_RIM: TissuePhysics(1000.0, 115.0, 0.78, uptake_mmol_l=1.2, fine=0.05, coarse=0.05),
    Tissue.POSTERIOR_CORTEX: TissuePhysics(450.0, 10.0, 0.18),
}


_DRY = ((0.0, 1165.0, 102.0, 0.79), (0.5, 723.0, 67.0, 0.61), (1.0, 554.0, 56.0, 0.48))
"""Degeneration, T1, T2 and density of normal, intermediate and desiccated discs (Drake-Pérez 2018)."""


def nucleus_physics(degeneration: float, healthy: TissuePhysics) -> TissuePhysics:
    """A nucleus that has dried out to a degree (0 … 1), relative to the healthy one."""
    at, t1, t2, density = (np.array(values) for values in zip(*_DRY, strict=True))
    return replace(
        healthy,
        t1_ms=healthy.t1_ms * float(np.interp(degeneration, at, t1 / t1[0])),
        t2_ms=healthy.t2_ms * float(np.interp(degeneration, at, t2 / t2[0])),
        density=healthy.density * float(np.interp(degeneration, at, density / density[0])),
    )


def material_physics(
    degeneration: Sequence[float] = (), changed: Mapping[Tissue, TissuePhysics] | None = None
) -> tuple[TissuePhysics, ...]:
    """Properties of every tissue by its code, followed by those of the nucleus of every disc.

    Parameters
    ----------
    degeneration
        0 … 1 of every disc.
    changed
        Tissues that differ from the defaults.
    """
    table = _DEFAULTS | dict(changed or {})
    nuclei = (nucleus_physics(value, table[Tissue.DISC_NUCLEUS]) for value in degeneration)
    return (*(table[tissue] for tissue in Tissue), *nuclei)


def default_physics(tissue: Tissue) -> TissuePhysics:
    """Properties of one tissue unless a case changes them."""
    return _DEFAULTS[tissue]


def column(physics: tuple[TissuePhysics, ...], name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """One property of every material as a float64 array of shape (materials,)."""
    return np.array([getattr(entry, name) for entry in physics], dtype=np.float64)
