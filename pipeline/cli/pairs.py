"""``discdelta pairs``: who has two visits in an export; for scripts, see ``configs/integration/pacs_export.sh``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import Json, Verbose
from pipeline.cli.terminal import error_console, guarded, set_up_logging
from pipeline.errors import UnreadableInputError

if TYPE_CHECKING:
    from pipeline.dicom.pairing import PatientPair, VisitFiles
    from pipeline.dicom.sources import Reader

COLUMNS = ("key", "status", "accession", "inputs", "newest", "baseline", "followup", "baseline_date", "followup_date")


def pairs(
    export: Annotated[
        Path, typer.Argument(metavar="EXPORT", help="Any number of patients and visits, in any folders.")
    ],
    links: Annotated[
        Path | None,
        typer.Option(help="Make a folder per visit there, of links to its files, for `discdelta compare`."),
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List each patient's first and latest visit, one line of tab-separated values per patient.

    No line says who the patient is. A field without a value is a hyphen. `inputs` changes when a file comes, goes or
    changes; `newest` is the Unix time of the youngest file.
    """
    with guarded(verbose=verbose):
        from pipeline.dicom.pairing import pair_visits
        from pipeline.dicom.skipping import counted

        console = error_console()
        set_up_logging(console, quiet=False, verbose=verbose)
        found, skipped = pair_visits(export)
        if not found:
            why = f"Left out {counted(skipped)}." if skipped else "It is empty."
            raise UnreadableInputError(
                f"{export} holds no MR image that can be used. {why} Export the original MR series as DICOM."
            )
        if skipped:
            console.print(f"Left out {counted(skipped)}; `discdelta inspect` names them.", highlight=False)
        rows = [_row(pair, links) for pair in found]
        if json:
            from json import dumps

            typer.echo(dumps(rows, indent=2))
            return
        typer.echo("#" + "\t".join(COLUMNS))
        for row in rows:
            typer.echo("\t".join("-" if row[name] is None else str(row[name]) for name in COLUMNS))


def _row(pair: PatientPair, links: Path | None) -> dict[str, Any]:
    folders: tuple[str | None, ...] = (None, None)
    if links is not None and pair.status == "pair":
        from pipeline.dicom.sources import Reader

        with Reader() as reader:
            folders = tuple(
                str(_lay_out(visit, links / pair.key / name, reader))
                for visit, name in zip(pair.visits, ("baseline", "followup"), strict=True)
            )
    return {
        "key": pair.key,
        "status": pair.status.value,
        "accession": pair.accession,
        "inputs": pair.inputs,
        "newest": pair.newest,
        "baseline": folders[0],
        "followup": folders[1],
        "baseline_date": _date_of(pair.visits[0]),
        "followup_date": _date_of(pair.visits[-1]) if len(pair.visits) > 1 else None,
    }


def _date_of(visit: VisitFiles) -> str | None:
    return visit.study_date.isoformat() if visit.study_date else None


def _lay_out(visit: VisitFiles, folder: Path, reader: Reader) -> Path:
    """Link every file of a visit into a folder, under numbers, since names of files can be names of patients."""
    folder.mkdir(parents=True)
    for number, source in enumerate(visit.sources):
        target = folder / f"{number:06d}"
        if source.member is None:
            target.symlink_to(source.path.resolve())
        else:
            target.write_bytes(reader.read(source)[0])
    return folder
