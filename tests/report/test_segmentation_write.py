"""What a segmentation leaves in its folder: values that agree with the maps, a picture, no identity."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from skimage.draw import polygon2mask

from pipeline.config import load_config
from pipeline.dicom.visit import Role
from pipeline.errors import OutputError
from pipeline.report.as_json import to_text
from pipeline.report.segmentation_csv import COLUMNS, segmentation_csv
from pipeline.report.segmentation_json import segmentation_dict
from pipeline.report.segmentation_panels import panels
from pipeline.report.segmentation_picture import picture
from pipeline.report.segmentation_words import displaced_in_words, levels_in_words, unconfirmed_in_words
from pipeline.report.segmentation_write import write_segmentation
from pipeline.segmentation.anatomy import Structure
from tests.report import cases
from tests.report.segmented import segmented


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("segmentation") / "deep" / "out"
    write_segmentation(segmented(), folder)
    return folder


def test_every_file_is_there_and_the_values_last(out: Path) -> None:
    maps = {f"{role}_{kind}.nii.gz" for role in segmented().anatomy.segmentations for kind in ("labels", "instances")}
    tables = {f"{kind}.{suffix}" for kind in ("labels", "instances") for suffix in ("txt", "ctbl")}
    rest = {"segmentation.json", "segmentation.csv", "segmentation.png", "settings.yaml"}
    assert {p.name for p in out.iterdir()} == maps | tables | rest
    assert load_config(out / "settings.yaml") == segmented().config
    assert (out / "segmentation.json").stat().st_mtime_ns >= max(p.stat().st_mtime_ns for p in out.iterdir())


def test_values_follow_the_schema(out: Path, repository: Path) -> None:
    schema = json.loads((repository / "docs" / "segmentation.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads((out / "segmentation.json").read_text(encoding="utf-8")), schema)


def test_volumes_are_those_of_the_maps(out: Path) -> None:
    values = json.loads((out / "segmentation.json").read_text(encoding="utf-8"))
    for series in values["series"]:
        image = nib.load(out / f"{series['role']}_instances.nii.gz")
        voxel = abs(np.linalg.det(image.affine[:3, :3]))
        for row in series["instances"]:
            voxels = int((np.asarray(image.dataobj) == row["instance"]).sum())
            assert row["voxels"] == voxels > 0
            assert row["volume_mm3"] == pytest.approx(voxels * voxel, abs=0.06)
    (t2,) = (s for s in values["series"] if s["role"] == "sagittal_t2")
    assert {"L2", "L5", "S1", "L4/L5", "L5/S1"} <= {row["name"] for row in t2["instances"]}
    canal = next(row for row in t2["structures"] if row["structure"] == "canal")
    assert canal["share_at_edge"] > 0, "the canal goes on above and below"
    disc = next(row for row in t2["instances"] if row["name"] == "L4/L5")
    assert disc["share_at_edge"] == 0


def test_displaced_material_is_given_by_level(out: Path) -> None:
    values = json.loads((out / "segmentation.json").read_text(encoding="utf-8"))
    found = {row["level"]: row for row in values["fragments"]}
    assert list(found) == list(segmented().anatomy.levels)
    assert [name for name, row in found.items() if row["present"]] == ["L4/L5"]
    row = found["L4/L5"]
    assert row["interval95_mm3"][0] < row["volume_mm3"] < row["interval95_mm3"][1]
    assert row["series"] == "sagittal_t2"
    assert set(row["volumes_by_series_mm3"]) >= {"sagittal_t2", "sagittal_t1"}


def test_table_repeats_the_values(out: Path) -> None:
    values = json.loads((out / "segmentation.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader(io.StringIO((out / "segmentation.csv").read_text(encoding="utf-8"))))
    assert tuple(rows[0]) == COLUMNS
    disc = next(row for row in rows if row["series"] == "sagittal_t2" and row["name"] == "L4/L5" and row["instance"])
    given = next(s for s in values["series"] if s["role"] == "sagittal_t2")
    assert float(disc["volume_mm3"]) in [row["volume_mm3"] for row in given["instances"]]
    assert disc["confidence"] == str(values["level"]["confidence"])
    moved = [row for row in rows if row["structure"] == "displaced material"]
    assert [row["name"] for row in moved] == list(segmented().anatomy.levels)
    with pytest.raises(ValueError, match="not the values"):
        segmentation_csv({"schema": "something else"})


def test_a_rerun_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    write_segmentation(segmented.__wrapped__(), tmp_path, probabilities=True, images=True)
    write_segmentation(segmented.__wrapped__(), tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in out.iterdir()}
    for path in out.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_a_failed_run_leaves_no_finished_result(tmp_path: Path) -> None:
    write_segmentation(segmented(), tmp_path)
    (tmp_path / "segmentation.png").unlink()
    (tmp_path / "segmentation.png").mkdir()
    (tmp_path / "segmentation.png" / "in the way").touch()
    with pytest.raises(OutputError):
        write_segmentation(segmented(), tmp_path)
    assert not (tmp_path / "segmentation.json").exists()
    assert not list(tmp_path.rglob(".partial-*"))


def test_nothing_says_who_the_patient_is() -> None:
    made = segmented.__wrapped__(description="Musterfrau Erika PID-778899 lumbar /home/clinic/list")
    text = to_text(segmentation_dict(made))
    for word in ("usterfrau", "Erika", cases.IDENTITY.patient_id, cases.IDENTITY.birth_date, "/home", "ACC-4711"):
        assert str(word) not in text


def test_words_say_what_was_found() -> None:
    assert levels_in_words(segmented()).startswith("Discs L5/S1 to L2/L3, counted from the sacrum on Sagittal T2;")
    assert displaced_in_words(segmented()).startswith("Displaced disc material, measured on Sagittal T2: L4/L5 ")
    assert "none above the limit of blank" in displaced_in_words(segmented(0.0))
    made = segmented(0.0)
    hidden = {
        name: replace(one, measurement=replace(one.measurement, surely_seen_mm3=640.0))
        for name, one in made.fragments.items()
    }
    assert displaced_in_words(replace(made, fragments=hidden)).endswith("One of up to 640 mm³ may have been missed.")


def test_what_is_not_confirmed_is_told_beside_what_is(repository: Path) -> None:
    made = segmented(0.0)
    assert unconfirmed_in_words(made) == ""
    doubted = replace(made, unconfirmed={"L2/L3": {Role.AXIAL_T2: 410.4, Role.SAGITTAL_T1_POST: 273.2}})
    assert unconfirmed_in_words(doubted) == (
        "Seen but not confirmed, so counted as none: L2/L3 on axial T2 (410 mm³) and sagittal T1 + contrast (273 mm³) "
        "only."
    )
    values = segmentation_dict(doubted)
    told = {row["level"]: row["unconfirmed_by_series_mm3"] for row in values["fragments"]}
    assert told == {**{name: {} for name in told}, "L2/L3": {"axial_t2": 410.4, "sagittal_t1_post": 273.2}}
    schema = json.loads((repository / "docs" / "segmentation.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(values, schema)
    assert picture(doubted).height > picture(made).height, "one line more in the header"


def test_picture_shows_every_series() -> None:
    made = segmented()
    shown = {role: panels(made, role) for role in made.anatomy.segmentations}
    assert all(len(row) >= 2 for row in shown.values())
    sheet = picture(made)
    assert sheet.height > sum(max(panel.grey.shape[0] for panel in row) for row in shown.values())
    names = [panel for panel in shown[Role.SAGITTAL_T2] if panel.discs]
    assert [set(panel.discs) for panel in names] == [set(made.anatomy.levels)]


@pytest.mark.parametrize("role", [Role.SAGITTAL_T2, Role.AXIAL_T2])
def test_outlines_run_around_what_is_labelled(role: Role) -> None:
    """The canal is bright on T2: brighter inside its outline than around it, in every slice that is shown."""
    for panel in panels(segmented(), role):
        for ring in panel.outlines.get(Structure.CANAL, ()):
            inside = polygon2mask(panel.grey.shape, ring)
            around = binary_dilation(inside, iterations=12) & ~binary_dilation(inside, iterations=4)
            assert panel.grey[inside].mean() > panel.grey[around].mean() + 60


def test_names_stand_at_their_discs() -> None:
    """A disc's front edge lies inside the picture and further to the head the higher the disc."""
    (named,) = (panel for panel in panels(segmented(), Role.SAGITTAL_T2) if panel.discs)
    rows = [named.discs[name][0] for name in ("L2/L3", "L3/L4", "L4/L5", "L5/S1")]
    assert rows == sorted(rows)
    np.testing.assert_allclose(np.diff(rows), cases.PITCH_MM / 0.36, atol=0.1)


def test_picture_without_a_fragment_shows_both_sides() -> None:
    captions = [panel.caption for panel in panels(segmented(0.0), Role.SAGITTAL_T2)]
    assert captions[0].startswith("midsagittal")
    assert "right" in captions[2]
    assert "left" in captions[3]


def test_picture_says_when_the_names_must_not_be_used() -> None:
    sure, unsure = (np.asarray(picture(segmented(usable=usable))) for usable in (True, False))
    red = (255, 111, 111)
    assert not (sure == red).all(-1).any()
    assert (unsure == red).all(-1).any()


def test_an_axial_stack_away_from_the_levels_is_left_out_of_the_picture() -> None:
    made = segmented()
    one = made.anatomy.segmentations[Role.AXIAL_T2]
    far = one.labels.affine.copy()
    far[2, 3] += 500.0
    labels = type(one.labels)(one.labels.array, far)
    moved = replace(one, labels=labels, instances=type(labels)(one.instances.array, far))
    series = made.visit.series[Role.AXIAL_T2]
    stack = replace(series.stacks[0], volume=type(labels)(series.volume.array, far))
    anatomy = replace(made.anatomy, segmentations={**made.anatomy.segmentations, Role.AXIAL_T2: moved})
    visit = replace(made.visit, series={**made.visit.series, Role.AXIAL_T2: replace(series, stacks=(stack,))})
    apart = replace(made, anatomy=anatomy, visit=visit)
    assert panels(apart, Role.AXIAL_T2) == ()
    assert picture(apart).height < picture(made).height
