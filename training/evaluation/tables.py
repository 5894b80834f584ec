"""The tables of ``docs/evaluation.md``, made from the figures that were measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from training.evaluation.markdown import markdown
from training.evaluation.overlooked import margins_table, overlooked_table
from training.evaluation.pair_tables import pair_calls, pair_sources, pairs
from training.evaluation.summary import STRUCTURES, refused

Results = dict[str, Any]
ABSENT = "not measured"
WORDS = {"t1": "T1", "t2": "T2", "stir": "STIR", "post": "post-contrast"}


def rendered(page: str, results: Results) -> str:
    """The page with every ``<!-- table: NAME -->`` … ``<!-- end -->`` filled anew.

    Raises
    ------
    KeyError
        If the page asks for a table that does not exist.
    """

    def fill(match: re.Match[str]) -> str:
        return f"<!-- table: {match[1]} -->\n{filled(TABLES[match[1]], results)}\n<!-- end -->"

    return re.sub(r"<!-- table: (\S+) -->\n.*?<!-- end -->", fill, page, flags=re.DOTALL)


def filled(make: Callable[[Results], str], results: Results) -> str:
    """One table; where its part was not measured, that is said instead."""
    try:
        return make(results)
    except KeyError:
        return ABSENT


def spoken(role: str) -> str:
    """``sagittal T1 post-contrast`` for ``sagittal_t1_post``."""
    return " ".join(WORDS.get(word, word) for word in role.split("_"))


def goals(results: Results) -> str:
    """Everything that was to be reached, and what is."""
    thick, native = _summary(results, "thick"), _summary(results, "native")
    rows = [
        [f"{name} Dice", reach, aim, _at(thick, "dice", name), _at(native, "dice", name)]
        for name, reach, aim in (("disc", 0.88, 0.92), ("canal", 0.90, 0.94), ("vertebra", 0.88, 0.93))
    ]
    rows.append(["L4/L5 named right", "all", "all", _right(thick), _right(native)])
    rows += [
        ["displaced volume on discs graded neither herniated nor bulging, median mm³", "< 60", "< 20",
         _spread(thick), _spread(native)],
        ["area under the curve, herniated against neither", 0.85, 0.95, _area(thick), _area(native)],
    ]  # fmt: skip
    pasted = results.get("pasted", {}).get("summary", {}).get("all")
    if pasted:
        volume = f"{pasted['bias_percent']:+.1f} % / {pasted['lower_percent']:+.0f} to {pasted['upper_percent']:+.0f} %"
        found = _percent(pasted["large_found"], pasted["large"])
        rows += [
            ["pasted fragments, median Dice", 0.80, 0.88, f"{pasted['median_dice']:.3f}", "–"],
            ["pasted fragments, bias / 95 % limits of volume", "±8 / ±25 %", "±3 / ±12 %", volume, "–"],
            ["pasted fragments over 250 mm³ found", "97 %", "100 %", found, "–"],
        ]
    change = results.get("pairs", {}).get("summary", {}).get("groups", {}).get("all", {})
    if change.get("bias_percent") is not None:
        limits = f"{change['lower_percent']:+.0f} to {change['upper_percent']:+.0f} %"
        rows.append(["pairs of visits, 95 % limits of the change, % of V0", "±15 %", "±15 %", limits, "–"])
    return markdown(["what", "reach", "aim", "at 4 mm slices", "at 0.9 mm slices"], rows)


def patients(results: Results) -> str:
    """Dice by patient, at both slice thicknesses."""
    rows = []
    for thick in results["thick"]["patients"]:
        native = next((one for one in results["native"]["patients"] if one["patient"] == thick["patient"]), {})
        named = "refused" if refused(thick) else thick["names"].get("L4/L5", "not seen")
        rows.append(
            [
                thick["patient"],
                thick["slices"],
                *(f"{thick['dice'][name]:.3f}" if "dice" in thick else "–" for name in STRUCTURES),
                *(f"{native['dice'][name]:.3f}" if "dice" in native else "–" for name in STRUCTURES),
                named,
            ]
        )
    mean = [
        f"{results[kind]['summary']['dice'][name]:.3f}" if "summary" in results[kind] else "–"
        for kind in ("thick", "native")
        for name in STRUCTURES
    ]
    rows.append(["mean", "", *mean, ""])
    head = ["patient", "4 mm slices", *(f"{name}, 4 mm" for name in STRUCTURES)]
    return markdown([*head, *(f"{name}, 0.9 mm" for name in STRUCTURES), "L4/L5 called"], rows)


def discs(results: Results) -> str:
    """Dice of discs by level."""
    order = ("L5/S1", "L4/L5", "L3/L4", "L2/L3", "L1/L2", "T12/L1", "T11/T12")
    kinds = [kind for kind in ("thick", "native") if "summary" in results[kind]]
    names = {"thick": "4 mm", "native": "0.9 mm"}
    rows = [
        [names[kind], *(f"{results[kind]['summary']['disc_dice'].get(level, 0):.3f}" for level in order)]
        for kind in kinds
    ]
    return markdown(["slices", *order], rows)


def fragments(results: Results) -> str:
    """Pasted fragments by size, zone, canal and brightness."""
    rows = [
        [
            name,
            one["fragments"],
            f"{one['median_dice']:.3f}",
            f"{one['median_soft_dice']:.3f}",
            f"{one['bias_percent']:+.1f}",
            f"{one['lower_percent']:+.0f} … {one['upper_percent']:+.0f}",
            f"{one['median_percent']:+.1f} ({one['quartile_low_percent']:+.0f} … {one['quartile_high_percent']:+.0f})",
            f"{one['large_found']} of {one['large']}" if one["large"] else "–",
            one["elsewhere"],
        ]
        for name, one in results["pasted"]["summary"].items()
    ]
    head = [
        "fragments",
        "n",
        "median Dice",
        "median soft Dice",
        "bias %",
        "95 % limits %",
        "median error % (quartiles)",
    ]
    return markdown([*head, "found, over 250 mm³", "given to another disc"], rows)


def gradings(results: Results) -> str:
    """Displaced volume by what SPIDER's reader said of the disc."""
    rows = []
    for kind, name in (("thick", "4 mm"), ("native", "0.9 mm")):
        for group, one in results[kind].get("summary", {}).get("displaced", {}).items():
            if one["discs"]:
                quartiles = f"{one['quartile_low_mm3']:.0f} … {one['quartile_high_mm3']:.0f}"
                rows.append(
                    [name, group, one["discs"], f"{one['median_mm3']:.0f}", quartiles, f"{one['largest_mm3']:.0f}"]
                )
    return markdown(["slices", "graded", "discs", "median mm³", "quartiles", "largest"], rows)


def phantoms(results: Results) -> str:
    """Fragment Dice in the digital reference object, by series."""
    cases = results["phantom"]
    roles = list(dict.fromkeys(role for case in cases for role in case["series"]))
    rows = []
    for role in roles:
        cells = [f"{case['series'][role]['dice']:.3f}" if role in case["series"] else "–" for case in cases]
        rows.append(
            [spoken(role), *cells, _mean([case["series"][role]["dice"] for case in cases if role in case["series"]])]
        )
    for group, words in (
        ("sagittal", "the sagittal reference, 1 mm grid"),
        ("axial", "all axial, 1 mm grid"),
        ("fused", "both fused, 1 mm grid"),
    ):
        found = [case["fused"][group] for case in cases if group in case.get("fused", {})]
        if found:
            rows.append([words, *(f"{one['dice']:.3f}" for one in found), _mean([one["dice"] for one in found])])
        limits = [case["ceiling"][group] for case in cases if group in case.get("ceiling", {})]
        if limits:
            rows.append([f"– with true slices: {words}", *(f"{one:.3f}" for one in limits), _mean(limits)])
    rows.append(["true volume, mm³", *(f"{case['true_mm3']:.0f}" for case in cases), ""])
    fused = [f"{case['fused']['fused']['found_mm3']:.0f}" if "fused" in case else "–" for case in cases]
    rows.append(["fused volume, mm³", *fused, ""])
    return markdown(["series", *(f"{case['case'].rsplit('-')[-1]}: {case['level']}" for case in cases), "mean"], rows)


def clinical(results: Results) -> str:
    """Disc volumes of one clinical study by sequence."""
    study = results.get("clinical")
    if not study or "disc_mm3" not in study:
        return ABSENT
    names = list(study["variation_percent"])
    rows = [
        [spoken(role), *(f"{one[name] / 1000:.1f}" for name in names), ""] for role, one in study["disc_mm3"].items()
    ]
    spread = [f"{study['variation_percent'][name]:.1f}" for name in names]
    rows.append(["coefficient of variation, %", *spread, f"{study['mean_variation_percent']:.1f}"])
    return markdown(["volume, cm³", *names, "mean"], rows)


def speed(results: Results) -> str:
    """Time and memory."""
    rows = []
    limits = {
        "series": ("≤ 3", "one 13-slice sagittal series"),
        "study": ("≤ 12", "all series of a full study"),
        "pair": ("≤ 15", "two such studies compared, from folders to the finished report"),
    }
    for key, (limit, words) in limits.items():
        one = results.get("speed", {}).get(key)
        if one:
            all_times = ", ".join(f"{value:.1f}" for value in one["seconds"])
            rows.append([words, limit, f"{one['best_s']:.1f}", all_times, one["peak_mb"], one["load"]])
    return (
        markdown(["what", "limit, s", "best, s", "all runs, s", "peak memory, MB", "load before"], rows)
        if rows
        else ABSENT
    )


def made(results: Results) -> str:
    """When each part was measured, with which weights and which code."""
    rows = []
    for part, one in results["made"].items():
        weights = ", ".join(f"{name} `{digest[:12]}`" for name, digest in one["weights"].items())
        rows.append([part, one["date"], weights, f"`{one['product'][:12]}`", one["machine"]])
    return markdown(["part", "date", "weights (SHA-256)", "weights and code (SHA-256)", "machine"], rows)


def networks(results: Results) -> str:
    """The networks that were measured."""
    rows = [
        [
            f"`{one['file']}`",
            one["date"],
            one["steps"],
            f"{one['hours']:.1f}",
            f"{one['megabytes']:.1f}",
            f"`{one['sha256'][:12]}`",
        ]
        for one in results["networks"]
    ]
    return markdown(["file", "exported", "steps", "hours of training", "MB", "SHA-256"], rows)


TABLES: dict[str, Callable[[Results], str]] = {
    "goals": goals,
    "patients": patients,
    "discs": discs,
    "fragments": fragments,
    "pairs": pairs,
    "pair-calls": pair_calls,
    "pair-sources": pair_sources,
    "margins": margins_table,
    "overlooked": overlooked_table,
    "gradings": gradings,
    "phantoms": phantoms,
    "clinical": clinical,
    "speed": speed,
    "made": made,
    "networks": networks,
}


def _summary(results: Results, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = results.get(kind, {}).get("summary", {})
    return found


def _at(summary: dict[str, Any], key: str, name: str) -> str:
    return f"{summary[key][name]:.3f}" if summary else ABSENT


def _right(summary: dict[str, Any]) -> str:
    if not summary:
        return ABSENT
    return f"{summary['l4_l5_right']} of {summary['patients']} ({summary['refused']} refused)"


def _spread(summary: dict[str, Any]) -> str:
    return f"{summary['displaced']['neither']['median_mm3']:.0f}" if summary else ABSENT


def _area(summary: dict[str, Any]) -> str:
    if "area_under_curve" not in summary:
        return ABSENT
    one = summary["area_under_curve"]
    return f"{one['area']:.2f} ({one['low']:.2f} … {one['high']:.2f})"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} % ({part} of {whole})" if whole else ABSENT


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3f}"
