"""The fragment of one visit. Nothing here knows which visit it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Plane, Role, Visit
from pipeline.measurement.appearance import brightness_of, signal_to_noise
from pipeline.measurement.change import FragmentMeasurement, Interval
from pipeline.measurement.combining import TRUST_SD_MM, combined, pair_weights
from pipeline.measurement.precision import PrecisionProfile
from pipeline.measurement.profiled import View, profiled
from pipeline.measurement.series import disagreement_mm3
from pipeline.measurement.uncertainty import Spread, slice_error_mm3, surface_mm2, volume_interval
from pipeline.measurement.volumetry import Occupancy, occupancy
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation
from pipeline.segmentation.blocks import from_middle_mm, labelled_blocks, shown_best
from pipeline.segmentation.displaced import MIGRATION_MM, DisplacedMaterial, displaced_probability
from pipeline.segmentation.fusion import fuse
from pipeline.volume import Volume

HALF = 0.5
WHOLE = 0.95
"""A series that shows less of the fragment's place than this has no say in the volume."""
SMALLEST_SECTION_MM2 = 15.0
"""A section that the eye would pass over: 4 to 5 mm across. One slice of it is the least that can be told."""


@dataclass(frozen=True, eq=False)
class MeasuredFragment:
    """A measurement with what the change needs besides.

    Attributes
    ----------
    measurement
        What crosses the door.
    spread
        Its sources of error, what other series say included.
    own_interval
        95 % interval in mm³ from this series alone.
    contrast
        0…1: say of the image's own contrast in the shares of the border.
    at_edge
        0…1: share of the volume in the outermost slices or pixels of the stack.
    suppressed_mm3
        Nearby material that was taken for false.
    by_role
        What each series that shows the whole place says, with its own errors, the most trusted one first.
    probability
        0…1: displaced material in the most trusted series, before brightness was asked.
    view
        How it was imaged; None where a person drew it.
    """

    measurement: FragmentMeasurement
    spread: Spread
    own_interval: Interval
    contrast: float
    at_edge: float
    suppressed_mm3: float
    by_role: Mapping[Role, Spread] = field(default_factory=dict)
    probability: Volume | None = None
    view: View | None = None


def measure_fragment(
    visit: Visit, anatomy: Anatomy, level: str, role: Role, settings: MeasurementSettings
) -> MeasuredFragment:
    """Measure the displaced material of ``level`` in the series ``role``, with every other series beside it.

    ``role`` and ``level`` must be in ``anatomy``. Of an axial series in several blocks all that come near the level
    take part, each place once; the shift of the series (:attr:`Anatomy.shifts_lps_mm`) is that of all its blocks.
    """
    by_role: dict[Role, float] = {}
    seen: dict[Role, list[_Seen]] = {}
    for each in anatomy.segmentations:
        blocks = _blocks(visit, anatomy, anatomy.levels[level], each, always=each is role)
        if blocks:
            seen[each] = [_look(block, anatomy, level) for block in blocks]
            by_role[each] = _volume_mm3(seen[each])
    if role not in seen:
        raise ValueError(f"the segmentation of {role} does not lie on its series")
    material, found = seen[role][0].material, seen[role][0].found
    axial = [
        one.material
        for each, several in seen.items()
        if each.plane is Plane.AXIAL and each is not role
        for one in several
    ]
    alone = _spread(material, found, settings)
    spreads = _spreads(role, alone, seen, anatomy, settings)
    measurement = FragmentMeasurement(
        present=alone.present,
        volume_mm3=found.volume_mm3,
        interval95_mm3=volume_interval(alone),
        detection_limit_mm3=alone.limit_mm3,
        centroid_lps_mm=None,
        role=role,
        occupancy=found.share,
        volumes_by_role_mm3=by_role,
        intervals_by_role_mm3={each: volume_interval(one) for each, one in spreads.items()},
        fused=fuse([material, *axial], anatomy.levels[level], anatomy.shifts_lps_mm) if axial else None,
    )
    image, labels = visit.series[role].volume, anatomy.segmentations[role]
    measured = MeasuredFragment(
        measurement,
        alone,
        own_interval=volume_interval(alone),
        contrast=found.contrast,
        at_edge=share_at_edge(found.share),
        suppressed_mm3=material.suppressed_mm3,
        by_role=spreads,
        probability=material.probability,
        view=View(
            found.share.spacing_mm[0],
            brightness_of(image, labels, found.share) if role is Role.SAGITTAL_T2 else None,
            signal_to_noise(image, labels),
        ),
    )
    return weighed(measured, pair_weights([measured.by_role]), PrecisionProfile.load(settings.precision_profile))


def weighed(
    measured: MeasuredFragment,
    weights: Mapping[Role, float],
    profile: PrecisionProfile,
    brightness: float | None = None,
) -> MeasuredFragment:
    """The same fragment with the series weighed as given.

    Parameters
    ----------
    weights
        By role, adding up to 1; each role is in ``measured.by_role``.
    profile
        What is known of the precision.
    brightness
        Of the fragment against CSF where another visit tells; the visit's own one for None.
    """
    if measured.view is None:
        return measured
    before = measured.measurement
    view = measured.view if brightness is None else replace(measured.view, brightness=brightness)
    whole = combined(measured.by_role, weights).with_disagreement(
        disagreement_mm3(before.role, before.volumes_by_role_mm3)
    )
    spread = profiled(whole, view, profile)
    there = spread.present and bool(before.occupancy.array.any())
    measurement = replace(
        before,
        present=spread.present,
        volume_mm3=spread.volume_mm3,
        interval95_mm3=volume_interval(spread),
        detection_limit_mm3=spread.limit_mm3,
        centroid_lps_mm=centroid(before.occupancy) if there else None,
        weights_by_role=dict(weights),
        surely_seen_mm3=spread.hidden_mm3,
        alone_mm3=spread.volume_mm3,
        sd_mm3=spread.total_mm3,
    )
    return replace(measured, measurement=measurement, spread=spread, view=view)


def _spreads(
    role: Role, main: Spread, seen: Mapping[Role, Sequence[_Seen]], anatomy: Anatomy, settings: MeasurementSettings
) -> dict[Role, Spread]:
    """The volume of every series that shows the whole place of the fragment, with its errors; ``role`` first."""
    found = seen[role][0].found.share
    result = {role: main}
    for each, blocks in seen.items():
        if each is role or not _shows(blocks, found, anatomy.shifts_lps_mm.get(each)):
            continue
        parts = [_spread(one.material, one.found, settings) for one in blocks]
        border = float(np.hypot(settings.boundary_sd_mm, TRUST_SD_MM[each]))
        surface = sum(surface_mm2(one.found.share.array, one.found.share.spacing_mm) for one in blocks)
        result[each] = Spread(
            volume_mm3=_volume_mm3(blocks),
            boundary_mm3=surface * border,
            variants_mm3=sum(part.variants_mm3 for part in parts),
            slices_mm3=max(part.slices_mm3 for part in parts),
            limit_mm3=max(part.limit_mm3 for part in parts),
        )
    return result


def _shows(blocks: Sequence[_Seen], share: Volume, shift_mm: NDArray[np.float64] | None) -> bool:
    """Whether the blocks of a series reach the place where the trusted one shows the fragment."""
    index = np.argwhere(share.array > HALF)
    if not len(index):
        return True
    points = share.to_lps(index.astype(np.float64)) + (0.0 if shift_mm is None else shift_mm)
    inside = np.zeros(len(points), dtype=bool)
    for one in blocks:
        place = one.found.share.to_index(points)
        inside |= ((place >= -0.5) & (place <= np.array(one.found.share.shape) - 0.5)).all(axis=1)
    return float(inside.mean()) >= WHOLE


@dataclass(frozen=True, eq=False)
class _Seen:
    """The level's material in one block of one series."""

    material: DisplacedMaterial
    found: Occupancy


def _blocks(
    visit: Visit, anatomy: Anatomy, level: Level, role: Role, *, always: bool
) -> list[tuple[Volume, SeriesSegmentation]]:
    """Image and labels of a series' blocks that may show material of the level, that nearest the disc first.

    None where no block shows the level's posterior margin, unless the series is ``always`` wanted, and none whose
    labels are those of another series: they are no measurement of their own.
    """
    own = [
        (image, labels)
        for image, labels in labelled_blocks(visit.series[role], anatomy.segmentations[role])
        if not labels.carried and image.shape == labels.labels.shape
    ]
    margin = level.posterior_margin_lps_mm
    if not always and not any(_reaches(image, level) for image, _ in own):
        return []
    near = [one for one in own if _reaches(one[0], level, MIGRATION_MM)] or own[:1]
    return sorted(near, key=lambda one: (not _reaches(one[0], level), float(from_middle_mm(one[0], margin)[0])))


def _look(block: tuple[Volume, SeriesSegmentation], anatomy: Anatomy, level: str) -> _Seen:
    image, segmentation = block
    material = displaced_probability(segmentation, anatomy.levels[level], anatomy, image)
    return _Seen(material, occupancy(image, material.probability, np.asarray(material.region.array, dtype=bool)))


def _volume_mm3(blocks: Sequence[_Seen]) -> float:
    """Volume in all blocks of one series, without what a block shows that its neighbour shows better."""
    if len(blocks) == 1:
        return blocks[0].found.volume_mm3
    total = 0.0
    for one in blocks:
        share = one.found.share
        index = np.argwhere(share.array > 0)
        others = [other.found.share for other in blocks if other is not one]
        counted = shown_best(share, others, share.to_lps(index.astype(np.float64)))
        total += float(share.array[tuple(index[counted].T)].sum(dtype=np.float64)) * share.voxel_volume_mm3
    return total


def _reaches(image: Volume, level: Level, beyond_mm: float = 0.0) -> bool:
    """Whether the stack shows the level's posterior margin, so that finding nothing there means something.

    With ``beyond_mm`` also where it ends so far from it.
    """
    index, room = image.to_index(level.posterior_margin_lps_mm), beyond_mm / np.array(image.spacing_mm)
    return bool(np.all((index >= -room) & (index <= np.array(image.shape) - 1 + room)))


def _spread(material: DisplacedMaterial, found: Occupancy, settings: MeasurementSettings) -> Spread:
    share, spacing = found.share.array, found.share.spacing_mm
    variants = material.variants.sum(axis=(1, 2, 3), dtype=np.float64) * found.share.voxel_volume_mm3
    return Spread(
        volume_mm3=found.volume_mm3,
        boundary_mm3=surface_mm2(share, spacing) * settings.boundary_sd_mm,
        variants_mm3=float(variants.std(ddof=1)) if len(variants) > 1 else 0.0,
        slices_mm3=slice_error_mm3(share, spacing),
        limit_mm3=smallest_detectable_mm3(spacing[0], settings),
    )


def smallest_detectable_mm3(pitch_mm: float, settings: MeasurementSettings) -> float:
    """Least limit of blank in mm³ of slices that lie ``pitch_mm`` apart."""
    return max(settings.minimum_detection_limit_mm3, SMALLEST_SECTION_MM2 * pitch_mm)


def centroid(share: Volume) -> tuple[float, float, float]:
    """Centre of mass of shares (not all 0) in LPS mm."""
    index = np.argwhere(share.array > 0)
    weight = np.asarray(share.array[tuple(index.T)], dtype=np.float64)
    x, y, z = share.to_lps(np.average(index, axis=0, weights=weight))
    return float(x), float(y), float(z)


def share_at_edge(share: Volume) -> float:
    """Part 0…1 of a shape that lies in the outermost slices or pixels of its stack."""
    array = share.array
    total = float(array.sum(dtype=np.float64))
    if total == 0:
        return 0.0
    inner = array[1:-1, 1:-1, 1:-1].sum(dtype=np.float64)
    return float(1.0 - inner / total)
