"""Case files: what is right is read, what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import Tissue
from pipeline.phantom.case import case_of_truth, load_case, parse_case


@pytest.fixture
def data(repository: Path) -> dict[str, Any]:
    text = (repository / "configs" / "phantom" / "quick.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def put(data: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split(".")
    at: Any = data
    for step in parents:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[int(last) if isinstance(at, list) else last] = value


@pytest.mark.parametrize("name", ["source-case", "partial-case", "thick-rim-case", "quick", "full-protocol"])
def test_shipped_cases_are_valid(repository: Path, name: str) -> None:
    case = load_case(repository / "configs" / "phantom" / f"{name}.yaml")
    assert case.name == name
    assert case.patient.name.startswith("PHANTOM^")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("colour", "red", "colour"),
        ("visits.0.fragments.0.volume_mm3", -5, "visits.0.fragments.0.volume_mm3"),
        ("visits.0.fragments.0.level", "L7/L8", "visits.0.fragments.0.level"),
        ("visits.1.protocol", "nothing", "visits.1.protocol"),
        ("visits.0.date", "1950-01-01", "visits.0.date"),
        ("visits.1.name", "baseline", "two visits have the same name"),
        ("protocols.short.0.plane", "curved", "protocols.short.0.plane"),
        ("protocols.short.1.key", "sag_t2", "protocols.short"),
        ("protocols.short.2.levels", [], "levels"),
        ("protocols.short.0.contrast", True, "contrast"),
        ("spine", {"discs": {"L9/S1": {}}}, "L9/S1"),
        ("tissues", {"plasma": {}}, "plasma"),
        ("patient.name", "DOE^JANE", "patient.name"),
    ],
)
def test_mistakes_are_named(data: dict[str, Any], path: str, value: object, named: str) -> None:
    put(data, path, value)
    with pytest.raises(UsageError, match="does not fit") as error:
        parse_case(data)
    assert named in str(error.value)


def test_missing_and_broken_files_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read the case"):
        load_case(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(UsageError, match="not valid YAML"):
        load_case(tmp_path / "broken.yaml")


def test_visit_changes_tissues_before_the_case_does(data: dict[str, Any]) -> None:
    data["tissues"] = {"fragment": {"t2_ms": 60}, "csf": {"t1_ms": 4000}}
    data["visits"][1]["tissues"] = {"fragment": {"t2_ms": 120}}
    case = parse_case(data)
    first, second = (case.physics(visit) for visit in case.visits)
    assert (first[Tissue.FRAGMENT].t2_ms, second[Tissue.FRAGMENT].t2_ms) == (60, 120)
    assert first[Tissue.CSF].t1_ms == second[Tissue.CSF].t1_ms == 4000


def test_spine_parameters_reach_the_generator(data: dict[str, Any]) -> None:
    data["spine"] = {"size": 1.1, "lordosis": 0.5, "canal_depth_mm": 20, "discs": {"L4/L5": {"height_mm": 6.5}}}
    spine = parse_case(data).spine.spec(1)
    assert spine.canal_depth_mm == 20
    assert spine.disc_heights_mm[spine.disc_index("L4/L5")] == 6.5
    assert spine.heights_mm[0] == pytest.approx(1.1 * 21)


def test_an_edition_of_the_anatomy_can_be_asked_for(data: dict[str, Any]) -> None:
    assert parse_case(data).spine.spec(1).edition == 2
    data["spine"] = {"edition": 1}
    assert parse_case(data).spine.spec(1).edition == 1
    data["spine"] = {"edition": 3}
    with pytest.raises(UsageError, match=r"spine\.edition"):
        parse_case(data)


@pytest.mark.parametrize("name", ["source-case", "partial-case"])
def test_samples_are_of_the_first_edition_whose_truth_does_not_name_it(repository: Path, name: str) -> None:
    truth = json.loads((repository / "sample_dicoms" / name / "truth.json").read_text(encoding="utf-8"))
    case = load_case(repository / "configs" / "phantom" / f"{name}.yaml")
    assert case.model_dump(mode="json") == truth["spec"]
    assert case_of_truth(truth) == case
    assert case.spine.spec(case.seed).edition == 1


def test_the_truth_names_a_later_edition(data: dict[str, Any]) -> None:
    case = parse_case(data)
    written = case.model_dump(mode="json")
    assert written["spine"]["edition"] == 2
    assert case_of_truth({"spec": written}) == case
