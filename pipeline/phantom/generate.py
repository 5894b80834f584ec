"""From a case to folders of DICOM files and the exact truth beside them: the entrance of the phantom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.phantom.anatomy import SpineSpec
from pipeline.phantom.case import PhantomCase
from pipeline.phantom.displaced import paint_displaced, pasted
from pipeline.phantom.fine_map import FineMap
from pipeline.phantom.regions import landmarks_at, paint_regions, pose_of, spacing_of
from pipeline.phantom.truth import PhantomTruth, changes_of
from pipeline.phantom.visit_maker import VisitMaker


def generate(case: PhantomCase, out: Path, progress: Callable[[str], None] | None = None) -> PhantomTruth:
    """Make all visits of a case.

    Writes ``out/<visit>/<series>/IM####`` (DICOM), ``out/truth.json`` and ``out/truth/*.nii.gz``. The same case gives
    byte-equal files.

    Parameters
    ----------
    case
        What to make; :func:`pipeline.phantom.case.load_case` reads one from YAML.
    out
        Folder that receives everything.
    progress
        Called with a line of text before each step.

    Returns
    -------
    PhantomTruth
        What was also written to ``truth.json``.

    Raises
    ------
    pipeline.errors.UsageError
        If a fragment does not fit into the canal.
    pipeline.errors.OutputError
        If a file cannot be written.
    """
    tell = progress or _ignore
    spine = case.spine.spec(case.seed)
    tell(f"{case.name}: painting the anatomy")
    bases = paint_regions(case, spine)
    visits = []
    for index, visit in enumerate(case.visits):
        tell(f"{case.name}: {visit.name}, placing fragments")
        visits.append(prepare(case, index, spine, bases, out).make(tell))
    changes = changes_of(tuple(visits), case.level)
    truth = PhantomTruth(case.name, case.seed, case.level, tuple(visits), changes, case.model_dump(mode="json"))
    truth.write(out / "truth.json")
    return truth


def _ignore(_: str) -> None:
    """No progress wanted."""


def prepare(case: PhantomCase, index: int, spine: SpineSpec, bases: Mapping[str, FineMap], out: Path) -> VisitMaker:
    """Place the fragments of one visit, so that it can be scanned and written.

    Parameters
    ----------
    case, index
        The case, and which of its visits.
    spine, bases
        The patient, and what :func:`pipeline.phantom.regions.paint_regions` painted of him or her: several cases of
        one patient can share them.
    out
        Folder that receives everything.

    Raises
    ------
    pipeline.errors.UsageError
        If a fragment does not fit into the canal.
    """
    specs = [fragment.spec() for fragment in case.visits[index].fragments]
    by_spacing = {
        spacing: paint_displaced(spine, specs, spacing)
        for spacing in sorted({spacing_of(case, kind) for kind in bases} | {case.map_spacing_mm})
    }
    maps = {kind: pasted(base, by_spacing[spacing_of(case, kind)]) for kind, base in bases.items()}
    pose = pose_of(case.visits[index])
    # What the finest map holds is the truth.
    true = {part.level: part for part in by_spacing[case.map_spacing_mm]}
    return VisitMaker(case, index, spine, pose, maps, true, landmarks_at(spine, pose), out)
