"""Write every file of a segmentation into one folder, ``segmentation.json`` last: where it lies, the rest is whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files import discard, write_text
from pipeline.report.as_json import to_text
from pipeline.report.segmentation_csv import segmentation_csv
from pipeline.report.segmentation_json import segmentation_dict
from pipeline.report.segmentation_nifti import write_maps
from pipeline.report.segmentation_picture import write_picture
from pipeline.report.segmentation_tables import instance_table, itk_snap_text, slicer_text, structure_table
from pipeline.segmented import SegmentedVisit

FINISHED = "segmentation.json"


@dataclass(frozen=True)
class SegmentationFiles:
    """Where everything was written.

    Attributes
    ----------
    maps
        Label maps, instance maps and what else was asked for, as NIfTI.
    tables
        Names and colours of the values, for ITK-SNAP (``.txt``) and 3D Slicer (``.ctbl``).
    """

    json: Path
    csv: Path
    picture: Path
    settings: Path
    maps: tuple[Path, ...]
    tables: tuple[Path, ...]


def write_segmentation(
    result: SegmentedVisit, out: Path | str, *, probabilities: bool = False, images: bool = False
) -> SegmentationFiles:
    """Write the maps, tables, picture and values of ``result`` into the folder ``out``, replacing earlier ones.

    ``segmentation.json`` of an earlier run is removed first and written last, so that a folder holding it is never a
    mixture.

    Parameters
    ----------
    probabilities
        Also write the probability of every structure.
    images
        Also write the series themselves as NIfTI.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    out = Path(out)
    values = segmentation_dict(result)
    tables = {
        "labels": structure_table(),
        "instances": instance_table(result.anatomy),
    }
    discard(out, (FINISHED, "segmentation.png", "segmentation.csv", "settings.yaml"))
    try:
        maps = write_maps(result, out, probabilities=probabilities, images=images)
    except OSError as error:
        raise OutputError(
            f"Cannot write into {out}: {error.strerror or error}. Check free space and rights, then run again."
        ) from error
    written = []
    for name, entries in tables.items():
        write_text(out / f"{name}.txt", itk_snap_text(entries))
        write_text(out / f"{name}.ctbl", slicer_text(entries, f"{name}.ctbl"))
        written += [out / f"{name}.txt", out / f"{name}.ctbl"]
    write_picture(result, out / "segmentation.png")
    write_text(out / "segmentation.csv", segmentation_csv(values))
    write_text(out / "settings.yaml", result.config.to_yaml())
    write_text(out / FINISHED, to_text(values))
    return SegmentationFiles(
        json=out / FINISHED,
        csv=out / "segmentation.csv",
        picture=out / "segmentation.png",
        settings=out / "settings.yaml",
        maps=maps,
        tables=tuple(written),
    )
