"""The result for people: one page that holds everything it needs and opens without a network."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import jinja2
import yaml
from markupsafe import Markup

from pipeline.comparison import Comparison
from pipeline.dicom.visit import Plane, Role, Visit
from pipeline.errors import OutputError
from pipeline.findings import GRAVE, Finding, Severity
from pipeline.measurement.change import FragmentMeasurement
from pipeline.report.answer import NOTICE, answer, days_between, time_between
from pipeline.report.as_json import candidate_dict, provenance_dict, settings_sha256
from pipeline.report.chart import chart
from pipeline.report.check import Check
from pipeline.report.enhancement_html import enhancement_view
from pipeline.report.herniation import herniation_of, herniation_words
from pipeline.report.levels import Naming
from pipeline.report.making_html import making_view
from pipeline.report.meaning_html import meaning_view
from pipeline.report.numbers import confidence_in_words, in_words, range_in_words
from pipeline.report.plane import sides
from pipeline.report.redact import Redactor
from pipeline.report.segments_html import segments_view
from pipeline.report.stages_html import stages_view
from pipeline.report.views import ROLE_NAMES, Encoding, View, make_view, packed
from pipeline.segmentation.parallel import for_each

# From the best pictures to the smallest; the first that keeps the page below its limit is taken.
ENCODINGS = (
    Encoding(90),
    Encoding(78),
    Encoding(62),
    Encoding(62, all_series=False),
    Encoding(55, coarsen=2, all_series=False),
    Encoding(35, coarsen=3, all_series=False),
)
VISIT_NAMES = {"baseline": "Baseline", "followup": "Follow-up"}
COUNTED_FROM = {
    "sacrum": "counted upwards from the sacrum",
    "override": "named by the person who ran the comparison",
    "label map": "named by the label map that was given",
}


class Pictures:
    """Everything that takes time, made once however often the page is packed."""

    def __init__(self, comparison: Comparison) -> None:
        both = sides(comparison)
        planes, threads = (Plane.SAGITTAL, Plane.AXIAL), comparison.config.segmentation.threads
        views = for_each(lambda plane: make_view(comparison, plane), planes, threads)
        self.views: list[View] = [view for view in views if view is not None]
        self.namings = [Naming(side, comparison.level) for side in both]
        self.check = Check(comparison)

    def packed(self, encoding: Encoding) -> dict[str, Any]:
        """Plain values for the template."""
        return {
            "views": [packed(view, encoding) for view in self.views],
            "namings": [naming.packed(encoding) for naming in self.namings],
            "check": self.check.packed(encoding),
        }


def render_html(comparison: Comparison, extra_findings: Iterable[Finding] = ()) -> tuple[str, tuple[Finding, ...]]:
    """The page, and what had to be given up to keep it small.

    Returns
    -------
    str
        HTML without any reference to another file or host.
    tuple of Finding
        ``extra_findings``, with ``report-pictures-reduced`` when pictures were packed harder than usual.

    Raises
    ------
    OutputError
        If even the smallest pictures exceed ``report.maximum_html_megabytes``.
    """
    pictures = Pictures(comparison)
    limit = int(comparison.config.report.maximum_html_megabytes * 1e6)
    size = 0
    for encoding in ENCODINGS:
        findings = tuple(extra_findings)
        if encoding is not ENCODINGS[0]:
            findings = (*findings, _reduced(encoding, comparison))
        page = _page(comparison, pictures.packed(encoding), findings)
        size = len(page.encode())
        if size <= limit:
            return page, findings
    raise OutputError(
        f"The page takes {size / 1e6:.1f} MB even with its smallest pictures, but report.maximum_html_megabytes "
        f"allows {limit / 1e6:.1f}. Raise that setting, or report.picture_pixel_mm."
    )


def _reduced(encoding: Encoding, comparison: Comparison) -> Finding:
    given_up = [f"JPEG quality {encoding.quality}"]
    if encoding.coarsen > 1:
        given_up.append(f"pixels averaged {encoding.coarsen} by {encoding.coarsen}")
    if not encoding.all_series:
        given_up.append("only the measured series shown")
    return Finding(
        "report-pictures-reduced",
        Severity.INFO,
        f"Pictures in the page were reduced ({', '.join(given_up)}) to stay below "
        f"{comparison.config.report.maximum_html_megabytes:g} MB; measurements are not affected.",
    )


@cache
def environment() -> jinja2.Environment:
    """Templates of all pages, with the filters that they use."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = in_words
    environment.filters["interval"] = range_in_words
    environment.filters["confidence"] = confidence_in_words
    environment.globals["grave"] = GRAVE
    return environment


def asset(name: str) -> Markup:
    """A file of the package's own, which may stand in the page as it is."""
    text = resources.files("pipeline.report").joinpath("assets", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704  # our own file, not input


def _page(comparison: Comparison, pictures: dict[str, Any], extra: tuple[Finding, ...]) -> str:
    redact = Redactor(comparison.baseline, comparison.followup)
    change = comparison.change
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            css=asset("report.css"),
            script=asset("report.js"),
            notice=NOTICE,
            answer=answer(comparison),
            level=comparison.level,
            change=change,
            chart=chart(change),
            interval_days=time_between(days_between(comparison)),
            visits=[
                {
                    **_visit("baseline", comparison.baseline, change.baseline, redact),
                    "herniation": herniation_words(
                        herniation_of(change.baseline, comparison.baseline_anatomy, comparison.level)
                    ),
                },
                {
                    **_visit("followup", comparison.followup, change.followup, redact),
                    "herniation": herniation_words(
                        herniation_of(change.followup, comparison.followup_anatomy, comparison.level)
                    ),
                },
            ],
            cutoffs=", ".join(f"{cutoff:g}" for cutoff in comparison.config.measurement.bands_percent),
            making=making_view(comparison),
            role_names=ROLE_NAMES,
            naming=_naming(comparison),
            quality=comparison.alignment.quality,
            segments=segments_view(comparison.alignment.segments),
            meaning=meaning_view(comparison),
            enhancement=enhancement_view(comparison),
            findings=by_severity(redact.findings((*comparison.findings, *extra))),
            provenance=provenance_dict(comparison),
            stages=stages_view(comparison.provenance.stage_seconds),
            settings=_settings(comparison),
            settings_sha256=settings_sha256(comparison.config),
            **pictures,
        )
    )


def _visit(key: str, visit: Visit, fragment: FragmentMeasurement, redact: Redactor) -> dict[str, Any]:
    return {
        "key": key,
        "name": VISIT_NAMES[key],
        "date": "date unknown" if visit.study_date is None else visit.study_date.isoformat(),
        "fragment": fragment,
        "measured": measured_on(fragment),
        "drawn": fragment.replaced_mm3 is not None,
        "spacing": _spacing(visit, fragment.role),
        "candidates": [candidate_dict(c, redact) for c in visit.candidates],
    }


def measured_on(fragment: FragmentMeasurement) -> str:
    """The series whose outline is shown, and how many others have a say in the volume."""
    name = ROLE_NAMES.get(fragment.role, fragment.role.value)
    further = sum(weight > 0 for weight in fragment.weights_by_role.values()) - 1
    return name if further < 1 else f"{name} with {further} further series"


def _spacing(visit: Visit, role: Role) -> str:
    if role not in visit.series:
        return "unknown"
    pitch, row, column = visit.series[role].volume.spacing_mm
    return f"{row:.2f} × {column:.2f} mm, slices every {pitch:.1f} mm"


def _naming(comparison: Comparison) -> dict[str, Any]:
    anatomies = comparison.baseline_anatomy, comparison.followup_anatomy
    found = [anatomy.levels.get(comparison.level) for anatomy in anatomies]
    counted = anatomies[0].counted_from
    return {
        "counted_from": COUNTED_FROM.get(counted, f"counted from: {counted}"),
        "confidences": [None if level is None else level.confidence for level in found],
        "transitional": any(anatomy.transitional for anatomy in anatomies),
    }


def by_severity(findings: tuple[Finding, ...]) -> list[Finding]:
    """Errors first."""
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _settings(comparison: Comparison) -> str:
    """The settings as shown; a path is cut down to its name, because folders may tell who was examined."""
    values = comparison.config.model_dump(mode="json")
    if comparison.config.dicom.rules is not None:
        values["dicom"]["rules"] = comparison.config.dicom.rules.name
    return str(yaml.safe_dump(values, sort_keys=False))
