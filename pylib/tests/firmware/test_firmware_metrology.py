"""The firmware's arithmetic against closed forms: powers, energy registers, quadrants, no load."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from native_meter import EDGE, SAMPLE_RATE_HZ, Array, NativeMeter, Wave

ARITHMETIC_LIMIT = 50e-6
"""Error that the arithmetic may add, of the power or of the apparent power for small power factors."""


def sine(rms: float, hz: float = 50.0, degrees: float = 0.0) -> Wave:
    return lambda t: rms * math.sqrt(2) * np.sin(2 * np.pi * hz * t + math.radians(degrees))


def three(rms: float, hz: float = 50.0, lag: float = 0.0) -> list[Wave]:
    return [sine(rms, hz, -120.0 * k - lag) for k in range(3)]


def added(*waves: Wave) -> Wave:
    return lambda t: sum((wave(t) for wave in waves), np.zeros_like(t))


@pytest.fixture
def meter(tmp_path: Path) -> NativeMeter:
    return NativeMeter(tmp_path)


def energy_over(meter: NativeMeter, volts: list[Wave], amperes: list[Wave], register: str, seconds: float) -> Array:
    """Mean power in W or var by the energy register, between two register readings after settling."""
    meter.feed(volts, amperes, 0.9)
    before, samples = meter.energy(register), meter.energy_samples
    meter.feed(volts, amperes, seconds)
    hours = (meter.energy_samples - samples) / SAMPLE_RATE_HZ / 3600.0
    assert hours * 3600.0 == pytest.approx(seconds, abs=0.03)
    mean: Array = (meter.energy(register) - before) / hours
    return mean


@pytest.mark.parametrize("hz", [45.0, 49.0, 49.93, 50.0, 51.0, 55.0])
@pytest.mark.parametrize("lag", [0.0, 60.0, -36.87])
@pytest.mark.parametrize("amperes", [0.02, 0.25, 5.0, 100.0])
def test_active_energy(meter: NativeMeter, amperes: float, lag: float, hz: float) -> None:
    expected = 230.0 * amperes * math.cos(math.radians(lag))
    power = energy_over(meter, three(230.0, hz), three(amperes, hz, lag), "active_import_nwh", 2.0)
    assert power == pytest.approx([3 * expected, expected, expected, expected], rel=ARITHMETIC_LIMIT)
    assert not meter.energy("active_export_nwh").any()


@pytest.mark.parametrize("hz", [45.0, 49.0, 50.0, 51.3, 55.0])
@pytest.mark.parametrize(
    ("lag", "register"),
    [
        (60.0, "reactive_q1_nvarh"),
        (90.0, "reactive_q1_nvarh"),
        (150.0, "reactive_q2_nvarh"),
        (-150.0, "reactive_q3_nvarh"),
        (-30.0, "reactive_q4_nvarh"),
    ],
)
def test_reactive_energy_by_quadrant(meter: NativeMeter, lag: float, register: str, hz: float) -> None:
    apparent = 230.0 * 5.0
    expected = apparent * abs(math.sin(math.radians(lag)))
    waves = three(230.0, hz), three(5.0, hz, lag)
    meter.feed(*waves, 0.4)
    others = [f"reactive_q{q}_nvarh" for q in (1, 2, 3, 4) if f"reactive_q{q}_nvarh" != register]
    before = [meter.energy(other).tolist() for other in others]
    power = energy_over(meter, *waves, register, 1.0)
    assert power == pytest.approx([3 * expected] + [expected] * 3, abs=3 * apparent * ARITHMETIC_LIMIT)
    assert [meter.energy(other).tolist() for other in others] == before


def test_reversed_phase_is_export_and_lowers_the_total(meter: NativeMeter) -> None:
    amperes = [sine(10.0), sine(4.0, degrees=-120.0 + 180.0), sine(10.0, degrees=-240.0)]
    power = energy_over(meter, three(230.0), amperes, "active_import_nwh", 2.0)
    assert power == pytest.approx([230.0 * 16.0, 2300.0, 0.0, 2300.0], rel=ARITHMETIC_LIMIT)
    export = meter.energy("active_export_nwh")
    assert export[2] > 0
    assert not export[[0, 1, 3]].any()


def test_published_quantities(meter: NativeMeter) -> None:
    volts = [sine(231.0, 49.7), sine(228.0, 49.7, -120.0), sine(235.0, 49.7, -240.0)]
    amperes = [sine(3.0, 49.7, -20.0), sine(7.0, 49.7, -120.0), sine(11.0, 49.7, -240.0 + 35.0), sine(0.5, 49.7)]
    meter.feed(volts, amperes, 1.5)
    assert meter.floats("meter_voltage_v", 3) == pytest.approx([231.0, 228.0, 235.0], rel=ARITHMETIC_LIMIT)
    assert meter.floats("meter_current_a", 4) == pytest.approx([3.0, 7.0, 11.0, 0.5], rel=ARITHMETIC_LIMIT)
    s = np.array([231.0 * 3.0, 228.0 * 7.0, 235.0 * 11.0])
    phi = np.radians([20.0, 0.0, -35.0])
    active, reactive = s * np.cos(phi), s * np.sin(phi)
    limit = s.sum() * ARITHMETIC_LIMIT
    assert meter.floats("meter_active_power_w", 4) == pytest.approx([active.sum(), *active], abs=limit)
    assert meter.floats("meter_reactive_power_var", 4) == pytest.approx([reactive.sum(), *reactive], abs=limit)
    assert meter.floats("meter_apparent_power_va", 4) == pytest.approx([s.sum(), *s], abs=limit)
    factors = [active.sum() / s.sum(), *np.cos(phi)]
    assert meter.floats("meter_power_factor", 4) == pytest.approx(factors, abs=ARITHMETIC_LIMIT)
    assert meter.number("meter_frequency_hz") == pytest.approx(49.7, abs=1e-4)
    assert meter.count("meter_window_count") == 7
    assert meter.count("meter_measurement_sequence") == 14


def test_fifth_harmonic(meter: NativeMeter) -> None:
    """IEC 62053-21: U5 = 0.1 U1, I5 = 0.4 I1, in phase at the rising zero: P = 1.04 P1."""
    volts = [added(sine(230.0, 50.0, a), sine(23.0, 250.0, 5 * a)) for a in (0.0, -120.0, -240.0)]
    amperes = [added(sine(5.0, 50.0, a), sine(2.0, 250.0, 5 * a)) for a in (0.0, -120.0, -240.0)]
    power = energy_over(meter, volts, amperes, "active_import_nwh", 2.0)
    assert power[1:] == pytest.approx([1196.0] * 3, rel=ARITHMETIC_LIMIT)


def test_half_wave_current(meter: NativeMeter) -> None:
    """Half of the power; the converter's voltage offset must not turn the direct current into power."""

    def half(t: Array) -> Array:
        return np.maximum(sine(50.0)(t), 0.0)

    volts = [added(sine(230.0), lambda t: np.full_like(t, 3.0)), *three(230.0)[1:]]
    zero: Wave = np.zeros_like
    power = energy_over(meter, volts, [half, zero, zero], "active_import_nwh", 2.0)
    assert power[:2] == pytest.approx([5750.0] * 2, rel=4 * ARITHMETIC_LIMIT)


def test_phase_fired_current(meter: NativeMeter) -> None:
    def fired(t: Array) -> Array:
        angle = (2 * np.pi * 50.0 * t) % np.pi
        return np.where(angle < np.pi / 2, 0.0, sine(10.0)(t))

    power = energy_over(meter, three(230.0), [fired, np.zeros_like, np.zeros_like], "active_import_nwh", 2.0)
    # A step in the current falls between samples or on one: half a sample at the crest, of 40 samples a quarter.
    assert power[1] == pytest.approx(1150.0, rel=0.02)


def test_burst_inside_windows(meter: NativeMeter) -> None:
    """Two cycles full load, two cycles none: energy is that of the time on, whatever the windows see."""

    def burst(t: Array) -> Array:
        return np.where(np.floor(t * 50.0) % 4 < 2, sine(5.0)(t), 0.0)

    meter.feed(three(230.0), [burst, np.zeros_like, np.zeros_like], 2.01)
    before, start = meter.energy("active_import_nwh")[1], meter.energy_samples
    meter.feed(three(230.0), [burst, np.zeros_like, np.zeros_like], 4.0)
    cycles = round((meter.energy_samples - start) / 160)
    assert cycles % 4 == 0
    joules = (meter.energy("active_import_nwh")[1] - before) * 3600.0
    assert joules == pytest.approx(1150.0 * cycles * 0.02 / 2, rel=ARITHMETIC_LIMIT)


@pytest.mark.parametrize("step_s", [1.2345, 1.3171, 1.4])
@pytest.mark.parametrize("hz", [49.0, 50.0])
def test_load_change_inside_a_window(meter: NativeMeter, hz: float, step_s: float) -> None:
    """Nothing is lost at a change of load, from full load, half load or none, at any moment."""
    for first in (0.0, 5.0):
        change_s = meter.samples / SAMPLE_RATE_HZ + step_s

        def load(t: Array, first: float = first, change_s: float = change_s) -> Array:
            return np.where(t < change_s, first, 20.0) * sine(1.0, hz, -30.0)(t)

        meter.feed(three(230.0, hz), [load, np.zeros_like, np.zeros_like], 0.9)
        before, samples = meter.energy("active_import_nwh")[1], meter.energy_samples
        meter.feed(three(230.0, hz), [load, np.zeros_like, np.zeros_like], 1.2)
        # Sample n stands for the time from n - 1/2 to n + 1/2.
        t = (np.arange(round(samples * 64), round(meter.energy_samples * 64)) + 32.5) / (64 * SAMPLE_RATE_HZ)
        joules = float(np.sum(sine(230.0, hz)(t) * load(t))) / (64 * SAMPLE_RATE_HZ)
        counted = (meter.energy("active_import_nwh")[1] - before) * 3600.0
        # Half a sample at the crest of the step is what sampling leaves open.
        assert counted == pytest.approx(joules, abs=230.0 * 20.0 / SAMPLE_RATE_HZ)


def test_no_load_counts_nothing_and_starting_current_counts(meter: NativeMeter) -> None:
    rng = np.random.default_rng(1)
    noise: list[Wave] = [lambda t: rng.normal(0.0, 2e-3, t.shape)] * 3
    meter.feed(three(264.5), noise, 10.0)
    registers = ("active_import_nwh", "active_export_nwh", *(f"reactive_q{q}_nvarh" for q in (1, 2, 3, 4)))
    assert all(not meter.energy(register).any() for register in registers)
    assert meter.count("meter_window_count") >= 49
    power = energy_over(meter, three(230.0), three(0.02), "active_import_nwh", 4.0)
    assert power == pytest.approx([13.8, 4.6, 4.6, 4.6], rel=ARITHMETIC_LIMIT)


def test_one_phase_alone(meter: NativeMeter) -> None:
    """Without L1 and L2 the cycles are cut by L3."""
    zero: Wave = np.zeros_like
    power = energy_over(
        meter, [zero, zero, sine(230.0, 49.5)], [zero, zero, sine(5.0, 49.5, -60.0)], "active_import_nwh", 3.0
    )
    assert power == pytest.approx([575.0, 0.0, 0.0, 575.0], rel=ARITHMETIC_LIMIT)
    assert meter.number("meter_frequency_hz") == pytest.approx(49.5, abs=1e-4)


def test_loss_and_return_of_the_reference_phase(meter: NativeMeter) -> None:
    """L1 goes and comes back: from the second window on all is exact, and no window shows an impossible frequency."""
    meter.feed(three(230.0, 49.8), three(5.0, 49.8), 1.0)
    for volts in ([np.zeros_like, *three(230.0, 49.8)[1:]], three(230.0, 49.8)):
        for _ in range(30):
            meter.feed(volts, three(5.0, 49.8), 0.03)
            assert 48.8 < meter.number("meter_frequency_hz") < 50.8
        before, samples = meter.energy("active_import_nwh"), meter.energy_samples
        meter.feed(volts, three(5.0, 49.8), 1.0)
        hours = (meter.energy_samples - samples) / SAMPLE_RATE_HZ / 3600.0
        power = (meter.energy("active_import_nwh") - before) / hours
        phases = [0.0 if volts[0] is np.zeros_like else 1150.0, 1150.0, 1150.0]
        assert power == pytest.approx([sum(phases), *phases], rel=ARITHMETIC_LIMIT)
        assert meter.number("meter_frequency_hz") == pytest.approx(49.8, abs=1e-4)


def test_voltage_interruption(meter: NativeMeter) -> None:
    """Without any voltage windows go on, with frequency 0; energy goes on where it was."""
    zero: Wave = np.zeros_like
    meter.feed(three(230.0), three(5.0), 1.0)
    windows = meter.count("meter_window_count")
    meter.feed([zero] * 3, [zero] * 3, 1.0)
    assert meter.number("meter_frequency_hz") == 0.0
    assert meter.count("meter_window_count") >= windows + 4
    before, samples = meter.energy("active_import_nwh")[0], meter.energy_samples
    meter.feed(three(230.0), three(5.0), 2.0)
    joules = (meter.energy("active_import_nwh")[0] - before) * 3600.0
    on_s = 2.0 - (meter.samples - meter.energy_samples) / SAMPLE_RATE_HZ
    assert meter.energy_samples - samples > 15000
    assert joules == pytest.approx(3450.0 * on_s, rel=2e-3)
    assert meter.number("meter_frequency_hz") == pytest.approx(50.0, abs=1e-4)


def test_wrong_calibration_shows_one_percent_in_l2(tmp_path: Path) -> None:
    meter = NativeMeter(tmp_path, EDGE.calibration("wrong_calibration"))
    power = energy_over(meter, three(230.0), three(5.0), "active_import_nwh", 1.0)
    assert power == pytest.approx([1150.0 * 3.01, 1150.0, 1161.5, 1150.0], rel=ARITHMETIC_LIMIT)


def changed(**values: Any) -> dict[str, Any]:
    return {**EDGE.calibration(), **values}


def test_calibration_corrects_delay_gain_and_offset(tmp_path: Path) -> None:
    """A front end that is wrong in a known way, and the constants that put it right again."""
    values = changed(
        current_delay_us=[40.0, 0.0, 0.0], current_gain=[1.0, 0.99, 1.0, 1.0], voltage_gain=[1.0, 1.0, 1.02],
        current_offset=[0, 0, 5000, 0],
    )  # fmt: skip
    meter = NativeMeter(tmp_path, values)
    late = 40e-6 * 360.0 * 50.0
    volts = [sine(230.0), sine(230.0, degrees=-120.0), sine(230.0 / 1.02, degrees=-240.0)]
    offset_a = 5000 * 49.27e-3 / 2**23 / 200e-6
    amperes = [
        sine(5.0, degrees=-60.0 - late),
        sine(5.0 / 0.99, degrees=-180.0),
        added(sine(5.0, degrees=-300.0), lambda t: np.full_like(t, offset_a)),
    ]
    power = energy_over(meter, volts, amperes, "active_import_nwh", 2.0)
    assert power == pytest.approx([3 * 575.0, 575.0, 575.0, 575.0], rel=ARITHMETIC_LIMIT)
    assert meter.floats("meter_current_a", 3) == pytest.approx([5.0] * 3, rel=ARITHMETIC_LIMIT)


def test_gap_restarts_cycle_and_window(meter: NativeMeter) -> None:
    """What was counted since the last zero crossing before a gap and up to the first one after it is left out."""
    meter.feed(three(230.0), three(5.0), 1.5)
    before, samples = meter.energy("active_import_nwh")[0], meter.energy_samples
    windows = meter.count("meter_window_count")
    meter.library.metrology_gap()
    meter.feed(three(230.0), three(5.0), 1.5)
    seconds = (meter.energy_samples - samples) / SAMPLE_RATE_HZ
    counted_s = (meter.energy("active_import_nwh")[0] - before) * 3600.0 / 3450.0
    assert 1.46 < seconds < 1.5
    assert 0.0 < seconds - counted_s < 0.0201
    assert meter.count("meter_window_count") == windows + 7
    assert meter.floats("meter_active_power_w", 1)[0] == pytest.approx(3450.0, rel=ARITHMETIC_LIMIT)
