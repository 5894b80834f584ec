"""Identifiers and texts in the headers: derived from the case alone, so that a rerun gives the same files."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pydicom.uid import UID, generate_uid

from pipeline.phantom.case import PatientCase, PhantomCase, SeriesCase, VisitCase

SYNTHETIC = "SYNTHETIC: simulated by the discdelta digital reference object; shows no person"
_WEIGHTING = {"t1": "T1 TSE", "t2": "T2 TSE", "stir": "STIR"}
_PLANE = {"sagittal": "SAG", "axial": "AX", "axial-blocks": "AX", "localizer": "LOC"}


def stable_uid(*parts: object) -> UID:
    """A UID that depends on the parts alone (SHA-512, under pydicom's own root)."""
    return generate_uid(entropy_srcs=["discdelta phantom", *map(str, parts)])


@dataclass(frozen=True, slots=True)
class SeriesIdentity:
    """Everything in a header that is the same for all images of a series.

    Attributes
    ----------
    patient, visit, series
        What the case says.
    number
        Series number, 1, 2, ….
    study_uid, series_uid, frame_of_reference_uid
        Unique identifiers.
    started
        Date and time of the series' first image.
    study_id, accession
        Hospital's numbers.
    """

    patient: PatientCase
    visit: VisitCase
    series: SeriesCase
    number: int
    study_uid: UID
    series_uid: UID
    frame_of_reference_uid: UID
    started: dt.datetime
    study_id: str
    accession: str

    @property
    def description(self) -> str:
        """Series description; ends in SYNTHETIC."""
        return describe(self.series)

    @property
    def folder(self) -> str:
        """Name of the series' folder in an export."""
        words = self.description.removesuffix(" SYNTHETIC").replace(" ", "_")
        return self.series.folder or f"{self.number:03d}_{words}"

    @property
    def age(self) -> str:
        """Age at the visit as DICOM's AS."""
        born, day = self.patient.birth_date, self.visit.date
        return f"{day.year - born.year - ((day.month, day.day) < (born.month, born.day)):03d}Y"


def describe(series: SeriesCase) -> str:
    """Series description as a technician would type it, marked as synthetic."""
    words = [series.description or f"{_WEIGHTING[series.weighting]} {_PLANE[series.plane]}"]
    if series.description is None and series.fat_saturation:
        words.append("FS")
    if series.description is None and series.contrast:
        words.append("GD")
    return " ".join([*words, "SYNTHETIC"])


def identify(case: PhantomCase, visit_index: int, series_index: int) -> SeriesIdentity:
    """Identity of one series of a case."""
    visit = case.visits[visit_index]
    series = case.protocols[visit.protocol][series_index]
    root = (case.name, case.seed, visit.name, visit.date.isoformat())
    start = dt.datetime.combine(visit.date, visit.time) + dt.timedelta(minutes=4 * series_index)
    return SeriesIdentity(
        patient=case.patient,
        visit=visit,
        series=series,
        number=series_index + 1,
        study_uid=stable_uid(*root, "study"),
        series_uid=stable_uid(*root, "series", series.key),
        frame_of_reference_uid=stable_uid(*root, "frame of reference"),
        started=start,
        study_id=f"PH{visit_index + 1}",
        accession=f"PH{visit.date:%Y%m%d}{case.seed % 1000:03d}",
    )
