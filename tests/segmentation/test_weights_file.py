"""What the weights file itself may hold."""

from pipeline.config import package_file
from pipeline.segmentation.network import WEIGHTS


def test_weights_are_light_and_tell_nothing_of_the_machine_they_were_trained_on() -> None:
    content = package_file(WEIGHTS).read_bytes()
    assert len(content) < 10e6
    assert b"site-packages" not in content
    assert b'File "' not in content
