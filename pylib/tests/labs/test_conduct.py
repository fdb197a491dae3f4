"""Points on the emulated meter: verdicts, their reasons, and that nothing passes without its stimulus."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from meter_rating import DIRECT

from wattbench.bench import Bench, find_manifest
from wattbench.core.errors import SetupError
from wattbench.labs.grid import Grid
from wattbench.labs.grid.source import AfeSource
from wattbench.labs.metrology import campaign, conduct, stand
from wattbench.labs.metrology.campaign import Product, process_pool, run_campaign
from wattbench.labs.metrology.conduct import Laboratory
from wattbench.labs.metrology.plan import plan
from wattbench.labs.metrology.points import Limit, Point, Result
from wattbench.labs.metrology.standards import standards
from wattbench.labs.metrology.verdict import classes_met, passed, to_table

PRODUCT = "edge-meter-3p"
PLAN = plan(DIRECT, standards(), "C")
POINTS = {point.name: point for point in PLAN.points}
UNITY = POINTS["EN 50470-3 unity 50 Itr PF 1 balanced"]
LAGGING = POINTS["EN 50470-3 lagging-and-leading 50 Itr PF 0.5 inductive balanced"]
VOLTAGE = POINTS["EN 50470-3 voltage Imax PF 1 balanced 0.9 Un"]


def booted(product=PRODUCT, **options):
    bench = Bench.load(product)
    bench.boot()
    return Laboratory(bench, **options)


@pytest.fixture(scope="module")
def laboratory():
    return booted()


@pytest.fixture
def altered(tmp_path):
    """A laboratory with a manifest in which one text is another."""

    def altered(old, new):
        path = find_manifest(PRODUCT)
        text = re.sub(
            r'"((?:\.\./)[^"]+|[^"/]+\.elf)"', lambda m: f'"{(path.parent / m[1]).resolve()}"', path.read_text()
        )
        base = re.search(r'^extends = "(.*)"\n', text, re.MULTILINE)
        text = text.replace(base[0], "") + Path(base[1]).read_text()
        assert old in text
        copy = tmp_path / "altered.toml"
        copy.write_text(text.replace(old, new))
        return booted(copy)

    return altered


def test_a_point_passes_with_an_uncertainty_far_below_its_limit(laboratory):
    result = laboratory.conduct(UNITY)
    assert result.verdict == "passed"
    assert result.uncertainty <= UNITY.needed_uncertainty
    assert {reading.source for reading in result.readings} == {"registers", "pulses"}
    assert result.by_class == {"A": "passed", "B": "passed", "C": "passed"}


def test_a_point_does_not_depend_on_those_before_it(laboratory):
    first = laboratory.conduct(UNITY)
    laboratory.conduct(LAGGING)
    assert laboratory.conduct(UNITY) == first


@pytest.mark.parametrize("phase", DIRECT.phases)
def test_the_error_of_an_ideal_meter_lies_within_the_uncertainty(laboratory, phase):
    """Also where the power of a single phase swings below zero while a booking is late."""
    result = laboratory.conduct(POINTS[f"EN 50470-3 single-phase-load 10 Itr PF 0.5 inductive {phase} only"])
    for reading in result.readings:
        assert abs(reading.error_percent) <= reading.uncertainty_percent, reading


def test_a_phase_error_shows_at_half_power_factor_only():
    """30 us late at 50 Hz: 1.6 % at 0.5 inductive, 0.004 % at 1."""

    def late(grid):
        for phase in DIRECT.phases:
            grid.set_front_end(phase, "current", replace(grid.front_end(phase, "current"), delay_us=30.0))

    late_meter = booted(prepare=late)
    results = [late_meter.conduct(point) for point in (UNITY, LAGGING)]
    assert [result.verdict for result in results] == ["passed", "failed"]
    assert results[1].value == pytest.approx(-1.63, abs=0.05)
    assert results[1].by_class["A"] == "passed"


def test_points_at_unity_alone_show_no_class(laboratory):
    chosen = PLAN.select("EN * unity 50 Itr PF 1 *")
    results = [laboratory.conduct(point) for point in chosen.points]
    assert passed(results)
    (met,) = [item for item in classes_met(chosen, results) if item.standard == "EN 50470-3"]
    assert met.met == ""
    assert "was not measured, and" in met.reasons["C"]


def test_the_wrong_calibration_is_convicted(monkeypatch):
    monkeypatch.setattr(conduct, "DOUBLINGS", 1)
    wrong = booted("edge-meter-3p-wrong-calibration")
    verdicts = {
        phase: wrong.conduct(POINTS[f"EN 50470-3 single-phase-load 0.5 Imax PF 1 {phase} only"])
        for phase in ("L1", "L2")
    }
    assert verdicts["L1"].verdict == "passed"
    assert verdicts["L2"].verdict != "passed"
    balanced = wrong.conduct(UNITY)
    assert balanced.value == pytest.approx(1 / 3, abs=0.01)


def test_an_influence_is_the_difference_of_two_errors(laboratory):
    result = laboratory.conduct(VOLTAGE)
    assert result.verdict == "passed"
    before, after = result.readings
    assert result.value == after.error_percent - before.error_percent
    assert after.injected / before.injected == pytest.approx(
        0.9 * (after.to_ns - after.from_ns) / (before.to_ns - before.from_ns), rel=1e-3
    )


def test_an_error_at_the_limit_is_measured_longer_and_is_no_pass(laboratory):
    """A limit within the uncertainty of the point, however long it is measured."""
    error = laboratory.conduct(UNITY).value
    limit = replace(UNITY.limit, value=abs(error) + 1e-9)
    point = replace(UNITY, limit=limit, limits=(limit,), needed_uncertainty=0.5)
    result = laboratory.conduct(point)
    assert result.verdict == "undecided"
    assert "8 times" in result.reason
    assert not passed([result])
    assert result.virtual_s > 3 * laboratory.conduct(replace(UNITY, needed_uncertainty=0.5)).virtual_s


def test_a_second_way_of_measuring_can_convict(laboratory):
    limit = replace(UNITY.limit, value=1.0)
    readings = laboratory.measure(laboratory.set_up(UNITY.load), UNITY.load, UNITY.quantity, 0.1)
    outside = replace(readings[1], error_percent=2.0)
    result = conduct._judged(replace(UNITY, limit=limit, limits=(limit,)), 0.0, 0.1, [readings[0], outside])
    assert result.verdict == "failed"
    assert readings[1].source in result.reason


def test_a_clipped_stimulus_is_a_failure_with_its_reason():
    def clip(grid):
        grid.set_front_end("L2", "voltage", replace(grid.front_end("L2", "voltage"), clip_v=0.2))

    result = booted(prepare=clip).conduct(UNITY)
    assert result.verdict == "failed"
    assert "clip" in result.reason


EVERY_KIND = {
    "accuracy": UNITY,
    "influence": VOLTAGE,
    "temperature": POINTS["MID MI-003 mpe Imax PF 1 balanced -40 °C"],
    "burst": POINTS["Laboratory bursts 0.1 Imax PF 1 balanced burst 1 2"],
    "repeatability": POINTS["EN 50470-3 repeatability 10 Itr PF 1 balanced"],
    "constant": replace(POINTS["EN 50470-3 meter-constant Imax PF 1 balanced"], needed_uncertainty=0.5),
    "starting": replace(POINTS["EN 50470-3 starting import"], duration_s=1.0),
    "no_load": replace(POINTS["EN 50470-3 no-load"], duration_s=1.0),
    "quadrants": POINTS["Laboratory quadrants 0.1 Imax 120 degrees"],
    "steadiness": replace(POINTS["Laboratory steadiness Imax PF 1 balanced"], duration_s=2.0),
}


def quickly(point):
    """The point with a hundredth of its time, for those that must not come to a measured value."""
    return replace(point, needed_uncertainty=max(point.needed_uncertainty, 0.5))


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_no_kind_of_point_passes_with_a_sensor_that_clips(kind, laboratory, monkeypatch):
    def clip(grid):
        grid.set_front_end("L2", "voltage", replace(grid.front_end("L2", "voltage"), clip_v=0.15))

    monkeypatch.setattr(laboratory, "_prepare", clip)
    monkeypatch.setattr(conduct, "DOUBLINGS", 0)
    result = laboratory.conduct(quickly(EVERY_KIND[kind]))
    assert result.verdict == "failed"
    assert "clip" in result.reason


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_no_kind_of_point_passes_with_a_stimulus_that_no_converter_sampled(kind, laboratory, monkeypatch):
    monkeypatch.setattr(AfeSource, "_record", lambda *_: None)
    monkeypatch.setattr(conduct, "DOUBLINGS", 0)
    result = laboratory.conduct(quickly(EVERY_KIND[kind]))
    assert result.verdict == "failed"
    assert "never sampled" in result.reason


def test_a_temperature_moves_the_error_as_the_sensors_say(laboratory):
    """63 K below the reference: 50 ppm/K of shunt and divider together."""
    result = laboratory.conduct(EVERY_KIND["temperature"])
    assert result.verdict == "passed"
    assert result.value == pytest.approx(-63 * 50e-4, abs=0.05)
    point = POINTS["EN 50470-3 temperature Imax PF 1 balanced 40 °C"]
    assert laboratory.conduct(point).value == pytest.approx(50e-4, abs=2e-4)


def test_a_temperature_that_did_not_come_is_a_failure(laboratory, monkeypatch):
    monkeypatch.setattr(Grid, "set_temperature", lambda *_: None)
    result = laboratory.conduct(EVERY_KIND["temperature"])
    assert result.verdict == "failed"
    assert "had 23 °C, not -40 °C" in result.reason


@pytest.mark.parametrize("angle", [0, 60, 120, 180, 240, 300])
def test_energy_goes_to_the_register_of_its_quadrant(laboratory, angle):
    point = POINTS[f"Laboratory quadrants 0.1 Imax {angle} degrees"]
    result = laboratory.conduct(point)
    assert result.verdict == "passed"
    assert abs(result.value) < 0.1


def test_registers_that_are_swapped_are_convicted(altered):
    """In the manifest import and export are the other way round."""
    laboratory = altered('symbol = "meter_energy_active_export_nwh"', 'symbol = "meter_energy_active_import_nwh"')
    result = laboratory.conduct(EVERY_KIND["quadrants"])
    assert result.verdict == "failed"
    assert "active_export" in result.reason


def test_pulses_that_do_not_come_evenly_are_convicted(laboratory, monkeypatch):
    point = EVERY_KIND["steadiness"]
    assert laboratory.conduct(point).verdict == "passed"

    def late(tap, from_ns, to_ns):
        edges = rising_edges(tap, from_ns, to_ns)
        return [edge + 2_000_000 * (number >= len(edges) // 2) for number, edge in enumerate(edges)]

    rising_edges = conduct.rising_edges
    monkeypatch.setattr(conduct, "rising_edges", late)
    result = laboratory.conduct(point)
    assert (result.verdict, result.unit) == ("failed", "ms")
    assert result.value == pytest.approx(2.0, abs=0.01)
    few = laboratory.conduct(replace(point, duration_s=0.5))
    assert few.verdict == "failed"
    assert "too few" in few.reason


REACTIVE = {point.name: point for point in plan(DIRECT, standards(), "1", "2").points}


@pytest.mark.parametrize(
    "name",
    [
        "IEC 62053-23 half Ib sin 0.5 capacitive balanced",
        "IEC 62053-23 quarter Imax sin 0.25 inductive balanced",
        "IEC 62053-23 unity Imax sin 1 capacitive balanced",
        "IEC 62053-23 frequency Imax sin 0.5 inductive balanced 0.98 fn",
        "Laboratory, reactive quadrants 0.1 Imax 90 degrees",
        "Laboratory, reactive quadrants 0.1 Imax 210 degrees",
    ],
)
def test_points_of_reactive_energy(laboratory, name):
    result = laboratory.conduct(REACTIVE[name])
    assert result.verdict == "passed", result.reason
    assert abs(result.value) <= 0.3


def test_a_reactive_meter_starts(laboratory):
    start = REACTIVE["IEC 62053-23 starting export"]
    louder = replace(start, load=replace(start.load, current_a=1.0), duration_s=start.duration_s / 50)
    result = laboratory.conduct(louder)
    assert result.verdict == "passed"
    assert result.readings[0].injected > 0
    assert start.quantity == "reactive_export_varh"


def test_a_meter_for_current_transformers_from_the_same_firmware(tmp_path):
    """IEC 62053-22 and -24: the manifest of the direct meter with other ratings."""
    path = tmp_path / "transformer.toml"
    path.write_text(
        f'extends = "{find_manifest(PRODUCT)}"\n[metrology]\nconnection = "transformer"\n'
        "nominal_current_a = 20.0\nmaximum_current_a = 24.0\nminimum_current_a = 0.2\ntransitional_current_a = 1.0\n"
    )
    laboratory = booted(path)
    made = plan(laboratory.rating, standards(), "0.5S", "0.5S")
    points = {point.name: point for point in made.points}
    names = {standard.name for standard in made.standards}
    assert names == {"IEC 62053-22", "IEC 62053-24", "Laboratory", "Laboratory, reactive"}
    for name in (
        "IEC 62053-22 low-lagging-and-leading 0.02 In PF 0.5 inductive balanced",
        "IEC 62053-24 half Imax sin 0.5 inductive balanced",
        "IEC 62053-24 low-unity 0.01 In sin 1 capacitive balanced",
    ):
        assert laboratory.conduct(points[name]).verdict == "passed"


def test_a_stimulus_that_did_not_happen_is_a_failure(laboratory, monkeypatch):
    def less(grid, load, rating):
        apply(grid, replace(load, current_a=load.current_a * 0.9), rating)

    apply = stand.apply
    monkeypatch.setattr(stand, "apply", less)
    result = laboratory.conduct(UNITY)
    assert result.verdict == "failed"
    assert "current of L1 was 22.5" in result.reason


def test_a_load_beyond_the_converter_is_a_failure(laboratory):
    result = laboratory.conduct(replace(UNITY, load=replace(UNITY.load, current_a=200.0)))
    assert result.verdict == "failed"
    assert "inject less" in result.reason


def test_a_firmware_that_never_reports_is_named(altered):
    laboratory = altered('symbol = "meter_energy_active_import_nwh"', 'symbol = "meter_energy_reactive_q2_nvarh"')
    result = laboratory.conduct(UNITY)
    assert result.verdict == "failed"
    assert "active_import[total] stood still" in result.reason


def test_a_firmware_without_pulses_is_named(altered):
    laboratory = altered('led = "led_active_pulse"', 'led = "led_reactive_pulse"')
    result = laboratory.conduct(UNITY)
    assert result.verdict == "failed"
    assert "0 pulses" in result.reason


def test_pulses_of_another_constant_are_convicted(altered):
    laboratory = altered("constant_imp_per_kwh = 1000.0", "constant_imp_per_kwh = 1010.0")
    result = laboratory.conduct(replace(POINTS["EN 50470-3 meter-constant Imax PF 1 balanced"], needed_uncertainty=0.1))
    assert result.verdict == "failed"
    assert result.value == pytest.approx(-0.99, abs=0.1)


def test_a_starting_meter_and_one_that_does_not(laboratory):
    start = POINTS["EN 50470-3 starting import"]
    louder = replace(start, load=replace(start.load, current_a=1.0), duration_s=start.duration_s / 50)
    result = laboratory.conduct(louder)
    assert result.verdict == "passed"
    assert "pulses after" in result.reason
    export = replace(louder, load=replace(louder.load, export=True), quantity="active_export_wh")
    assert laboratory.conduct(export).verdict == "passed"
    quiet = laboratory.conduct(replace(start, load=replace(start.load, current_a=0.002)))
    assert quiet.verdict == "failed"
    assert "stood still" in quiet.reason
    slow = laboratory.conduct(replace(louder, duration_s=4.0))
    assert slow.verdict == "failed"
    assert "no pulse came, due within 4.0 s" in slow.reason


def test_a_meter_without_load_gives_no_pulse(laboratory):
    no_load = replace(POINTS["EN 50470-3 no-load"], duration_s=5.0)
    assert laboratory.conduct(no_load).verdict == "passed"
    assert laboratory.conduct(replace(no_load, pulses=-1)).verdict == "failed"


def test_load_in_a_test_without_load_is_a_failure(laboratory, monkeypatch):
    monkeypatch.setattr(Grid, "open_current", lambda grid, phase: grid.set_phase(phase, current_a=1.0))
    result = laboratory.conduct(replace(POINTS["EN 50470-3 no-load"], duration_s=1.0))
    assert result.verdict == "failed"
    assert "test without load" in result.reason


def test_repeatability_is_the_spread_of_its_runs(laboratory):
    point = replace(POINTS["EN 50470-3 repeatability 10 Itr PF 1 balanced"], runs=2)
    result = laboratory.conduct(replace(point, load=replace(point.load, current_a=50.0)))
    errors = [reading.error_percent for reading in result.readings]
    assert len(errors) == 2
    assert result.value == max(errors) - min(errors)


def test_a_blocked_point_does_not_run(laboratory):
    result = laboratory.conduct(POINTS["EN 50470-3 fast-transients 10 Itr PF 1 balanced fast transients"])
    assert (result.verdict, result.virtual_s) == ("not run", 0.0)
    assert not passed([result])


def test_processes_and_threads_give_the_same_in_the_order_of_the_plan(monkeypatch):
    monkeypatch.setattr(campaign, "_laboratories", {})
    chosen = replace(
        PLAN, points=(VOLTAGE, POINTS["EN 50470-3 fast-transients 10 Itr PF 1 balanced fast transients"], UNITY)
    )
    product, seen = Product(find_manifest(PRODUCT)), []
    with process_pool(2) as pool:
        apart = run_campaign(chosen, product, pool, seen.append)
    with ThreadPoolExecutor(1) as executor:
        together = run_campaign(chosen, product, executor)
    assert apart == together
    assert [result.point for result in apart] == list(chosen.points)
    assert sorted(result.point.name for result in seen) == sorted(point.name for point in chosen.points)
    assert to_table(chosen, apart)["counts"] == {"passed": 2, "failed": 0, "undecided": 0, "not run": 1}


def test_different_meters_in_one_campaign_are_refused(monkeypatch):
    limit = Limit("S", "1", "c", "r", "C", 1.0, "memory")
    digests = iter(("one", "two"))
    monkeypatch.setattr(campaign, "conduct", lambda product, point: Result(point, "passed", "", booted=next(digests)))
    points = tuple(Point(name, "accuracy", name, UNITY.load, limit, (limit,)) for name in "ab")
    with ThreadPoolExecutor(1) as executor, pytest.raises(SetupError, match="2 different meters"):
        run_campaign(replace(PLAN, points=points), Product(find_manifest(PRODUCT)), executor)
