"""One axial series, segmented by its own network and named by the sagittal series of the same visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dicom.visit import Role
from pipeline.findings import Finding
from pipeline.segmentation.anatomy import SeriesSegmentation, Structure
from pipeline.segmentation.axial_agreement import agreement_of, shifted
from pipeline.segmentation.axial_evidence import combined, corroborated, followed, named, tidied
from pipeline.segmentation.axial_view import AxialView, looked_at
from pipeline.segmentation.names import vertebra_value
from pipeline.segmentation.nearby import Nearby
from pipeline.segmentation.network import Predictor
from pipeline.segmentation.probable import most_probable
from pipeline.volume import Volume


@dataclass(frozen=True, eq=False)
class AxialSegmentation:
    """An axial series, segmented.

    Attributes
    ----------
    segmentation
        On the native grid of the series.
    from_network
        Whether the axial network saw it; else its labels are the carried ones.
    canal_dice
        Overlap 0…1 of the canal with the labels carried over from the sagittal series; 0 where the network saw nothing.
    shift_mm
        float64, shape (3,), LPS mm: what lies at ``x`` on the sagittal series lies at ``x + shift_mm`` here.
    findings
        Movement between the series, labels that contradict each other.
    left_out
        How many slices with spine kept their carried labels because nobody asked about them.
    """

    segmentation: SeriesSegmentation
    from_network: bool
    canal_dice: float
    shift_mm: NDArray[np.float64]
    findings: tuple[Finding, ...]
    left_out: int = 0


def segment_axial(
    role: Role,
    volume: Volume,
    carried: SeriesSegmentation,
    network: Predictor,
    *,
    count: int,
    around: Sequence[int] = (),
    nearby: Nearby | None = None,
    settled: bool = False,
) -> AxialSegmentation:
    """Segment one stack of an axial series.

    Parameters
    ----------
    role
        The series.
    volume
        One stack on its native grid; any axis order, direction and obliquity.
    carried
        What :func:`pipeline.segmentation.axial.carried_to` gives for this stack. Its labels and instances become those
        of the result, and are changed.
    network
        The axial network: probabilities (n, 6, rows, columns) of slices (n, 3, rows, columns).
    count
        Number of test-time variants, 1 or more.
    around
        Instances near which slices are seen in all variants; all slices are where it is empty.
    nearby
        Only slices near this place are looked at, others keep their carried labels; all are looked at when None.
    settled
        True where the motion against the sagittal series is known and ``volume`` lies as they do.

    Returns
    -------
    AxialSegmentation
        The carried labels unchanged where they show no spine on the slices asked about.
    """
    view = looked_at(volume, carried, network, count, around=around, nearby=nearby)
    if view is None:
        return AxialSegmentation(carried, False, 0.0, np.zeros(3), ())
    agreement = agreement_of(role, view, carried, settled=settled)
    known = shifted(carried, agreement.shift_mm) if agreement.shifted else carried
    return AxialSegmentation(
        segmentation=_on_native_grid(role, volume, known, view),
        from_network=True,
        canal_dice=agreement.canal_dice,
        shift_mm=agreement.shift_mm,
        findings=agreement.findings,
        left_out=view.left_out,
    )


def _on_native_grid(role: Role, volume: Volume, carried: SeriesSegmentation, view: AxialView) -> SeriesSegmentation:
    """Evidence combined, structures named, everything on native voxels; slices not looked at keep what was carried."""
    probabilities = combined(view.probabilities, view.crop(carried.probabilities))
    if role is not Role.AXIAL_T2:
        seen = view.crop(carried.probabilities[Structure.FRAGMENT])
        probabilities = corroborated(probabilities, seen, view.grid.spacing_mm)
    own = tidied(most_probable(probabilities), view.crop(carried.labels.array))
    own, own_instances = named(own, view.crop(carried.instances.array), vertebra_value("S1"), view.grid.spacing_mm)
    fragment = Structure.FRAGMENT
    own_variants = followed(view.fragment_variants, view.probabilities[fragment], probabilities[fragment])
    labels, instances = carried.labels.array, carried.instances.array
    for target, values in ((labels, own), (instances, own_instances)):
        view.clear(target, 0)
        view.paste(target, values)
    before = carried.probabilities
    seen_before = np.broadcast_to(before[fragment], (len(own_variants), *volume.shape))
    return SeriesSegmentation(
        role=role,
        labels=volume.with_array(labels),
        instances=volume.with_array(instances),
        probabilities=view.renewed(before, probabilities, outside=Structure.BACKGROUND),
        fragment_variants=view.renewed(seen_before, own_variants),
    )
