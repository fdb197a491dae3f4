"""Power quality in the firmware against closed forms: Urms(1/2), voltage events, symmetry, frequency, harmonics."""

from __future__ import annotations

import ctypes
import math
from pathlib import Path

import numpy as np
import pytest
from native_meter import Array, NativeMeter, Wave

from wattbench.labs.grid.reference import HalfCycles, Thresholds, VoltageEvent, voltage_events

UDIN_V = 230.0
KINDS = ("none", "dip", "swell", "interruption", "phase loss", "reversed sequence")
ANGLES_DEG = (0.0, -120.0, -240.0)
CLASS_A_PERCENT = 0.2
SETTLED_S = 1.2
SAMPLE_OF_CYCLE = 1 / 160


class Mains:
    """Three sines on one oscillator, each with levels from given times on; its Urms(1/2) by fine integration."""

    def __init__(self, hz: float = 50.0, angle_deg: float = 0.0) -> None:
        self.hz, self.angle_deg = hz, angle_deg
        self.levels: list[list[tuple[float, float]]] = [[(0.0, 1.0)] for _ in ANGLES_DEG]

    def dip(self, percent: float, start_s: float, cycles: float, phases: tuple[int, ...] = (0, 1, 2)) -> None:
        for phase in phases:
            self.levels[phase] += [(start_s, percent / 100), (start_s + cycles / self.hz, 1.0)]

    def crossing_s(self, after_s: float, deg: float = 0.0, phase: int = 0) -> float:
        """The first time at which the voltage of a phase has an angle."""
        lead = (self.angle_deg + ANGLES_DEG[phase] - deg) / 360
        return (math.ceil(after_s * self.hz + lead) - lead) / self.hz

    def wave(self, phase: int) -> Wave:
        def value(t: Array) -> Array:
            times, levels = zip(*sorted(self.levels[phase]), strict=True)
            level = np.array(levels)[np.searchsorted(times, t, side="right") - 1]
            turns = self.hz * t + (self.angle_deg + ANGLES_DEG[phase]) / 360
            return np.asarray(level * UDIN_V * math.sqrt(2) * np.sin(2 * np.pi * turns))

        return value

    @property
    def waves(self) -> list[Wave]:
        return [self.wave(phase) for phase in range(3)]

    def half_cycles(self, to_s: float) -> dict[str, HalfCycles]:
        found = {}
        for phase in range(3):
            edges = np.arange(self.crossing_s(0.1, phase=phase), to_s, 0.5 / self.hz)
            fine = np.linspace(edges[:-1], edges[1:], 4001, axis=1)
            squares = np.trapezoid(self.wave(phase)(fine) ** 2, fine, axis=1)
            found[f"L{phase + 1}"] = HalfCycles.of_edges(edges, squares)
        return found


def quiet(t: Array) -> Array:
    return np.zeros_like(t)


def meter_events(meter: NativeMeter, first: int = 0) -> list[VoltageEvent]:
    starts, durations = meter.ticks_s("meter_event_start_tick", 32), meter.ticks_s("meter_event_duration_ticks", 32)
    kinds, phases = meter.counts("meter_event_kind", 32), meter.counts("meter_event_phase", 32)
    extremes = meter.singles("meter_event_extreme_v", 32)
    events = [
        VoltageEvent(KINDS[kinds[n]], starts[n], starts[n] + durations[n], extremes[n], "", f"L{phases[n]}")
        for n in range(first, meter.count("meter_voltage_event_count"))
    ]
    return sorted(events, key=lambda event: event.start_s)


@pytest.fixture
def meter(tmp_path: Path) -> NativeMeter:
    return NativeMeter(tmp_path)


def judged(meter: NativeMeter, mains: Mains, to_s: float) -> tuple[list[VoltageEvent], list[VoltageEvent]]:
    """Events of the meter and of the reference, both without what the start brought."""
    meter.feed(mains.waves, [quiet] * 3, to_s)
    reference = voltage_events(mains.half_cycles(to_s), Thresholds(UDIN_V))
    return [event for event in meter_events(meter) if event.start_s > 0.1], reference


def assert_same(found: list[VoltageEvent], expected: list[VoltageEvent], within_s: float = 1e-4) -> None:
    assert [event.kind for event in found] == [event.kind for event in expected]
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.start_s == pytest.approx(theirs.start_s, abs=within_s)
        assert mine.duration_s == pytest.approx(theirs.duration_s, abs=within_s)
        # A step between two samples is seen at the second one: up to a sample of the peak, of a cycle's 160.
        sampled = max(SAMPLE_OF_CYCLE * 2 * UDIN_V**2, 1.0) if theirs.duration_s < 0.05 else 0.0
        limit_v = CLASS_A_PERCENT / 100 * UDIN_V
        low, high = theirs.extreme_v**2 - sampled, theirs.extreme_v**2 + sampled
        assert math.sqrt(max(low, 0.0)) - limit_v <= mine.extreme_v <= math.sqrt(high) + limit_v


@pytest.mark.parametrize("hz", [42.5, 45.1, 49.97, 50.0, 53.3, 57.5])
def test_half_cycle_rms_of_a_steady_voltage(meter: NativeMeter, hz: float) -> None:
    mains = Mains(hz, 77.0)
    meter.feed(mains.waves, [quiet] * 3, SETTLED_S)
    assert meter.singles("meter_half_cycle_v", 3) == pytest.approx([UDIN_V] * 3, rel=2e-4)
    count = meter.counts("meter_half_cycle_count", 3)
    meter.feed(mains.waves, [quiet] * 3, 1.5)
    gained = np.subtract(meter.counts("meter_half_cycle_count", 3), count)
    assert gained == pytest.approx(3 * hz, abs=1.0)


@pytest.mark.parametrize("deg", [0.0, 37.0, 90.0, 135.0, 211.0, 270.0])
@pytest.mark.parametrize(("percent", "cycles"), [(0, 0.5), (0, 1), (40, 10), (70, 25), (80, 30)])
def test_dips_at_any_angle(meter: NativeMeter, percent: float, cycles: float, deg: float) -> None:
    mains = Mains(50.0, 20.0)
    mains.dip(percent, mains.crossing_s(SETTLED_S, deg), cycles)
    found, expected = judged(meter, mains, 3.0)
    assert expected[0].kind == "dip"
    assert_same(found, expected)


@pytest.mark.parametrize("hz", [42.5, 47.3, 51.9, 57.5])
def test_dips_at_other_frequencies(meter: NativeMeter, hz: float) -> None:
    mains = Mains(hz, 50.0)
    mains.dip(40, mains.crossing_s(SETTLED_S, 0.0, 1), 10, (1,))
    assert_same(*judged(meter, mains, 3.0))


def test_swell_and_interruption(meter: NativeMeter) -> None:
    mains = Mains()
    mains.dip(115, mains.crossing_s(SETTLED_S, 90), 12, (2,))
    mains.dip(0, mains.crossing_s(2.0), 30)
    found, expected = judged(meter, mains, 4.0)
    assert [event.kind for event in expected] == ["swell", "dip", "interruption"]
    assert_same(found, expected)


@pytest.mark.parametrize("deg", [0, 90, 200, 330])
@pytest.mark.parametrize("percent", [0, 40, 130])
def test_steps_do_not_move_the_frequency_of_the_half_cycles(meter: NativeMeter, percent: float, deg: float) -> None:
    mains = Mains()
    mains.dip(percent, mains.crossing_s(0.8, deg), 12)
    meter.feed(mains.waves, [quiet] * 3, 0.87)
    for end_s, level in ((1.04, percent / 100), (1.11, None), (1.3, 1.0)):
        while meter.samples / 8000 < end_s:
            meter.feed(mains.waves, [quiet] * 3, 0.00375)
            if level is not None:
                limit_v = CLASS_A_PERCENT / 100 * UDIN_V
                assert meter.singles("meter_half_cycle_v", 3) == pytest.approx([level * UDIN_V] * 3, abs=limit_v)


def test_a_dip_lasts_until_all_phases_are_back(meter: NativeMeter) -> None:
    mains = Mains()
    mains.dip(60, 1.5, 10, (0,))
    mains.dip(50, 1.6, 20, (1,))
    found, expected = judged(meter, mains, 3.0)
    assert len(expected) == 1
    assert expected[0].duration_s == pytest.approx(0.5, abs=0.02)
    assert expected[0].worst_phase == found[0].worst_phase == "L2"
    assert_same(found, expected)


def back_to_91_percent() -> Mains:
    """Down to 80 %, then half a second between the threshold and the hysteresis."""
    mains = Mains()
    for levels in mains.levels:
        levels += [(1.5, 0.8), (1.9, 0.91), (2.4, 1.0)]
    return mains


def test_hysteresis(meter: NativeMeter) -> None:
    found, expected = judged(meter, back_to_91_percent(), 3.0)
    assert expected[0].duration_s == pytest.approx(0.9, abs=0.02)
    assert_same(found, expected)


def test_the_seeded_meter_has_no_hysteresis(tmp_path: Path) -> None:
    meter = NativeMeter(tmp_path, definitions=("SEEDED_WITHOUT_HYSTERESIS",))
    found, expected = judged(meter, back_to_91_percent(), 3.0)
    assert found[0].duration_s == pytest.approx(0.4, abs=0.02)
    assert expected[0].duration_s - found[0].duration_s == pytest.approx(0.5, abs=0.02)


def test_a_gap_in_the_samples_makes_no_event(meter: NativeMeter) -> None:
    mains = Mains()
    meter.feed(mains.waves, [quiet] * 3, SETTLED_S)
    before = meter.count("meter_voltage_event_count"), meter.count("meter_events_running")
    meter.library.metrology_gap()
    meter.samples += 77
    meter.feed(mains.waves, [quiet] * 3, 0.5)
    assert (meter.count("meter_voltage_event_count"), meter.count("meter_events_running")) == before
    assert meter.singles("meter_half_cycle_v", 3) == pytest.approx([UDIN_V] * 3, rel=2e-4)


@pytest.mark.parametrize("start_s", [0.33, 0.5, 0.71])
def test_a_dip_right_after_the_start_is_taken_for_no_offset(meter: NativeMeter, start_s: float) -> None:
    """The first steady window shows the converters' offsets; a dip that cuts a cycle leaves a mean of some volts."""
    mains = Mains()
    for phase in range(3):
        mains.dip(40, mains.crossing_s(start_s, 30, phase), 10, (phase,))
    found, expected = judged(meter, mains, 1.6)
    assert_same(found, expected)
    assert meter.floats("meter_voltage_v", 3) == pytest.approx([UDIN_V] * 3, rel=1e-4)


def unbalanced(hz: float, negative: complex, zero: complex) -> list[Wave]:
    """Three sines with sequence components as parts of the positive one."""
    waves: list[Wave] = []
    for number in range(3):
        turn = complex(-0.5, math.sqrt(0.75))
        phasor = turn**-number + negative * turn**number + zero
        waves.append(_sine(UDIN_V * abs(phasor), hz, math.degrees(np.angle(phasor))))
    return waves


def _sine(rms: float, hz: float, deg: float) -> Wave:
    return lambda t: rms * math.sqrt(2) * np.sin(2 * np.pi * hz * t + math.radians(deg))


def _sum(*waves: Wave) -> Wave:
    return lambda t: sum((wave(t) for wave in waves), np.zeros_like(t))


@pytest.mark.parametrize("hz", [43.0, 50.0, 50.1, 57.0])
@pytest.mark.parametrize(("negative", "zero"), [(0, 0), (0.02, 0), (0.05j, -0.01), (0.01, 0.03j)])
def test_unbalance(meter: NativeMeter, hz: float, negative: complex, zero: complex) -> None:
    meter.feed(unbalanced(hz, negative, zero), [quiet] * 3, 2.0)
    expected = [100 * abs(negative), 100 * abs(zero)]
    assert meter.singles("meter_unbalance_percent", 2) == pytest.approx(expected, abs=0.05)
    assert meter.count("meter_phase_sequence") == 1


def test_unbalance_is_that_of_the_fundamentals(meter: NativeMeter) -> None:
    third = _sine(0.05 * UDIN_V, 150, 0)
    waves = [_sum(wave, third) for wave in unbalanced(50, 0.01, 0)]
    meter.feed(waves, [quiet] * 3, 2.0)
    assert meter.singles("meter_unbalance_percent", 2) == pytest.approx([1, 0], abs=0.05)


def test_reversed_sequence_is_an_event(meter: NativeMeter) -> None:
    mains = Mains()
    one, two, three = mains.waves
    meter.feed([one, two, three], [quiet] * 3, SETTLED_S)
    assert meter.count("meter_phase_sequence") == 1
    first = meter.count("meter_voltage_event_count")
    meter.feed([one, three, two], [quiet] * 3, 1.5)
    assert meter.count("meter_phase_sequence") == 2
    meter.feed([one, two, three], [quiet] * 3, SETTLED_S)
    events = [event for event in meter_events(meter, first) if event.kind == "reversed sequence"]
    assert len(events) == 1
    assert events[0].start_s == pytest.approx(1.2, abs=0.45)
    assert events[0].duration_s == pytest.approx(1.5, abs=0.45)


def test_lost_phase_is_an_event_and_no_interruption(meter: NativeMeter) -> None:
    one, two, three = Mains().waves
    meter.feed([one, two, three], [quiet] * 3, SETTLED_S)
    first = meter.count("meter_voltage_event_count")
    meter.feed([one, quiet, three], [quiet] * 3, 1.2)
    assert meter.count("meter_phases_lost") == 0b010
    assert meter.count("meter_phase_sequence") == 0
    meter.feed([one, two, three], [quiet] * 3, 1.2)
    assert meter.count("meter_phases_lost") == 0
    events = {event.kind: event for event in meter_events(meter, first)}
    assert set(events) == {"dip", "phase loss"}
    assert events["phase loss"].duration_s == pytest.approx(1.2, abs=0.25)
    assert events["phase loss"].worst_phase == events["dip"].worst_phase == "L2"
    assert events["dip"].duration_s == pytest.approx(1.21, abs=0.03)


@pytest.mark.parametrize("hz", [42.5, 49.987, 50.0, 57.5])
def test_frequency_over_10_s(meter: NativeMeter, hz: float) -> None:
    waves = [_sum(wave, _sine(10, 3 * hz, 30), _sine(8, 5 * hz, 0)) for wave in Mains(hz).waves]
    meter.feed(waves, [quiet] * 3, 20.1)
    assert meter.count("meter_frequency_10s_count") == 2
    assert meter.number("meter_frequency_10s_hz") == pytest.approx(hz, abs=1e-3)


ORDERS = range(2, 51)


@pytest.mark.parametrize("hz", [42.5, 50.0, 50.31, 57.5])
def test_harmonics_of_voltages_and_currents(meter: NativeMeter, hz: float) -> None:
    """2 % of each order in the voltage, 3 % in the current, each at an angle of its own."""

    def distorted(rms: float, part: float, deg: float) -> Wave:
        angles = {order: (37 * order) % 360 - 180 for order in ORDERS}
        return _sum(
            _sine(rms, hz, deg),
            *(_sine(part * rms, order * hz, order * deg + angle) for order, angle in angles.items()),
        )

    volts = [distorted(UDIN_V, 0.02, deg) for deg in ANGLES_DEG]
    amperes = [distorted(5.0, 0.03, deg - 30) for deg in ANGLES_DEG]
    for _ in range(66):
        meter.feed(volts, amperes, 0.25)
        meter.library.harmonics_poll()
    assert min(meter.counts("meter_harmonics_count", 7)[:6]) >= 1
    for name, rms, part in (("u1_v", UDIN_V, 0.02), ("u3_v", UDIN_V, 0.02), ("i2_a", 5.0, 0.03)):
        found = meter.singles(f"meter_harmonics_{name}", 51)
        angles = meter.singles(f"meter_harmonics_{name[:2]}_deg", 51)
        assert found[1] == pytest.approx(rms, rel=1e-3)
        assert found[2:] == pytest.approx([part * rms] * 49, rel=0.03)
        wrong = (angles[2:] - (37 * np.array(ORDERS) % 360 - 180) + 180) % 360 - 180
        assert np.abs(wrong).max() < 1.5
    thd = meter.singles("meter_thd_percent", 7)
    assert thd[:6] == pytest.approx([2 * 7.0] * 3 + [3 * 7.0] * 3, rel=0.01)


def test_interharmonics_stay_out_of_the_subgroups(meter: NativeMeter) -> None:
    volts = [_sum(wave, _sine(10, 175, 0)) for wave in Mains().waves]
    for _ in range(3):
        meter.feed(volts, [quiet] * 3, 1.0)
        meter.library.harmonics_poll()
    found = meter.singles("meter_harmonics_u1_v", 51)
    assert found[2:].max() < 0.0005 * UDIN_V


def test_a_subgroup_has_the_lines_beside_its_order(meter: NativeMeter) -> None:
    volts = [_sum(wave, _sine(5, 245, 0), _sine(4, 355, 0)) for wave in Mains().waves]
    for _ in range(3):
        meter.feed(volts, [quiet] * 3, 1.0)
        meter.library.harmonics_poll()
    found = meter.singles("meter_harmonics_u1_v", 51)
    assert found[[4, 5, 6, 7, 8]] == pytest.approx([0, 5, 0, 4, 0], abs=0.03)


def test_a_request_comes_before_the_round(meter: NativeMeter) -> None:
    mains = Mains()
    meter.feed(mains.waves, [_sine(3, 50, 0)] * 3, 0.6)
    meter.library.harmonics_request(ctypes.c_uint32(5))
    meter.feed(mains.waves, [_sine(3, 50, 0)] * 3, 0.35)
    meter.library.harmonics_poll()
    assert meter.counts("meter_harmonics_count", 7) == [0, 0, 0, 0, 0, 1, 0]
    assert meter.singles("meter_harmonics_i3_a", 51)[1] == pytest.approx(3, rel=1e-3)


def test_twelve_cycles_at_60_hz(tmp_path: Path) -> None:
    meter = NativeMeter(tmp_path, definitions=("NOMINAL_HZ=60.0",))
    mains = Mains(60.0)
    volts = [_sum(wave, _sine(11.5, 300, 0)) for wave in mains.waves]
    meter.feed(volts, [quiet] * 3, 3.0)
    assert meter.count("meter_window_count") == pytest.approx(15, abs=1)
    meter.library.harmonics_poll()
    assert meter.singles("meter_harmonics_u1_v", 51)[5] == pytest.approx(11.5, rel=0.01)
    assert meter.singles("meter_half_cycle_v", 3) == pytest.approx([math.hypot(230, 11.5)] * 3, rel=3e-4)


def test_aggregation_flags_what_a_dip_falls_into(meter: NativeMeter) -> None:
    mains = Mains()
    mains.dip(50, 5.0, 10)
    meter.feed(mains.waves, [quiet] * 3, 4.0)
    assert meter.count("meter_voltage_15_windows_count") == 1
    flagged = []
    for _ in range(3):
        meter.feed(mains.waves, [quiet] * 3, 3.0)
        flagged.append(meter.count("meter_voltage_15_windows_flagged"))
        if flagged[-1]:
            # One window of 15 is a dip to a half, begun and ended within two of them.
            expected = UDIN_V * math.sqrt((14 + 0.25) / 15)
            assert meter.singles("meter_voltage_15_windows_v", 3) == pytest.approx([expected] * 3, rel=1e-3)
    assert flagged == [1, 0, 0]
