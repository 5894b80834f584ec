"""How much of the picture is left in the noise: contrast between the structures against noise, and a sure network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.errors import AnatomyError
from pipeline.findings import Finding, Severity
from pipeline.segmentation.anatomy import Structure
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.instances import Spine

_MAD_TO_SIGMA = 1.4826
_KERNEL = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]]) / 6.0
"""Mixed second difference of unit noise gain: what varies linearly along rows or columns falls out (Immerkær, CVIU
64:300, 1996)."""
FEWEST_VOXELS = 200
CLEAR = (6.0, 0.87, 0.94)
"""From these on nothing is said. Contrast to noise is 25 to 97 in clinical series and in SPIDER, 6.7 to 33 with noise
of 5 % of the maximum added; certainty 0.88 to 0.94; agreement 0.95 to 0.98."""
LEAST = (3.0, 0.76, 0.80)
"""Below any of these the picture is refused. With noise of 80 % of the maximum contrast to noise is 1.5 to 2.5 and
the canal can no longer be seen by eye; certainty falls below 0.76 and agreement below 0.80 where the spine found is
no longer the one that is there."""
DOUBTED = 0.6
"""What remains of a level's confidence just above refusal."""


@dataclass(frozen=True)
class ImageQuality:
    """What the image and the network say about how well the spine can be seen.

    Attributes
    ----------
    contrast_to_noise
        Difference between the brightest and the darkest of vertebra, disc and canal (medians), over the standard
        deviation of the noise inside vertebrae, in pixels of 1 mm after normalisation.
    certainty
        Mean probability of the chosen structure over the spine, 0…1.
    agreement
        Mean Dice coefficient of vertebra, disc and canal between the plain view and the other test-time variants;
        1 with a single variant.
    """

    contrast_to_noise: float
    certainty: float
    agreement: float

    @property
    def clearness(self) -> float:
        """0 at refusal (or below) to 1 where nothing is wrong; the worst of the three counts."""
        seen = (self.contrast_to_noise, self.certainty, self.agreement)
        shares = [(value - low) / (high - low) for value, low, high in zip(seen, LEAST, CLEAR, strict=True)]
        return float(np.clip(min(shares), 0.0, 1.0))

    @property
    def confidence_factor(self) -> float:
        """Factor on the confidence of the levels' names."""
        return DOUBTED + (1.0 - DOUBTED) * self.clearness

    def __str__(self) -> str:
        return (
            f"contrast is {self.contrast_to_noise:.1f} times the noise, structures are told apart with a mean "
            f"probability of {self.certainty:.2f}, and repeated looks agree to {self.agreement:.0%}"
        )


def image_quality(prediction: Prediction, spine: Spine) -> ImageQuality:
    """Judge how well the spine that was found can be seen."""
    image = prediction.series.resampled(prediction.plane)
    chosen = np.take_along_axis(prediction.probabilities, spine.labels[None].astype(np.intp), axis=0)[0]
    found = spine.labels != Structure.BACKGROUND
    return ImageQuality(
        contrast_to_noise=_contrast_to_noise(image, spine.labels),
        certainty=float(chosen[found].mean()) if found.any() else 0.0,
        agreement=_agreement(prediction.variant_labels),
    )


def require_clear(quality: ImageQuality, what: str) -> list[Finding]:
    """Refuse a picture in which too little can be seen; give a finding where it is moderately degraded.

    Parameters
    ----------
    what
        The series, for the message, e.g. ``"sagittal T2"``.

    Raises
    ------
    AnatomyError
        With what was measured.
    """
    if quality.clearness == 0.0:
        raise AnatomyError(
            f"The {what} series is too degraded to measure anything in it: {quality} (at least {LEAST[0]:g}, "
            f"{LEAST[1]:.2f} and {LEAST[2]:.0%} are needed). Give the original images of this series, or another "
            "sagittal series of the same examination."
        )
    if quality.clearness == 1.0:
        return []
    message = (
        f"The {what} series is degraded: {quality} (usual: at least {CLEAR[0]:g}, {CLEAR[1]:.2f} and {CLEAR[2]:.0%}). "
        "Its levels are named with less confidence; look at the outlines before you rely on the volume."
    )
    return [Finding("image-degraded", Severity.WARNING, message)]


def _contrast_to_noise(image: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """0 where too little of the structures is there to tell; without any noise very large, never infinite."""
    medians = [
        float(np.median(image[labels == structure]))
        for structure in (Structure.VERTEBRA, Structure.DISC, Structure.CANAL)
        if np.count_nonzero(labels == structure) >= FEWEST_VOXELS
    ]
    inside = ndimage.binary_erosion(labels == Structure.VERTEBRA, np.ones((1, 5, 5), dtype=bool))
    if len(medians) < 2 or np.count_nonzero(inside) < FEWEST_VOXELS:
        return 0.0
    rough = ndimage.convolve(image, _KERNEL[None].astype(np.float32), mode="nearest")
    noise = _MAD_TO_SIGMA * float(np.median(np.abs(rough[inside])))
    return (max(medians) - min(medians)) / max(noise, 1e-3)


def _agreement(variant_labels: NDArray[np.uint8]) -> float:
    plain, others = variant_labels[0], variant_labels[1:]
    scores = []
    for structure in (Structure.VERTEBRA, Structure.DISC, Structure.CANAL):
        own = plain == structure
        for other in others:
            theirs = other == structure
            total = int(own.sum()) + int(theirs.sum())
            if total:
                scores.append(2.0 * float(np.count_nonzero(own & theirs)) / total)
    return float(np.mean(scores)) if scores else 1.0
