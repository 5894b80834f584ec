"""Parallel, evenly spaced frames of one series whose pixels are still in their files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipeline.dicom.instance import Instance
from pipeline.dicom.skipping import Skipped
from pipeline.dicom.visit import Plane
from pipeline.findings import Finding
from pipeline.volume import Affine


class StackKind(StrEnum):
    """What an image is, from ImageType and the names around it."""

    ORIGINAL = "original"
    LOCALIZER = "localizer"
    DERIVED = "derived"
    REFORMATTED = "reformatted"
    PROJECTION = "projection"
    SUBTRACTION = "subtraction"
    PHASE = "phase"
    MOSAIC = "mosaic"
    SCREENSHOT = "screenshot"


@dataclass(frozen=True, eq=False)
class RawStack:
    """Slices of one stack, sorted, their geometry verified, their pixels not yet decoded.

    Attributes
    ----------
    instances
        Sorted along axis 0: towards patient Left for sagittal, Superior for axial, Posterior for coronal stacks.
    affine
        Shape (4, 4): array index (slice, row, column, 1) to LPS mm. Column 0 is the measured step between slices,
        not the normal times a spacing, so a sheared stack stays true.
    shape
        Slices, rows, columns.
    plane
        From the direction cosines.
    kind
        Whether it is an original image that may play a role.
    findings
        About this stack only.
    """

    instances: tuple[Instance, ...]
    affine: Affine
    shape: tuple[int, int, int]
    plane: Plane
    kind: StackKind
    findings: tuple[Finding, ...] = ()

    @property
    def first(self) -> Instance:
        """The first slice, which speaks for the series where all slices agree."""
        return self.instances[0]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Measured distance in mm between neighbouring voxel centres along slices, rows and columns."""
        a, b, c = (float(sum(x * x for x in self.affine[:3, n]) ** 0.5) for n in range(3))
        return a, b, c


@dataclass(frozen=True, eq=False)
class ScanResult:
    """Everything that was found in one place.

    Attributes
    ----------
    stacks
        All stacks of all series, studies and patients.
    skipped
        Everything left out, one by one.
    findings
        About what was skipped (summed up by reason) and about every stack (theirs included).
    """

    stacks: tuple[RawStack, ...]
    skipped: tuple[Skipped, ...]
    findings: tuple[Finding, ...]
