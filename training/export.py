"""Write an averaged network as ONNX with its manifest: `python -m training.export --checkpoint FILE`."""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import onnxruntime
import torch

from pipeline.phantom.anatomy import NetworkClass
from pipeline.segmentation.normalise import NEIGHBOUR_MM
from training.checkpoint import Progress, load
from training.network import Segmenter, UNet
from training.recipe import RECIPES, Recipe
from training.split import FURTHER, HELD_OUT, TRAINING

logger = logging.getLogger(__name__)
WEIGHTS = Path("pipeline/segmentation/weights")
_OPSET = 18
_TOLERANCE = 5e-3
_SMALLEST_HALVED = 512


def restore(checkpoint: Path) -> tuple[Segmenter, Recipe, Progress]:
    """The averaged network of a checkpoint, its recipe, and how far it was trained."""
    stored = load(checkpoint)
    recipe = RECIPES[stored.get("recipe", "sagittal")]
    network = UNet(recipe.widths, recipe.fine, recipe.channels)
    network.load_state_dict(stored["average"])
    for weight in network.parameters():
        # As they are stored: what is compared and measured is what ships.
        weight.data = weight.data.half().float()
    return Segmenter(network).eval(), recipe, Progress(**stored["progress"])


def write_onnx(model: Segmenter, channels: int, path: Path) -> None:
    """Export with free batch, rows and columns, compare with PyTorch, then rename into place.

    Raises
    ------
    ValueError
        If ONNX Runtime and PyTorch disagree.
    """
    size = torch.export.Dim("rows", min=2, max=64), torch.export.Dim("columns", min=2, max=64)
    batch = torch.export.Dim("batch", min=1, max=256)
    example = torch.randn(2, channels, 96, 64)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        temporary = Path(folder) / path.name
        program = torch.onnx.export(
            model,
            (example,),
            dynamo=True,
            opset_version=_OPSET,
            input_names=["slices"],
            output_names=["probabilities"],
            dynamic_shapes=({0: batch, 2: 16 * size[0], 3: 16 * size[1]},),
            external_data=False,
        )
        if program is None:
            raise ValueError("torch.onnx.export gave no program")
        program.save(str(temporary), external_data=False)
        strip_traces(temporary)
        halve_weights(temporary)
        session = onnxruntime.InferenceSession(str(temporary), providers=["CPUExecutionProvider"])
        for shape in ((1, channels, 320, 256), (3, channels, 160, 176)):
            slices = torch.randn(shape)
            (found,) = session.run(None, {"slices": slices.numpy()})
            with torch.no_grad():
                difference = float(np.abs(found - model(slices).numpy()).max())
            if difference > _TOLERANCE:
                raise ValueError(f"ONNX Runtime differs from PyTorch by {difference:.2g} at shape {shape}")
        temporary.replace(path)


def halve_weights(path: Path) -> None:
    """Store large weights as 16-bit floats with a cast to 32 bits, which ONNX Runtime does once when it loads them."""
    model = onnx.load(str(path))
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _SMALLEST_HALVED:
            continue
        name = weight.name
        weight.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    # The exporter notes shapes of weights by name; those names are now outputs of casts.
    graph.ClearField("value_info")
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def strip_traces(path: Path) -> None:
    """Take out the notes that the exporter leaves in a model: stack traces with paths of the training machine."""
    model = onnx.load(str(path))
    model.ClearField("metadata_props")
    model.ClearField("doc_string")
    graph = model.graph
    graph.ClearField("metadata_props")
    graph.ClearField("doc_string")
    for part in (*graph.node, *graph.initializer, *graph.value_info, *graph.input, *graph.output):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.save(model, str(path))


def manifest(path: Path, recipe: Recipe, progress: Progress, date: str) -> dict[str, Any]:
    """What a user of the weights must know about them."""
    return {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "date": date,
        "input": {
            "name": "slices",
            "shape": ["N", recipe.channels, "H", "W"],
            "multiple_of": 16,
            "in_plane_mm": recipe.pixel_mm,
            "neighbour_mm": NEIGHBOUR_MM,
            "content": recipe.described,
            "normalisation": "pipeline.segmentation.normalise.normalise",
        },
        "output": {"name": "probabilities", "classes": [c.name.lower() for c in NetworkClass]},
        "training": {
            "steps": progress.step + progress.earlier_steps,
            "mean_of_runs": progress.averaged_runs,
            "hours": round((progress.seconds + progress.earlier_seconds) / 3600, 2),
            "generated_anatomy": "pipeline.phantom.anatomy, random spines and fragments in random contrasts",
            "real_volumes": "SPIDER T2 SPACE (van der Graaf et al., Scientific Data 2024), CC BY 4.0",
            "patients": list(TRAINING),
            "mid_sagittal_images_of": list(FURTHER) if recipe.name == "fine" else [],
            "held_out": list(HELD_OUT),
        },
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    options.out.mkdir(parents=True, exist_ok=True)
    model, recipe, progress = restore(options.checkpoint)
    path = options.out / f"{recipe.weights}.onnx"
    write_onnx(model, recipe.channels, path)
    date = dt.datetime.now(dt.UTC).date().isoformat()
    described = json.dumps(manifest(path, recipe, progress, date), indent=2) + "\n"
    temporary = path.with_suffix(".json.part")
    temporary.write_text(described, encoding="utf-8")
    temporary.replace(path.with_suffix(".json"))
    logger.info("wrote %s after %d steps", path, progress.step)


if __name__ == "__main__":
    main()
