"""Names for what gives an image its contrast."""

from __future__ import annotations

from enum import StrEnum


class Weighting(StrEnum):
    """What makes tissues bright or dark in a stack."""

    T1 = "T1"
    T2 = "T2"
    PD = "PD"
    STIR = "STIR"
    FLAIR = "FLAIR"
    T2_STAR = "T2*"
    BALANCED = "balanced"
    DIFFUSION = "diffusion"
    UNKNOWN = "unknown"


class Family(StrEnum):
    """How the echo is made."""

    SPIN_ECHO = "spin echo"
    GRADIENT_ECHO = "gradient echo"
    ECHO_PLANAR = "echo planar"
    UNKNOWN = "unknown"
