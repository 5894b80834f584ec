"""What somebody gives for a visit besides its images: a corrected mask, or another program's label map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.config import Config, SegmentationSettings
from pipeline.dicom.visit import Role, Visit
from pipeline.errors import UsageError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.segmenters.belonging import require_place, require_same_origin
from pipeline.segmentation.segmenters.hand_drawn import DrawnFragment, corrected, fit_mask
from pipeline.segmentation.segmenters.label_image import file_sha256
from pipeline.segmentation.segmenters.label_map import LabelMapSegmenter
from pipeline.segmentation.segmenters.mask import HandMask, read_mask
from pipeline.segmentation.segmenters.protocol import SHIPPED, Segmenter
from pipeline.segmentation.segmenters.registry import find_segmenter
from pipeline.segmentation.segmenters.scheme import find_scheme


@dataclass(frozen=True)
class Contribution:
    """Files for one visit.

    Attributes
    ----------
    mask
        The fragment of the level that is measured, drawn or corrected by a person.
    segment_number
        Segment or value of the mask's file; None where it is clear.
    labels
        Label map of another program, in one or several files.
    scheme
        What its values mean: ``"totalspineseg"``, ``"spineps"`` or ``"discdelta"``.
    """

    mask: Path | None = None
    segment_number: int | None = None
    labels: tuple[Path, ...] = ()
    scheme: str = "discdelta"


@dataclass(frozen=True)
class Record:
    """One file that had a say in the result, for provenance.

    Attributes
    ----------
    visit
        ``"baseline"`` or ``"followup"``.
    kind
        ``"mask"`` or ``"labels"``.
    scheme
        What was read in it: the scheme, or the value or segment taken.
    sha256
        Of the file's bytes.
    """

    visit: str
    kind: str
    scheme: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Received:
    """The files of one visit, read and checked against it, and who segments it."""

    segmenter: Segmenter
    mask: HandMask | None
    records: tuple[Record, ...]
    findings: tuple[Finding, ...]

    def segment(self, visit: Visit, settings: SegmentationSettings) -> Anatomy:
        """Let the segmenter work.

        Raises
        ------
        DiscdeltaError
            As the segmenter, or if it gives something else than an anatomy.
        """
        anatomy = self.segmenter(visit, settings)
        if not isinstance(anatomy, Anatomy):
            raise UsageError(
                f"The segmenter {settings.segmenter!r} gave {type(anatomy).__name__} and no anatomy. Mend the package "
                "that offers it; docs/segmenters.md says what is expected."
            )
        return anatomy

    def correct(
        self, visit: Visit, anatomy: Anatomy, level: str, preferred: Iterable[Role]
    ) -> tuple[Anatomy, DrawnFragment | None]:
        """The anatomy with the mask in it, and the mask on the voxels of its series; unchanged without one.

        Raises
        ------
        UsageError
            If the mask lies at another level.
        """
        if self.mask is None:
            return anatomy, None
        drawn, findings = fit_mask(self.mask, visit, anatomy, level, preferred)
        marked = corrected(anatomy, drawn, level)
        return replace(marked, findings=(*marked.findings, *findings)), drawn


def receive(
    contributions: tuple[Contribution, Contribution],
    visits: tuple[Visit, Visit],
    config: Config,
) -> tuple[Received, Received]:
    """Read the files of both visits before the long work, and refuse what does not belong to them.

    Parameters
    ----------
    contributions
        In the order in which the visits were given.
    visits
        In the order of time.
    config
        Names the segmenter of a visit without a label map, and tells whether identities may differ.

    Raises
    ------
    DiscdeltaError
        If a file cannot be read, is of another patient, or lies elsewhere.
    """
    first, second = visits
    if any(finding.code == "visits-reordered" for finding in second.findings):
        contributions = contributions[1], contributions[0]
    allow = config.dicom.allow_different_patients
    return (
        _received(_Side("baseline", contributions[0], first, second), config.segmentation.segmenter, allow=allow),
        _received(_Side("followup", contributions[1], second, first), config.segmentation.segmenter, allow=allow),
    )


def given_none(visit: Visit, config: Config) -> Received:
    """What is received of a visit for which nothing is given besides its images."""
    return _received(_Side("visit", Contribution(), visit, visit), config.segmentation.segmenter, allow=False)


@dataclass(frozen=True, eq=False)
class _Side:
    name: str
    given: Contribution
    visit: Visit
    other: Visit


def _received(side: _Side, segmenter: str, *, allow: bool) -> Received:
    given, findings = side.given, _other_segmenter(segmenter, side.given)
    records = [Record(side.name, "labels", given.scheme, file_sha256(path)) for path in given.labels]
    works: Segmenter = find_segmenter(segmenter)
    if given.labels:
        works = LabelMapSegmenter(given.labels, find_scheme(given.scheme))
    if given.mask is None:
        return Received(works, None, tuple(records), findings)
    mask = read_mask(given.mask, given.segment_number)
    when = "follow-up" if side.name == "followup" else side.name
    origin = require_same_origin(mask, side.visit, when, allow_different=allow)
    require_place(mask, side.visit, side.other, when)
    records.append(Record(side.name, "mask", f"{mask.format}, {mask.chosen}", mask.sha256))
    return Received(works, mask, tuple(records), (*findings, *origin))


def _other_segmenter(name: str, given: Contribution) -> tuple[Finding, ...]:
    if name == SHIPPED or given.labels:
        return ()
    text = f"Structures and levels are those of the segmenter {name}, not of the shipped network."
    return (Finding("segmenter-other", Severity.INFO, text),)
