"""The segmenter that takes what another program found: outlines and names from a label map.

Programs such as TotalSpineSeg and SPINEPS mark vertebrae, discs and canal; displaced material is none
of their classes, and stays the network's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.config import SegmentationSettings
from pipeline.dicom.visit import Plane, Role, Visit
from pipeline.errors import LevelError, NoUsableSeriesError, UsageError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation, Structure
from pipeline.segmentation.assembly import assembled
from pipeline.segmentation.axial import carried_to
from pipeline.segmentation.grid import CanonicalSeries
from pipeline.segmentation.inference import Prediction, predict
from pipeline.segmentation.instances import Spine, find_spine
from pipeline.segmentation.labelmap import require_image
from pipeline.segmentation.landmarks import named_levels
from pipeline.segmentation.levels import LevelNaming
from pipeline.segmentation.network import Networks, Predictor, shared_networks
from pipeline.segmentation.segmenters.map_fragment import mix_in, with_fine_fragment
from pipeline.segmentation.segmenters.map_names import names_of
from pipeline.segmentation.segmenters.map_on_grid import LabelMap, read_label_map
from pipeline.segmentation.segmenters.scheme import Scheme
from pipeline.volume import Volume

ORDER = (Role.SAGITTAL_T2, Role.SAGITTAL_T1, Role.SAGITTAL_T1_POST, Role.SAGITTAL_STIR)


@dataclass(frozen=True, eq=False)
class _Seen:
    """One sagittal series as the label map has it, and what the network says of it where it was asked."""

    prediction: Prediction
    spine: Spine
    found: Prediction | None


@dataclass(frozen=True)
class LabelMapSegmenter:
    """A :class:`~pipeline.segmentation.segmenters.protocol.Segmenter` for one visit.

    Attributes
    ----------
    files
        NIfTI, NRRD or MetaImage; several where a program spreads its labels over several.
    scheme
        What their values mean.
    network
        Tells the fragment; the shipped networks when None. A single one looks at every series alone.
    """

    files: tuple[Path, ...]
    scheme: Scheme
    network: Predictor | Networks | None = None

    def __call__(
        self, visit: Visit, settings: SegmentationSettings, progress: Callable[[str], None] | None = None, /
    ) -> Anatomy:
        """Bring the label map to the visit's series.

        Raises
        ------
        UnreadableInputError
            If a file cannot be read.
        UsageError
            If the files hold no label of the scheme, or do not overlap the images.
        NoUsableSeriesError
            If no series is sagittal.
        LevelError
            If levels cannot be named, or ``settings.level`` is not among them.
        """
        labels = read_label_map(self.files, self.scheme)
        say = progress or (lambda _: None)
        networks = None if labels.marks_fragment else self._networks(settings.threads)
        findings = [*labels.findings, self._used(labels)]
        seen: dict[Role, _Seen] = {}
        for role in (role for role in ORDER if role in visit.series):
            say(role.words)
            one = _seen(labels, visit.series[role].volume, role, settings, networks)
            if one is not None:
                seen[role] = one
        _require_overlap(seen, visit, self.files)
        reference = next((r for r in seen if labels.same_voxels(visit.series[r].volume)), next(iter(seen)))
        if not labels.same_voxels(visit.series[reference].volume):
            findings.append(_resampled(reference))
        if not labels.named and settings.lowest_disc is None:
            findings.append(self._counted_anew())
        naming = names_of(labels, seen[reference].prediction, seen[reference].spine, settings.lowest_disc)
        anatomy = _anatomy(seen, reference, naming)
        _require_level(anatomy, settings.level)
        if networks is not None and networks.fine is not None:
            say("fine pass")
            found = {role: one.found for role, one in seen.items() if one.found is not None}
            anatomy = with_fine_fragment(visit, anatomy, labels, found, settings=settings, network=networks.fine)
        axial = _axial(visit, anatomy, say)
        return replace(
            anatomy,
            segmentations={**anatomy.segmentations, **axial},
            findings=(*findings, *naming.findings),
        )

    def _networks(self, threads: int) -> Networks:
        given = self.network or shared_networks(threads)
        return given if isinstance(given, Networks) else Networks(given)

    def _used(self, labels: LabelMap) -> Finding:
        digests = ", ".join(f"{image.sha256[:12]}…" for image in labels.images)
        fragment = "too" if labels.marks_fragment else "the shipped network's"
        text = (
            f"Vertebrae, discs, canal and their names are those of the label map that was given ({self.scheme.title}; "
            f"SHA-256 {digests}); the fragment is {fragment}."
        )
        return Finding("labels-given", Severity.INFO, text)

    def _counted_anew(self) -> Finding:
        text = (
            f"The numbers of the {self.scheme.title} label map are no names of vertebrae (it was made without naming "
            "them), so that levels were counted from its sacrum."
        )
        return Finding("labels-counted-anew", Severity.WARNING, text)


def _seen(
    labels: LabelMap, volume: Volume, role: Role, settings: SegmentationSettings, networks: Networks | None
) -> _Seen | None:
    """One series; None where the map marks nothing of it."""
    require_image(volume, role.words)
    shares = labels.structures_on(volume)
    if not shares[1:].any():
        return None
    variants = shares[Structure.FRAGMENT][None]
    found = None
    if networks is not None:
        found = predict(volume, networks.sagittal, settings.variants)
        variants = found.native_fragment_variants
        mix_in(shares, found.native_probabilities[Structure.FRAGMENT])
    prediction = _as_prediction(volume, shares, variants)
    return _Seen(prediction, find_spine(prediction), found)


def _as_prediction(volume: Volume, shares: NDArray[np.float32], variants: NDArray[np.float32]) -> Prediction:
    """The label map in the form that a network's result has, so that the same code finds discs and bodies in it."""
    series = CanonicalSeries.of(volume)
    plane = series.plane()
    window = series.native_window(plane)
    canonical = np.ascontiguousarray(series.orientation.apply(shares)[(..., *window.ranges)])
    fine = series.between(canonical, window.plane, plane)
    fine[0] = np.maximum(1.0 - fine[1:].sum(axis=0), 0.0)
    return Prediction(
        series=series,
        plane=plane,
        probabilities=fine,
        variant_labels=fine.argmax(axis=0).astype(np.uint8)[None],
        native_probabilities=shares,
        native_fragment_variants=variants,
    )


def _require_overlap(seen: dict[Role, _Seen], visit: Visit, files: Sequence[Path]) -> None:
    if not any(role.plane is Plane.SAGITTAL for role in visit.series):
        raise NoUsableSeriesError("This visit has no sagittal series to bring the label map to. Add one.")
    if not seen:
        raise UsageError(
            f"{', '.join(path.name for path in files)} does not overlap any sagittal series of its visit. Give the map "
            "of this visit (are the two exchanged?), in patient coordinates."
        )


def _resampled(role: Role) -> Finding:
    text = f"The label map has other voxels than the series; it was brought to {role.words} by the nearest voxel."
    return Finding("labels-resampled", Severity.INFO, text)


def _anatomy(seen: dict[Role, _Seen], reference: Role, naming: LevelNaming) -> Anatomy:
    chosen = seen[reference]
    levels = named_levels(chosen.prediction, chosen.spine, naming)
    return assembled(seen, reference, naming, levels, ())


def _require_level(anatomy: Anatomy, level: str) -> None:
    if level not in anatomy.levels:
        raise LevelError(
            f"The label map names no {level}; it names {', '.join(anatomy.levels) or 'none'}. Choose one of them with "
            "--level, or name the lowest visible disc with --lowest-disc."
        )


def _axial(visit: Visit, anatomy: Anatomy, say: Callable[[str], None]) -> dict[Role, SeriesSegmentation]:
    reference = anatomy.segmentations[anatomy.reference]
    others = [one for role, one in anatomy.segmentations.items() if role is not anatomy.reference]
    result = {}
    for role, series in visit.series.items():
        if role.plane is Plane.AXIAL:
            say(role.words)
            result[role] = carried_to(role, series.volume, reference, others)
    return result
