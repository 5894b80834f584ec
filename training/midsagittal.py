"""More canals to draw fragments into: mid-sagittal T2 images of further SPIDER patients, labelled by the product.

Each is repeated sideways over the width of a canal, so that fragments can be drawn into it as into a volume. Patients
with a graded herniation are not among them, for nobody told where its material lies; nor are held-out ones.
"""

from __future__ import annotations

import argparse
import ast
import csv
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.io import imread

from pipeline.dicom.visit import Role
from pipeline.files import replacing
from pipeline.segmentation.anatomy import Structure
from pipeline.volume import Volume
from training.evaluation.product import segmented, visit_of
from training.split import FURTHER

logger = logging.getLogger(__name__)
FOLDER = Path("training/runs/midsagittal")
_PITCH_MM, _SLICES = 2.0, 9
_SEEN_PITCH_MM, _SEEN_SLICES = 4.0, 5
_SHORT_MM = 25.0
"""A canal may end this far above the lowest end of the lowest disc."""
_SPIDER = {Structure.VERTEBRA: 76, Structure.DISC: 29, Structure.CANAL: 150}
"""The product's labels by SPIDER's."""


def spacings(spider: Path) -> dict[str, float]:
    """Pixel pitch in mm by series."""
    with (spider / "spider_overview.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["PixelSpacing"].startswith("[")]
    return {row["new_file_name"]: float(ast.literal_eval(row["PixelSpacing"])[0]) for row in rows}


def labelled(image: NDArray[np.float32], spacing_mm: float) -> NDArray[np.uint8] | None:
    """SPIDER's labels of one image (rows S to I, columns A to P) as the product sees them.

    None if it refuses, or where the slice leaves the canal, as it does in scoliosis.
    """
    affine = np.array([[_SEEN_PITCH_MM, 0, 0, 0], [0, 0, spacing_mm, 0], [0, -spacing_mm, 0, 0], [0, 0, 0, 1.0]])
    volume = Volume(np.repeat(image[None], _SEEN_SLICES, axis=0), affine)
    anatomy = segmented(visit_of({Role.SAGITTAL_T2: volume})).anatomy
    if anatomy is None:
        return None
    seen = anatomy.segmentations[Role.SAGITTAL_T2].labels.array[_SEEN_SLICES // 2]
    rows = [np.nonzero((seen == structure).any(axis=1))[0] for structure in (Structure.DISC, Structure.CANAL)]
    if any(not found.size for found in rows) or rows[1][-1] < rows[0][-1] - _SHORT_MM / spacing_mm:
        return None
    labels = np.zeros(image.shape, dtype=np.uint8)
    for value, label in _SPIDER.items():
        labels[seen == value] = label
    return labels


def main() -> None:
    """Label what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spider", type=Path, default=Path("../shared/data/spider"))
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    pitch = spacings(options.spider)
    for path in (options.spider / "midsagittal" / f"{number}_t2.png" for number in FURTHER):
        image = imread(path)[..., :3].mean(axis=2).astype(np.float32)
        labels = labelled(image, pitch[path.stem])
        if labels is None:
            logger.warning("%s is left out: the network does not see its canal down to the lowest disc", path.stem)
            continue
        spacing = np.array([_PITCH_MM, pitch[path.stem], pitch[path.stem]])
        planes = [np.repeat(part[None].astype(np.uint8), _SLICES, axis=0) for part in (image, labels)]
        with replacing(options.out / f"{path.stem}.npz") as file:
            np.savez_compressed(file, I=planes[0], M=planes[1], spacing=spacing)
        logger.info("labelled %s", path.stem)


if __name__ == "__main__":
    main()
