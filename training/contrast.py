"""Tissue intensities of T2, T1, post-contrast T1 and STIR images, and random ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.phantom.anatomy import AnatomyMap, Tissue

Floats = NDArray[np.float32]

#                               T2    T1    T1Gd  STIR  T2fs
_MEANS: dict[Tissue, tuple[float, float, float, float, float]] = {
    Tissue.AIR: (0.01, 0.01, 0.01, 0.01, 0.01),
    Tissue.FAT_SUBCUTANEOUS: (0.85, 1.0, 1.0, 0.08, 0.12),
    Tissue.MUSCLE: (0.16, 0.30, 0.36, 0.20, 0.20),
    Tissue.MUSCLE_FAT: (0.65, 0.80, 0.82, 0.12, 0.15),
    Tissue.FAT_VISCERAL: (0.65, 0.80, 0.80, 0.10, 0.12),
    Tissue.VESSEL: (0.05, 0.08, 0.45, 0.10, 0.06),
    Tissue.BOWEL: (0.40, 0.35, 0.45, 0.45, 0.45),
    Tissue.CORTICAL_BONE: (0.04, 0.05, 0.06, 0.04, 0.04),
    Tissue.VERTEBRA: (0.38, 0.48, 0.52, 0.13, 0.18),
    Tissue.POSTERIOR_ELEMENT: (0.42, 0.55, 0.58, 0.12, 0.17),
    Tissue.SACRUM: (0.40, 0.52, 0.55, 0.13, 0.18),
    Tissue.SACRUM_CORTEX: (0.05, 0.06, 0.07, 0.04, 0.05),
    Tissue.ENDPLATE: (0.05, 0.06, 0.07, 0.04, 0.05),
    Tissue.DISC_NUCLEUS: (0.48, 0.33, 0.36, 0.50, 0.52),
    Tissue.DISC_ANNULUS: (0.13, 0.27, 0.30, 0.13, 0.14),
    Tissue.SACRAL_DISC: (0.25, 0.30, 0.33, 0.22, 0.25),
    Tissue.CSF: (1.0, 0.12, 0.14, 1.0, 1.0),
    Tissue.CORD: (0.36, 0.36, 0.38, 0.36, 0.40),
    Tissue.CAUDA_EQUINA: (0.48, 0.26, 0.30, 0.48, 0.50),
    Tissue.NERVE_ROOT: (0.35, 0.30, 0.36, 0.38, 0.38),
    Tissue.DURA: (0.30, 0.20, 0.30, 0.30, 0.30),
    Tissue.EPIDURAL_FAT: (0.70, 0.88, 0.88, 0.10, 0.14),
    Tissue.LIGAMENT: (0.08, 0.13, 0.16, 0.07, 0.08),
    Tissue.FACET_JOINT: (0.45, 0.30, 0.35, 0.50, 0.50),
    Tissue.EPIDURAL_VEIN: (0.50, 0.35, 0.75, 0.50, 0.55),
    Tissue.FRAGMENT: (0.30, 0.30, 0.33, 0.32, 0.34),
    Tissue.FRAGMENT_RIM: (0.48, 0.34, 0.80, 0.55, 0.55),
    Tissue.POSTERIOR_CORTEX: (0.05, 0.06, 0.07, 0.04, 0.05),
}
CONTRASTS = ("t2", "t1", "t1gd", "stir", "t2fs")
_TABLE = np.array([_MEANS[tissue] for tissue in Tissue], dtype=np.float32).T
_SHARE = (0.38, 0.24, 0.15, 0.17, 0.06)
_RIM_RATIO = ((1.15, 2.0), (1.0, 1.45), (1.5, 3.2), (1.2, 2.2), (1.2, 2.2))
_DARK = (Tissue.AIR, Tissue.CORTICAL_BONE, Tissue.ENDPLATE, Tissue.POSTERIOR_CORTEX, Tissue.SACRUM_CORTEX)


def draw_means(rng: np.random.Generator, contrast: str | None = None) -> tuple[str, Floats]:
    """A contrast and the mean intensity of each tissue: physical with jitter, or (one time in six) at random.

    With ``contrast`` given it is that one, and only one time in twenty at random.
    """
    kind = int(rng.choice(len(CONTRASTS), p=_SHARE)) if contrast is None else CONTRASTS.index(contrast)
    means = _TABLE[kind] * np.exp(rng.normal(0, 0.18, _TABLE.shape[1]))
    # All marrow of a patient changes together, as all fat does.
    marrow = np.exp(rng.normal(0, 0.28))
    means[[Tissue.VERTEBRA, Tissue.POSTERIOR_ELEMENT, Tissue.SACRUM]] *= marrow
    means[Tissue.SACRUM] = means[Tissue.VERTEBRA] * np.exp(rng.normal(0, 0.10))
    fat = np.exp(rng.normal(0, 0.25))
    means[[Tissue.FAT_SUBCUTANEOUS, Tissue.MUSCLE_FAT, Tissue.FAT_VISCERAL, Tissue.EPIDURAL_FAT]] *= fat
    means[Tissue.MUSCLE] *= np.exp(rng.normal(0, 0.3))
    means[Tissue.EPIDURAL_VEIN] *= np.exp(rng.normal(0, 0.3))
    means[Tissue.VESSEL] *= np.exp(rng.normal(0, 0.8))
    means[Tissue.CSF] *= np.exp(rng.normal(0, 0.25))
    means[Tissue.FRAGMENT] *= np.exp(rng.normal(0, 0.30))
    if rng.random() < 0.3:
        means[Tissue.FRAGMENT] = means[Tissue.DISC_ANNULUS] * rng.uniform(0.7, 1.4)
    # Granulation tissue is told from the core by being brighter, a lot after gadolinium and little without.
    means[Tissue.FRAGMENT_RIM] = means[Tissue.FRAGMENT] * rng.uniform(*_RIM_RATIO[kind])
    if rng.random() < (0.16 if contrast is None else 0.05):
        random = rng.uniform(0.05, 1.0, len(means))
        random[list(_DARK)] = means[list(_DARK)]
        means = random
        means[Tissue.SACRUM] = means[Tissue.VERTEBRA] * np.exp(rng.normal(0, 0.10))
        means[Tissue.POSTERIOR_ELEMENT] = means[Tissue.VERTEBRA] * np.exp(rng.normal(0, 0.15))
        means[Tissue.SACRUM_CORTEX] = means[Tissue.CORTICAL_BONE]
        return "random", means.astype(np.float32)
    return CONTRASTS[kind], means.astype(np.float32)


def intensity_table(rng: np.random.Generator, anatomy: AnatomyMap, means: Floats) -> Floats:
    """Intensity by (instance, tissue), shape (structures + 1, tissues): bodies differ a little, and discs by wear."""
    count = len(anatomy.structures) + 1
    table = np.repeat(means[None], count, axis=0)
    bodies = len(anatomy.spine.names)
    table[1 : bodies + 1] *= np.exp(rng.normal(0, 0.06, (bodies, 1))).astype(np.float32)
    for i, wear in enumerate(anatomy.spine.degeneration):
        row = table[bodies + 1 + i]
        worn = float(np.clip(wear + rng.normal(0, 0.12), 0, 1))
        row[Tissue.DISC_NUCLEUS] += worn * (row[Tissue.DISC_ANNULUS] - row[Tissue.DISC_NUCLEUS])
        row *= np.float32(np.exp(rng.normal(0, 0.08)))
    return table
