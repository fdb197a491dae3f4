"""Limits of the classes, and the judge of a firmware's power quality, on a fake firmware."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from grid_bench import FakeBench

from wattbench.core.errors import LimitError, SourceError, StimulusError, UsageError, VerdictError
from wattbench.labs.grid import Grid
from wattbench.labs.grid.reference import Thresholds, VoltageEvent
from wattbench.labs.power_quality import (
    Doubted,
    HalfCycleReadings,
    QualityMeter,
    Reference,
    finding,
    judge_events,
    judge_half_cycles,
    judge_harmonics,
    performance_class,
)

A = performance_class("A")
UDIN_V = 230.0


def dip(start_s: float = 1.0, duration_s: float = 0.2, volts: float = 92.0, kind: str = "dip") -> VoltageEvent:
    return VoltageEvent(kind, start_s, start_s + duration_s, volts, "L1", "L1")


def judged(found, expected, **options):
    return judge_events(found, [Doubted(event, 0.0) for event in expected], A, 50.0, UDIN_V, **options)


# Limits


def test_classes_have_their_limits_with_their_certainty():
    small = performance_class("S")
    assert (A.limit("frequency").value, small.limit("frequency").value) == (0.010, 0.050)
    assert (A.limit("unbalance").value, small.limit("unbalance").value) == (0.15, 0.3)
    assert (A.limit("voltage").certainty, small.limit("voltage").certainty) == ("memory", "verified")
    assert A.thresholds(230) == Thresholds(230, 90, 110, 10, 2)
    assert set(A.limits) == set(small.limits)
    assert all(limit.clause and limit.unit for limit in (*A.limits.values(), *A.parameters.values()))


def test_what_a_limit_allows():
    harmonic = A.limit("voltage-harmonic")
    assert harmonic.allowed(23.0, 230.0) == pytest.approx(1.15)
    assert harmonic.allowed(2.3, 230.0) == pytest.approx(0.115)
    assert harmonic.allowed(2.2, 230.0) == pytest.approx(0.115)
    assert harmonic.allowed(0.0, 230.0) == pytest.approx(0.115)
    assert A.limit("voltage").allowed(400.0, 230.0) == pytest.approx(0.23)
    assert A.limit("frequency").allowed(50.0, 50.0) == 0.010
    with pytest.raises(UsageError, match="did you mean `voltage`"):
        A.limit("voltges")
    with pytest.raises(UsageError, match="A or S"):
        performance_class("B")


def test_a_user_corrects_a_value_in_one_place(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        '[[correction]]\nrow = "unbalance"\nclass = "A"\nvalue = 0.1\nsource = "the standard"\n'
        '[[correction]]\nrow = "hysteresis"\nvalue = 1.5\nsource = "our choice"\n',
        encoding="utf-8",
    )
    found = performance_class("A", path)
    assert (found.limit("unbalance").value, found.limit("unbalance").certainty) == (0.1, "corrected")
    assert found.thresholds(230).hysteresis_percent == 1.5
    assert performance_class("S", path).limit("unbalance").value == 0.3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[correction]]\nrow = "unbalence"\nclass = "A"\nvalue = 1\nsource = "x"', "no row `unbalence`"),
        ('[[correction]]\nrow = "unbalance"\nvalue = 1\nsource = "x"', "needs a `class`"),
        ('[[correction]]\nrow = "unbalance"\nclass = "A"\nvalue = -1\nsource = "x"', "above 0"),
        ('[[correction]]\nrow = "unbalance"\nclass = "A"\nvalue = 1', "its `source`"),
        ('[[correction]]\nrwo = "unbalance"', "no key `rwo`"),
        ("[limits]\n", "tables"),
        ("= 3", "no TOML"),
    ],
)
def test_a_wrong_correction_is_named(tmp_path, text, message):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=message):
        performance_class("A", path)


def test_a_missing_correction_file_is_named(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        performance_class("A", tmp_path / "none.toml")


# Events


def test_equal_events_pass():
    findings = judged([dip()], [dip()])
    assert [item.quantity for item in findings] == ["dip L1 begin", "dip L1 duration", "dip L1 residual voltage"]
    assert all(item.passed for item in findings)


@pytest.mark.parametrize(
    ("wrong", "quantity"),
    [
        (dip(start_s=1.0205), "dip L1 begin"),
        (dip(duration_s=0.2205), "dip L1 duration"),
        (dip(volts=92.5), "dip L1 residual voltage"),
    ],
)
def test_an_event_outside_the_class_is_found(wrong, quantity):
    assert [item.quantity for item in judged([wrong], [dip()]) if not item.passed] == [quantity]


def test_half_a_cycle_too_many_is_found_by_a_tighter_limit():
    assert all(item.passed for item in judged([dip(duration_s=0.21)], [dip()]))
    tight = judged([dip(duration_s=0.21)], [dip()], duration_cycles=0.25)
    assert [item.quantity for item in tight if not item.passed] == ["dip L1 duration"]


def test_missing_and_other_events_are_listed():
    with pytest.raises(VerdictError, match=r"firmware reports no event, but the reference has dip at 1\.0000 s"):
        judged([], [dip()])
    with pytest.raises(VerdictError, match=r"reports dip .* has swell"):
        judged([dip()], [dip(kind="swell")])
    with pytest.raises(VerdictError, match=r"reports dip .*, dip"):
        judged([dip(), dip(2.0)], [dip()])
    with pytest.raises(StimulusError, match="no event to judge"):
        judged([dip()], [])


def test_events_of_two_kinds_that_begin_together_are_paired_by_kind():
    both = [dip(kind="interruption", volts=0.0), dip(volts=0.0)]
    assert all(item.passed for item in judged(both, both[::-1]))


def test_the_uncertainty_of_the_reference_widens_the_limit():
    near = finding("u", "V", 10.0, 10.6, 0.46, nominal=230.0, uncertainty=0.2)
    assert near.passed
    assert near.error == pytest.approx(0.6 / 2.3)
    assert not finding("u", "V", 10.0, 10.7, 0.46, nominal=230.0, uncertainty=0.2).passed


# The reference's own doubt


def dipped(percent: float, duration: str, deg: float) -> Reference:
    bench = FakeBench()
    grid = Grid(bench)
    grid.set_balanced_load(230, 5)
    grid.dip("L1", percent, duration, angle_deg=deg, at=1)
    bench.run_for(2)
    return Reference(grid, 0, bench.now_ns)


def test_a_long_dip_is_certain_and_a_short_one_at_the_peak_is_not():
    (long,) = dipped(40, "0.2", 77).doubted_events(Thresholds(230), 0.0)
    (short,) = dipped(0, "0.02", 90).doubted_events(Thresholds(230), 0.0)
    assert long.uncertainty_v < 0.05
    assert 0.1 < short.uncertainty_v < 10


def test_a_dip_at_the_threshold_is_no_stimulus():
    # A part of a cycle from zero on, with so much taken away that the lowest value is 90 % for one in three converters.
    low, high = 70.0, 90.0
    for _ in range(14):
        middle = (low + high) / 2
        sampled = dipped(middle, "0.0075", 0).sampled
        lowest = sorted(min(float(voltage.rms_v.min()) for voltage in voltages.values()) for voltages in sampled)
        low, high = (middle, high) if lowest[1] < 207 else (low, middle)
    assert lowest[0] < 206.9
    reference = dipped(low, "0.0075", 0)
    with pytest.raises(StimulusError, match="where the converter takes its samples"):
        reference.doubted_events(Thresholds(230), 0.0)


def test_a_duration_near_the_threshold_is_as_long_as_the_class_lets_it_be():
    # From the peak on a quarter of the first cycle's square is missing: 207.3 V, just above the threshold.
    ((sharp,), (dull,)) = (dipped(50, "0.3", deg).doubted_events(Thresholds(230), 0.46) for deg in (20, 90))
    assert (sharp.uncertainty_s, dull.uncertainty_s) == (0.0, pytest.approx(0.01, abs=1e-6))
    with pytest.raises(StimulusError, match="within the class"):
        dipped(89.9, "0.3", 0).doubted_events(Thresholds(230), 0.46)


def test_readings_of_half_cycles():
    reference = dipped(60, "0.2", 0)
    known = reference.half_cycles["L1"]
    times_s = (known.ends_s[10:-3] + 0.004).tolist()
    good = {phase: list(np.interp(times_s, item.ends_s, item.rms_v)) for phase, item in reference.half_cycles.items()}
    exact = {}
    for phase, item in reference.half_cycles.items():
        last = np.searchsorted(item.ends_s, times_s, side="right") - 1
        exact[phase] = item.rms_v[last].tolist()
    assert all(item.passed for item in judge_half_cycles(HalfCycleReadings(times_s, exact), reference, A, UDIN_V))
    exact["L2"] = [value * 1.005 for value in exact["L2"]]
    findings = judge_half_cycles(HalfCycleReadings(times_s, exact), reference, A, UDIN_V)
    assert [item.passed for item in findings] == [True, False, True]
    with pytest.raises(StimulusError, match="too few readings"):
        judge_half_cycles(HalfCycleReadings([0.001], {phase: [1.0] for phase in good}), reference, A, UDIN_V)


# Harmonics


def spectra(**orders: float) -> tuple[list[float], list[float]]:
    rms, angles = [0.0] * 51, [0.0] * 51
    rms[1] = 230.0
    for name, value in orders.items():
        rms[int(name[1:])] = value
        angles[int(name[1:])] = 10.0 * int(name[1:])
    return rms, angles


def judged_harmonics(measured, angles, reference):
    return judge_harmonics(measured, angles, reference, quality=A, quantity="voltage", nominal=UDIN_V)


def test_equal_harmonics_pass():
    reference = spectra(h5=10.0, h39=0.5)
    assert all(item.passed for item in judged_harmonics(*reference, reference))


@pytest.mark.parametrize(
    ("order", "wrong", "failed"),
    [(5, 10.6, "harmonic 5"), (39, 0.65, "harmonic 39"), (12, 0.2, "harmonic 12"), (1, 245.0, "harmonic 1")],
)
def test_a_wrong_harmonic_is_named(order, wrong, failed):
    reference = spectra(h5=10.0, h39=0.5)
    rms, angles = spectra(h5=10.0, h39=0.5)
    rms[order] = wrong
    bad = [item.quantity for item in judged_harmonics(rms, angles, reference) if not item.passed]
    assert len(bad) == 1
    assert failed in bad[0]


def test_a_wrong_angle_is_named_across_the_turn():
    reference = spectra(h17=10.0)
    rms, angles = spectra(h17=10.0)
    angles[17] += 364
    assert all(item.passed for item in judged_harmonics(rms, angles, reference))
    angles[17] += 2
    assert [item.passed for item in judged_harmonics(rms, angles, reference)] == [True, True, False]


def test_no_harmonics_is_no_stimulus():
    with pytest.raises(StimulusError, match="no harmonic in the voltage"):
        judged_harmonics(*spectra(), spectra())


def test_reference_harmonics_are_the_injected_ones():
    bench = FakeBench()
    grid = Grid(bench, 49.8)
    grid.set_balanced_load(230, 5)
    grid.add_harmonic("L2", "current", 13, 20, phase_deg=-75)
    bench.run_for(1)
    rms, angles = Reference(grid, 0, bench.now_ns).harmonics("L2", "current", 50)
    assert rms[1] == pytest.approx(5, rel=1e-5)
    assert rms[13] == pytest.approx(1, rel=1e-4)
    assert angles[13] == pytest.approx(-75, abs=0.05)
    grid.set_phase("L1", current_a=0)
    bench.run_for(1)
    nothing = Reference(grid, bench.now_ns - 10**9, bench.now_ns)
    with pytest.raises(StimulusError, match="no current to L1"):
        nothing.harmonics("L1", "current", 50)


# What a firmware publishes


class Firmware:
    """Registers as of a manifest; its clock began 0.25 s after power-on."""

    def __init__(self, **registers):
        metrology = SimpleNamespace(nominal_voltage_v=230.0, nominal_current_a=5.0)
        self.now_ns, self.alive = 1_000_000_000, True
        self.registers = {"quality_time": None, **registers}
        self.manifest = SimpleNamespace(name="fake", metrology=metrology, registers=self.registers)

    def run_for(self, seconds):
        self.now_ns += round(seconds * 1e9)

    def register(self, name):
        if name == "quality_time":
            return [math.floor(self.now_ns / 3.75e6) * 3.75e-3 - 0.25 if self.alive else 0.0]
        return self.registers[name]


def ring(*events, size=32):
    columns = {name: [0.0] * size for name in ("kind", "phase", "start", "duration", "extreme")}
    for number, event in enumerate(events):
        for name, value in zip(columns, event, strict=True):
            columns[name][number % size] = value
    return {f"event_{name}": values for name, values in columns.items()} | {"event_count": [float(len(events))]}


def test_events_are_read_by_virtual_time():
    meter = QualityMeter(Firmware(**ring((1, 2, 3.0, 0.2, 92.0), (4, 1, 4.0, 1.0, 0.0), (2, 3, 1.0, 0.1, 260.0))))
    assert meter.clock_offset_s() == pytest.approx(0.25, abs=2e-4)
    events, states = meter.events(0)
    assert [event.kind for event in events] == ["swell", "dip"]
    assert events[1].start_s == pytest.approx(3.25, abs=2e-4)
    assert events[1].worst_phase == "L2"
    assert [name for name, _, _ in states] == ["phase loss"]
    assert meter.events(2)[0][0].kind == "swell"


def test_a_ring_that_has_turned_is_said():
    meter = QualityMeter(Firmware(**ring(*[(1, 1, 1.0, 0.1, 0.0)] * 40)))
    assert len(meter.events(8)[0]) == 32
    with pytest.raises(UsageError, match="keeps 32 events, and 33 came"):
        meter.events(7)


def test_a_firmware_that_stands_still_is_said():
    firmware = Firmware(**ring())
    firmware.alive = False
    with pytest.raises(LimitError, match="works off no samples"):
        QualityMeter(firmware).clock_offset_s()


def test_a_firmware_without_power_quality_says_what_it_lacks():
    with pytest.raises(UsageError, match=r"computes no voltage events.*event_thresholds.*`Reference`"):
        QualityMeter(Firmware()).thresholds()


def test_what_goes_on_is_named():
    assert QualityMeter(Firmware(events_running=[float(0b10101)])).running == [
        "dip",
        "interruption",
        "reversed sequence",
    ]
