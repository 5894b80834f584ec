from __future__ import annotations

from pipeline.measurement.meaning.literature import Topic, published, remarks


def fitting(**known: object) -> set[tuple[Topic, str]]:
    return {(row.topic, row.group) for row in published(**known) if row.fits}  # type: ignore[arg-type]


def test_every_figure_has_its_source_and_size() -> None:
    rows = published()
    assert len(rows) >= 12
    assert all(row.citation and row.about and 0 <= row.share_percent <= 100 for row in rows)
    assert {row.topic for row in rows} == {Topic.ALL, Topic.TYPE, Topic.RIM, Topic.TIME}
    assert all(remark.citation and remark.text for remark in remarks())


def test_nothing_fits_a_patient_of_whom_nothing_is_known() -> None:
    assert fitting() == set()


def test_rows_that_fit_are_marked() -> None:
    assert (Topic.TYPE, "sequestration") in fitting(kinds=("sequestration",))
    assert (Topic.TYPE, "protrusion") not in fitting(kinds=("sequestration",))
    both = fitting(kinds=("extrusion", "sequestration"))
    assert {(Topic.TYPE, "extrusion"), (Topic.TYPE, "sequestration")} <= both
    assert (Topic.RIM, "partial") in fitting(rims=("partial",))
    assert fitting(months_between=5.2) == {(Topic.TIME, "6 months")}
    assert fitting(months_between=40) == set()
