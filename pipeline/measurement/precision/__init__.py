"""How precise a volume and a change are, by protocol and fragment: the shipped precision profile."""

from __future__ import annotations

from pipeline.measurement.precision.profile import Contrast, Precision, PrecisionCell, PrecisionProfile

__all__ = ["Contrast", "Precision", "PrecisionCell", "PrecisionProfile"]
