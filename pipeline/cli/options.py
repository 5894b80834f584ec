"""Arguments that several commands share, and settings made from a file and the arguments over it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.config import Config

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print a log, and where in the code an error arose.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings in YAML; see configs/default.yaml.")]
Baseline = Annotated[
    Path | None,
    typer.Argument(metavar="BASELINE", help="First visit: a folder, a DICOMDIR or a zip. It may hold both visits."),
]
Followup = Annotated[
    Path | None, typer.Argument(metavar="FOLLOWUP", help="Second visit. Study dates put the two in order.")
]
Followups = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FOLLOWUP...", help="The other visits, one or more. Study dates put them in order."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the report, made if need be.")]
NiftiPair = tuple[Path, Path] | None
_PAIR = "BASELINE FOLLOWUP"
T2 = Annotated[NiftiPair, typer.Option(metavar=_PAIR, help="Sagittal T2 as NIfTI, in place of DICOM.")]
T1 = Annotated[NiftiPair, typer.Option(metavar=_PAIR, help="Sagittal T1 as NIfTI.")]
T1Post = Annotated[NiftiPair, typer.Option(metavar=_PAIR, help="Sagittal T1 after contrast, as NIfTI.")]
Stir = Annotated[NiftiPair, typer.Option(metavar=_PAIR, help="Sagittal STIR as NIfTI.")]
AxialT2 = Annotated[NiftiPair, typer.Option(metavar=_PAIR, help="Axial T2 as NIfTI.")]
LevelName = Annotated[str | None, typer.Option("--level", help="Disc to measure, such as L5/S1. Without it: L4/L5.")]
LowestDisc = Annotated[
    str | None,
    typer.Option("--lowest-disc", help="Name of the lowest disc seen, where counting from the sacrum goes wrong."),
]
AllowDifferent = Annotated[
    bool, typer.Option("--allow-different-patients", help="Compare although identities differ; it is recorded.")
]
ClinicalFile = Annotated[
    Path | None,
    typer.Option("--clinical", metavar="FILE", help="Clinical scores of the visits in YAML or JSON, shown beside."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Let the report replace that of another pair.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON to standard output, and nothing else there.")]

_DISC = re.compile(r"([TL])(\d{1,2})\s*[/-]?\s*([TLS]?)(\d{1,2})")


def disc_name(text: str) -> str:
    """Write a disc's name the way this project does: ``"l4-5"`` and ``"L4-L5"`` become ``"L4/L5"``.

    Raises
    ------
    UsageError
        If ``text`` names no disc, or none that can be measured.
    """
    from pipeline.config import DISCS

    match = _DISC.fullmatch(text.strip().upper())
    if match is None:
        raise UsageError(f"{text!r} names no disc. Write the vertebrae above and below it, as in L4/L5 or L5/S1.")
    region, above, below_region, below = match.groups()
    if not below_region:  # "L4-5" stays in its region, "L5-1" goes to the next
        below_region = region if int(below) > int(above) else {"T": "L", "L": "S"}[region]
    name = f"{region}{int(above)}/{below_region}{int(below)}"
    if name not in DISCS:
        raise UsageError(f"{name} is no disc that can be measured; known are {', '.join(DISCS)}.")
    return name


def resolve_settings(
    file: Path | None,
    *,
    level: str | None = None,
    lowest_disc: str | None = None,
    allow_different_patients: bool = False,
) -> Config:
    """Settings of a run: the defaults, over them the file, over it what the command line names."""
    from pydantic import ValidationError

    from pipeline.config import Config, faults, load_config

    settings = load_config(file)
    data: dict[str, Any] = settings.model_dump()
    if level is not None:
        data["segmentation"]["level"] = disc_name(level)
    if lowest_disc is not None:
        data["segmentation"]["lowest_disc"] = disc_name(lowest_disc)
    if allow_different_patients:
        data["dicom"]["allow_different_patients"] = True
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise UsageError(f"The options do not fit: {faults(error)}.") from error
