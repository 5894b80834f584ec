"""What the weights files themselves may hold."""

import hashlib
import json

import pytest

from pipeline.config import package_file
from pipeline.segmentation.network import AXIAL_WEIGHTS, FINE_WEIGHTS, WEIGHTS

ALL = (WEIGHTS, AXIAL_WEIGHTS, FINE_WEIGHTS)


def test_all_weights_together_are_light() -> None:
    assert sum(len(package_file(file).read_bytes()) for file in ALL) < 10e6


@pytest.mark.parametrize("file", ALL)
def test_weights_tell_nothing_of_the_machine_they_were_trained_on(file: str) -> None:
    content = package_file(file).read_bytes()
    assert b"site-packages" not in content
    assert b'File "' not in content


@pytest.mark.parametrize("file", ALL)
def test_the_manifest_beside_the_weights_is_theirs(file: str) -> None:
    described = json.loads(package_file(file.replace(".onnx", ".json")).read_text(encoding="utf-8"))
    assert described["sha256"] == hashlib.sha256(package_file(file).read_bytes()).hexdigest()
    assert described["output"]["classes"] == ["background", "vertebra", "sacrum", "disc", "canal", "fragment"]
    assert set(described["training"]["patients"]).isdisjoint(described["training"]["held_out"])
