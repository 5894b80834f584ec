"""What the registration gives: how the two visits lie to each other, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.findings import Finding
from pipeline.volume import Affine


@dataclass(frozen=True)
class AlignmentQuality:
    """How far the alignment can be trusted.

    Attributes
    ----------
    estimated_tre_mm
        Estimated target registration error at the fragment in mm (95 %).
    bone_dice
        Overlap of the vertebral bodies L4–S1 of both visits in the half-way space, 0…1.
    similarity
        Normalised cross-correlation inside the bone mask, −1…1.
    usable
        False beyond the failure threshold.
    """

    estimated_tre_mm: float
    bone_dice: float
    similarity: float
    usable: bool


@dataclass(frozen=True, eq=False)
class Alignment:
    """Rigid alignment of two visits on L4–S1 bone.

    Attributes
    ----------
    baseline_to_followup
        (4, 4): maps LPS points of the baseline to LPS points of the follow-up, mm.
    baseline_to_halfway, followup_to_halfway
        (4, 4): map LPS points of each visit to the space that lies half-way between them, mm.
    """

    baseline_to_followup: Affine
    baseline_to_halfway: Affine
    followup_to_halfway: Affine
    quality: AlignmentQuality
    findings: tuple[Finding, ...]
