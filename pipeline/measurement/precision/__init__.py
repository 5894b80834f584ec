"""How precise a volume and a change are, by protocol and fragment: the shipped precision profile."""

from __future__ import annotations

from pipeline.measurement.precision.cell import Contrast, PrecisionCell
from pipeline.measurement.precision.profile import Precision, PrecisionProfile

__all__ = ["Contrast", "Precision", "PrecisionCell", "PrecisionProfile"]
