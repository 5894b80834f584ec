"""From studies to visits: what was acquired on one day is one visit, whatever number of studies it was sent as."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.dicom.stackfacts import StackFacts
from pipeline.findings import Finding, Severity


@dataclass(frozen=True)
class Studies:
    """The stacks of one visit.

    Attributes
    ----------
    day
        None where no header holds a usable date.
    stacks
        In the order of the scan; never empty.
    """

    day: date | None
    stacks: tuple[StackFacts, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def study_uids(self) -> tuple[str, ...]:
        """Study Instance UIDs (0020,000D), the one with the most stacks first."""
        counts = Counter(facts.study_instance_uid for facts in self.stacks)
        return tuple(sorted(counts, key=lambda uid: (-counts[uid], uid)))


def split_by_visit(stacks: Sequence[StackFacts]) -> tuple[Studies, ...]:
    """Group stacks by day; undated studies stand alone, after the dated ones, in the order that they came in.

    A study that carries two dates is split, since exporters that join examinations under one UID exist.
    """
    days = _days_of_studies(stacks)
    groups: dict[date | str, list[StackFacts]] = defaultdict(list)
    for facts in stacks:
        day = facts.study_date or days.get(facts.study_instance_uid)
        groups[day or facts.study_instance_uid].append(facts)
    dated = sorted((key, group) for key, group in groups.items() if isinstance(key, date))
    undated = [group for key, group in groups.items() if not isinstance(key, date)]
    return (*(_visit(day, group) for day, group in dated), *(_visit(None, group) for group in undated))


def _days_of_studies(stacks: Sequence[StackFacts]) -> dict[str, date]:
    """The only usable date of each study, for those of its series that lack one."""
    found: dict[str, set[date]] = defaultdict(set)
    for facts in stacks:
        if facts.study_date is not None:
            found[facts.study_instance_uid].add(facts.study_date)
    return {uid: next(iter(days)) for uid, days in found.items() if len(days) == 1}


def _visit(day: date | None, stacks: Sequence[StackFacts]) -> Studies:
    findings = []
    number = len({facts.study_instance_uid for facts in stacks})
    if day is None:
        text = "The study date is absent or no date; the visit cannot be placed in time by itself."
        findings.append(Finding("study-date-unusable", Severity.WARNING, text))
    elif number > 1:
        text = f"{number} studies of one day are taken as one visit."
        findings.append(Finding("studies-merged", Severity.INFO, text))
    return Studies(day, tuple(stacks), tuple(findings))
