import json
from pathlib import Path

import pytest

from pipeline.phantom.case import PhantomCase
from training.evaluation import phantoms

OCCUPANCY = "truth/visit_sag_t2_occupancy.nii.gz"


def written(case: PhantomCase, out: Path) -> None:
    """What a generator leaves behind, as far as anyone looks for it."""
    (out / "truth").mkdir(parents=True)
    (out / OCCUPANCY).write_bytes(case.name.encode())
    stacks = [{"occupancy_file": OCCUPANCY}, {"occupancy_file": None}]
    (out / "truth.json").write_text(json.dumps({"visits": [{"series": [{"stacks": stacks}]}]}))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were generated into."""
    folders: list[Path] = []

    def generated(case: PhantomCase, out: Path) -> None:
        folders.append(out)
        written(case, out)

    monkeypatch.setattr(phantoms, "generate", generated)
    monkeypatch.setattr(phantoms, "FOLDER", tmp_path / "evaluation")
    return folders


def test_a_case_is_generated_once_and_nothing_else_stays(made: list[Path]) -> None:
    folder = phantoms.phantom_folder(0)
    assert phantoms.phantom_folder(0) == folder
    assert len(made) == 1
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert (folder / OCCUPANCY).is_file()


def test_a_case_of_which_files_are_missing_is_generated_anew(made: list[Path]) -> None:
    folder = phantoms.phantom_folder(0)
    (folder / OCCUPANCY).unlink()
    assert phantoms.phantom_folder(0) == folder
    assert len(made) == 2
    assert (folder / OCCUPANCY).is_file()


def test_a_case_is_not_seen_before_it_is_whole(made: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    inner = phantoms.generate

    def beside_another(case: PhantomCase, out: Path) -> None:
        inner(case, out)
        if len(made) == 1:
            # A second evaluation begins, finds nothing, and is ready first.
            other = phantoms.phantom_folder(0)
            assert (other / OCCUPANCY).is_file()
            assert other != out

    monkeypatch.setattr(phantoms, "generate", beside_another)
    folder = phantoms.phantom_folder(0)
    assert len(made) == 2
    assert (folder / OCCUPANCY).is_file()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
