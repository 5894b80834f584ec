"""Comparisons made by hand: a block-shaped spine whose truth is written down, so that a report can be checked by eye.

Nothing here goes through the loaders, the network or the registration: a report has to be right for any comparison
that keeps to the types, not only for those that today's stages give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipeline.comparison import Comparison, Provenance
from pipeline.config import Config
from pipeline.dicom.visit import Candidate, PatientIdentity, Plane, Role, Series, SeriesFacts, Stack, Visit
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import Category, Change, FragmentMeasurement, Interval
from pipeline.registration.alignment import Alignment, AlignmentQuality
from pipeline.segmentation.anatomy import Anatomy, Level, SeriesSegmentation, Structure, Vertebra
from pipeline.volume import Volume

DISC_MM = 11.0
BODY_MM = 26.0
PITCH_MM = DISC_MM + BODY_MM
VERTEBRAE = ("L5", "L4", "L3", "L2")
LEVELS = ("L5/S1", "L4/L5", "L3/L4", "L2/L3")
POSTERIOR_WALL_MM = 17.0
FRAGMENT_CENTRE = np.array([-3.0, POSTERIOR_WALL_MM + 4.0, PITCH_MM - 6.0])
BRIGHTNESS: Mapping[Role, tuple[float, ...]] = {
    Role.SAGITTAL_T2: (140.0, 210.0, 200.0, 110.0, 520.0, 170.0),
    Role.SAGITTAL_T1: (330.0, 260.0, 250.0, 190.0, 90.0, 180.0),
    Role.AXIAL_T2: (140.0, 210.0, 200.0, 110.0, 520.0, 170.0),
}
IDENTITY = PatientIdentity("PID-778899", "Musterfrau^Erika", "19610412", "F")


@dataclass(frozen=True)
class Body:
    """Where one patient's spine lies at one visit, and how large the fragment's radius is (mm; 0: none)."""

    to_visit: NDArray[np.float64]
    radius_mm: float


def disc_height(name: str) -> float:
    """Height of a disc's centre above L5/S1 in mm."""
    return LEVELS.index(name) * PITCH_MM


def fragment_inside(points: NDArray[np.float64], radius_mm: float) -> NDArray[np.bool_]:
    """Which points (…, 3) of the spine's own coordinates lie in the fragment, an ellipsoid drawn out downwards."""
    if radius_mm == 0:
        return np.zeros(points.shape[:-1], dtype=bool)
    away = (points - FRAGMENT_CENTRE) / (np.array([1.1, 0.8, 1.5]) * radius_mm)
    return np.asarray((away**2).sum(-1) < 1)


def structures(points: NDArray[np.float64], radius_mm: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Structure and instance at points (…, 3) of the spine's own coordinates (x left, y posterior, z cranial)."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    labels = np.zeros(points.shape[:-1], dtype=np.uint8)
    instances = np.zeros_like(labels)
    column = (x / 22) ** 2 + (y / POSTERIOR_WALL_MM) ** 2 < 1
    for i in range(len(LEVELS)):
        disc = column & (abs(z - i * PITCH_MM) < DISC_MM / 2)
        body = column & (abs(z - (i + 0.5) * PITCH_MM) < BODY_MM / 2)
        labels[disc], instances[disc] = Structure.DISC, 101 + i
        labels[body], instances[body] = Structure.VERTEBRA, 20 + i
    sacrum = column & (z < -DISC_MM / 2) & (z > -40)
    labels[sacrum], instances[sacrum] = Structure.SACRUM, 26
    canal = (x / 11) ** 2 + ((y - POSTERIOR_WALL_MM - 8) / 7) ** 2 < 1
    labels[canal], instances[canal] = Structure.CANAL, 61
    fragment = fragment_inside(points, radius_mm) & ~column
    labels[fragment], instances[fragment] = Structure.FRAGMENT, 201
    return labels, instances


def grid(shape: tuple[int, int, int], spacing: tuple[float, float, float], axial: bool) -> NDArray[np.float64]:
    """Affine of a grid centred on L4/L5: canonical sagittal, or axial running downwards."""
    axes = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]] if axial else [[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float)
    affine = np.eye(4)
    affine[:3, :3] = axes * np.array(spacing)
    affine[:3, 3] = np.array([0.0, 6.0, PITCH_MM]) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def lps(shape: tuple[int, int, int], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """LPS of every voxel centre, shape (…, 3)."""
    return Volume(np.zeros(shape, np.uint8), affine).to_lps(np.stack(np.indices(shape), -1).astype(float))


def occupancy(shape: tuple[int, int, int], affine: NDArray[np.float64], body: Body) -> NDArray[np.float32]:
    """Fraction of each voxel inside the fragment, from 27 points in each."""
    back = np.linalg.inv(body.to_visit)
    total = np.zeros(shape, dtype=np.float32)
    for offset in np.stack(np.meshgrid(*[(-1 / 3, 0, 1 / 3)] * 3), -1).reshape(-1, 3):
        points = (np.stack(np.indices(shape), -1) + offset) @ affine[:3, :3].T + affine[:3, 3]
        own = points @ back[:3, :3].T + back[:3, 3]
        total += fragment_inside(own, body.radius_mm) & (own[..., 1] > 0)
    return total / np.float32(27)


def series(role: Role, body: Body, seed: int, description: str) -> tuple[Series, SeriesSegmentation]:
    """One series of a body with its perfect segmentation."""
    axial = role.plane is Plane.AXIAL
    shape, spacing = ((12, 72, 72), (4.0, 1.0, 1.0)) if axial else ((11, 120, 90), (4.4, 1.4, 1.4))
    affine = grid(shape, spacing, axial)
    back = np.linalg.inv(body.to_visit)
    labels, instances = structures(lps(shape, affine) @ back[:3, :3].T + back[:3, 3], body.radius_mm)
    random = np.random.default_rng(seed)
    image = np.array(BRIGHTNESS[role])[labels] + random.normal(0, 12, shape)
    probabilities = np.stack([labels == s for s in Structure]).astype(np.float32)
    facts = SeriesFacts(
        series_instance_uid=f"1.2.826.0.1.3680043.8.498.{seed}",
        series_number=seed,
        series_description=description,
        manufacturer="Reference",
        field_strength_t=1.5,
        repetition_time_ms=3500.0,
        echo_time_ms=101.5,
    )
    stack = Stack(Volume(image.clip(0).astype(np.float32), affine), slice_thickness_mm=4.0)
    segmentation = SeriesSegmentation(
        role,
        Volume(labels, affine),
        Volume(instances, affine),
        probabilities,
        probabilities[Structure.FRAGMENT][None],
    )
    return Series(role, facts, (stack,)), segmentation


def visit(
    body: Body, roles: tuple[Role, ...], seed: int, study_date: date | None, description: str
) -> tuple[Visit, Anatomy]:
    """One visit: its series and what the segmentation says of them."""
    made = {role: series(role, body, seed + n, f"{role.value} {description}") for n, role in enumerate(roles)}
    candidates = tuple(
        Candidate(s.facts.series_number, s.facts.series_description, s.facts.series_instance_uid, role.plane,
                  "T2", s.volume.shape[0], s.volume.shape[1:], s.volume.spacing_mm, role, "most complete")
        for role, (s, _) in made.items()
    )  # fmt: skip
    localizer = Candidate(1, f"localizer {description}", "1.2.3", None, "unknown", 3, (64, 64), None, None, "localizer")
    turn = body.to_visit[:3, :3]
    where = body.to_visit[:3, 3]
    levels = {
        name: Level(
            name,
            101 + i,
            turn @ np.array([0, 0, i * PITCH_MM]) + where,
            turn.copy(),
            turn @ np.array([0, POSTERIOR_WALL_MM, i * PITCH_MM]) + where,
            0.93 - 0.01 * i,
        )
        for i, name in enumerate(LEVELS)
    }
    vertebrae = {
        name: Vertebra(name, 20 + i, turn @ np.array([0, 0, (i + 0.5) * PITCH_MM]) + where)
        for i, name in enumerate(VERTEBRAE)
    }
    vertebrae["S1"] = Vertebra("S1", 26, turn @ np.array([0, 0, -16.0]) + where)
    anatomy = Anatomy(
        {role: s for role, (_, s) in made.items()}, Role.SAGITTAL_T2, levels, vertebrae, "sacrum", False, ()
    )
    images = Visit(
        IDENTITY,
        study_date,
        "1.2.3.4",
        "ACC-4711",
        {role: s for role, (s, _) in made.items()},
        (localizer, *candidates),
        (),
        "/data/export/Musterfrau",
        f"{seed:064x}",
    )
    return images, anatomy


def measurement(body: Body, anatomy: Anatomy) -> FragmentMeasurement:
    """What a perfect measurement of this body gives, with an interval of ± 8 %."""
    labels = anatomy.segmentations[Role.SAGITTAL_T2].labels
    filled = labels.with_array(occupancy(labels.shape, labels.affine, body))
    volume = float(filled.array.sum(dtype=np.float64) * filled.voxel_volume_mm3)
    present = volume > 60
    inside = np.argwhere(filled.array > 0.5)
    centroid = tuple(float(v) for v in filled.to_lps(inside.astype(float)).mean(0)) if present else None
    spread = max(0.08 * volume, 12.0)
    return FragmentMeasurement(
        present,
        volume,
        Interval(max(volume - spread, 0.0), volume + spread),
        60.0,
        centroid,  # type: ignore[arg-type]
        Role.SAGITTAL_T2,
        filled,
        {Role.SAGITTAL_T2: volume},
    )


def change(baseline: FragmentMeasurement, followup: FragmentMeasurement, usable: bool = True) -> Change:
    """The change between two measurements, as the measurement stage would put it."""
    v0, v1 = baseline.volume_mm3, followup.volume_mm3
    delta, spread = v1 - v0, 1.96 * 0.05 * float(np.hypot(v0, v1)) + 20
    detectable = abs(delta) > spread
    rate = (v0 - v1) / v0 * 100 if baseline.present else None
    if not baseline.present:
        category = Category.NEW if followup.present else Category.NO_DETECTABLE_CHANGE
    elif not followup.present:
        category = Category.COMPLETE
    elif not detectable:
        category = Category.NO_DETECTABLE_CHANGE
    else:
        category = Category.PARTIAL if delta < 0 else Category.GROWTH
    return Change(
        baseline,
        followup,
        delta,
        Interval(delta - spread, delta + spread),
        rate,
        None if rate is None else Interval(rate - 100 * spread / v0, rate + 100 * spread / v0),
        category,
        None if rate is None else "100" if rate >= 100 else "50-100" if rate >= 50 else "<25",
        detectable,
        usable,
        (),
    )


def rigid(turn_degrees: tuple[float, float, float], shift_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """A rotation about the middle of L4/L5 followed by a shift."""
    about = np.array([0.0, 0.0, PITCH_MM])
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", turn_degrees, degrees=True).as_matrix()
    matrix[:3, 3] = about - matrix[:3, :3] @ about + shift_mm
    return matrix


def alignment(baseline_to_followup: NDArray[np.float64], usable: bool = True) -> Alignment:
    """The true alignment, with the half-way space half a turn and half a shift away from both."""
    half = np.eye(4)
    turn = Rotation.from_matrix(baseline_to_followup[:3, :3])
    half[:3, :3] = Rotation.from_rotvec(turn.as_rotvec() / 2).as_matrix()
    # Solve half @ half = whole for the shift, so that both visits travel equally far.
    half[:3, 3] = np.linalg.solve(half[:3, :3] + np.eye(3), baseline_to_followup[:3, 3])
    quality = AlignmentQuality(0.8 if usable else 6.2, 0.94 if usable else 0.41, 0.91 if usable else 0.2, usable)
    return Alignment(baseline_to_followup, half, half @ np.linalg.inv(baseline_to_followup), quality, ())


@cache
def comparison(
    baseline_radius_mm: float = 7.5,
    followup_radius_mm: float = 5.0,
    *,
    usable: bool = True,
    roles: tuple[Role, ...] = (Role.SAGITTAL_T2, Role.SAGITTAL_T1, Role.AXIAL_T2),
    followup_roles: tuple[Role, ...] | None = None,
    description: str = "lumbar",
    dates: tuple[date | None, date | None] = (date(2013, 3, 4), date(2013, 7, 8)),
    findings: tuple[Finding, ...] = (Finding("slice-gap", Severity.INFO, "Slices 4.0 mm thick lie 4.4 mm apart."),),
    config: Config | None = None,
) -> Comparison:
    """One complete comparison of the block-shaped spine with itself, its fragment of another size.

    Kept for the next test that asks for the same; ``comparison.__wrapped__`` makes a new one.
    """
    move = rigid((3.0, -2.0, 1.5), (2.0, -3.0, 5.0))
    bodies = Body(np.eye(4), baseline_radius_mm), Body(move, followup_radius_mm)
    first, first_anatomy = visit(bodies[0], roles, 10, dates[0], description)
    second, second_anatomy = visit(bodies[1], followup_roles or roles, 20, dates[1], description)
    measured = change(measurement(bodies[0], first_anatomy), measurement(bodies[1], second_anatomy), usable)
    if not usable:
        findings = (*findings, Finding("alignment-failed", Severity.ERROR, "The visits could not be aligned."))
    return Comparison(
        first,
        second,
        first_anatomy,
        second_anatomy,
        alignment(move, usable),
        measured,
        "L4/L5",
        config or Config(),
        findings,
        Provenance(
            "0.1.0",
            "2026-11-22T20:00:00+00:00",
            "ab" * 32,
            {"numpy": "2.4.6", "SimpleITK": "2.5.7"},
            {"load": 1.234567, "segment": 8.1},
            "Linux-6.1-x86_64",
        ),
    )


def with_change(original: Comparison, **changes: object) -> Comparison:
    """The same comparison with other fields in its change."""
    return replace(original, change=replace(original.change, **changes))  # type: ignore[arg-type]
