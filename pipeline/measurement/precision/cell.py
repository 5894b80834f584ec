"""One cell of a precision profile: what was found with one kind of fragment, protocol and noise.

``volume_mm3``
    Volume, > 0; of a pair, the mean of both visits. True for ``missed_share``; as measured for the spreads and the bias
    where a study of whole pairs made the file, for by that they are asked.
``thickness_mm``
    Distance of neighbouring slices (thickness and gap), mm.
``contrast``
    Brightness of the fragment as a share of that of the CSF on sagittal T2: ``dark`` below 0.4, ``middle``, ``bright``
    above 0.6.
``snr``
    Mean signal of the vertebral bodies over the standard deviation of the noise.
``n``
    Number of measurements behind the cell. A standard deviation of few is widened (Student's prediction interval).
``bias_percent``, ``sd_percent``
    Location and standard deviation of 100 × (measured − true) / true of one visit, missed fragments left out.
``sd_floor_mm3``
    Standard deviation (about 0) of what is measured where there is no fragment; 0 where that was not asked.
``change_sd_percent``
    Standard deviation of the error of V1 − V0, in percent of the mean true volume of the pair.
``missed_share``
    0…1: fragments of that kind that were reported as none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np

CONTRASTS = {"dark": 0.3, "middle": 0.5, "bright": 0.7}
"""Typical brightness of each class as a share of that of the CSF; between two of them both count."""


class Contrast(StrEnum):
    """Brightness of a fragment against the CSF on sagittal T2."""

    DARK = "dark"
    MIDDLE = "middle"
    BRIGHT = "bright"


@dataclass(frozen=True, slots=True)
class PrecisionCell:
    """One cell of the file, fields as there.

    Raises
    ------
    ValueError
        If a value is impossible.
    """

    volume_mm3: float
    thickness_mm: float
    contrast: Contrast
    snr: float
    n: int
    bias_percent: float
    sd_percent: float
    sd_floor_mm3: float
    change_sd_percent: float
    missed_share: float

    def __post_init__(self) -> None:
        numbers = [getattr(self, f.name) for f in fields(self) if f.name != "contrast"]
        if not np.isfinite(numbers).all():
            raise ValueError("a value is not finite")
        if min(self.volume_mm3, self.thickness_mm, self.snr, self.n) <= 0:
            raise ValueError("volume_mm3, thickness_mm, snr and n are above 0")
        if min(self.sd_percent, self.sd_floor_mm3, self.change_sd_percent) < 0 or not 0 <= self.missed_share <= 1:
            raise ValueError("standard deviations are not negative, and missed_share lies between 0 and 1")
        if self.bias_percent <= -100:
            raise ValueError("bias_percent is above -100: a fragment that is not seen is missed")
