"""Refusal of images that lie in the patient in another way than their header says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import AnatomyError
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.network import Predictor
from pipeline.segmentation.variants import Variant
from pipeline.segmentation.views import with_neighbours

SURE = 0.9
BETTER = 1.12
"""An image that shows so many times more evidence when flipped is flipped. In 14 SPIDER series the right way up always
showed most: upside down 0.44 to 0.85 times as much, other flips at most 0.49."""
SACRUM_WEIGHT = 4
"""A sure pixel of sacrum below the discs counts for so many more: an image that is upside down has hardly any."""
LOWEST_DISCS = 75
"""Percentile of the discs' rows below which a sacrum must lie."""
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
    own = _evidence(network(seen))
    flipped = {name: _evidence(network(np.ascontiguousarray(np.flip(seen, axes)))) for name, axes in FLIPS.items()}
    best = max(flipped, key=lambda name: flipped[name])
    if flipped[best] > BETTER * own:
        raise AnatomyError(
            f"The {what} series seems to be {best}: flipped back, it shows {flipped[best] / max(own, 1):.1f} times as "
            "much of a lumbar spine. Its header puts the canal or the sacrum where the patient has none; give the "
            "original images, or correct ImageOrientationPatient (in NIfTI the affine)."
        )


def _evidence(probabilities: NDArray[np.float32]) -> int:
    """Pixels that are surely spine in probabilities (n, 6, rows, columns), a sacrum below the discs counting more."""
    spine = probabilities[:, Structure.BACKGROUND + 1 :].max(axis=1) > SURE
    structure = probabilities.argmax(axis=1)
    discs = np.nonzero(spine & (structure == Structure.DISC))[1]
    if not discs.size:
        return int(np.count_nonzero(spine))
    low = int(np.percentile(discs, LOWEST_DISCS))
    sacrum = (spine & (structure == Structure.SACRUM))[:, low:]
    return int(np.count_nonzero(spine)) + SACRUM_WEIGHT * int(np.count_nonzero(sacrum))
