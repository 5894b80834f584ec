"""Different people are refused, spelling is forgiven, and no message gives anyone away."""

from __future__ import annotations

import pytest

from pipeline.dicom.identity import check_identities, check_same_patient, merged_identity, same_name
from pipeline.dicom.visit import PatientIdentity
from pipeline.errors import ExitCode, IdentityError

ERIKA = PatientIdentity("4711", "Muster^Erika", "19600229", "F")


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (PatientIdentity("4712", "Muster^Erika", "19600229", "F"), "PatientID"),
        (PatientIdentity("4711", "Sommer^Karl", "19600229", "F"), "name"),
        (PatientIdentity("4711", "Muster^Erika", "19600228", "F"), "birth date"),
        (PatientIdentity("4711", "Muster^Erika", "19600229", "M"), "sex"),
        (PatientIdentity("9", "Sommer^Karl", "19700101", "M"), "PatientID, name, birth date and sex"),
    ],
)
def test_different_people_are_refused_without_saying_who_they_are(other: PatientIdentity, told: str) -> None:
    with pytest.raises(IdentityError) as error:
        check_same_patient(ERIKA, other)
    message = str(error.value)
    assert f"differ in {told}," in message
    assert error.value.exit_code is ExitCode.REFUSED_IDENTITY
    for value in (ERIKA.patient_id, "Muster", "Erika", "1960", "Sommer", "Karl", "4712", "1970"):
        assert str(value) not in message


def test_the_override_is_recorded() -> None:
    findings = check_same_patient(ERIKA, PatientIdentity("9", "X^Y", "19700101", "M"), allow_different=True)
    assert [finding.code for finding in findings] == ["identity-override"]
    assert "PatientID" in findings[0].message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Muster^Erika", "MUSTER^ERIKA"),
        ("Muster^Erika", "Erika Muster"),
        ("Muster^Erika", "Muster, Erika"),
        ("Muster^Erika^^Dr.", "Muster^Erika"),
        ("Müller^Jürgen", "Mueller^Juergen"),
        ("Müller^Jürgen", "Muller^Jurgen"),
        ("Weiß^Ann", "Weiss^Ann"),
        ("Nuñez^José", "NUNEZ^JOSE"),
        ("Smith^John^A", "Smith^John"),
        ("Smith^John^Albert", "Smith^John^A."),
        ("Satou^Tarou=佐藤^太郎", "Sato^Taro"),
        ("Satou^Tarou=佐藤^太郎", "=佐藤^太郎"),
    ],
)
def test_one_person_in_several_spellings(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Smith^John", "Smith^Jane"), ("Smith^John", "Smithe^John"), ("Li^Wei", "Liu^Wei"), ("Smith", "Smith^John")],
)
def test_different_names(one: str, other: str) -> None:
    assert not same_name(one, other)


def test_a_small_difference_in_spelling_needs_something_that_vouches() -> None:
    typing_error = PatientIdentity("4711", "Muster^Erikka", "19600229", "F")
    assert not check_same_patient(ERIKA, typing_error)
    with pytest.raises(IdentityError):
        check_same_patient(PatientIdentity(None, "Muster^Erika"), PatientIdentity(None, "Muster^Erikka"))


def test_systems_pad_the_patient_id() -> None:
    assert not check_same_patient(ERIKA, PatientIdentity(" 0004711", "Muster^Erika", "19600229", "F"))


@pytest.mark.parametrize("text", [None, "", "Anonymous", "ANONYMIZED", "00000000", "removed"])
def test_anonymous_visits_are_compared_but_not_verified(text: str | None) -> None:
    anonymous = PatientIdentity(text, text, text, "A")
    for pair in ((anonymous, anonymous), (ERIKA, anonymous)):
        assert [finding.code for finding in check_same_patient(*pair)] == ["identity-unverified"]


def test_any_number_of_identities_in_one_folder() -> None:
    assert not check_identities([ERIKA] * 3, "The images given")
    with pytest.raises(IdentityError, match="The images given differ in sex"):
        check_identities([ERIKA, ERIKA, PatientIdentity("4711", "Muster^Erika", "19600229", "M")], "The images given")


def test_merging_takes_what_is_usable() -> None:
    merged = merged_identity([PatientIdentity("Anonymous", "", "00000000", "A"), ERIKA])
    assert merged == ERIKA
    assert "Muster" not in repr(merged)
