import math
import pickle
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meter_rating import DIRECT, TRANSFORMER

from wattbench.core.errors import UsageError
from wattbench.labs.grid.loads import Loads
from wattbench.labs.metrology.plan import plan
from wattbench.labs.metrology.points import UNCERTAINTY_PART, Result, decide
from wattbench.labs.metrology.standards import standards
from wattbench.labs.metrology.verdict import classes_met
from wattbench.labs.metrology.waveforms import OUTSIDE, waveform

LIMITS = standards()


@st.composite
def ratings(draw):
    """Meters of both connections whose currents are in the order that EN 50470-3 asks for."""
    direct = draw(st.booleans())
    transitional = draw(st.floats(0.02, 5.0))
    nominal = transitional * (10 if direct else 20)
    return replace(
        DIRECT,
        connection="direct" if direct else "transformer",
        phases=draw(st.sampled_from([("L1",), ("L1", "L2"), ("L1", "L2", "L3")])),
        voltage_v=draw(st.floats(57.0, 400.0)),
        transitional_a=transitional,
        nominal_a=nominal,
        maximum_a=nominal * draw(st.floats(5.0, 30.0) if direct else st.floats(1.2, 4.0)),
        minimum_a=transitional * draw(st.floats(0.1, 0.2)),
        starting_a=transitional * draw(st.floats(0.001, 0.02)),
    )


@settings(deadline=None)
@given(ratings(), st.sampled_from("ABC"))
def test_the_plan_follows_from_the_rating(rating, name):
    made = plan(rating, LIMITS, name)
    assert len({point.name for point in made.points}) == len(made.points)
    currents = rating.currents()
    for point in made.points:
        assert pickle.loads(pickle.dumps(point)) == point
        assert point.limit.accuracy_class == name
        assert point.limit in point.limits
        if point.kind == "accuracy" and not point.blocked:
            assert currents["Imin"] * (1 - 1e-9) <= point.load.current_a <= currents["Imax"] * (1 + 1e-9)
            assert point.needed_uncertainty == pytest.approx(UNCERTAINTY_PART * point.limit.value)


@settings(deadline=None)
@given(ratings(), st.sampled_from("ABC"), st.floats(0.0, 1.0))
def test_every_current_has_exactly_one_limit_at_unity(rating, name, part):
    """The steps of the limit over the current have neither gaps nor overlaps."""
    currents = rating.currents()
    current_a = currents["Imin"] + part * (currents["Imax"] - currents["Imin"])
    standard = next(item for item in LIMITS if item.name == "EN 50470-3")
    fitting = []
    for row in standard.section("accuracy"):
        if row.data["load"] == "balanced" and "1" in row.data["factors"]:
            low, high = rating.current(row.data["from"]), rating.current(row.data["to"])
            if low <= current_a and (current_a < high or row.data["to"] == "Imax"):
                fitting.append(standard.limit(row, name).value)
    assert len(fitting) == 1
    assert fitting[0] >= max(
        point.limit.value
        for point in plan(rating, LIMITS, name).points
        if point.limit.standard == "EN 50470-3" and point.limit.row == "unity"
    ) or current_a >= currents["Itr"] * (1 - 1e-9)


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(0.01, 5))
def test_a_decision_holds_for_every_value_within_the_uncertainty(value, uncertainty, limit):
    verdict = decide(value, uncertainty, limit)
    ends = [abs(value) + uncertainty, max(0.0, abs(value) - uncertainty)]
    if verdict == "passed":
        assert all(end <= limit for end in ends)
    elif verdict == "failed":
        assert all(end > limit for end in ends)
    else:
        assert ends[0] > limit >= ends[1]


def test_the_full_table_of_class_c_has_its_size():
    made = plan(DIRECT, LIMITS, "C")
    assert len(made.runnable) >= 120
    kinds = {point.kind for point in made.runnable}
    assert kinds == {
        "accuracy", "influence", "starting", "no_load", "constant", "repeatability", "quadrants", "steadiness",
    }  # fmt: skip


def test_both_ends_of_the_range_are_tested():
    currents = {
        point.load.current_a
        for point in plan(DIRECT, LIMITS, "C").points
        if point.kind == "accuracy" and str(point.load.factor) == "PF 1"
    }
    assert {0.15, 0.5, 100.0} <= currents


def test_every_power_factor_of_the_standard_is_tested():
    """A phase error shows at 0.5 inductive and nearly not at 1."""
    factors = {
        (str(point.load.factor), bool(point.load.phase))
        for point in plan(DIRECT, LIMITS, "C").points
        if point.kind == "accuracy" and point.limit.standard == "EN 50470-3"
    }
    assert factors == {
        ("PF 1", False), ("PF 0.5 inductive", False), ("PF 0.8 capacitive", False), ("PF 1", True),
        ("PF 0.5 inductive", True),
    }  # fmt: skip


def test_a_limit_at_a_border_is_that_of_the_higher_range():
    at_itr = [
        point.limit
        for point in plan(DIRECT, LIMITS, "C").points
        if point.limit.standard == "EN 50470-3" and point.kind == "accuracy" and point.load.current_a == 0.5
    ]
    assert {limit.row for limit in at_itr} == {"unity", "lagging-and-leading", "single-phase-load"}


def test_the_time_without_load_is_that_of_the_formula():
    by_standard = {
        point.limit.standard: point.duration_s
        for name in ("C", "1", "2")
        for point in plan(DIRECT, LIMITS, name).points
        if point.kind == "no_load"
    }
    assert by_standard["EN 50470-3"] / 60 == pytest.approx(17.39, abs=0.01)
    (first_class,) = (p for p in plan(DIRECT, LIMITS, "1").points if p.kind == "no_load")
    assert first_class.duration_s / 60 == pytest.approx(8.696, abs=0.001)
    assert first_class.load.voltage_v == pytest.approx(264.5)
    assert first_class.load.current_a == 0


def test_influences_are_compared_with_the_reference_at_the_same_load():
    for point in plan(DIRECT, LIMITS, "C").points:
        if point.kind == "influence":
            assert point.reference is not None
            assert point.reference.voltage_v == 230
            assert point.reference.frequency_hz == 50
            assert point.reference.waveform == "sine"
            assert point.reference.current_a == point.load.current_a
            assert point.reference != point.load


def test_what_cannot_be_run_is_in_the_plan_with_its_reason():
    made = plan(DIRECT, LIMITS, "C")
    blocked = {point.load.waveform: point.blocked for point in made.points if point.blocked}
    assert set(blocked) == set(OUTSIDE)
    assert "magnetic" in blocked["magnetic_induction"]
    assert len(made.runnable) + sum(bool(point.blocked) for point in made.points) == len(made.points)


def test_every_band_of_temperatures_is_tested_at_its_ends_with_its_limit():
    limits = {}
    for point in plan(DIRECT, LIMITS, "C").runnable:
        if point.limit.row == "mpe" and point.load.temperature_c != 23.0:
            assert "°C" in point.condition
            limits.setdefault(point.load.temperature_c, set()).add((point.limit.value, str(point.load.factor)))
    factors = {"PF 1", "PF 0.5 inductive", "PF 0.8 capacitive"}
    expected = {5: 0.7, 30: 0.7, -10: 1.0, 40: 1.0, -25: 1.3, 55: 1.3, -40: 1.5, 70: 1.5}
    assert limits == {celsius: {(value, factor) for factor in factors} for celsius, value in expected.items()}


def test_sensors_whose_drift_is_not_stated_cannot_be_tested_at_temperatures():
    made = plan(replace(DIRECT, temperature_ppm_per_k=0.0), LIMITS, "C")
    reasons = {point.blocked for point in made.points if point.load.temperature_c != 23.0}
    assert len(reasons) == 1
    assert "shunt_ppm_per_k" in reasons.pop()


def test_limits_below_the_smallest_current_grow_with_it():
    limits = {
        point.load.current_a: point.limit.value
        for point in plan(DIRECT, LIMITS, "C", names=["OIML R46"]).points
        if point.limit.row == "starting-range"
    }
    assert limits == pytest.approx({0.02: 0.15 / 0.02, 0.075: 2.0})


def test_quadrants_are_tested_all_round():
    made = plan(DIRECT, LIMITS, "C", "2")
    for kind, angles in (("active", [0, 60, 120, 180, 240, 300]), ("reactive", [30, 90, 150, 210, 270, 330])):
        loads = [p.load for p in made.points if p.kind == "quadrants" and p.quantity.startswith(kind)]
        found = []
        for load in loads:
            sign = -1 if load.factor.capacitive else 1
            lag = math.degrees(math.atan2(load.factor.sine * sign, load.factor.cosine)) + 180 * load.export
            found.append(round(lag % 360, 9))
        assert found == angles


def test_without_a_register_a_quadrant_cannot_be_tested():
    registers = {name: items for name, items in DIRECT.quadrants.items() if name != "active_export"}
    made = plan(replace(DIRECT, quadrants=registers), LIMITS, "C")
    assert {p.blocked for p in made.points if p.kind == "quadrants"} == {"the manifest has no register `active_export`"}


def test_the_laboratorys_own_requirements_are_in_every_plan():
    for name in ("A", "B", "C", "1", "2"):
        assert "Laboratory" in {standard.name for standard in plan(DIRECT, LIMITS, name).standards}
    chosen = plan(DIRECT, LIMITS, "C", names=["MID MI-003"])
    assert {standard.name for standard in chosen.standards} == {"MID MI-003", "Laboratory"}


def test_a_standard_that_is_not_known_is_named():
    with pytest.raises(UsageError, match=r"no standard `EN 50470` \(did you mean `EN 50470-3`"):
        plan(DIRECT, LIMITS, "C", names=["EN 50470"])


def test_every_waveform_of_the_limits_is_known():
    used = {
        setting["waveform"]
        for standard in LIMITS
        for row in standard.rows
        for setting in row.data.get("settings", [])
        if "waveform" in setting
    }
    assert all(name in OUTSIDE or waveform(name) for name in used)


@pytest.mark.parametrize(
    ("name", "power", "cycles"),
    [("burst_2_2", 0.5, 4), ("burst_7_4", 7 / 11, 11), ("phase_fired_90", 0.5, 1), ("phase_fired_45", 0.909155, 1)],
)
def test_waveforms_with_numbers_in_their_names(name, power, cycles):
    made = waveform(name)
    assert made.power == pytest.approx(power, rel=1e-6)
    assert made.pattern_cycles == cycles


@pytest.mark.parametrize("name", ["burst_0_2", "burst_2", "phase_fired_180", "phase_fired_x", "saw"])
def test_a_waveform_that_does_not_exist_is_named(name):
    with pytest.raises(UsageError, match=f"no waveform `{name}`"):
        waveform(name)


def test_a_waveform_is_run_as_soon_as_the_grid_has_it(monkeypatch):
    assert "burst_2_2" in {point.load.waveform for point in plan(DIRECT, LIMITS, "C").runnable}
    monkeypatch.delattr(Loads, "burst_current")
    made = plan(DIRECT, LIMITS, "C")
    assert "burst_2_2" not in {point.load.waveform for point in made.runnable}
    assert any("no burst_current yet" in point.blocked for point in made.points)


def test_active_and_reactive_classes_go_together():
    made = plan(DIRECT, LIMITS, "1", "2")
    assert {standard.name for standard in made.standards if not standard.own} == {"IEC 62053-21", "IEC 62053-23"}
    assert {standard.quantity for standard in made.standards if standard.own} == {"active", "reactive"}
    quantities = {point.quantity for point in made.points if point.limit.standard == "IEC 62053-23"}
    assert quantities == {"reactive_import_varh", "reactive_export_varh"}


def test_the_class_of_the_product_is_taken_if_none_is_asked_for():
    assert plan(DIRECT, LIMITS).active_class == "C"
    with pytest.raises(UsageError, match="states no class"):
        plan(replace(DIRECT, active_class=""), LIMITS)


def test_a_meter_that_states_no_smallest_current_has_that_of_its_class():
    made = plan(replace(DIRECT, minimum_a=0.0), LIMITS, "C")
    assert min(p.load.current_a for p in made.points if p.kind == "accuracy") == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("rating", "name", "message"),
    [
        (DIRECT, "E", "no class E"),
        (DIRECT, "0.2S", "transformer connection only"),
        (replace(DIRECT, starting_a=0.03), "C", "Ist is 0.03 A.*at most 0.04 Itr, 0.02 A"),
        (replace(DIRECT, minimum_a=0.2), "C", "Imin is 0.2 A.*at most 0.3 Itr"),
        (replace(DIRECT, maximum_a=20.0), "C", "Imax is 20 A.*at least 50 Itr, 25 A"),
        (replace(DIRECT, maximum_a=1.0), "C", "above the maximum current"),
        (replace(DIRECT, nominal_a=-1.0), "C", "nominal_current_a"),
        (replace(DIRECT, connection="indirect"), "C", "connection"),
        (replace(DIRECT, phases=()), "C", "nothing can be injected"),
        (replace(TRANSFORMER, starting_a=0.01), "0.2S", "Ist is 0.01 A"),
    ],
)
def test_a_product_that_contradicts_the_class_is_refused(rating, name, message):
    with pytest.raises(UsageError, match=message):
        plan(rating, LIMITS, name)


def test_a_class_that_allows_more_is_no_contradiction():
    assert plan(replace(DIRECT, minimum_a=0.2), LIMITS, "B").runnable


def result(point, verdict="passed"):
    return Result(point, verdict, "", 0.0, by_class={limit.accuracy_class: verdict for limit in point.limits})


def met(made, results):
    return {item.standard: (item.met, item.reasons.get("C", "")) for item in classes_met(made, results)}


def test_a_class_takes_every_point_that_can_be_run():
    made = plan(DIRECT, LIMITS, "C")
    results = [result(point) for point in made.runnable]
    assert met(made, results) == {"EN 50470-3": ("C", ""), "MID MI-003": ("C", ""), "Laboratory": ("C", "")}
    for number in (0, len(results) // 2):
        standard = results[number].point.limit.standard
        assert met(made, [*results[:number], *results[number + 1 :]])[standard] == (
            "", f"{results[number].point.name} was not measured",
        )  # fmt: skip


def test_no_standard_shows_a_class_without_what_the_laboratory_asks():
    made = plan(DIRECT, LIMITS, "C")
    results = [result(point, "failed" if point.kind == "steadiness" else "passed") for point in made.runnable]
    name = "Laboratory steadiness Imax PF 1 balanced: failed"
    assert met(made, results) == dict.fromkeys(("EN 50470-3", "MID MI-003", "Laboratory"), ("", name))


def test_a_table_of_power_factor_1_alone_shows_no_class():
    """Whatever the limits say: here they ask for nothing else."""
    made = plan(DIRECT, LIMITS, "C")
    points = [p for p in made.runnable if p.limit.standard == "EN 50470-3" and p.load.factor.value == 1]
    standard = next(item for item in LIMITS if item.name == "EN 50470-3")
    only = replace(
        made, standards=(standard,), points=tuple(points), needed=tuple(("EN 50470-3", p.name) for p in points)
    )
    assert met(only, [result(point) for point in points])["EN 50470-3"] == (
        "", "no inductive load was measured: a phase error does not show at a factor of 1",
    )  # fmt: skip


def test_without_register_and_pulses_a_point_is_blocked():
    made = plan(replace(DIRECT, constants={}, registers={}, resolutions={}, quadrants={}), LIMITS, "C")
    assert not made.runnable
    assert "active_import" in made.points[0].blocked


def test_a_selection_by_name_or_kind():
    made = plan(DIRECT, LIMITS, "C")
    assert {point.kind for point in made.select("influence").points} == {"influence"}
    assert {point.limit.row for point in made.select("* unity *").points} == {"unity"}
    with pytest.raises(UsageError, match="no point of the plan"):
        made.select("nothing")
    with pytest.raises(UsageError, match="no magnetic fields"):
        made.select("*magnetic*")


def test_a_single_phase_meter_has_no_states_of_three():
    made = plan(replace(DIRECT, phases=("L1",)), LIMITS, "C")
    assert not any(point.load.phase for point in made.points)
    rows = {point.limit.row for point in made.runnable}
    assert rows.isdisjoint({"reversed-sequence", "voltage-unbalance", "single-phase-load"})
