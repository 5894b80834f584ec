"""From the plan of a visit to its series: decoding, what gives way where that fails, and what became of each role."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pipeline.dicom.describe import printable, series_label, without_identity
from pipeline.dicom.facts import series_facts
from pipeline.dicom.identity import merged_identity
from pipeline.dicom.loading import Folder, PlannedVisit, findings_of_scan
from pipeline.dicom.plan import Plan
from pipeline.dicom.roles import Casting
from pipeline.dicom.sources import ByteSource, Reader
from pipeline.dicom.text import is_placeholder
from pipeline.dicom.visit import Role, Series, Visit
from pipeline.errors import UnreadableInputError
from pipeline.findings import Finding, Severity


def decode(folder: Folder, planned: PlannedVisit) -> Visit:
    """Decode the chosen series of a visit.

    Single slices that cannot be decoded are left out, as if they were missing; a series most of which cannot be decoded
    gives way to the next best.

    Raises
    ------
    UnreadableInputError
        If no series is left because none can be decoded.
    """
    failures: list[tuple[str, tuple[Role, ...]]] = []
    while True:
        while folder.lost:
            folder, planned = _without_lost(folder, planned)
        chosen = [item.facts.index for c in planned.plan.castings.values() for item in c.winner.members]
        try:
            with ThreadPoolExecutor(1) as helper:  # hashing waits for the disk and leaves the interpreter free
                digest = helper.submit(_content_hash, folder.sources(chosen))
                series = {role: _series(folder, role, one) for role, one in planned.plan.castings.items()}
                return _visit(folder, planned, series, digest.result(), failures)
        except UnreadableInputError as error:
            if folder.lost:
                continue
            roles = tuple(role for role, one in planned.plan.castings.items() if folder.undecodable(one))
            failures.append((str(error), roles))
            planned = folder.plan(planned.studies, planned.like)
            if not planned.usable:
                raise


def _without_lost(folder: Folder, planned: PlannedVisit) -> tuple[Folder, PlannedVisit]:
    identities = {facts.identity for facts in folder.facts}
    names = without_identity(printable(", ".join(sorted(source.name for source in folder.lost))), identities)
    folder = folder.without_lost()
    for visit in folder.visits:
        if visit.studies.day == planned.studies.day and set(visit.studies.study_uids) & set(planned.studies.study_uids):
            again = folder.plan(visit.studies, planned.like)
            if again.usable:
                return folder, again
    raise UnreadableInputError(
        f"{folder.label}: the pixels of {names} cannot be decoded, and without them no series is left that can be "
        "measured. Export the examination again."
    )


def _series(folder: Folder, role: Role, casting: Casting) -> Series:
    lead = casting.winner.lead
    facts = series_facts(
        lead.facts,
        fat_suppressed=lead.weighting.fat_suppressed,
        contrast_enhanced=lead.contrast.enhanced if lead.contrast else None,
    )
    return Series(role, facts, tuple(folder.stack(item.facts.index) for item in casting.winner.members))


def _visit(
    folder: Folder,
    planned: PlannedVisit,
    series: Mapping[Role, Series],
    digest: str,
    failures: Sequence[tuple[str, tuple[Role, ...]]],
) -> Visit:
    studies, plan = planned.studies, planned.plan
    chosen = [item.facts for casting in plan.castings.values() for item in casting.winner.members]
    accessions = [f.accession_number for f in chosen or studies.stacks if not is_placeholder(f.accession_number)]
    undecodable = [
        Finding("series-undecodable", Severity.WARNING, " ".join((text, *(_instead(folder, plan, r) for r in roles))))
        for text, roles in failures
    ]
    return Visit(
        identity=merged_identity(dict.fromkeys(facts.identity for facts in studies.stacks)),
        study_date=studies.day,
        study_instance_uid=(chosen[0].study_instance_uid if chosen else studies.study_uids[0]) or None,
        accession_number=accessions[0] if accessions else None,
        series=series,
        candidates=plan.candidates,
        findings=tuple(
            dict.fromkeys(
                (
                    *findings_of_scan(folder, chosen),
                    *studies.findings,
                    *undecodable,
                    *_cut_too_short(folder, planned),
                    *plan.findings,
                )
            )
        ),
        source=folder.label,
        input_sha256=digest,
    )


def _instead(folder: Folder, plan: Plan, role: Role) -> str:
    """What became of a role whose series could not be decoded."""
    if role not in plan.castings:
        return f"No other series can serve as {role.words}, so the visit goes on without."
    series = series_label(folder.scanned.stacks[plan.castings[role].winner.lead.facts.index].first)
    return f"As {role.words}, {series} was taken instead."


def _cut_too_short(folder: Folder, planned: PlannedVisit) -> list[Finding]:
    """Roles that nobody plays since slices are missing in the midst of the series that was meant for them."""
    findings = []
    lost = {f"{role}: ": role for role in folder.rules.roles if role not in planned.plan.castings}
    for facts, candidate in zip(planned.studies.stacks, planned.plan.candidates, strict=True):
        roles = [role for start, role in lost.items() if candidate.reason.startswith(start)]
        for note in folder.scanned.stacks[facts.index].findings:
            if roles and note.code == "slice-missing":
                text = f"{note.message} No part can serve as {roles[0].words}, and no other series does."
                findings.append(replace(note, message=text))
    return findings


def _content_hash(sources: Sequence[ByteSource]) -> str:
    """SHA-256 over the sorted SHA-256 of every file: the same whatever the files' names and order."""
    with Reader() as reader:
        digests = sorted(hashlib.sha256(reader.read(source)[0]).digest() for source in sources)
    return hashlib.sha256(b"".join(digests)).hexdigest()
