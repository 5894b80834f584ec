"""How a patient lies the second time, and how the slices are planned then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipeline import rigid
from pipeline.volume import Affine

LARGEST_TURN_DEG = 10.0
LARGEST_SHIFT_MM = 20.0
TILT_DEG = 2.0
"""Of the newly planned slices against the old ones, about either axis in their plane."""
ACROSS_MM = 2.0
"""Half a slice: no two stacks can cut the anatomy more differently."""
ALONG_MM = 8.0


@dataclass(frozen=True, eq=False)
class Repositioning:
    """Two visits.

    Attributes
    ----------
    motion
        (4, 4): the patient's LPS mm at baseline to those at the follow-up.
    baseline_stack, followup_stack
        (4, 4): how each stack lies against the published one, in the patient's own LPS mm.
    turn_deg, shift_mm
        Of the motion.
    """

    motion: Affine
    baseline_stack: Affine
    followup_stack: Affine
    turn_deg: float
    shift_mm: float


def repositioned(rng: np.random.Generator, pivot_lps_mm: NDArray[np.float64]) -> Repositioning:
    """A motion by up to 10 degrees and 20 mm, and slices planned by somebody who follows the spine.

    A slab of 13 to 27 mm cannot be left by ten degrees, so the stack follows the patient but for two degrees and half
    a slice; in its plane, where a technician turns nothing, the patient turns as far as the motion goes. Half of what
    is left is given to either stack, so that both images are resampled alike.
    """
    turn = Rotation.from_rotvec(np.radians(rng.uniform(0, LARGEST_TURN_DEG)) * _direction(rng))
    shift = rng.uniform(0, LARGEST_SHIFT_MM) * _direction(rng)
    motion = _about(pivot_lps_mm, turn, shift)
    tilt = np.radians(rng.uniform(-TILT_DEG, TILT_DEG, 2))
    across, along = rng.uniform(-ACROSS_MM, ACROSS_MM), rng.uniform(-ALONG_MM, ALONG_MM, 2)
    # LPS: the first axis is left-right, across the slices.
    left = Rotation.from_rotvec(np.array([-turn.as_rotvec()[0], *tilt]))
    half = rigid.half(_about(pivot_lps_mm, left, np.array([across, *along])))
    return Repositioning(
        motion, rigid.inverse(half), half, float(np.degrees(turn.magnitude())), float(np.linalg.norm(shift))
    )


def _about(pivot: NDArray[np.float64], turn: Rotation, shift: NDArray[np.float64]) -> Affine:
    rotation = turn.as_matrix()
    return rigid.compose(rotation, pivot - rotation @ pivot + shift)


def _direction(rng: np.random.Generator) -> NDArray[np.float64]:
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))
