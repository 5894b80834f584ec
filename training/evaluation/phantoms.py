"""The digital reference object with every sequence and plane: fresh random cases with exact truth."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import yaml
from numpy.typing import NDArray

import pipeline.phantom
from pipeline.dicom.visits import load_visit
from pipeline.phantom.anatomy import Tissue
from pipeline.phantom.case import PhantomCase, parse_case
from pipeline.phantom.displaced import paint_displaced
from pipeline.phantom.generate import generate
from pipeline.phantom.geometry import moved
from pipeline.phantom.regions import pose_of
from pipeline.volume import Volume
from training.evaluation.cache import FOLDER, remembered
from training.evaluation.fused import ceilings, fused_fragment
from training.evaluation.overlap import dice, soft_dice
from training.evaluation.product import measured, segmented

TEMPLATE = Path("configs/phantom/full-protocol.yaml")
SEEDS = (4101, 4102, 4103, 4104)
VOLUMES_MM3 = (380.0, 700.0, 1150.0, 1800.0)
VERSION = 5
REFERENCE = "sag_t2"
_AXIAL = {
    "plane": "axial", "levels": ["L3/L4", "L4/L5", "L5/S1"], "slices": 24, "matrix": 256, "pixel_mm": 0.7,
    "offset_mm": [0, 14, 0], "phase_along_rows": False,
}  # fmt: skip


def phantom_case(number: int) -> PhantomCase:
    """One random case: another spine, another fragment, all sequences in both planes."""
    rng = np.random.default_rng(SEEDS[number])
    data = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    level = ("L4/L5", "L5/S1")[number % 2]
    sequestered = bool(rng.random() < 0.5)
    migration = float(rng.choice([-1.0, 1.0]) * rng.uniform(2.0, 12.0))
    sagittal = [series for series in data["protocols"]["full"] if series["plane"] == "sagittal"]
    axial = [
        {**_AXIAL, "key": "ax_t2", "weighting": "t2"},
        {**_AXIAL, "key": "ax_t1", "weighting": "t1"},
        {**_AXIAL, "key": "ax_t1_post", "weighting": "t1", "contrast": True},
    ]
    # Whatever comes after contrast comes last.
    first = [series for series in sagittal if not series.get("contrast")]
    last = [series for series in sagittal if series.get("contrast")]
    fragment = {
        "level": level, "volume_mm3": VOLUMES_MM3[number], "lateral_mm": float(rng.uniform(-7.0, 7.0)),
        "migration_mm": migration, "sequestered": sequestered, "rim_mm": float(rng.choice([0.0, 1.0])), "seed": number,
    }  # fmt: skip
    discs = {
        name: {"degeneration": float(rng.uniform(0.2, 0.9)), "bulge_mm": float(rng.uniform(0.2, 1.5))}
        for name in ("L2/L3", "L3/L4", "L4/L5", "L5/S1")
    }
    data |= {
        "name": f"evaluation-{number}", "description": "One visit, all sequences.", "seed": SEEDS[number],
        "level": level, "protocols": {"full": [*first, *axial[:2], *last, axial[2]]},
        "spine": {
            "size": float(rng.uniform(0.92, 1.08)), "lordosis": float(rng.uniform(0.7, 1.2)),
            "canal_depth_mm": float(rng.uniform(14.0, 19.0)), "scoliosis_mm": float(rng.uniform(0.0, 4.0)),
            "muscle_fat": float(rng.uniform(0.1, 0.4)), "discs": discs,
        },
    }  # fmt: skip
    data["visits"][0]["fragments"] = [fragment]
    return parse_case(data, "evaluation")


def evaluate_phantom(number: int) -> dict[str, Any]:
    """Fragment Dice of one case in every series, and of all series fused."""
    case = phantom_case(number)
    folder = _generated(case)
    found = remembered(lambda: _evaluated(case, folder), True, "phantom", VERSION, folder.name)
    return {**found, "ceiling": remembered(lambda: _ceiling(case, folder), True, "ceiling", VERSION, folder.name)}


def phantom_folder(number: int) -> Path:
    """The images of one case; generated if need be."""
    return _generated(phantom_case(number))


def _generated(case: PhantomCase) -> Path:
    """The folder of a case; made only once for the same case and the same phantom."""
    digest = hashlib.sha256(case.model_dump_json().encode())
    for path in sorted(Path(str(pipeline.phantom.__file__)).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    folder = FOLDER / f"phantom-{digest.hexdigest()[:16]}"
    if not _complete(folder):
        FOLDER.mkdir(parents=True, exist_ok=True)
        # Two evaluations at once share this folder: neither may take, nor clear away, what the other has half written.
        with tempfile.TemporaryDirectory(dir=FOLDER, prefix=".partial-") as made:
            generate(case, Path(made) / folder.name)
            if not _complete(folder):
                shutil.rmtree(folder, ignore_errors=True)
                (Path(made) / folder.name).replace(folder)
    return folder


def _complete(folder: Path) -> bool:
    """Whether a folder holds a truth and every file that it names."""
    if not (folder / "truth.json").is_file():
        return False
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    stacks = [stack for visit in truth["visits"] for series in visit["series"] for stack in series["stacks"]]
    return all((folder / stack["occupancy_file"]).is_file() for stack in stacks if stack["occupancy_file"])


def _evaluated(case: PhantomCase, folder: Path) -> dict[str, Any]:
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    one = truth["visits"][0]
    visit = load_visit(folder / one["folder"])
    true_mm3 = sum(part["volume_mm3"] for part in one["fragments"])
    outcome = segmented(visit, truth["level"])
    result: dict[str, Any] = {
        "case": truth["case"], "level": truth["level"], "true_mm3": round(true_mm3, 1), "refusal": outcome.refusal,
        "series": {},
    }  # fmt: skip
    anatomy = outcome.anatomy
    if anatomy is None:
        return result
    occupancies = {series["series_instance_uid"]: series["stacks"][0] for series in one["series"]}
    materials = {}
    for role, found in anatomy.segmentations.items():
        if found.carried:
            continue
        image = visit.series[role].volume
        mine = measured(anatomy, role, truth["level"], image)
        materials[role] = mine.material
        stack = occupancies[visit.series[role].facts.series_instance_uid]
        true = on_grid(folder, stack, found.labels)
        result["series"][role.value] = {
            "dice": round(dice(mine.share > 0.5, true > 0.5), 4),
            "soft_dice": round(soft_dice(mine.share, true), 4),
            "found_mm3": round(mine.volume_mm3, 1),
        }
    points, point_mm3 = _fine_truth(case)
    result["fused"] = fused_fragment(anatomy, truth["level"], list(materials.values()), points, point_mm3)
    return result


def _ceiling(case: PhantomCase, folder: Path) -> dict[str, Any]:
    """What the fusion makes of the true occupancy of every slice: more cannot be known from such slices."""
    one = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["visits"][0]
    stacks: dict[str, list[Volume]] = {"sagittal": [], "axial": []}
    for series in one["series"]:
        stack = series["stacks"][0]
        if stack["occupancy_file"] and (series["key"] == REFERENCE or series["plane"] == "axial"):
            stored = np.asarray(nib.load(folder / stack["occupancy_file"]).dataobj, dtype=np.float32)
            stacks[series["plane"]].append(Volume(stored, np.array(stack["affine"])))
    points, point_mm3 = _fine_truth(case)
    return ceilings(stacks["sagittal"], stacks["axial"], points, point_mm3)


def on_grid(folder: Path, stack: dict[str, Any], grid: Volume) -> NDArray[np.float32]:
    """The true occupancy on the grid of the loaded series, whose slices may be sorted the other way."""
    if stack["occupancy_file"] is None:
        return np.zeros(grid.shape, dtype=np.float32)
    stored = np.asarray(nib.load(folder / stack["occupancy_file"]).dataobj, dtype=np.float32)
    source = Volume(stored, np.array(stack["affine"]))
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    at = np.rint(source.to_index(grid.to_lps(index.astype(np.float64)))).astype(int)
    inside = ((at >= 0) & (at < stored.shape)).all(axis=1)
    result = np.zeros(len(at), dtype=np.float32)
    result[inside] = stored[tuple(at[inside].T)]
    return result.reshape(grid.shape)


def _fine_truth(case: PhantomCase) -> tuple[NDArray[np.float64], float]:
    """Points of the fragment on the finest map, LPS mm at the visit's start, and what each of them stands for."""
    visit = case.visits[0]
    specs = [fragment.spec() for fragment in visit.fragments]
    (part,) = paint_displaced(case.spine.spec(case.seed), specs, case.map_spacing_mm)
    inside = np.argwhere(part.tissue.array == Tissue.FRAGMENT).astype(np.float64)
    return moved(pose_of(visit), part.tissue.to_lps(inside)), part.tissue.voxel_volume_mm3
