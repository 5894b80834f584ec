"""Make the 8-bit network that ships from an exported one: `python -m training.quantise --network sagittal`.

Convolutions in 8 bits take less than half the time. What each layer passes on is measured on training samples (static
quantisation, weights per channel; Jacob et al., CVPR 2018); the last convolution and the probabilities keep 32 bits.
Weights use seven of their eight bits, so that sums cannot overflow on processors without VNNI.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from training.data_options import add_data_options, loader_of
from training.export import WEIGHTS, strip_traces
from training.recipe import RECIPES

logger = logging.getLogger(__name__)
EXPORTED = Path("training/weights")
"""Exported networks of which the package carries a form in 8 bits; training goes on from these."""
_BATCHES = 40
_QUANTISED = ["Conv", "MaxPool", "Concat"]


class _Samples(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, batches: Iterable[NDArray[np.float32]]) -> None:
        self.batches: Iterator[NDArray[np.float32]] = iter(batches)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next batch by the name of the network's input; None after the last."""
        batch = next(self.batches, None)
        return None if batch is None else {"slices": batch}


def quantise(source: Path, target: Path, batches: Iterable[NDArray[np.float32]]) -> None:
    """Write an exported network with its convolutions in 8 bits.

    Parameters
    ----------
    source
        Network as `training.export` writes it.
    target
        Where the new one goes; renamed into place.
    batches
        Normalised training images (N, channels, H, W), some hundreds in all.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        prepared, made = Path(folder) / "prepared.onnx", Path(folder) / target.name
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(made),
            _Samples(batches),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=_QUANTISED,
            nodes_to_exclude=[_convolutions(prepared)[-1]],
        )
        spell_softmax(made)
        strip_traces(made)
        made.replace(target)


def _convolutions(path: Path) -> list[str]:
    return [node.name for node in onnx.load(str(path)).graph.node if node.op_type == "Conv"]


def spell_softmax(path: Path) -> None:
    """Write the softmax over the classes as the steps that it consists of.

    ONNX Runtime brings the classes last and back again for its own: a sixth of the time of an 8-bit network.
    """
    model = onnx.load(str(path))
    graph = model.graph
    at, whole = next((k, node) for k, node in enumerate(graph.node) if node.op_type == "Softmax")
    (scores,), (probabilities,) = whole.input, whole.output
    graph.initializer.append(onnx.numpy_helper.from_array(np.array([1], dtype=np.int64), "classes"))
    steps = [
        onnx.helper.make_node("ReduceMax", [scores, "classes"], ["largest"], keepdims=1),
        onnx.helper.make_node("Sub", [scores, "largest"], ["below_largest"]),
        onnx.helper.make_node("Exp", ["below_largest"], ["exponentials"]),
        onnx.helper.make_node("ReduceSum", ["exponentials", "classes"], ["sum"], keepdims=1),
        onnx.helper.make_node("Div", ["exponentials", "sum"], [probabilities]),
    ]
    nodes = [*graph.node[:at], *steps, *graph.node[at + 1 :]]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def manifest(source: Path, target: Path) -> dict[str, Any]:
    """What the manifest of the exported network says, and what was made of it."""
    told: dict[str, Any] = json.loads(source.with_suffix(".json").read_text(encoding="utf-8"))
    return {
        **told,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "bits": {"convolutions": 8, "made_from_sha256": told["sha256"], "measured_on": "training samples"},
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=sorted(RECIPES), required=True)
    add_data_options(parser)
    parser.add_argument("--exported", type=Path, default=EXPORTED, help="folder of the exported network")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    logger.setLevel(logging.INFO)
    recipe = RECIPES[options.network]
    source, target = (folder / f"{recipe.weights}.onnx" for folder in (options.exported, options.out))
    batches = (batch[0].numpy() for batch in loader_of(options, recipe, options.seed))
    quantise(source, target, itertools.islice(batches, _BATCHES))
    described = target.with_suffix(".json.part")
    described.write_text(json.dumps(manifest(source, target), indent=2) + "\n", encoding="utf-8")
    described.replace(target.with_suffix(".json"))
    logger.info("wrote %s", target)


if __name__ == "__main__":
    main()
