"""First and latest visit of every patient in an export that holds many, from headers alone."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from pipeline.dicom.dates import usable_date
from pipeline.dicom.identity import known_identity
from pipeline.dicom.instance import Instance
from pipeline.dicom.read import read_instances
from pipeline.dicom.skipping import Skipped
from pipeline.dicom.sources import ByteSource, find_sources
from pipeline.dicom.text import is_placeholder, plain


class PairStatus(StrEnum):
    """Whether a patient's visits can be paired, and why not."""

    PAIR = "pair"
    SINGLE = "single"
    UNDATED = "undated"
    UNIDENTIFIED = "unidentified"


@dataclass(frozen=True)
class VisitFiles:
    """Files of one patient's one study date.

    Attributes
    ----------
    study_date
        None where no header holds a date.
    accession_number
        The one that most images carry; empty when none does.
    sources
        In the order of their names.
    study_uids
        Study Instance UIDs (0020,000D), sorted; several where a visit was sent as several studies.
    contents
        SOP Instance UID and size in bytes of every image, sorted.
    """

    study_date: date | None
    accession_number: str
    sources: tuple[ByteSource, ...]
    study_uids: tuple[str, ...]
    contents: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class PatientPair:
    """One patient of an export, without saying who it is.

    Attributes
    ----------
    key
        16 hexadecimal digits from the UIDs of the studies paired: the same in every run, and no way back to a person.
    visits
        Baseline and follow-up for a pair; whatever there is otherwise.
    """

    key: str
    status: PairStatus
    visits: tuple[VisitFiles, ...]

    @property
    def accession(self) -> str:
        """Accession number of the latest visit as a folder's name; the key stands in for a missing one."""
        return _folder_name(self.visits[-1].accession_number or f"no-accession-{self.key}")

    @property
    def inputs(self) -> str:
        """A hash that changes when an image comes, goes or changes its size; not with names, folders or order."""
        lines = [f"{uid} {size}" for visit in self.visits for uid, size in visit.contents]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]

    @property
    def newest(self) -> int:
        """When the latest of the files was last written, in seconds of Unix time."""
        return max(int(source.path.stat().st_mtime) for visit in self.visits for source in visit.sources)


def pair_visits(source: Path | Sequence[Path]) -> tuple[list[PatientPair], list[Skipped]]:
    """Group everything below ``source`` by patient and study date, and pair the first date with the latest.

    Patients are told apart by Patient ID (0010,0020), or by name, birth date and sex where that is missing. Whether two
    visits under one ID really are one person's is for the comparison to check.

    Returns
    -------
    list of PatientPair
        One per patient, sorted by key; images that say nothing of their patient come one entry per study.
    list of Skipped
        Files left out.

    Raises
    ------
    UnreadableInputError
        If a given path does not exist.
    """
    listed = find_sources(source)
    instances, skipped, _ = read_instances(listed[0])
    patients: dict[tuple[str, ...], list[Instance]] = defaultdict(list)
    for instance in instances:
        patients[_patient(instance)].append(instance)
    pairs = [_pair(found, known=who[0] != "study") for who, found in patients.items()]
    return sorted(pairs, key=lambda pair: pair.key), [*listed[1], *skipped]


def _patient(instance: Instance) -> tuple[str, ...]:
    identity = known_identity(instance.identity)
    if identity.patient_id is not None:
        return ("id", plain(identity.patient_id))
    if identity.patient_name is None:
        return ("study", instance.study_instance_uid)
    return ("name", plain(identity.patient_name), plain(identity.birth_date), plain(identity.sex))


def _pair(instances: Sequence[Instance], *, known: bool) -> PatientPair:
    by_visit: dict[str, list[Instance]] = defaultdict(list)
    days = {one.study_instance_uid: day for one in instances if (day := _study_day(one)) is not None}
    for instance in instances:
        day = _study_day(instance) or days.get(instance.study_instance_uid)
        by_visit[day.isoformat() if day else instance.study_instance_uid].append(instance)
    visits = sorted(map(_visit, by_visit.values()), key=lambda v: (v.study_date or date.max, v.study_uids))
    dated = [visit for visit in visits if visit.study_date is not None]
    status = PairStatus.UNIDENTIFIED
    if known and len(dated) > 1:
        status, visits = PairStatus.PAIR, [dated[0], dated[-1]]
    elif known:
        status = PairStatus.SINGLE if len(visits) == 1 else PairStatus.UNDATED
    studies = "\n".join(uid for visit in visits for uid in visit.study_uids)
    return PatientPair(hashlib.sha256(studies.encode()).hexdigest()[:16], status, tuple(visits))


def _visit(instances: Sequence[Instance]) -> VisitFiles:
    accessions = Counter(i.accession_number.strip() for i in instances if not is_placeholder(i.accession_number))
    sources = tuple(dict.fromkeys(instance.source for instance in instances))
    sizes = {source: source.path.stat().st_size for source in sources}
    return VisitFiles(
        study_date=next((day for one in instances if (day := _study_day(one)) is not None), None),
        accession_number=min(accessions, key=lambda text: (-accessions[text], text), default=""),
        sources=sources,
        study_uids=tuple(sorted({instance.study_instance_uid for instance in instances})),
        contents=tuple(sorted({(one.sop_instance_uid, sizes[one.source]) for one in instances})),
    )


def _study_day(instance: Instance) -> date | None:
    dates = (usable_date(text) for text in (instance.study_date, instance.series_date, instance.acquisition_date))
    return next((day for day in dates if day is not None), None)


def _folder_name(accession: str) -> str:
    """An accession number that is safe as a folder's name; changed ones end in a hash, so that two stay two."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", accession).lstrip(".-")[:64]
    return safe if safe == accession else f"{safe}-{hashlib.sha256(accession.encode()).hexdigest()[:6]}"
