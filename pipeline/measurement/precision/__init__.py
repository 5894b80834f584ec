"""How precise a volume and a change are, by protocol and fragment: the shipped precision profile."""

from __future__ import annotations

from pipeline.measurement.precision.cell import Contrast, PrecisionCell
from pipeline.measurement.precision.profile import SEEN, Precision, PrecisionProfile
from pipeline.measurement.precision.real_canals import RealCanals

__all__ = ["SEEN", "Contrast", "Precision", "PrecisionCell", "PrecisionProfile", "RealCanals"]
