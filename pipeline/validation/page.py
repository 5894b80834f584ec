"""The page of a study: one file, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources

import jinja2
from markupsafe import Markup

from pipeline.measurement.precision import PrecisionCell
from pipeline.report.answer import NOTICE
from pipeline.report.numbers import NO_BREAK, in_words
from pipeline.validation.outcome import PairOutcome
from pipeline.validation.plots import plots
from pipeline.validation.protocol import Protocol
from pipeline.validation.strata import Coverage
from pipeline.validation.summary import Summary
from pipeline.validation.verdict import Basis, Met, Verdict

FEW_PAIRS = 60
"""A study with fewer pairs is a rehearsal."""


def render_page(
    protocol: Protocol,
    studies: tuple[Sequence[PairOutcome], Sequence[PairOutcome]],
    summaries: tuple[Summary, Summary | None],
    judged: Sequence[Verdict],
    cells: Sequence[PrecisionCell],
    *,
    made: Mapping[str, str],
) -> str:
    """HTML without any reference to another file or host.

    Parameters
    ----------
    studies
        The pairs with the precision profile in use, and cross-fitted (empty where they are not). The page shows the
        ones that the goals were judged by.
    summaries
        Of both.
    made
        ``version``, ``protocol_sha256``, ``weights_sha256``.
    """
    used, crossed = summaries
    cross_judged = crossed is not None and any(verdict.basis is Basis.CROSS_FITTED for verdict in judged)
    summary = crossed if crossed is not None and cross_judged else used
    tone, headline = _headline(judged)
    return (
        _environment()
        .get_template("validation.html.j2")
        .render(
            protocol=protocol,
            protocol_yaml=protocol.to_yaml(),
            summary=summary,
            crossed=crossed,
            cross_judged=cross_judged,
            coverage=_coverage(used, crossed),
            verdicts=judged,
            plots=[plot.drawn() for plot in plots(studies[1 if cross_judged else 0], summary, cells)],
            cells=cells,
            made=made,
            tone=tone,
            headline=headline,
            sentence=_sentence(summary),
            few=summary.pairs < FEW_PAIRS,
            notice=NOTICE,
            css=Markup(_css()),  # noqa: S704 - the package's own style sheets
        )
    )


def _headline(judged: Sequence[Verdict]) -> tuple[str, str]:
    """Tone of the page, and its first line."""
    missed = sum(verdict.met is Met.NO for verdict in judged)
    open_ = sum(verdict.met is Met.TOO_FEW for verdict in judged)
    if missed:
        return "stop", f"{missed} of {len(judged)} goals missed"
    if open_:
        return "warn", f"Not decided: too few cases for {open_} of {len(judged)} goals"
    return "calm", "All goals met on this protocol"


def _sentence(summary: Summary) -> str:
    found = summary.groups[0].change_percent
    text = f"Of {summary.pairs} simulated pairs {summary.usable} have a usable result."
    if found is not None:
        bias, low, high = (in_words(value, signed=True, digits=1) for value in (found.bias, found.low, found.high))
        text += f" The measured change is off by {bias}{NO_BREAK}% of the first volume on average, "
        text += f"and in 95 of 100 pairs by {low} to {high}{NO_BREAK}%."
    return text


def _coverage(summary: Summary, crossed: Summary | None) -> list[tuple[Coverage, Coverage | None]]:
    """Each part of the pairs with the profile in use and cross-fitted, where that holds the same part."""
    other = {(one.by, one.name): one for one in crossed.coverage_by} if crossed else {}
    return [(one, other.get((one.by, one.name))) for one in summary.coverage_by]


def _css() -> str:
    report = resources.files("pipeline.report").joinpath("assets/report.css").read_text(encoding="utf-8")
    own = resources.files("pipeline.validation").joinpath("templates/validation.css").read_text(encoding="utf-8")
    return report + own


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.validation", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = in_words
    return environment
