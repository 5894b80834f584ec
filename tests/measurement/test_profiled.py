"""What the precision profile does to intervals."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.findings import Severity
from pipeline.measurement.change import Interval
from pipeline.measurement.precision import SEEN, Contrast, PrecisionCell, PrecisionProfile, RealCanals
from pipeline.measurement.profiled import OVERLOOKED, View, known_change_sd_mm3, profile_findings, profiled
from pipeline.measurement.uncertainty import Spread, change_intervals, reaching, volume_interval
from pipeline.segmentation.network import weights_sha256

PLAIN = Spread(1000, 150, 20, 40, 66)
VIEW = View(4.4, 0.3, 15.0)


def profile(*, provisional: bool = False, **changed: float) -> PrecisionProfile:
    known = {
        "bias_percent": -20.0, "sd_percent": 10.0, "sd_floor_mm3": 20.0, "change_sd_percent": 6.0, "missed_share": 0.0
    } | changed  # fmt: skip
    cells = tuple(PrecisionCell(v, 4.4, Contrast.DARK, 15.0, 100_000, **known) for v in (300.0, 1000.0, 2500.0))
    return PrecisionProfile(cells, {"provisional": provisional})


def test_a_measured_profile_takes_the_place_of_the_rule_of_thumb() -> None:
    narrow = profiled(PLAIN, VIEW, profile(bias_percent=0.0, sd_percent=8.0))
    assert narrow.total_mm3 == pytest.approx(80.0, rel=0.01)
    assert narrow.total_mm3 < PLAIN.total_mm3


def test_a_provisional_profile_only_widens() -> None:
    assert profiled(PLAIN, VIEW, profile(provisional=True, sd_percent=1.0)).total_mm3 == PLAIN.total_mm3
    wide = profiled(PLAIN, VIEW, profile(provisional=True, bias_percent=0.0, sd_percent=40.0))
    assert wide.total_mm3 == pytest.approx(400.0, rel=0.01)


def test_a_known_bias_is_not_taken_off_but_reached() -> None:
    biased = profiled(PLAIN, VIEW, profile(bias_percent=-40.0))
    interval = volume_interval(biased)
    assert biased.volume_mm3 == 1000
    assert interval.high > 1000 / 0.6
    over = volume_interval(profiled(PLAIN, VIEW, profile(bias_percent=40.0)))
    assert over.low < 1000 / 1.4


def test_what_is_not_seen_may_be_as_large_as_what_is_missed() -> None:
    missing = PrecisionProfile(
        (
            PrecisionCell(200, 4.4, Contrast.DARK, 15, 99, 0, 10, 20, 6, 0.5),
            PrecisionCell(800, 4.4, Contrast.DARK, 15, 99, 0, 10, 20, 6, 0.0),
        ),
        {},
    )
    nothing = profiled(dataclasses.replace(PLAIN, volume_mm3=10.0, boundary_mm3=5.0), VIEW, missing)
    assert not nothing.present
    shown = profiled(dataclasses.replace(PLAIN, volume_mm3=10.0, boundary_mm3=5.0), VIEW, missing, elsewhere=True)
    assert 200 < volume_interval(shown).high <= 800 < volume_interval(nothing).high


def test_simulated_images_do_not_lower_the_limit_of_real_canals() -> None:
    easy = profile(missed_share=0.0)
    bright, real = View(4.4, 0.7, 15.0), RealCanals.load()
    assert easy.surely_seen_mm3(4.4, 0.7, 15.0) == pytest.approx(300.0)
    assert profiled(PLAIN, bright, easy).hidden_mm3 == real.surely_seen_mm3(0.7, SEEN, shown=True) > 300.0


def test_what_is_read_of_nothing_tells_no_brightness() -> None:
    """A residue below the limit of blank is no fragment that was seen, however dark it looks."""
    residue, dark, real = dataclasses.replace(PLAIN, volume_mm3=50.0), View(4.4, 0.3, 15.0), RealCanals.load()
    nowhere = profiled(residue, dark, profile())
    assert not nowhere.present
    assert nowhere.hidden_mm3 == real.surely_seen_mm3(None, SEEN, shown=False)
    elsewhere = profiled(residue, dark, profile(), elsewhere=True)
    assert elsewhere.hidden_mm3 == max(300.0, real.surely_seen_mm3(0.3, SEEN, shown=True)) < nowhere.hidden_mm3


def test_noise_without_a_fragment_raises_the_detection_limit() -> None:
    assert profiled(PLAIN, VIEW, profile(sd_floor_mm3=100.0)).limit_mm3 == pytest.approx(196.0)
    assert profiled(PLAIN, VIEW, profile(sd_floor_mm3=10.0)).limit_mm3 == PLAIN.limit_mm3


def test_the_error_of_a_change_is_that_of_the_mean_volume() -> None:
    second = dataclasses.replace(PLAIN, volume_mm3=600.0)
    known, _ = known_change_sd_mm3(PLAIN, second, (VIEW, VIEW), profile(bias_percent=0.0))
    assert known == pytest.approx(0.06 * 800, rel=0.01)


def test_provisional_and_exceeded_are_said() -> None:
    assert [f.code for f in profile_findings(profile(), (), "w")] == []
    both = profile_findings(profile(provisional=True), ("volume", "slice distance"), "w")
    assert [f.code for f in both] == ["precision-profile-exceeded", "precision-profile-provisional"]
    assert "volume and slice distance" in both[0].message


def test_the_interval_reaches_up_by_what_real_canals_suggest() -> None:
    known = profiled(PLAIN, VIEW, profile(bias_percent=0.0))
    plain = dataclasses.replace(known, overlooked=0.0)
    assert volume_interval(known).high == pytest.approx(volume_interval(plain).high + OVERLOOKED * PLAIN.volume_mm3)
    assert volume_interval(known).low == volume_interval(plain).low


def test_a_profile_of_other_networks_is_told() -> None:
    known = PrecisionProfile(profile().cells, {"weights_sha256": "w"})
    assert profile_findings(known, (), "w") == []
    (finding,) = profile_findings(known, (), "v")
    assert (finding.code, finding.severity) == ("precision-profile-of-other-weights", Severity.WARNING)


def test_the_shipped_profile_was_made_with_the_shipped_weights() -> None:
    assert PrecisionProfile.load().made_with["weights_sha256"] == weights_sha256()


biased = st.builds(
    Spread,
    volume_mm3=st.floats(0, 5000),
    boundary_mm3=st.floats(0, 400),
    variants_mm3=st.floats(0, 300),
    slices_mm3=st.floats(0, 100),
    limit_mm3=st.floats(40, 150),
    bias=st.floats(-0.6, 0.6),
    hidden_mm3=st.floats(0, 2000),
)


@settings(max_examples=40, deadline=None)
@given(biased, biased)
def test_exchanging_the_visits_mirrors_what_bias_and_misses_add(first: Spread, second: Spread) -> None:
    def interval(one: Spread, other: Spread) -> Interval:
        core = change_intervals(one, other, correlation=0.8, draws=1000, seed=7)
        return reaching(*core, one, other)[0]

    there, back = interval(first, second), interval(second, first)
    assert there.low == pytest.approx(-back.high, abs=1e-6)
    assert there.high == pytest.approx(-back.low, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(biased, st.floats(0, 1))
def test_a_bias_of_both_visits_makes_no_change_out_of_none(spread: Spread, correlation: float) -> None:
    core = change_intervals(spread, spread, correlation=correlation, draws=1000, seed=7)
    assert reaching(*core, dataclasses.replace(spread, hidden_mm3=0), spread)[0].low <= 0
    if spread.present:
        assert reaching(*core, spread, spread)[0] == core[0]


def test_a_fragment_that_is_not_told_from_nothing_may_be_gone() -> None:
    after = Spread(55.0, 5.0, 5.0, 5.0, 66.0)
    core = change_intervals(PLAIN, after, correlation=0.8, draws=1000, seed=7)
    rate = reaching(*core, PLAIN, after)[1]
    assert rate is not None
    assert rate.high == 100.0
    remnant = dataclasses.replace(after, volume_mm3=150.0)
    left = reaching(*change_intervals(PLAIN, remnant, correlation=0.8, draws=1000, seed=7), PLAIN, remnant)[1]
    assert left is not None
    assert left.high < 100.0


def test_a_rate_reaches_what_may_hide_and_never_exceeds_complete() -> None:
    before = dataclasses.replace(PLAIN, hidden_mm3=400.0)
    after = Spread(0.0, 0.0, 0.0, 0.0, 66.0, hidden_mm3=400.0)
    core = change_intervals(before, after, correlation=0.8, draws=1000, seed=7)
    delta, rate = reaching(*core, before, after)
    assert rate is not None
    assert rate.high <= 100
    assert rate.low < 70
    assert delta.high > core[0].high
    assert delta.high < 0, "half of what was seen before, at most, may hide"


def test_what_does_not_count_as_present_may_be_nothing() -> None:
    before, after = PLAIN, Spread(50.0, 0.0, 0.0, 0.0, 66.0)
    core = change_intervals(before, after, correlation=0.8, draws=1000, seed=7)
    delta, rate = reaching(*core, before, after)
    assert core[1] is not None
    assert core[1].high < 100, "50 mm³ were measured, with a standard deviation of 22"
    assert rate is not None
    assert rate.high == 100, "and yet it is called complete"
    assert delta.low == core[0].low - 50
