"""A stack as the series rules see it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.weightings import Family, Weighting


@dataclass(frozen=True)
class Traits:
    """A stack as the rules see it: header facts together with what was concluded from them."""

    facts: StackFacts
    weighting: Weighting
    family: Family
    fat_suppressed: bool | None
    contrast: bool
