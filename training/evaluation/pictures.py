"""The pictures of ``docs/evaluation.md`` and ``docs/model-card.md``: ``python -m training.evaluation.pictures``.

Real images are of held-out SPIDER patients (CC BY 4.0), changed: averaged to 4 mm slices, cropped, outlined, and where
a fragment is shown, with that drawn in.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from pipeline.dicom.visit import Role
from pipeline.dicom.visits import load_visit
from pipeline.segmentation.anatomy import Anatomy
from pipeline.volume import Volume
from training.evaluation.fragments import rooms_of, wanted_fragments
from training.evaluation.paste import paste
from training.evaluation.pasted import FOUND as FOUND_SHARE
from training.evaluation.phantoms import on_grid, phantom_folder
from training.evaluation.product import measured, nearest_level, segmented, visit_of
from training.evaluation.real import Patient, load_patient, sagittal
from training.evaluation.thick import THICK_MM, averaged, slab_weights

FOLDER = Path("docs/pictures")
RESULTS = Path(__file__).with_name("results.json")
COLOURS = {1: (255, 165, 60), 2: (190, 95, 255), 3: (60, 210, 90), 4: (70, 160, 255), 5: (255, 40, 40)}
TRUTH, FOUND = (255, 255, 0), (255, 40, 40)
OPACITY = 0.32
PALETTE = 160
TILE = 150

Tile = NDArray[np.uint8]
Plane = NDArray[np.float32]


def grey(plane: Plane, high: float) -> NDArray[np.float32]:
    """Red, green and blue alike, 0 … 255."""
    value = 255 * np.clip(plane / max(high, 1e-6), 0, 1) ** 0.85
    return np.repeat(value[..., None], 3, axis=-1).astype(np.float32)


def overlaid(plane: Plane, labels: NDArray[np.uint8], high: float) -> Tile:
    """Structures tinted in their colours."""
    picture = grey(plane, high)
    for value, colour in COLOURS.items():
        inside = labels == value
        picture[inside] = (1 - OPACITY) * picture[inside] + OPACITY * np.array(colour)
    return picture.astype(np.uint8)


def outlined(plane: Plane, outlines: Sequence[tuple[NDArray[np.bool_], tuple[int, int, int]]], high: float) -> Tile:
    """Outlines of masks, in the order given."""
    picture = grey(plane, high)
    for mask, colour in outlines:
        picture[mask & ~ndimage.binary_erosion(mask)] = colour
    return picture.astype(np.uint8)


def named(tile: Tile, text: str) -> Tile:
    """A line of text above a picture."""
    image = Image.fromarray(np.pad(tile, ((14, 0), (0, 4), (0, 0))))
    ImageDraw.Draw(image).text((2, 1), text, fill=(255, 255, 255))
    return np.asarray(image)


def save(tiles: Sequence[Tile], columns: int, name: str) -> None:
    """Tiles in rows, as a small PNG of few colours."""
    height, width = max(tile.shape[0] for tile in tiles), max(tile.shape[1] for tile in tiles)
    even = [np.pad(t, ((0, height - t.shape[0]), (0, width - t.shape[1]), (0, 0))) for t in tiles]
    even += [np.zeros_like(even[0])] * (-len(even) % columns)
    rows = [np.concatenate(even[k : k + columns], axis=1) for k in range(0, len(even), columns)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.concatenate(rows, axis=0))
    image.quantize(PALETTE, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(FOLDER / name, optimize=True)


def patient_tiles(patient: Patient, slices: Sequence[int]) -> list[Tile]:
    """Thick slices of a patient, bare and with what the pipeline makes of them."""
    image, anatomy = _thick(patient, patient.image.array, "L4/L5")
    high = float(np.percentile(image.array, 99.3))
    tiles = []
    for k in slices:
        plane = image.array[k, :, 120:420][::1]
        tiles.append(named(grey(plane, high).astype(np.uint8)[::2, ::2], f"{patient.number}, slice {k + 1}"))
        if anatomy is None:
            tiles.append(named(grey(plane, high).astype(np.uint8)[::2, ::2], "refused"))
            continue
        labels = anatomy.segmentations[Role.SAGITTAL_T2].labels.array[k, :, 120:420]
        tiles.append(named(overlaid(plane, labels, high)[::2, ::2], "segmented"))
    return tiles


def fragment_tile(patient: Patient, seed: int, caption: str) -> list[Tile]:
    """A pasted fragment: the slice without it, with it, its true outline and the one found."""
    rooms = rooms_of(patient)
    wanted = next(one for one in wanted_fragments(patient, rooms) if one.seed == seed)
    drawn = paste(patient, rooms[wanted.level], wanted)
    if drawn is None:
        return []
    image, anatomy = _thick(patient, drawn.image, wanted.level)
    weights = slab_weights(patient.image.shape[0], patient.image.spacing_mm[0])
    before, truth = averaged(patient.image.array, weights), averaged(drawn.occupancy, weights)
    k = int(truth.sum(axis=(1, 2)).argmax())
    row, column = (int(np.average(np.arange(truth.shape[a]), weights=truth.sum(axis=(0, 3 - a)))) for a in (1, 2))
    half = TILE // 2
    box = np.s_[max(0, row - half) : max(0, row - half) + TILE, max(0, column - half) : max(0, column - half) + TILE]
    high = float(np.percentile(image.array[k][box], 99.5))
    found = _found(patient, anatomy, wanted.level, image)[k][box] > 0.5
    return [
        named(grey(before[k][box], high).astype(np.uint8), caption),
        named(grey(image.array[k][box], high).astype(np.uint8), f"{drawn.volume_mm3:.0f} mm3 drawn in"),
        named(outlined(image.array[k][box], [(truth[k][box] > 0.5, TRUTH), (found, FOUND)], high), "true, found"),
    ]


def phantom_tiles(number: int) -> list[Tile]:
    """The fragment of a digital reference object in every series."""
    folder = phantom_folder(number)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    visit = load_visit(folder / truth["visits"][0]["folder"])
    anatomy = segmented(visit, truth["level"]).anatomy
    stacks = {one["series_instance_uid"]: one["stacks"][0] for one in truth["visits"][0]["series"]}
    tiles = []
    for role, series in visit.series.items():
        true = on_grid(folder, stacks[series.facts.series_instance_uid], series.volume)
        k = int(true.sum(axis=(1, 2)).argmax())
        row, column = (int(v) for v in ndimage.center_of_mass(true[k]))
        half = round(40 / series.volume.spacing_mm[1])
        box = np.s_[max(0, row - half) : row + half, max(0, column - half) : column + half]
        plane = series.volume.array[k][box].astype(np.float32)
        outlines = [(true[k][box] > 0.5, TRUTH)]
        if anatomy is not None and role in anatomy.segmentations:
            outlines.append((measured(anatomy, role, truth["level"], series.volume).share[k][box] > 0.5, FOUND))
        tile = outlined(plane, outlines, float(np.percentile(plane, 99.5)))
        size = (TILE, round(TILE * tile.shape[0] / tile.shape[1]))
        tiles.append(named(np.asarray(Image.fromarray(tile).resize(size, Image.Resampling.NEAREST)), role.words))
    return tiles


def _thick(patient: Patient, array: Plane, level: str) -> tuple[Volume, Anatomy | None]:
    weights = slab_weights(patient.image.shape[0], patient.image.spacing_mm[0])
    image = sagittal(averaged(array, weights), (THICK_MM, *patient.image.spacing_mm[1:]))
    return image, segmented(visit_of({Role.SAGITTAL_T2: image}), level).anatomy


def _found(patient: Patient, anatomy: Anatomy | None, level: str, image: Volume) -> Plane:
    nothing = np.zeros(image.shape, dtype=np.float32)
    if anatomy is None:
        return nothing
    own = nearest_level(anatomy, patient.image.to_lps(np.argwhere(patient.disc(level)).mean(axis=0)))
    if own is None:
        return nothing
    return measured(anatomy, Role.SAGITTAL_T2, own, image).share


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("DISCDELTA_SHARED_DATA", "../shared/data")))
    spider = parser.parse_args().data / "spider"
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["pasted"]["patients"]
    ranked = sorted(rows, key=lambda row: row["dice"])
    chosen = {"best": ranked[-1], "median": ranked[len(ranked) // 2], "quartile": ranked[len(ranked) // 4]}
    missed = [row for row in rows if row["hit"] < FOUND_SHARE and row is not chosen["quartile"]]
    chosen["missed"] = max(missed, key=lambda row: row["true_mm3"], default=ranked[0])
    tiles = []
    for word, row in chosen.items():
        caption = f"{word}: {row['patient']}, Dice {row['dice']:.2f}"
        tiles += fragment_tile(load_patient(spider, row["patient"]), row["seed"], caption)
    save(tiles, 6, "fragments.png")
    save(patient_tiles(load_patient(spider, 57), (0, 1, 2)), 6, "anatomy.png")
    hard = [tile for number in (50, 152) for tile in patient_tiles(load_patient(spider, number), (1,))]
    save(hard, 4, "hard-anatomy.png")
    save(phantom_tiles(0), 4, "reference-object.png")


if __name__ == "__main__":
    main()
