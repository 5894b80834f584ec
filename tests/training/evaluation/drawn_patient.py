"""A patient made of boxes: a column of bodies and discs, a straight canal behind it, arches behind that."""

from __future__ import annotations

import numpy as np

from training.evaluation.real import CANAL, DISC, LEVELS, VERTEBRA, Grading, Patient, sagittal

SPACING = (0.9, 0.5, 0.5)
SHAPE = (20, 320, 200)
FRONT, BACK, SAC, ARCH = 40, 100, 104, 132
BODY, GAP = 44, 16


def drawn_patient() -> Patient:
    """Five discs, the lowest L5/S1; a bright sac 14 mm deep and 9 mm wide; noise."""
    mask = np.zeros(SHAPE, dtype=np.uint8)
    discs = np.zeros(SHAPE, dtype=np.uint8)
    for k in range(5):
        bottom = SHAPE[1] - 20 - k * (BODY + GAP)
        mask[:, bottom - GAP + 2 : bottom - 2, FRONT:BACK] = DISC
        discs[:, bottom - GAP + 2 : bottom - 2, FRONT:BACK] = k + 1
        mask[:, bottom - GAP - BODY : bottom - GAP, FRONT:BACK] = VERTEBRA
        mask[:, bottom - GAP - BODY + 8 : bottom - GAP - 8, ARCH + 4 : ARCH + 30] = VERTEBRA
    mask[5:15, :, SAC:ARCH] = CANAL
    brightness = {0: 40.0, DISC: 70.0, VERTEBRA: 110.0, CANAL: 220.0}
    image = np.select([mask == value for value in brightness], list(brightness.values())).astype(np.float32)
    image += np.random.default_rng(3).normal(0, 4, SHAPE).astype(np.float32)
    names = LEVELS[:5]
    gradings = {name: Grading(herniated=name == "L4/L5", bulging=False, pfirrmann=3) for name in names}
    return Patient(7, sagittal(np.clip(image, 0, 255), SPACING), mask, discs, names, gradings)
