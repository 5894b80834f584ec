"""``discdelta measure``: compare again after a person corrected the fragment, or with another program's label maps."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.compare import (
    nifti_pairs,
    require_somewhere,
    require_visits,
    run_comparison,
    scores_from,
    sources,
    tell,
)
from pipeline.cli.options import (
    T1,
    T2,
    AllowDifferent,
    AxialT2,
    Baseline,
    ClinicalFile,
    ConfigFile,
    Followup,
    Json,
    LevelName,
    LowestDisc,
    Out,
    Overwrite,
    Quiet,
    Stir,
    T1Post,
    Verbose,
    resolve_settings,
)
from pipeline.cli.terminal import error_console, guarded, set_up_logging
from pipeline.errors import UnreadableInputError, UsageError

if TYPE_CHECKING:
    from pipeline.segmentation.segmenters.contribution import Contribution


class Scheme(StrEnum):
    """Whose numbers a label map holds."""

    TOTALSPINESEG = "totalspineseg"
    SPINEPS = "spineps"
    DISCDELTA = "discdelta"


Mask = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The fragment as corrected by a person: NIfTI, NRRD or DICOM SEG."),
]
Labels = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Label map of another program; repeat for several files."),
]


def measure(
    baseline: Baseline = None,
    followup: Followup = None,
    *,
    baseline_mask: Mask = None,
    followup_mask: Mask = None,
    segment_number: Annotated[
        int | None, typer.Option(help="Segment or value of the masks that is the fragment, where it is not clear.")
    ] = None,
    baseline_labels: Labels = None,
    followup_labels: Labels = None,
    label_scheme: Annotated[Scheme | None, typer.Option(help="Whose numbers the label maps hold.")] = None,
    out: Out = None,
    t2: T2 = None,
    t1: T1 = None,
    t1_post: T1Post = None,
    stir: Stir = None,
    axial_t2: AxialT2 = None,
    level: LevelName = None,
    lowest_disc: LowestDisc = None,
    config: ConfigFile = None,
    clinical: ClinicalFile = None,
    allow_different_patients: AllowDifferent = False,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure the change with a fragment that a person drew or corrected, or with another program's labels.

    A visit for which nothing is given is segmented as by `discdelta compare`. An empty mask says that there is no
    fragment.
    """
    with guarded(verbose=verbose):
        console = error_console()
        set_up_logging(console, quiet=quiet, verbose=verbose)
        given = nifti_pairs(t2=t2, t1=t1, t1_post=t1_post, stir=stir, axial_t2=axial_t2)
        require_visits(baseline, given)
        require_somewhere(out, [baseline, followup], json=json)
        contributions = (
            _contribution(baseline_mask, baseline_labels, segment_number, label_scheme),
            _contribution(followup_mask, followup_labels, segment_number, label_scheme),
        )
        _require_something(contributions, label_scheme)
        _require_kept(contributions, out)
        settings = resolve_settings(
            config, level=level, lowest_disc=lowest_disc, allow_different_patients=allow_different_patients
        )
        comparison, report = run_comparison(
            sources(baseline, followup, given),
            settings,
            out,
            overwrite=overwrite,
            console=console,
            quiet=quiet,
            contributions=contributions,
            **scores_from(clinical),
        )
        tell(comparison, report, out, json=json, quiet=quiet)


def _contribution(
    mask: Path | None, labels: list[Path] | None, segment_number: int | None, scheme: Scheme | None
) -> Contribution:
    from pipeline.segmentation.segmenters.contribution import Contribution

    for path in (*([] if mask is None else [mask]), *(labels or [])):
        if not path.is_file():
            raise UnreadableInputError(f"There is no file {path}. Name an existing mask or label map.")
    return Contribution(mask, segment_number, tuple(labels or ()), (scheme or Scheme.DISCDELTA).value)


def _require_something(given: tuple[Contribution, Contribution], scheme: Scheme | None) -> None:
    masks = [one.mask for one in given if one.mask is not None]
    labels = [path for one in given for path in one.labels]
    if not masks and not labels:
        raise UsageError(
            "Nothing is given to measure with. Add --baseline-mask or --followup-mask, or --baseline-labels or "
            "--followup-labels; `discdelta compare` measures without."
        )
    if labels and scheme is None:
        raise UsageError(
            "Whose numbers do the label maps hold? Add --label-scheme totalspineseg, spineps or discdelta."
        )


def _require_kept(given: tuple[Contribution, Contribution], out: Path | None) -> None:
    """Refuse a correction that the report would overwrite."""
    from pipeline.report.as_nifti import is_ours

    if out is None:
        return
    results = (out / "nifti").resolve()
    for path in [path for one in given for path in (one.mask, *one.labels) if path is not None]:
        if path.resolve().parent == results and is_ours(path.name):
            raise UsageError(
                f"{path} lies among the files of the report in {out}, which would be replaced. Copy it elsewhere, or "
                "choose another --out."
            )
