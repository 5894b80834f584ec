"""Simulated visits with a fragment whose rim is exactly known: what the product gets of them, and what it makes of it.

A visit has sagittal T2, T1 and T1 after contrast medium from L2 to the sacrum. The patient moves between the series.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.rim_cases import draw_fragment, painted_rim, true_extent, true_thickness
from pipeline.config import MeasurementSettings, SegmentationSettings
from pipeline.dicom.visit import PatientIdentity, Role, Series, SeriesFacts, Stack, Visit
from pipeline.errors import UsageError
from pipeline.measurement.change import FragmentMeasurement
from pipeline.measurement.comparability import choose_roles
from pipeline.measurement.enhancement.result import Completeness
from pipeline.measurement.fragment import measure_fragment
from pipeline.phantom.anatomy import FragmentSpec, SpineSpec, Tissue
from pipeline.phantom.case import MotionCase, PatientCase, PhantomCase, SeriesCase, VisitCase
from pipeline.phantom.case_spine import DiscCase, SpineCase
from pipeline.phantom.displaced import Displaced, paint_displaced, pasted
from pipeline.phantom.fine_map import FineMap
from pipeline.phantom.geometry import rigid
from pipeline.phantom.planning import plan
from pipeline.phantom.region import anatomy_landmarks
from pipeline.phantom.regions import paint_regions
from pipeline.phantom.scan import CoilPlace, SeriesScan
from pipeline.phantom.tissue_physics import default_physics, material_physics
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.stage import segment
from pipeline.volume import Volume

LEVEL = "L4/L5"
MAP_MM = 0.5
FIELD_MM = 176.0
COARSE_MM = 1.25
"""Pixels that resolve 1.6 mm along the phase: too coarse to tell how thick a rim is."""
COARSE_EVERY = 4
"""One patient in so many is imaged with such pixels."""
MOTION = MotionCase(rotation_deg=0.3, translation_mm=0.4)
ROLES = {"t2": Role.SAGITTAL_T2, "t1": Role.SAGITTAL_T1, "post": Role.SAGITTAL_T1_POST}
PATIENT = {"name": "PHANTOM^RIM", "id": "PHANTOM-RIM", "sex": "O", "birth_date": "1980-01-01"}


@dataclass(frozen=True, eq=False)
class RimVisit:
    """One visit, its truth, and how the product segments it.

    Attributes
    ----------
    fragment
        True share 0…1 of every voxel of the series after contrast medium.
    thickness_mm
        Of the painted rim; None where there is none.
    """

    visit: Visit
    anatomy: Anatomy
    fragment: Volume
    kind: Completeness
    extent_percent: float
    thickness_mm: float | None
    fat: tuple[bool, bool]
    pixel_mm: float
    volume_mm3: float


@dataclass(frozen=True, eq=False)
class _Patient:
    """A painted patient with a fragment that has no rim yet, and the protocol."""

    seed: int
    case: PhantomCase
    spine: SpineSpec
    base: FineMap
    bare: Displaced
    fragment: FragmentSpec


def draw_visits(seed: int, keep: Path | None = None) -> Iterator[RimVisit]:
    """Make a patient's visits with a complete, a partial and no rim, and segment them.

    Parameters
    ----------
    keep
        Folder of visits made before, which are not made again.
    """
    patient: _Patient | None = None
    for kind in Completeness:
        kept = None if keep is None else keep / f"{seed:03d}-{kind}.pickle"
        if kept is not None and kept.is_file():
            yield pickle.loads(kept.read_bytes())
            continue
        patient = patient or _patient(seed)
        made = _visit(patient, kind)
        if kept is not None:
            kept.write_bytes(pickle.dumps(made, protocol=5))
        yield made


def _patient(seed: int) -> _Patient:
    rng = np.random.default_rng([20261124, seed])
    case = _case(seed, rng)
    spine = case.spine.spec(seed)
    base = paint_regions(case, spine)["sagittal"]
    for _ in range(40):
        fragment = draw_fragment(rng, smallest_mm3=450)
        try:
            bare = paint_displaced(spine, [fragment], MAP_MM)[0]
        except UsageError:
            continue
        return _Patient(seed, case, spine, base, bare, fragment)
    raise UsageError(f"No fragment fits into the canal of patient {seed}. Try another seed.")


def _case(seed: int, rng: np.random.Generator) -> PhantomCase:
    fat = ((False, False), (False, True), (True, True))[seed % 3]
    pixel = COARSE_MM if seed % COARSE_EVERY == COARSE_EVERY - 1 else float(rng.uniform(0.55, 0.85))
    thickness = float(rng.uniform(3.0, 4.0))
    snr = float(rng.uniform(40, 70))
    series = tuple(
        SeriesCase(
            key=key,
            plane="sagittal",
            weighting="t2" if key == "t2" else "t1",
            contrast=key == "post",
            fat_saturation={"t2": False, "t1": fat[0], "post": fat[1]}[key],
            slices=9,
            thickness_mm=thickness,
            matrix=2 * round(FIELD_MM / 2 / pixel),
            pixel_mm=pixel,
            offset_mm=(0.0, 2.0, -48.0),
            snr=snr,
            saturation_band=True,
        )
        for key in ROLES
    )
    spine = SpineCase(
        size=float(rng.uniform(0.94, 1.06)),
        lordosis=float(rng.uniform(0.8, 1.2)),
        canal_depth_mm=float(rng.uniform(17, 20)),
        canal_width_mm=float(rng.uniform(23, 27)),
        epidural_fat=float(rng.uniform(0.2, 0.7)),
        discs={LEVEL: DiscCase(degeneration=float(rng.uniform(0.4, 0.9)), bulge_mm=float(rng.uniform(0.3, 1.5)))},
    )
    visit = VisitCase(name="rim", date="2020-01-06", motion=MOTION, protocol="rim")  # type: ignore[arg-type]
    return PhantomCase(
        name=f"rim-{seed}",
        seed=seed,
        patient=PatientCase.model_validate(PATIENT),
        spine=spine,
        map_spacing_mm=MAP_MM,
        protocols={"rim": series},
        visits=(visit,),
    )


def _visit(patient: _Patient, kind: Completeness) -> RimVisit:
    rng = np.random.default_rng([20261125, patient.seed, list(Completeness).index(kind)])
    some = kind is not Completeness.NONE
    wanted = replace(
        patient.fragment,
        rim_mm=float(rng.uniform(0.8, 3.0)) if some else 0.0,
        rim_extent=float(rng.uniform(0.3, 0.7)) if kind is Completeness.PARTIAL else 1.0,
    )
    rim = painted_rim(patient.bare.tissue, wanted)
    tissue = patient.bare.tissue.with_array(np.where(rim, np.uint8(Tissue.FRAGMENT_RIM), patient.bare.tissue.array))
    fine = pasted(patient.base, [Displaced(LEVEL, tissue, patient.bare.changed | rim)])
    visit, fragment = _scanned(patient, fine, float(rng.uniform(0.6, 1.6)), rng)
    series = {one.key: one for one in patient.case.protocols["rim"]}
    return RimVisit(
        visit,
        segment(visit, SegmentationSettings(threads=1, level=LEVEL)),
        fragment,
        kind,
        true_extent(tissue),
        true_thickness(tissue),
        (series["t1"].fat_saturation, series["post"].fat_saturation),
        series["post"].pixel_mm,
        patient.bare.volume_mm3,
    )


def _scanned(patient: _Patient, fine: FineMap, uptake_mmol_l: float, rng: np.random.Generator) -> tuple[Visit, Volume]:
    """The visit's series, and the true fragment in the one after contrast medium."""
    fragment = replace(
        default_physics(Tissue.FRAGMENT),
        t1_ms=float(rng.uniform(800, 1150)),
        t2_ms=float(rng.uniform(65, 105)),
        density=float(rng.uniform(0.6, 0.75)),
    )
    rim = replace(default_physics(Tissue.FRAGMENT_RIM), uptake_mmol_l=uptake_mmol_l)
    physics = material_physics(patient.spine.degeneration, {Tissue.FRAGMENT: fragment, Tissue.FRAGMENT_RIM: rim})
    landmarks = anatomy_landmarks(patient.spine)
    x, y, z = (float(v) for v in landmarks["L3"])
    place = CoilPlace(y + 85.0, z - 15.0, float(landmarks["L4"][1] - 36.0))
    series, truth = {}, None
    for number, one in enumerate(patient.case.protocols["rim"]):
        turn, shift = rng.normal(0, MOTION.rotation_deg, 3), rng.normal(0, MOTION.translation_mm, 3)
        pose = rigid(tuple(turn), tuple(shift), (x, y, z)) if number else np.eye(4)
        scanned = SeriesScan(one, fine, plan(one, landmarks), pose, place, physics).run(rng)[0]
        image = Volume(scanned.stored.astype(np.float32), scanned.stack.affine)
        facts = SeriesFacts(f"2.25.{number + 1}", fat_suppressed=one.fat_saturation, contrast_enhanced=one.contrast)
        role = ROLES[one.key]
        series[role] = Series(role, facts, (Stack(image, one.thickness_mm),))
        truth = Volume(scanned.fragment, scanned.stack.affine)
    if truth is None:
        raise UsageError("The protocol has no series.")
    return Visit(PatientIdentity(), None, None, None, series, (), (), "simulated"), truth


def measured_fragment(one: RimVisit) -> FragmentMeasurement:
    """The fragment as the product measures it by itself."""
    role = choose_roles(one.anatomy, one.anatomy)[0]
    return measure_fragment(one.visit, one.anatomy, LEVEL, role, MeasurementSettings()).measurement
