"""From two measured visits to what the change means."""

from __future__ import annotations

from pipeline.config import MeasurementSettings
from pipeline.dicom.visit import Plane, Role, Visit
from pipeline.findings import Finding, Severity
from pipeline.measurement.change import Change, FragmentMeasurement
from pipeline.measurement.meaning.canal import canal_change, canal_compromise, canal_half_width_mm, shared_error
from pipeline.measurement.meaning.hints import hints
from pipeline.measurement.meaning.hints_fluid import unmeasured
from pipeline.measurement.meaning.meaning import CanalCompromise, Meaning, VisitMeaning
from pipeline.measurement.meaning.migration import migration_of
from pipeline.measurement.meaning.signal import signals
from pipeline.measurement.meaning.terms import herniation_of
from pipeline.segmentation.anatomy import Anatomy
from pipeline.segmentation.parallel import for_each

AXIAL = Role.AXIAL_T2


def interpret(
    baseline: Visit,
    baseline_anatomy: Anatomy,
    followup: Visit,
    followup_anatomy: Anatomy,
    change: Change,
    *,
    level: str,
    settings: MeasurementSettings,
    core_gain_percent: float | None = None,
    threads: int = 1,
) -> Meaning:
    """Terms, place, canal and signal of both visits, and what of it changed.

    Both visits are treated alike. The canal is measured in the axial T2 series where both visits have one that shows
    the worst place, because its pixels are finer from side to side than sagittal slices are thick; else in the series
    whose volumes were compared.

    Parameters
    ----------
    change
        The fragments of both visits and their change.
    level
        A level that both anatomies name.
    core_gain_percent
        Rise of the signal in the fragment's core by contrast medium at follow-up, where it was mapped.
    threads
        With two or more both visits are looked at at once.
    """

    def look(one: tuple[Visit, Anatomy, FragmentMeasurement]) -> _Seen:
        return _Seen(*one, level, settings)

    visits = (baseline, baseline_anatomy, change.baseline), (followup, followup_anatomy, change.followup)
    both = for_each(look, visits, threads)
    axial = all(AXIAL in one.canals for one in both)
    first, second = (one.meaning(axial) for one in both)
    fluid = (both[0].unmeasured, both[1].unmeasured)
    told = [
        Finding("canal-not-measured", Severity.INFO, f"How much of the canal is taken at {when} {visit.canal_reason}.")
        for when, visit in (("baseline", first), ("follow-up", second))
        if visit.canal is None
    ]
    return Meaning(
        baseline=first,
        followup=second,
        canal_change=canal_change(first.canal, second.canal, shared_error(change)),
        findings=(*hints(first, second, change.category, core_gain_percent, fluid), *told),
    )


class _Seen:
    """One visit; nothing here knows which."""

    def __init__(
        self, visit: Visit, anatomy: Anatomy, fragment: FragmentMeasurement, level: str, settings: MeasurementSettings
    ) -> None:
        self.measured = fragment.role
        self.canals: dict[Role, CanalCompromise] = {}
        width = canal_half_width_mm(anatomy, level)
        for role in (fragment.role, AXIAL):
            found = canal_compromise(
                visit, anatomy, level, fragment, role, border_sd_mm=settings.boundary_sd_mm, half_width_mm=width
            )
            if found is not None:
                self.canals[role] = found
        self.herniation = herniation_of(fragment, anatomy, level)
        self.migrated = migration_of(self.herniation, anatomy, settings.komori_body_share)
        self.signals = signals(visit, anatomy, anatomy.levels[level], fragment)
        self.unmeasured = unmeasured(visit, anatomy, anatomy.levels[level], self.signals)

    def meaning(self, axial: bool) -> VisitMeaning:
        """Everything together; ``axial`` says which plane both visits' canals are taken from."""
        canal = self.canals.get(AXIAL if axial else self.measured)
        plane = Plane.AXIAL if axial else Plane.SAGITTAL
        return VisitMeaning(
            herniation=self.herniation,
            migrated=self.migrated,
            canal=canal,
            canal_reason="" if canal else f"could not be told: no {plane} series shows sac and fragment far enough",
            canal_by_role=self.canals,
            signals=self.signals,
        )
