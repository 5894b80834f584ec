"""Write every file of a report into one folder, ``report.json`` last: where it lies, the report is whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pipeline.comparison import Comparison
from pipeline.errors import OutputError
from pipeline.files import discard, write_text
from pipeline.findings import Finding
from pipeline.report.as_csv import csv_text
from pipeline.report.as_html import render_html
from pipeline.report.as_json import provenance_file, report_dict, to_text
from pipeline.report.as_nifti import write_nifti

FINISHED = "report.json"
BESIDE = ("report.html", "report.csv", "settings.yaml", "provenance.json")


@dataclass(frozen=True)
class ReportFiles:
    """Where everything was written.

    Attributes
    ----------
    findings
        What the writing itself has to say; already part of the files.
    """

    html: Path
    json: Path
    csv: Path
    settings: Path
    provenance: Path
    nifti: tuple[Path, ...]
    findings: tuple[Finding, ...]


def write_report(comparison: Comparison, out: Path | str) -> ReportFiles:
    """Write the report of ``comparison`` into the folder ``out``, replacing an earlier one.

    The page and tables of an earlier run are removed first, and ``report.json`` is written last: a folder that holds it
    is never a mixture, and after a run that was cut short none of them tells of the earlier one.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the page cannot be kept below its limit.
    """
    out = Path(out)
    files = {name: out / name for name in BESIDE}
    finished = out / FINISHED
    discard(out, (FINISHED, *BESIDE))
    try:
        with ThreadPoolExecutor(1) as beside:  # files are packed without holding up the page, which takes as long
            volumes = beside.submit(write_nifti, comparison, out / "nifti")
            page, findings = render_html(comparison)
            report = report_dict(comparison, findings)
            nifti = volumes.result()
    except OSError as error:
        raise OutputError(
            f"Cannot write into {out}: {error.strerror or error}. Check free space and rights, then run again."
        ) from error
    write_text(files["report.html"], page)
    write_text(files["report.csv"], csv_text([report]))
    write_text(files["settings.yaml"], comparison.config.to_yaml())
    write_text(files["provenance.json"], to_text(provenance_file(comparison)))
    write_text(finished, to_text(report))
    return ReportFiles(
        files["report.html"],
        finished,
        files["report.csv"],
        files["settings.yaml"],
        files["provenance.json"],
        nifti,
        findings,
    )
