"""Named discs and vertebrae of one series in patient coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.segmentation.anatomy import Level, Vertebra
from pipeline.segmentation.inference import Prediction
from pipeline.segmentation.instances import Spine
from pipeline.segmentation.levels import LevelNaming
from pipeline.segmentation.names import disc_value, vertebra_value


@dataclass(frozen=True, eq=False)
class Placing:
    """How canonical millimetres (lateral, row, column) of one prediction lie in the patient."""

    prediction: Prediction

    def to_lps(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of shape (…, 3) in LPS mm."""
        affine = self.prediction.series.affine_of(self.prediction.plane)
        index = points / np.array([self.prediction.series.spacing_mm[0], *self.prediction.plane.pixel_mm])
        return np.asarray(index @ affine[:3, :3].T + affine[:3, 3])

    def directions(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (3, 3): columns are directions in canonical millimetres; the same in LPS, of unit length."""
        affine = self.prediction.series.affine_of(self.prediction.plane)[:3, :3]
        turned = affine / np.linalg.norm(affine, axis=0) @ vectors
        return np.asarray(turned / np.linalg.norm(turned, axis=0))


def named_levels(prediction: Prediction, spine: Spine, naming: LevelNaming) -> dict[str, Level]:
    """Every named disc with its frame, cranial to caudal."""
    placing = Placing(prediction)
    return {
        name: Level(
            name=name,
            instance=disc_value(name),
            centre_lps_mm=placing.to_lps(spine.discs[k].centre),
            axes_lps=placing.directions(spine.discs[k].axes),
            posterior_margin_lps_mm=placing.to_lps(spine.margins[k]),
            confidence=naming.confidence[name],
        )
        for name, k in naming.discs.items()
    }


def named_vertebrae(prediction: Prediction, spine: Spine, naming: LevelNaming) -> dict[str, Vertebra]:
    """Every named vertebra with the centre of its body, cranial to caudal."""
    placing = Placing(prediction)
    return {
        name: Vertebra(name, vertebra_value(name), placing.to_lps(spine.bodies[k].centre))
        for name, k in naming.bodies.items()
    }
