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
from pipeline.measurement.looking import Seen, look_around, reaches, shows, volume_mm3
from pipeline.measurement.precision import PrecisionProfile
from pipeline.measurement.profiled import View, profiled
from pipeline.measurement.series import disagreement_mm3
from pipeline.measurement.uncertainty import Spread, slice_error_mm3, surface_mm2, volume_interval
from pipeline.measurement.views_apart import apart_mm3, share_apart
from pipeline.measurement.volumetry import Occupancy
from pipeline.segmentation.anatomy import Anatomy, SeriesSegmentation
from pipeline.segmentation.displaced import DisplacedMaterial
from pipeline.segmentation.fusion import FusedFragment, fuse
from pipeline.volume import Volume

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
    reached
        Whether the most trusted series shows the place of the level, so that nothing there means none.
    counted
        Every block of labels that was looked at, and the flat indices of its voxels that count as this material.
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
    reached: bool = True
    counted: tuple[tuple[SeriesSegmentation, NDArray[np.intp]], ...] = ()


def measure_fragment(
    visit: Visit, anatomy: Anatomy, level: str, role: Role, settings: MeasurementSettings
) -> MeasuredFragment:
    """Measure the displaced material of ``level`` in the series ``role``, with every other series beside it.

    ``role`` and ``level`` must be in ``anatomy``. Of an axial series in several blocks all that come near the level
    take part, each place once; the shift of the series (:attr:`Anatomy.shifts_lps_mm`) is that of all its blocks.
    """
    seen = look_around(visit, anatomy, level, role)
    material, found = seen[role][0].material, seen[role][0].found
    spreads = _spreads(role, seen, anatomy, settings)
    alone = spreads[role]
    measurement = FragmentMeasurement(
        present=alone.present,
        volume_mm3=found.volume_mm3,
        interval95_mm3=volume_interval(alone),
        detection_limit_mm3=alone.limit_mm3,
        centroid_lps_mm=None,
        role=role,
        occupancy=found.share,
        volumes_by_role_mm3={each: volume_mm3(blocks) for each, blocks in seen.items()},
        intervals_by_role_mm3={each: volume_interval(one) for each, one in spreads.items()},
        fused=_with_axial(role, seen, anatomy, level),
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
            # What is no more than noise tells nothing of a fragment's brightness.
            brightness_of(image, labels, found.share) if role is Role.SAGITTAL_T2 and alone.present else None,
            signal_to_noise(image, labels),
        ),
        reached=reaches(image, anatomy.levels[level]),
        counted=tuple(
            (one.block, np.flatnonzero(one.material.region.array)) for several in seen.values() for one in several
        ),
    )
    return weighed(measured, pair_weights([measured.by_role]), PrecisionProfile.load(settings.precision_profile))


def _with_axial(role: Role, seen: Mapping[Role, Sequence[Seen]], anatomy: Anatomy, level: str) -> FusedFragment | None:
    """The measured series and the axial ones together; None where no axial one shows the level."""
    axial = [
        one.material
        for each, several in seen.items()
        if each.plane is Plane.AXIAL and each is not role
        for one in several
    ]
    if not axial:
        return None
    return fuse([seen[role][0].material, *axial], anatomy.levels[level], anatomy.shifts_lps_mm)


def weighed(
    measured: MeasuredFragment,
    weights: Mapping[Role, float],
    profile: PrecisionProfile,
    brightness: float | None = None,
    *,
    elsewhere: bool = False,
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
    elsewhere
        Whether another visit shows the fragment.
    """
    if measured.view is None:
        return measured
    before = measured.measurement
    view = measured.view if brightness is None else replace(measured.view, brightness=brightness)
    whole = combined(measured.by_role, weights).with_disagreement(
        disagreement_mm3(before.role, before.volumes_by_role_mm3)
    )
    spread = profiled(whole, view, profile, elsewhere=elsewhere)
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
    role: Role, seen: Mapping[Role, Sequence[Seen]], anatomy: Anatomy, settings: MeasurementSettings
) -> dict[Role, Spread]:
    """The volume of every series that shows the whole place of the fragment, with its errors; ``role`` first."""
    main, found = seen[role][0], seen[role][0].found.share
    # How far views differ is known best where there are most of them.
    apart = share_apart(seen.get(anatomy.reference, ()))
    result = {role: _spread(main.material, main.found, settings, apart)}
    for each, blocks in seen.items():
        if each is role or not shows(blocks, found, anatomy.shifts_lps_mm.get(each)):
            continue
        parts = [_spread(one.material, one.found, settings, apart) for one in blocks]
        border = float(np.hypot(settings.boundary_sd_mm, TRUST_SD_MM[each]))
        surface = sum(surface_mm2(one.found.share.array, one.found.share.spacing_mm) for one in blocks)
        result[each] = Spread(
            volume_mm3=volume_mm3(blocks),
            boundary_mm3=surface * border,
            variants_mm3=sum(part.variants_mm3 for part in parts),
            slices_mm3=max(part.slices_mm3 for part in parts),
            limit_mm3=max(part.limit_mm3 for part in parts),
        )
    return result


def _spread(material: DisplacedMaterial, found: Occupancy, settings: MeasurementSettings, apart: float) -> Spread:
    share, spacing = found.share.array, found.share.spacing_mm
    return Spread(
        volume_mm3=found.volume_mm3,
        boundary_mm3=surface_mm2(share, spacing) * settings.boundary_sd_mm,
        variants_mm3=apart_mm3(material, found.volume_mm3, apart),
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
