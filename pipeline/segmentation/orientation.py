"""Refusal of images that lie in the patient in another way than their header says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import AnatomyError
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.inference import Prediction, with_neighbours
from pipeline.segmentation.network import Predictor
from pipeline.segmentation.variants import Variant

SURE = 0.9
BETTER = 1.04
"""An image that shows so many times more sure spine when flipped is flipped. In 18 series (clinical T1, T2 and STIR,
SPIDER, phantoms) the right way up always showed most: any flip of it at most 0.93 times as much."""
CENTRAL = (0.35, 0.5, 0.65)
"""Places in the stack of the slices that are looked at."""
FLIPS: dict[str, tuple[int, ...]] = {
    "mirrored front to back": (3,),
    "upside down": (2,),
    "turned by 180 degrees in its plane": (2, 3),
}


def require_upright(prediction: Prediction, network: Predictor, what: str) -> None:
    """Refuse an image in which the network sees more of a spine once it is flipped.

    The network expects head up and face left, as the header of every image lets it be turned. It finds a spine of
    sorts in a flipped image, too, with fewer voxels that it is sure of.

    Parameters
    ----------
    what
        The series, for the message, e.g. ``"sagittal T2"``.

    Raises
    ------
    AnatomyError
        Naming the flip.
    """
    n = prediction.series.image.shape[0]
    slices = np.unique(np.round(np.array(CENTRAL) * (n - 1)).astype(np.int64))
    seen = with_neighbours(prediction.series, prediction.plane, Variant(), slices)
    own = _sure(network(seen))
    flipped = {name: _sure(network(np.ascontiguousarray(np.flip(seen, axes)))) for name, axes in FLIPS.items()}
    best = max(flipped, key=lambda name: flipped[name])
    if flipped[best] > BETTER * own:
        raise AnatomyError(
            f"The {what} series seems to be {best}: flipped back, it shows {flipped[best] / max(own, 1):.1f} times as "
            "much of a lumbar spine. Its header puts the canal or the sacrum where the patient has none; give the "
            "original images, or correct ImageOrientationPatient (in NIfTI the affine)."
        )


def _sure(probabilities: NDArray[np.float32]) -> int:
    """Number of pixels that are surely spine in probabilities (n, 6, rows, columns)."""
    spine = np.delete(probabilities, Structure.BACKGROUND, axis=1)
    return int(np.count_nonzero(spine.max(axis=1) > SURE))
