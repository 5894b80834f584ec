"""What the registration gives: how the two visits lie to each other, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.findings import Finding
from pipeline.volume import Affine


@dataclass(frozen=True)
class SegmentMotion:
    """How the upper of two neighbouring vertebrae moved against the lower one, from baseline to follow-up.

    Attributes
    ----------
    level
        ``"L4/L5"``: the disc between them.
    flexion_deg
        Turn about the left-right axis, degrees; positive where the upper one bent forwards.
    angle_deg
        Whole angle of the turn, degrees, 0…180.
    shift_mm
        Distance that the upper one's centre moved as seen from the lower one, mm.
    error_deg, error_mm
        Errors (95 %) of angle and distance.
    """

    level: str
    flexion_deg: float
    angle_deg: float
    shift_mm: float
    error_deg: float
    error_mm: float


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
    segments
        How neighbouring vertebrae moved against each other (flexion), from the top down; empty where unknown.
    """

    baseline_to_followup: Affine
    baseline_to_halfway: Affine
    followup_to_halfway: Affine
    quality: AlignmentQuality
    findings: tuple[Finding, ...]
    segments: tuple[SegmentMotion, ...] = ()
