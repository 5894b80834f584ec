"""The weights of the evidence for the lumbosacral disc: a conditional logit model, fitted to known views."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from pipeline.segmentation.lumbosacral import FEATURES, Weighing, lumbosacral_features
from training.levels.views import View

Floats = NDArray[np.float64]
USUAL = np.array([3.0, 2.0, 4.0, 1.0, 1.0, 2.0, 3.0])
"""Mean, and deviation too, of the normal prior of the weights, the last that of none in view: it keeps a weight that
few views tell anything about from growing without bound."""


def design(view: View) -> Floats:
    """Shape (discs + 1, features + 1); the last row, and the last column, are those of "none in view"."""
    features = lumbosacral_features(view.spine.discs, view.spine.bodies, view.spine.junctions)
    none = np.zeros((len(features), 1))
    none[-1] = 1.0
    return np.hstack([features, none])


def fitted(views: Sequence[View]) -> Weighing:
    """The weights of highest posterior density; evidence never speaks against itself, so none is negative."""
    cases = [(design(view), view.truth) for view in views]

    def cost(weights: Floats) -> tuple[float, Floats]:
        value, slope = 0.0, np.zeros_like(weights)
        for rows, truth in cases:
            evidence = rows @ weights
            odds = np.exp(evidence - evidence.max())
            chances = odds / odds.sum()
            value -= float(np.log(max(chances[truth], 1e-300)))
            slope += chances @ rows - rows[truth]
        away = (weights - USUAL) / USUAL
        return value + float((away**2).sum()), slope + 2 * away / USUAL

    bounds = [(0.0, None)] * len(FEATURES) + [(None, None)]
    weights = minimize(cost, USUAL, jac=True, bounds=bounds, method="L-BFGS-B").x
    return Weighing(tuple(float(weight) for weight in weights[:-1]), float(weights[-1]))
