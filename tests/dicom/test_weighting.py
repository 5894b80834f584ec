"""Weighting from physics first, from names second, and a finding wherever names had to help."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.weighting import Evidence, classify_weighting
from pipeline.dicom.weightings import Family, Weighting
from tests.dicom.headers import nameless, stack, stir, t1, t2


def verdict_of(facts: StackFacts) -> tuple[Weighting, Evidence]:
    verdict = classify_weighting(facts)
    return verdict.weighting, verdict.evidence


@pytest.mark.parametrize(
    ("physics", "weighting"),
    [
        pytest.param(t1(), Weighting.T1, id="T1 spin echo"),
        pytest.param(t1(repetition_time_ms=1150.0, echo_time_ms=9.0), Weighting.T1, id="T1 at 3 T"),
        pytest.param(t1(repetition_time_ms=420.0, echo_time_ms=26.0), Weighting.T1, id="T1 at 0.3 T"),
        pytest.param(t2(), Weighting.T2, id="T2 turbo spin echo"),
        pytest.param(t2(echo_time_ms=80.0), Weighting.T2, id="T2 with a short echo"),
        pytest.param(t2(repetition_time_ms=1000.0, echo_time_ms=124.0), Weighting.T2, id="SPACE with restore pulse"),
        pytest.param(t2(repetition_time_ms=1500.0, echo_time_ms=260.0), Weighting.T2, id="VISTA"),
        pytest.param(stir(), Weighting.STIR, id="STIR"),
        pytest.param(stir(scanning_sequence=("SE",)), Weighting.STIR, id="STIR known by its TI only"),
        pytest.param(stir(inversion_time_ms=90.0), Weighting.STIR, id="STIR at 0.2 T"),
        pytest.param(stir(inversion_time_ms=None, scan_options=("IR",)), Weighting.STIR, id="inversion as an option"),
        pytest.param(t2(echo_time_ms=60.0, sequence_name="*tir2d1_16"), Weighting.STIR, id="Siemens tir2d"),
        pytest.param(
            t2(echo_time_ms=55.0, inversion_flag="YES", inversion_time_ms=None), Weighting.STIR, id="enhanced"
        ),
        pytest.param(
            t1(repetition_time_ms=2250.0, echo_time_ms=20.0, inversion_time_ms=780.0), Weighting.T1, id="T1 FLAIR of GE"
        ),
        pytest.param(t2(inversion_time_ms=2200.0, repetition_time_ms=8000.0), Weighting.FLAIR, id="fluid-attenuated"),
        pytest.param(t2(repetition_time_ms=2800.0, echo_time_ms=30.0), Weighting.PD, id="proton density"),
        pytest.param(
            stack(repetition_time_ms=500.0, echo_time_ms=17.0, flip_angle_deg=28.0, scanning_sequence=("GR",)),
            Weighting.T2_STAR,
            id="MEDIC",
        ),
        pytest.param(
            stack(repetition_time_ms=4.2, echo_time_ms=1.5, flip_angle_deg=10.0, scanning_sequence=("GR",)),
            Weighting.T1,
            id="VIBE",
        ),
        pytest.param(
            stack(
                repetition_time_ms=5.0,
                echo_time_ms=2.4,
                flip_angle_deg=60.0,
                scanning_sequence=("GR",),
                sequence_variant=("SS",),
            ),
            Weighting.BALANCED,
            id="balanced",
        ),
        pytest.param(t2(scanning_sequence=("EP", "SE")), Weighting.DIFFUSION, id="echo planar"),
        pytest.param(t2(diffusion_b_value=800.0), Weighting.DIFFUSION, id="b value"),
    ],
)
def test_physics_alone_is_enough(physics: StackFacts, weighting: Weighting) -> None:
    assert verdict_of(physics) == (weighting, Evidence.PHYSICS)
    assert not classify_weighting(physics).findings


@pytest.mark.parametrize(
    ("description", "weighting"),
    [
        ("t2_tse_sag", Weighting.T2),
        ("SagT2", Weighting.T2),
        ("Ax FRFSE", Weighting.T2),
        ("T1 sag. LWS", Weighting.T1),
        ("T1矢状位", Weighting.T1),
        ("Ｔ２強調 矢状断", Weighting.T2),
        ("STIR sag", Weighting.STIR),
        ("t2_tirm_sag", Weighting.STIR),
        ("Sag IR", Weighting.STIR),
        ("SAG T1 FLAIR", Weighting.T1),
        ("T2* medic tra", Weighting.T2_STAR),
        ("pd_tse_sag", Weighting.PD),
        ("DWI b800", Weighting.DIFFUSION),
        ("sag T12-S2", Weighting.UNKNOWN),
        ("Sag T1 T2", Weighting.UNKNOWN),
        ("lumbar", Weighting.UNKNOWN),
    ],
)
def test_without_physics_the_name_is_taken_and_that_is_said(description: str, weighting: Weighting) -> None:
    verdict = classify_weighting(nameless(t2()).but(description=description))
    assert verdict.weighting is weighting
    if weighting is Weighting.UNKNOWN:
        assert verdict.evidence is Evidence.NOTHING
    else:
        assert [finding.code for finding in verdict.findings] == ["weighting-from-description"]


def test_physics_is_believed_against_a_wrong_name_and_the_conflict_is_told() -> None:
    verdict = classify_weighting(t1(description="SAG T2"))
    assert verdict.weighting is Weighting.T1
    assert [finding.code for finding in verdict.findings] == ["weighting-disagrees"]


def test_a_name_supplies_the_inversion_that_the_export_dropped() -> None:
    dropped = stir(description="SAG STIR", inversion_time_ms=None, scanning_sequence=("SE",))
    assert verdict_of(dropped) == (Weighting.STIR, Evidence.DESCRIPTION)


def test_between_two_weightings_the_name_decides() -> None:
    assert verdict_of(t2(description="t2_tse_fs_sag", echo_time_ms=48.0)) == (Weighting.T2, Evidence.DESCRIPTION)
    assert verdict_of(t2(description="pd_tse_fs_sag", echo_time_ms=48.0)) == (Weighting.PD, Evidence.PHYSICS)


def test_repetition_time_alone_suggests_t1_but_never_t2() -> None:
    assert verdict_of(t1(echo_time_ms=None))[0] is Weighting.T1
    assert verdict_of(t2(echo_time_ms=None))[0] is Weighting.UNKNOWN
    assert verdict_of(t2(echo_time_ms=None, description="T2 sag")) == (Weighting.T2, Evidence.DESCRIPTION)


@pytest.mark.parametrize(
    ("facts", "suppressed"),
    [
        (t2(scan_options=("FS",)), True),
        (t2(scan_options=("FAST_GEMS", "FS")), True),
        (t2(scan_options=("FAST_GEMS", "TRF_GEMS")), False),
        (t2(scan_options=("SAT1",)), False),
        (t2(image_type=("ORIGINAL", "PRIMARY", "DIXON", "WATER")), True),
        (t2(suppression="FAT"), True),
        (t2(description="T2 SPAIR sag"), True),
        (t2(description="T2 压脂"), True),
        (t2(description="sag T2 fett ges."), True),
        (t2(description="t2_tse_sag non fs"), False),
        (t2(description="sag fse"), False),
        (stir(), True),
        (t2(), None),
    ],
)
def test_fat_suppression(facts: StackFacts, suppressed: bool | None) -> None:
    assert classify_weighting(facts).fat_suppressed is suppressed


def test_echo_family_is_read_from_sequence_names_where_the_tag_is_missing() -> None:
    assert classify_weighting(t2(scanning_sequence=(), sequence_name="*tse2d1_17")).family is Family.SPIN_ECHO
    assert classify_weighting(t1(scanning_sequence=(), sequence_name="*fl3d1")).family is Family.GRADIENT_ECHO


@pytest.mark.shared_data
def test_every_protocol_of_a_public_cohort(shared_data: Path) -> None:
    """447 series of several hospitals and vendors, filed as T1 or T2; a STIR among the T2 is told from them."""
    with (shared_data / "spider" / "spider_overview.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    wrong = []
    for row in rows:
        facts = stack(
            description=row["SeriesDescription"],
            repetition_time_ms=float(row["RepetitionTime"]),
            echo_time_ms=float(row["EchoTime"]),
            flip_angle_deg=float(row["FlipAngle"]),
            scanning_sequence=tuple(re.findall("[A-Z]+", row["ScanningSequence"])),
            sequence_name=row["SequenceName"],
        )
        verdict = classify_weighting(facts)
        expected = Weighting.T1 if row["new_file_name"].endswith("t1") else Weighting.T2
        if "IR" in facts.scanning_sequence:
            expected = Weighting.STIR
        if (verdict.weighting, verdict.evidence) != (expected, Evidence.PHYSICS):
            wrong.append((row["new_file_name"], verdict.weighting))
    assert len(rows) > 400
    assert not wrong
