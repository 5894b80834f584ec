"""What real canals hide: how far up an interval has to reach, and what is not seen at all.

Both are told by patients that the product is not judged by.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from pipeline import __version__
from pipeline.measurement.precision import RealCanals
from pipeline.measurement.precision.real_canals import MIDDLE, USUAL_MM3, Overlooked
from pipeline.measurement.profiled import OVERLOOKED
from pipeline.segmentation.network import weights_sha256
from pipeline.validation.agreement import share
from training.evaluation.markdown import markdown
from training.evaluation.pair_tables import share as in_words

Row = dict[str, Any]
BANDS_MM3 = (120, 300, 600, 1000, 2400)
SHADES = (0.0, 0.4, 0.6, 1.0)
"""Dark, middle and bright begin here, as shares of the brightness of CSF."""
RIDGE = 0.02
"""Keeps the fit finite where too few are overlooked."""
VISITS = ("baseline", "followup")
TOLD = ("patient", "pair", "level", "true_mm3", "brightness", "usable", *VISITS)
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
"""Shares of the measured volume that an interval may reach further up."""
EVERY = 2
"""One pair in two of a patient: they take hours."""


def told(rows: Sequence[Row]) -> list[Row]:
    """Of pairs, no more than what this module asks of them: whole rows would make the largest file of the project."""
    return [{key: row[key] for key in TOLD if key in row} for row in rows]


def covered_by_margin(rows: Sequence[Row], margins: Sequence[float] = MARGINS) -> list[Row]:
    """For every margin how many true volumes lie in their interval: of all, and of those where something was seen.

    Parameters
    ----------
    rows
        Of pairs, their intervals with the margin that the product has.
    """
    return [
        {
            "margin": margin,
            "all": _share(_held(visit, truth, margin) for visit, truth, *_ in _volumes(rows)),
            "seen": _share(_held(visit, truth, margin) for visit, truth, *_ in _volumes(rows) if visit["present"]),
        }
        for margin in margins
    ]


def margins_table(results: dict[str, Any]) -> str:
    """Coverage by margin, in the patients that the networks were trained on and in those held out."""
    columns = [covered_by_margin(results[part]["patients"]) for part in ("trained", "pairs")]
    rows: list[list[object]] = [
        [f"{100 * one['margin']:.0f} %", in_words(one["all"]), in_words(one["seen"]), in_words(other["all"])]
        for one, other in zip(*columns, strict=True)
    ]
    return markdown(["reaching up by", "training patients, all", "… of those seen", "held-out patients, all"], rows)


def fitted(rows: Sequence[Row]) -> RealCanals:
    """Which share of fragments is overlooked, by volume and brightness (logistic regression, by maximum likelihood).

    Parameters
    ----------
    rows
        Of pairs.
    """
    visits = _volumes(rows)
    volumes, shades = (np.array([known[k] for known in visits]) for k in (1, 2))
    missed, helped = (np.array(flags, dtype=float) for flags in (
        [not visit["present"] for visit, *_ in visits], [seen for *_, seen in visits]))  # fmt: skip
    known = [np.ones(len(visits)), np.log2(volumes / USUAL_MM3), shades - MIDDLE]
    anywhere, either = (
        _likeliest(np.stack(known, axis=1), missed),
        _likeliest(np.stack([*known, helped], axis=1), missed),
    )
    made_with = {
        "discdelta": __version__,
        "weights_sha256": weights_sha256(),
        "patients": len({row["patient"] for row in rows}),
        "volumes": len(visits),
        "overlooked": int(missed.sum()),
        "seen_once": int(helped.sum()),
        "seen_once_overlooked": int((missed * helped).sum()),
    }
    reach = [(round(float(some.min()), 2), round(float(some.max()), 2)) for some in (volumes, shades)]
    seen_once = Overlooked(round(either[0] + either[3], 3), *either[1:3])
    return RealCanals(Overlooked(*anywhere), seen_once, reach[0], reach[1], made_with)


def overlooked_table(results: dict[str, Any]) -> str:
    """How many fragments were overlooked, by volume and brightness, in both groups of patients."""
    groups = [_volumes(results[part]["patients"]) for part in ("trained", "pairs")]
    rows: list[list[object]] = []
    for low, high in itertools.pairwise(BANDS_MM3):
        cells: list[object] = [f"{low} to {high} mm³"]
        for visits in groups:
            inside = [one for one in visits if low <= one[1] < high]
            for dark, bright in itertools.pairwise(SHADES):
                cells.append(_missed([one for one in inside if dark <= one[2] < bright]))
            cells.append(_missed([one for one in inside if one[3]]))
        rows.append(cells)
    kinds = ["dark", "middle", "bright", "any, seen at the other visit"]
    heads = [f"{kind}, {patients}" for patients in ("training patients", "held-out") for kind in kinds]
    return markdown(["volume", *heads], rows)


def _missed(visits: Sequence[tuple[Row, float, float, bool]]) -> str:
    return f"{sum(not visit['present'] for visit, *_ in visits)} of {len(visits)}" if visits else "–"


def _likeliest(design: NDArray[np.float64], missed: NDArray[np.float64]) -> list[float]:
    """Factors of the columns, the first of which is 1."""

    def unlikely(factors: NDArray[np.float64]) -> float:
        odds = design @ factors
        return float((np.logaddexp(0.0, odds) - missed * odds).sum() + RIDGE * (factors[1:] ** 2).sum())

    return [round(float(value), 3) for value in minimize(unlikely, np.zeros(design.shape[1])).x]


def _volumes(rows: Sequence[Row]) -> list[tuple[Row, float, float, bool]]:
    """What was reported of every fragment, its true volume and brightness, and whether the other visit shows it."""
    return [
        (row[name], row["true_mm3"][k], row["brightness"][k], row["true_mm3"][1 - k] > 0 and row[other]["present"])
        for row in rows
        for k, (name, other) in enumerate((VISITS, VISITS[::-1]))
        if name in row and row["usable"] and row["true_mm3"][k] > 0
    ]


def _held(visit: Row, truth: float, margin: float) -> bool:
    low, high = visit["interval_mm3"]
    further = (margin - OVERLOOKED) * visit["mm3"] if visit["present"] else 0.0
    return bool(low <= truth <= high + further)


def _share(held: Iterable[bool]) -> list[float]:
    found = share(list(held))
    return [found.count, found.n, round(100 * found.low), round(100 * found.high)]
