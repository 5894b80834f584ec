"""Like with like: where a visit offers several series for a role, the one that suits the other visit is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.dicom.units import Unit
from pipeline.dicom.visit import Role, Series

_PITCH_RATIO = 1.5
"""Slices whose distances differ by more than this factor sample a fragment differently."""


@dataclass(frozen=True)
class Protocol:
    """What makes two series comparable.

    Attributes
    ----------
    pitch_mm
        Measured distance between slices.
    """

    pitch_mm: float
    fat_suppressed: bool | None

    @classmethod
    def of_unit(cls, unit: Unit) -> Protocol:
        """Protocol of a candidate that is not decoded yet."""
        return cls(unit.facts.spacing_mm[0], unit.lead.weighting.fat_suppressed)

    @classmethod
    def of_series(cls, series: Series) -> Protocol:
        """Protocol of a series of a loaded visit."""
        return cls(series.volume.spacing_mm[0], series.facts.fat_suppressed)

    def suits(self, other: Protocol) -> bool:
        """Whether measurements on the two can be compared without a change of method."""
        pitches = sorted((self.pitch_mm, other.pitch_mm))
        unlike_fat = None not in (self.fat_suppressed, other.fat_suppressed) and (
            self.fat_suppressed is not other.fat_suppressed
        )
        return pitches[1] <= _PITCH_RATIO * pitches[0] and not unlike_fat


def unsuited(one: Mapping[Role, Protocol], other: Mapping[Role, Protocol]) -> dict[Role, Protocol]:
    """Protocols of ``other`` in the roles where ``one`` does not suit it."""
    return {role: other[role] for role in one if role in other and not one[role].suits(other[role])}
