"""Roles in imaginary exports of many makers, languages and habits."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from pipeline.dicom.matching import Protocol
from pipeline.dicom.stack import StackKind
from pipeline.dicom.stackfacts import StackFacts
from pipeline.dicom.visit import Plane, Role
from tests.dicom.headers import cast_of, codes, nameless, plan, reason_of, stir, t1, t2

SAG_T2, SAG_T1, SAG_POST, SAG_STIR = (
    Role.SAGITTAL_T2,
    Role.SAGITTAL_T1,
    Role.SAGITTAL_T1_POST,
    Role.SAGITTAL_STIR,
)
AX_T2, AX_T1, AX_POST = Role.AXIAL_T2, Role.AXIAL_T1, Role.AXIAL_T1_POST
AX, COR = Plane.AXIAL, Plane.CORONAL
Export = tuple[list[StackFacts], dict[Role, list[int]]]


def siemens() -> Export:
    post = {"contrast_agent": "Gadovist"}
    return [
        t2(1, "localizer", kind=StackKind.LOCALIZER),
        t2(2, "t2_tse_sag", sequence_name="*tse2d1_17"),
        t1(3, "t1_tse_sag", sequence_name="*tse2d1_3"),
        stir(4, "t2_tirm_sag", sequence_name="*tir2d1_15"),
        t2(5, "t2_tse_tra_msma", AX),
        t1(6, "t1_tse_sag_fs KM", scan_options=("FS",), **post),
        t1(7, "t1_tse_tra KM", AX, **post),
        t1(8, "t1_sag_SUB", kind=StackKind.SUBTRACTION, **post),
    ], {SAG_T2: [2], SAG_T1: [3], SAG_STIR: [4], AX_T2: [5], SAG_POST: [6], AX_POST: [7]}


def ge() -> Export:
    plain, fat = ("FAST_GEMS", "TRF_GEMS"), ("FAST_GEMS", "FS")
    return [
        t2(1, "3-PL LOC", shape=(9, 256, 256), spacing_mm=(10.0, 1.5, 1.5)),
        t2(2, "Sag T2 FRFSE", scan_options=plain, sequence_variant=("SK", "OSP")),
        t1(3, "Sag T1 FLAIR", repetition_time_ms=2200.0, echo_time_ms=20.0, inversion_time_ms=780.0),
        stir(4, "Sag STIR", scan_options=plain),
        t2(5, "Ax T2 FSE", AX, scan_options=plain),
        t1(6, "Ax T1", AX, scan_options=plain),
        t1(7, "SAG T1 FS +C", scan_options=fat),
        t1(8, "AX T1 FS +C", AX, scan_options=fat),
    ], {SAG_T2: [2], SAG_T1: [3], SAG_STIR: [4], AX_T2: [5], AX_T1: [6], SAG_POST: [7], AX_POST: [8]}


def philips() -> Export:
    return [
        t2(201, "Survey"),
        t2(301, "T2W_TSE"),
        t1(401, "T1W_TSE"),
        stir(501, "STIR_longTE", scanning_sequence=("IR",)),
        t2(601, "T2W_TSE", AX),
        t1(701, "sT1W_TSE +C"),
        t1(801, "T1W_TSE+C", AX),
    ], {SAG_T2: [301], SAG_T1: [401], SAG_STIR: [501], AX_T2: [601], SAG_POST: [701], AX_POST: [801]}


def german() -> Export:
    return [
        t2(1, "Übersicht"),
        t2(2, "T2 sag LWS"),
        t1(3, "T1 sag"),
        t2(4, "T2 tra L4-S1", AX),
        t1(5, "T1 sag nach KM"),
        t1(6, "T1 tra n. KM", AX),
    ], {SAG_T2: [2], SAG_T1: [3], AX_T2: [4], SAG_POST: [5], AX_POST: [6]}


def french() -> Export:
    return [
        t2(1, "REPERAGE"),
        t2(2, "SAG T2"),
        t1(3, "SAG T1"),
        stir(4, "SAG STIR"),
        t2(5, "AX T2", AX),
        t1(6, "SAG T1 GADO FATSAT"),
        t1(7, "AX T1 GADO", AX),
    ], {SAG_T2: [2], SAG_T1: [3], SAG_STIR: [4], AX_T2: [5], SAG_POST: [6], AX_POST: [7]}


def chinese_without_physics() -> Export:
    names = ["定位像", "T2矢状位", "T1矢状位", "T2横断位", "T1矢状位增强"]
    planes = [Plane.SAGITTAL, Plane.SAGITTAL, Plane.SAGITTAL, AX, Plane.SAGITTAL]
    stacks = [
        nameless(t2(n, plane=plane)).but(description=name)
        for n, (name, plane) in enumerate(zip(names, planes, strict=True), 1)
    ]
    return stacks, {SAG_T2: [2], SAG_T1: [3], AX_T2: [4], SAG_POST: [5]}


def japanese_without_physics() -> Export:
    names = ["位置決め", "Ｔ２強調 矢状断", "Ｔ１強調 矢状断", "造影Ｔ１"]
    return [nameless(t2(n)).but(description=name) for n, name in enumerate(names, 1)], {
        SAG_T2: [2],
        SAG_T1: [3],
        SAG_POST: [4],
    }


def physics_only() -> Export:
    return [t2(1), t1(2), stir(3), t2(4, plane=AX), t1(5, contrast_agent="Gd")], {
        SAG_T2: [1],
        SAG_T1: [2],
        SAG_STIR: [3],
        AX_T2: [4],
        SAG_POST: [5],
    }


@pytest.mark.parametrize(
    "export", [siemens, ge, philips, german, french, chinese_without_physics, japanese_without_physics, physics_only]
)
def test_exports(export: object) -> None:
    stacks, expected = export()  # type: ignore[operator]
    assert cast_of(plan(*stacks)) == expected


@pytest.mark.parametrize(
    "facts",
    [
        t2(1, "LOC"),
        t2(1, "scout sag"),
        t2(1, "plan scan"),
        t2(1, "Survey_SHC"),
        t2(1, "MR Myelo haste"),
        t2(1, echo_time_ms=900.0),
        t2(1, "DWI b800"),
        t2(1, "ADC map", scanning_sequence=("EP",)),
        t2(1, "t2 sag", image_type=("ORIGINAL", "PRIMARY", "P")),
        t2(1, "MPR sag", kind=StackKind.REFORMATTED),
        t2(1, "sag sub"),
        t2(1, "减影"),
        t2(1, "Calibration scan"),
        t2(1, "t2 sag C-spine"),
        t2(1, "T2 sag HWS"),
        t2(1, "t2 sag BWS"),
        t2(1, "颈椎 T2"),
        t2(1, "t2 FAT: sag dixon_opp"),
        t2(1, "sag", shape=(4, 384, 384)),
        t2(1, "sag", spacing_mm=(5.0, 2.0, 2.0)),
    ],
)
def test_what_never_plays_a_role(facts: StackFacts) -> None:
    outcome = plan(facts)
    assert not outcome.castings
    assert reason_of(outcome, 1)


def test_three_planes_in_one_nameless_series_are_a_localizer() -> None:
    small = {"shape": (7, 256, 256), "spacing_mm": (8.0, 1.2, 1.2), "series_planes": 3}
    outcome = plan(*(t2(1, "", plane, **small) for plane in (Plane.SAGITTAL, AX, COR)), t2(2))
    assert cast_of(outcome) == {SAG_T2: [2]}
    assert reason_of(outcome, 1) == "localizer"


def test_dixon_images_the_in_phase_one_is_taken_and_water_only_without_it() -> None:
    def dixon(number: int, kind: str) -> StackFacts:
        return t2(number, f"t2_tse_dixon_sag_{kind}", image_type=("ORIGINAL", "PRIMARY", "DIXON", kind))

    outcome = plan(dixon(2, "IN_PHASE"), dixon(3, "OPP_PHASE"), dixon(4, "WATER"), dixon(5, "FAT"))
    assert cast_of(outcome) == {SAG_T2: [2]}
    assert "Dixon" in reason_of(outcome, 3)
    assert "Dixon" in reason_of(outcome, 5)
    assert cast_of(plan(dixon(4, "WATER"), dixon(5, "FAT"))) == {SAG_T2: [4]}


def test_dixon_images_known_by_name_only() -> None:
    outcome = plan(t2(2, "InPhase: Sag T2 FLEX"), t2(3, "WATER: Sag T2 FLEX"), t2(4, "FAT: Sag T2 FLEX"))
    assert cast_of(outcome) == {SAG_T2: [2]}


def test_of_two_equal_series_the_later_wins_and_the_loser_is_named() -> None:
    outcome = plan(t2(2, "t2 sag"), t2(3, "t2 sag"))
    assert cast_of(outcome) == {SAG_T2: [3]}
    assert reason_of(outcome, 2) == "sagittal_t2: repeated later as series 3"
    assert "series-repeated" in codes(outcome)


def test_an_aborted_repeat_loses_to_the_complete_series() -> None:
    outcome = plan(t2(2, "t2 sag"), t2(3, "t2 sag", shape=(7, 384, 384)))
    assert cast_of(outcome) == {SAG_T2: [2]}
    assert "less complete (31 mm) than series 2 (57 mm)" in reason_of(outcome, 3)


def test_without_times_the_series_number_tells_which_is_later() -> None:
    assert cast_of(plan(t2(7, acquired_at=None), t2(3, acquired_at=None))) == {SAG_T2: [7]}


def test_fat_suppressed_t2_is_second_choice() -> None:
    fat = t2(3, "t2 fs sag", scan_options=("FS",))
    outcome = plan(t2(2, "t2 sag"), fat)
    assert cast_of(outcome) == {SAG_T2: [2]}
    assert "T2 against T2 fat-suppressed" in reason_of(outcome, 3)
    assert cast_of(plan(fat)) == {SAG_T2: [3]}


def test_isotropic_3d_t2_is_a_sagittal_t2() -> None:
    space = t2(
        2,
        "t2_spc_sag_p2_iso",
        repetition_time_ms=1000.0,
        echo_time_ms=124.0,
        shape=(64, 640, 512),
        spacing_mm=(0.9, 0.47, 0.47),
    )
    outcome = plan(space, t2(3, "t2_spc_tra MPR", AX, kind=StackKind.REFORMATTED))
    assert cast_of(outcome) == {SAG_T2: [2]}
    assert reason_of(outcome, 3) == "reformatted images"


def test_a_wide_3d_slab_does_not_make_a_2d_stack_incomplete() -> None:
    wide = t2(2, "t2 space", shape=(200, 384, 384), spacing_mm=(0.9, 0.8, 0.8))
    assert cast_of(plan(wide, t2(3, "t2 tse"))) == {SAG_T2: [3]}


def test_what_suits_the_other_visit_comes_before_what_is_later() -> None:
    fine = t2(2, "t2 space", shape=(64, 384, 384), spacing_mm=(0.9, 0.8, 0.8))
    outcome = plan(fine, t2(3, "t2 tse"), like={SAG_T2: Protocol(1.0, None)})
    assert cast_of(outcome) == {SAG_T2: [2]}
    assert reason_of(outcome, 3) == "sagittal_t2: series 2 suits the series of the other visit"


def test_tilted_blocks_of_one_series_play_together() -> None:
    blocks = [
        t2(4, "T2 tra", AX, shape=(5, 320, 320), centre_lps=(0.0, 0.0, 38.0 * n), normal_lps=(0.0, tilt, 0.9))
        for n, tilt in enumerate((0.43, 0.2, 0.0))
    ]
    outcome = plan(t2(2), *blocks)
    assert [item.facts.index for item in outcome.castings[AX_T2].winner.members] == [1, 2, 3]


def test_one_series_per_disc_of_the_same_protocol_is_joined() -> None:
    blocks = [
        t2(4 + n, f"T2 tra {name}", AX, shape=(5, 320, 320), centre_lps=(0.0, 0.0, 38.0 * n))
        for n, name in enumerate(("L5-S1", "L4-5", "L3-4"))
    ]
    outcome = plan(t2(2), *blocks)
    assert cast_of(outcome)[AX_T2] == [4, 5, 6]
    assert "series-joined" in codes(outcome)


def test_a_second_acquisition_inside_a_series_is_not_a_block() -> None:
    outcome = plan(*(t2(2, "t2 sag", acquisition_number=n) for n in (1, 2)))
    assert len(outcome.castings[SAG_T2].winner.members) == 1
    assert "another stack of the same series" in reason_of(outcome, 2)


def test_whole_spine_is_a_last_resort() -> None:
    whole = t2(3, "t2 sag", shape=(13, 1000, 400))
    assert cast_of(plan(t2(2, "t2 sag"), whole)) == {SAG_T2: [2]}
    alone = plan(whole)
    assert cast_of(alone) == {SAG_T2: [3]}
    assert "series-last-resort" in codes(alone)


def test_the_body_part_only_tips_the_balance_because_it_is_often_wrong() -> None:
    neck, lumbar = t2(2, body_part="CSPINE"), t2(1, body_part="LSPINE")
    assert cast_of(plan(neck, lumbar)) == {SAG_T2: [1]}
    assert cast_of(plan(neck)) == {SAG_T2: [2]}


def test_derived_images_are_used_when_an_archive_left_nothing_else() -> None:
    derived = [facts.but(kind=StackKind.DERIVED) for facts in (t2(2), t1(3))]
    assert cast_of(plan(*derived)) == {SAG_T2: [2], SAG_T1: [3]}
    assert cast_of(plan(t2(1), *derived)) == {SAG_T2: [1], SAG_T1: [3]}


def test_a_cervical_study_in_the_same_session_is_left_out_by_position() -> None:
    high = {"centre_lps": (0.0, 0.0, 350.0)}
    outcome = plan(t2(2), t1(3, centre_lps=(0.0, 0.0, 6.0)), t2(5, **high), t1(6, **high))
    assert cast_of(outcome) == {SAG_T2: [2], SAG_T1: [3]}
    assert "350 mm above" in reason_of(outcome, 5)
    assert "region-by-position" in codes(outcome)


def test_a_coronal_series_has_no_role() -> None:
    assert reason_of(plan(stir(1, "stir cor", COR)), 1) == "no role for the coronal plane"


def test_missing_header_facts_are_told_once() -> None:
    outcome = plan(nameless(t2(1)).but(description="T2 sag"), t1(2))
    assert cast_of(outcome) == {SAG_T2: [1], SAG_T1: [2]}
    assert {"header-incomplete", "weighting-from-description"} <= codes(outcome)


def test_a_frame_of_reference_per_series_is_a_finding() -> None:
    outcome = plan(*(facts.but(frame_of_reference_uid=f"1.{n}") for n, facts in enumerate((t2(1), t1(2)))))
    assert cast_of(outcome) == {SAG_T2: [1], SAG_T1: [2]}
    assert "frame-of-reference-differs" in codes(outcome)


def test_a_vibe_after_contrast_serves_as_axial_t1_post() -> None:
    vibe = t1(
        4,
        "t1_vibe_fs_tra KM",
        AX,
        repetition_time_ms=4.0,
        echo_time_ms=1.5,
        flip_angle_deg=10.0,
        scanning_sequence=("GR",),
    )
    assert cast_of(plan(t1(2), t2(3), vibe)) == {SAG_T1: [2], SAG_T2: [3], AX_POST: [4]}


def test_a_plan_does_not_depend_on_the_order_of_the_stacks() -> None:
    stacks, expected = siemens()
    assert cast_of(plan(*reversed(stacks))) == expected


@pytest.mark.parametrize(
    "name", ["T2_CS_TSE SAG", "CS T2 TSE SAG", "t2_tse_rst_sag_3.5 mm", "SAG T2 FRFSE FAT", "test t2", "T2 sag Myelon"]
)
def test_harmless_names_exclude_nothing(name: str) -> None:
    assert cast_of(plan(t2(1, name))) == {SAG_T2: [1]}


@pytest.mark.shared_data
def test_every_series_of_a_public_cohort_may_play_its_role(shared_data: Path) -> None:
    with (shared_data / "spider" / "spider_overview.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    lost = {}
    for row in rows:
        pixel = float(re.findall(r"[\d.]+", row["PixelSpacing"])[0])
        facts = (t1 if row["new_file_name"].endswith("t1") else t2)(
            1,
            row["SeriesDescription"],
            body_part=row["BodyPartExamined"],
            repetition_time_ms=float(row["RepetitionTime"]),
            echo_time_ms=float(row["EchoTime"]),
            scanning_sequence=tuple(re.findall("[A-Z]+", row["ScanningSequence"])),
            sequence_name=row["SequenceName"],
            spacing_mm=(float(row["SpacingBetweenSlices"]), pixel, pixel),
        )
        outcome = plan(facts)
        if not outcome.castings:
            lost[row["new_file_name"]] = reason_of(outcome, 1)
    assert len(rows) > 400
    assert not lost
