"""Names of label values: in the files for viewers, and as the page explains them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from pipeline.report.segmentation_tables import instance_table, itk_snap_text, slicer_text, structure_table
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.names import disc_value, vertebra_value
from tests.report.segmented import segmented

SNAP = re.compile(r'\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+([01])\s+([01])\s+([01])\s+"([^"]+)"')


def test_structures_have_the_values_of_the_maps() -> None:
    table = {one.value: one.name for one in structure_table()}
    assert table == {int(s): s.name.lower() for s in Structure if s is not Structure.BACKGROUND}


def test_instances_have_the_values_of_the_maps_and_colours_of_their_own() -> None:
    table = {one.value: one.name for one in instance_table()}
    assert table[vertebra_value("L4")] == "vertebra L4"
    assert table[disc_value("L4/L5")] == "disc L4/L5"
    assert table[vertebra_value("S1")] == "sacrum"
    assert table[disc_value("S1/S2")] == "disc S1/S2"
    colours = [one.colour for one in instance_table()]
    assert len(set(colours)) == len(colours)


def test_names_of_the_visit_win() -> None:
    anatomy = segmented().anatomy
    six = replace(anatomy.levels["L5/S1"], name="L5/L6", instance=124)
    named = {one.value: one.name for one in instance_table(replace(anatomy, levels={"L5/L6": six}))}
    assert named[124] == "disc L5/L6"


def test_itk_snap_reads_every_line() -> None:
    rows = [line for line in itk_snap_text(instance_table()).splitlines() if not line.startswith("#")]
    read = [SNAP.fullmatch(row) for row in rows]
    assert all(read)
    names = {int(row[1]): row[8] for row in read if row}
    assert names == {0: "Clear Label", **{one.value: one.name for one in instance_table()}}


def test_slicer_reads_every_line() -> None:
    header, count, *rows = slicer_text(instance_table(), "instances.ctbl").splitlines()
    assert header.startswith("# Color table file")
    assert count == f"# {len(rows)} values"
    fields = [row.split(" ") for row in rows]
    assert all(len(row) == 6 and all(0 <= int(n) <= 255 for n in (row[0], *row[2:])) for row in fields)
    assert {int(row[0]): row[1].replace("_", " ") for row in fields[1:]} == {
        one.value: one.name for one in instance_table()
    }


def test_the_page_explains_every_value(repository: Path) -> None:
    page = (repository / "docs" / "label-table.md").read_text(encoding="utf-8")
    for one in structure_table():
        assert re.search(rf"^\| {one.value} \| {one.name} \|", page, re.MULTILINE), one
    for one in instance_table():
        if one.value in range(8, 20) or one.value in range(108, 119):
            continue  # written as ranges
        assert re.search(rf"\| {one.value} \| ", page), one
