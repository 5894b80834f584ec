"""Patients of a study as cases of the digital reference object."""

from __future__ import annotations

import datetime as dt

import numpy as np

from pipeline.phantom.anatomy.spec import FORMS
from pipeline.phantom.case import (
    Fraction,
    FragmentCase,
    MotionCase,
    PatientCase,
    PhantomCase,
    PoseCase,
    ScannerCase,
    SeriesCase,
    TissueChange,
    VisitCase,
)
from pipeline.phantom.case_spine import DiscCase, SpineCase
from pipeline.validation.draw import Kind, PairPlan
from pipeline.validation.protocol import Protocol, Scan

NAMES = ("baseline", "followup")
DATES = (dt.date(2020, 1, 6), dt.date(2020, 7, 6))
ATTEMPTS = 8
"""Ways to place the fragments of a pair before they are made smaller."""
_SHRINK = 0.85


class StudyFragment(FragmentCase):
    """A fragment with the form and the mass effect that the anatomy generator knows besides."""

    form: str = "chain"
    mass_effect: Fraction = 0.0


def anatomy_seed(protocol: Protocol, anatomy: int) -> int:
    """Seed of a patient's irregularities and texture."""
    return int(np.random.default_rng([protocol.seed, anatomy, 1]).integers(1, 2**31))


def spine_of(protocol: Protocol, anatomy: int) -> SpineCase:
    """A patient: an adult spine with five lumbar vertebrae, worn to some degree at the level."""
    rng = np.random.default_rng([protocol.seed, anatomy, 2])
    worn = DiscCase(degeneration=float(rng.uniform(0.3, 0.9)), bulge_mm=float(rng.uniform(0.3, 1.8)))
    return SpineCase(
        size=float(np.clip(rng.normal(1, 0.06), 0.86, 1.14)),
        lordosis=float(rng.uniform(0.5, 1.3)),
        canal_depth_mm=float(rng.uniform(15.5, 20)),
        canal_width_mm=float(rng.uniform(22, 27)),
        epidural_fat=float(rng.beta(1.6, 1.8)),
        scoliosis_mm=float(rng.uniform(0, 4)),
        scoliosis_phase=float(rng.uniform(0, 2 * np.pi)),
        muscle_fat=float(rng.beta(1.3, 3.0)),
        back_muscle_mm=float(rng.uniform(22, 42)),
        subcutaneous_mm=float(rng.uniform(6, 40)),
        discs={protocol.level: worn},
    )


def anatomy_case(protocol: Protocol, plans: tuple[PairPlan, ...]) -> PhantomCase:
    """All visits of one patient without fragments: everything that has to be painted of this patient."""
    return _case(
        protocol,
        plans[0].anatomy,
        anatomy_seed(protocol, plans[0].anatomy),
        {f"{plan.number:05d}-{name}": (plan, index) for plan in plans for index, name in enumerate(NAMES)},
    )


def pair_case(protocol: Protocol, plan: PairPlan, attempt: int) -> PhantomCase:
    """One pair with its fragments.

    Parameters
    ----------
    attempt
        0, 1, …: another place for the same fragment; from :data:`ATTEMPTS` on it is also made smaller.
    """
    visits = {name: (plan, index) for index, name in enumerate(NAMES)}
    return _case(protocol, plan.anatomy, plan.seed, visits, _fragments(protocol, plan, attempt))


def _case(
    protocol: Protocol,
    anatomy: int,
    seed: int,
    visits: dict[str, tuple[PairPlan, int]],
    fragments: tuple[tuple[FragmentCase, ...], tuple[FragmentCase, ...]] = ((), ()),
) -> PhantomCase:
    return PhantomCase(
        name=f"pair-{seed}",
        seed=seed,
        level=protocol.level,
        patient=PatientCase(
            name=f"PHANTOM^PATIENT {anatomy:05d}", id=f"PHANTOM-{anatomy:05d}", sex="O", birth_date=dt.date(1975, 1, 1)
        ),
        spine=spine_of(protocol, anatomy),
        map_spacing_mm=protocol.map_spacing_mm,
        transfer_syntax="uncompressed",
        scramble_files=False,
        protocols={name: _series(protocol, plan, index) for name, (plan, index) in visits.items()},
        visits=tuple(_visit(protocol, name, plan, index, fragments[index]) for name, (plan, index) in visits.items()),
    )


def _series(protocol: Protocol, plan: PairPlan, index: int) -> tuple[SeriesCase, ...]:
    scan: Scan = protocol.scans[plan.scans[index]]
    return tuple(series.case(plan.positions[index].planning_mm) for series in scan.series)


def _visit(protocol: Protocol, name: str, plan: PairPlan, index: int, fragments: tuple[FragmentCase, ...]) -> VisitCase:
    scan, position = protocol.scans[plan.scans[index]], plan.positions[index]
    return VisitCase(
        name=name,
        date=DATES[index],
        pose=PoseCase(rotation_deg=position.rotation_deg, translation_mm=position.translation_mm),
        motion=MotionCase(**protocol.motion.model_dump()),
        fragments=fragments,
        tissues={"fragment": _material(protocol, plan, index)},
        scanner=ScannerCase(manufacturer=scan.manufacturer, field_t=scan.field_t),
        protocol=name,
    )


def _material(protocol: Protocol, plan: PairPlan, index: int) -> TissueChange:
    """What the fragment is made of: one for the patient's pair, and up to 5 % different at the second visit."""
    rng = np.random.default_rng([plan.seed, 3])
    low, high = protocol.truth.fragment_t2_ms
    t2, t1, density = float(rng.uniform(low, high)), float(rng.uniform(700, 1300)), float(rng.uniform(0.58, 0.82))
    later = rng.uniform(0.95, 1.05, 2) if index and plan.kind is not Kind.UNCHANGED else (1.0, 1.0)
    return TissueChange(t1_ms=t1 * float(later[0]), t2_ms=t2 * float(later[1]), density=density)


def _fragments(
    protocol: Protocol, plan: PairPlan, attempt: int
) -> tuple[tuple[FragmentCase, ...], tuple[FragmentCase, ...]]:
    rng = np.random.default_rng([plan.seed, 4, attempt])
    shrunk = _SHRINK ** max(0, attempt - ATTEMPTS + 1)
    largest = max(plan.baseline_mm3, plan.followup_mm3) * shrunk
    reach = 4 + 14 * min(1.0, largest / 900)
    way = float(rng.choice([-1, 1], p=[0.35, 0.65]) * reach * rng.beta(1.0, 1.3))
    rimmed = 100 * float(np.random.default_rng([plan.seed, 5]).random()) < protocol.truth.rim_percent
    common = StudyFragment(
        level=protocol.level,
        volume_mm3=largest,
        lateral_mm=float(rng.uniform(-7, 7)),
        sequestered=bool(abs(way) > 7 and rng.random() < 0.5),
        rim_mm=float(rng.uniform(0.8, 2.0)) if rimmed else 0.0,
        rim_extent=float(rng.uniform(0.4, 1.0)),
        fat_halo_mm=float(rng.uniform(0.5, 1.5)) if rng.random() < 0.3 else 0.0,
        seed=int(rng.integers(0, 2**31)),
        form=str(rng.choice(FORMS)),
        # Extradural material always dents the sac; without, it would lie inside, bare of dura.
        mass_effect=float(rng.beta(2.5, 1.2)),
    )
    before, after = plan.baseline_mm3 * shrunk, plan.followup_mm3 * shrunk
    first = common.model_copy(update={"volume_mm3": before, "migration_mm": way})
    if after <= 0:
        return (first,), ()
    # A fragment that shrinks draws back towards its disc.
    drawn_back = way * min(1.0, (after / before) ** (1 / 6))
    return (first,), (common.model_copy(update={"volume_mm3": after, "migration_mm": drawn_back}),)
