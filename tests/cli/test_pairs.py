"""``discdelta pairs``: lines that a shell script can read, and folders of links that say nothing of the patient."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from tests.dicom.test_pairing import write_image


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export" / "Doe^Jane"
    write_image(folder / "1", "SECRET", "20130312", "A1", name="Doe^Jane")
    loose = write_image(tmp_path / "loose", "SECRET", "20130712", "A2", name="Doe^Jane")
    with zipfile.ZipFile(folder / "later.zip", "w") as archive:
        archive.write(loose, "Doe")
    write_image(folder / "2", "OTHER", "20130712", "B1")
    return tmp_path / "export"


def test_a_line_per_patient_and_a_folder_per_visit(export: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["pairs", str(export), "--links", str(tmp_path / "links")])
    assert done.exit_code == 0, done.stderr
    header, *lines = done.stdout.splitlines()
    rows = [dict(zip(header.lstrip("#").split("\t"), line.split("\t"), strict=True)) for line in lines]
    pair = next(row for row in rows if row["status"] == "pair")
    single = next(row for row in rows if row["status"] == "single")
    assert pair["accession"] == "A2"
    assert (single["accession"], single["baseline"], single["followup"]) == ("B1", "-", "-")
    assert (pair["baseline_date"], pair["followup_date"]) == ("2013-03-12", "2013-07-12")
    assert (single["baseline_date"], single["followup_date"]) == ("2013-07-12", "-")
    for name in ("baseline", "followup"):
        [file] = Path(pair[name]).iterdir()
        assert file.read_bytes()[128:132] == b"DICM"
    assert not any(word in done.stdout for word in ("Doe", "SECRET"))


def test_json_says_the_same(export: Path) -> None:
    rows = json.loads(CliRunner().invoke(app, ["pairs", str(export), "--json"]).stdout)
    assert sorted(row["status"] for row in rows) == ["pair", "single"]
    assert all(row["baseline"] is None for row in rows)


@pytest.mark.parametrize("name", [None, "Doe"])
def test_an_export_without_images_ends_as_it_does_for_inspect(tmp_path: Path, name: str | None) -> None:
    if name is not None:
        (tmp_path / name).write_text("no image")
    done = CliRunner().invoke(app, ["pairs", str(tmp_path)])
    assert (done.exit_code, done.stdout) == (3, "")
    assert "holds no MR image that can be used" in done.stderr
    assert "Doe" not in done.stderr
    assert CliRunner().invoke(app, ["inspect", str(tmp_path)]).exit_code == 3


def test_what_was_left_out_is_told_with_the_reason_and_without_names(export: Path) -> None:
    for name in ("Doe 1.txt", "Doe 2.txt"):
        (export / name).write_text("a letter", encoding="utf-8")
    (export / "Doe 3.dcm").touch()
    said = CliRunner().invoke(app, ["pairs", str(export)]).stderr.replace("\n", " ")
    assert "Left out 1 file of zero length; 2 files that are not DICOM; `discdelta inspect` names them." in said
    assert "Doe" not in said
