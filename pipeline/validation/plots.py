"""The four plots of a study."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.measurement.precision import PrecisionCell
from pipeline.report.numbers import in_words
from pipeline.validation.agreement import Agreement
from pipeline.validation.outcome import PairOutcome, visits
from pipeline.validation.plot import Line, Plot, Point, linear_axis, log_axis
from pipeline.validation.summary import Summary, change_error_percent, volume_error_percent

LEGEND = (("changed", "changed"), ("unchanged", "nothing changed"), ("complete", "vanished"))
_VOLUMES = (200.0, 2500.0)


def plots(outcomes: Sequence[PairOutcome], summary: Summary, cells: Sequence[PrecisionCell]) -> list[Plot]:
    """All plots of usable pairs."""
    good = [one for one in outcomes if one.refused is None and one.usable]
    return [_change(good, summary), _volume(good, summary), _against_truth(good), _precision(cells)]


def _bland_altman(name: str, title: str, words: str, points: list[Point], found: Agreement | None) -> Plot:
    """Errors in percent against the true volume, with bias and limits of agreement."""
    of = "V0" if name == "change" else "the truth"
    x = log_axis(f"True volume{' at baseline V0' if name == 'change' else ''}, mm³", [p.x for p in points], *_VOLUMES)

    def across(value: float, style: str, label: str) -> Line:
        return Line(((x.low, value), (x.high, value)), style, label)

    lines = [across(0.0, "zero", "")]
    if found is not None:
        lines += [
            across(found.bias, "bias", f"bias {_signed(found.bias)} %"),
            across(found.low, "limit", f"{_signed(found.low)} %"),
            across(found.high, "limit", f"{_signed(found.high)} %"),
        ]
    y = linear_axis(f"Error, % of {of}", [p.y for p in points], least=10, symmetric=True)
    return Plot(name, title, words, x, y, points, lines, LEGEND)


def _change(good: Sequence[PairOutcome], summary: Summary) -> Plot:
    points = [
        Point(one.baseline.true_mm3, error, one.kind, _told(one))
        for one in good
        if (error := change_error_percent(one)) is not None
    ]
    words = (
        "Bland–Altman: measured minus true change in percent of V0, against the truth; lines at the bias and the 95 % "
        "limits of agreement of all pairs."
    )
    return _bland_altman("change", "Error of the change", words, points, summary.groups[0].change_percent)


def _volume(good: Sequence[PairOutcome], summary: Summary) -> Plot:
    points = [
        Point(visit.true_mm3, error, one.kind, _told(one))
        for one in good
        for visit in visits(one)
        if (error := volume_error_percent(visit)) is not None
    ]
    words = "Bland–Altman of single visits: measured minus true volume in percent, of fragments that were seen."
    return _bland_altman("volume", "Error of a volume", words, points, summary.groups[0].volume_percent)


def _against_truth(good: Sequence[PairOutcome]) -> Plot:
    points = []
    for one in good:
        if one.delta_mm3 is None or one.delta_low_mm3 is None or one.delta_high_mm3 is None:
            continue
        scale = 100 / one.baseline.true_mm3
        values = (one.delta_mm3 * scale, one.delta_low_mm3 * scale, one.delta_high_mm3 * scale)
        points.append(Point(one.true_delta_mm3 * scale, values[0], one.kind, _told(one), values[1], values[2]))
    x = linear_axis("True change, % of V0", [-100.0, 40.0, *(p.x for p in points)], least=40)
    seen = [v for p in points for v in (p.y, p.low, p.high) if v is not None]
    y = linear_axis("Measured change, % of V0", [-100.0, *(max(-200.0, min(200.0, v)) for v in seen)], least=40)
    low, high = max(x.low, y.low), min(x.high, y.high)
    return Plot(
        "truth",
        "Measured against true change",
        "Every pair with its 95 % interval; on the diagonal the measurement is the truth. Intervals that do not "
        "cross it missed.",
        x,
        y,
        points,
        [Line(((low, low), (high, high)), "zero")],
        LEGEND,
    )


def _precision(cells: Sequence[PrecisionCell]) -> Plot:
    points = [
        Point(cell.volume_mm3, cell.change_sd_percent, f"pitch{place}", _cell_told(cell))
        for place, pitch in enumerate(_pitches(cells))
        for cell in cells
        if cell.thickness_mm == pitch
    ]
    legend = tuple((f"pitch{place}", f"{pitch:g} mm") for place, pitch in enumerate(_pitches(cells)))
    return Plot(
        "precision",
        "Precision profile",
        "Standard deviation of the change in percent of the pair's mean volume, by volume and slice distance; one mark "
        "per cell of the profile.",
        log_axis("Mean true volume, mm³", [p.x for p in points], *_VOLUMES),
        linear_axis("SD of the change, %", [p.y for p in points], least=10),
        points,
        (),
        legend,
    )


def _pitches(cells: Sequence[PrecisionCell]) -> list[float]:
    return sorted({cell.thickness_mm for cell in cells})


def _signed(value: float) -> str:
    return in_words(value, signed=True, digits=1)


def _told(one: PairOutcome) -> str:
    true = " to ".join(in_words(visit.true_mm3) for visit in visits(one))
    found = " to ".join(in_words(visit.measured_mm3) for visit in visits(one))
    called = (one.category or "").replace("_", " ")
    return f"pair {one.number}, {one.kind}: true {true} mm³, measured {found} mm³, called {called}"


def _cell_told(cell: PrecisionCell) -> str:
    return (
        f"{in_words(cell.volume_mm3)} mm³, slices {cell.thickness_mm:g} mm apart, {cell.contrast}, "
        f"SNR {cell.snr:g}, {cell.n} measurements"
    )
