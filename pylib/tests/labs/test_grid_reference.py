"""Reference values from samples against closed forms, and both against pqopen-lib as an independent oracle."""

import math

import numpy as np
import pytest
from daqopen.channelbuffer import AcqBuffer
from grid_bench import FakeBench
from hypothesis import given, settings
from hypothesis import strategies as st
from pqopen.powerquality import VoltageFluctuation
from pqopen.powersystem import PowerSystem

from wattbench.core.errors import StimulusError
from wattbench.labs.grid import Grid
from wattbench.labs.grid.channels import PHASES, Channel
from wattbench.labs.grid.reference import (
    aggregate,
    analyse,
    crossings,
    frequency_hz,
    half_cycle_rms,
    instantaneous_flicker,
    long_term,
    short_term,
    unbalance_percent,
)
from wattbench.labs.grid.reference.flicker import LAMP_120V

S = 10**9
TEN_PPM = 1e-5


def samples(grid: Grid, rate_hz: float, seconds: float) -> dict[str, np.ndarray]:
    """The lab's own waveforms at any rate, by names such as u1 and i1."""
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return {
        f"{letter}{number}": grid._schedule.value(Channel(phase, quantity), times_s)
        for number, phase in enumerate(PHASES, 1)
        for letter, quantity in (("u", "voltage"), ("i", "current"))
    }


class Oracle:
    """pqopen-lib over samples: its output channels, each as an array of 10-cycle values."""

    def __init__(self, values: dict[str, np.ndarray], rate_hz: float, *, pst_s: int = 0) -> None:
        size = len(values["u1"])
        buffers = {name: AcqBuffer(size=size) for name in values}
        self.system = PowerSystem(zcd_channel=buffers["u1"], input_samplerate=rate_hz)
        for number in (1, 2, 3):
            self.system.add_phase(u_channel=buffers[f"u{number}"], i_channel=buffers[f"i{number}"])
        self.system.enable_harmonic_calculation()
        block = round(rate_hz / 5)
        for start in range(0, size, block):
            for name, buffer in buffers.items():
                buffer.put_data(values[name][start : start + block])
            self.system.process()
        self.last = size

    def __getitem__(self, name: str) -> np.ndarray:
        data, _ = self.system.output_channels[name].read_data_by_acq_sidx(0, self.last)
        return np.asarray(data, dtype=float)


def loaded() -> tuple[FakeBench, Grid]:
    bench = FakeBench()
    grid = Grid(bench, 49.93)
    grid.set_unbalance(230, 2.0, 1.0, negative_deg=40, zero_deg=-100)
    for number, phase in enumerate(PHASES):
        grid.set_phase(phase, current_a=5 + number, angle_deg=20 + 10 * number)
        grid.add_harmonic(phase, "voltage", 5, 6, phase_deg=30)
        grid.add_harmonic(phase, "current", 5, 40)
        grid.add_harmonic(phase, "current", 7, 20, phase_deg=-80)
    bench.run_for(4)
    return bench, grid


RATE_HZ = 204800.0
"""The oracle resamples by straight lines: at this rate the seventh harmonic loses 20 ppm by it, at 51.2 kHz 160."""


@pytest.fixture(scope="module")
def together():
    """The same waveforms three times: in closed form, by the lab's reference, by the oracle."""
    _, grid = loaded()
    values = samples(grid, RATE_HZ, 1.5)
    # Ten cycles of 49.93 Hz: what is stationary is the same in any whole cycles.
    truth = grid.injected(0, round(10 / 49.93 * S))
    return truth, analyse(values, RATE_HZ)[3], Oracle(values, RATE_HZ)


def test_rms_and_power_agree_within_10_ppm(together):
    truth, window, oracle = together
    for number, phase in enumerate(PHASES, 1):
        closed = truth.phases[phase]
        for mine, theirs, exact in (
            (window.rms[f"u{number}"], oracle[f"U{number}_rms"], closed.voltage_rms_v),
            (window.rms[f"i{number}"], oracle[f"I{number}_rms"], closed.current_rms_a),
            (window.active_power(f"u{number}", f"i{number}"), oracle[f"P{number}"], closed.active_power_w),
        ):
            assert mine == pytest.approx(exact, rel=1e-6)
            assert np.mean(theirs[3:]) == pytest.approx(exact, rel=TEN_PPM)
        reactive = window.reactive_power(f"u{number}", f"i{number}")
        assert reactive == pytest.approx(closed.reactive_power_var, rel=1e-6)
        assert window.budeanu_power(f"u{number}", f"i{number}") == pytest.approx(closed.reactive_budeanu_var, rel=1e-6)


def test_frequency_unbalance_and_distortion_agree(together):
    truth, window, oracle = together
    assert window.frequency_hz == pytest.approx(truth.frequency_hz, rel=1e-6)
    assert np.mean(oracle["Freq"][20:]) == pytest.approx(truth.frequency_hz, rel=TEN_PPM)
    negative, zero = unbalance_percent(*(window.spectra[f"u{n}"].harmonic(1) for n in (1, 2, 3)))
    assert (negative, zero) == (pytest.approx(2, rel=1e-6), pytest.approx(1, rel=1e-6))
    assert truth.voltage_negative_unbalance_percent == pytest.approx(2, rel=1e-12)
    assert truth.voltage_zero_unbalance_percent == pytest.approx(1, rel=1e-12)
    # In percent of the positive sequence: 10 ppm of it are 0.001.
    assert np.mean(oracle["U_unbal_2"][3:]) == pytest.approx(2, abs=1e-3)
    assert np.mean(oracle["U_unbal_0"][3:]) == pytest.approx(1, abs=1e-3)
    for number, phase in enumerate(PHASES, 1):
        closed = truth.phases[phase].current_thd_percent
        assert closed == pytest.approx(100 * math.hypot(0.4, 0.2), rel=1e-12)
        assert window.spectra[f"i{number}"].thds_percent() == pytest.approx(closed, rel=1e-6)
        assert np.mean(oracle[f"I{number}_THD"][3:]) == pytest.approx(closed, rel=2.5e-5)


def test_harmonics_agree(together):
    truth, window, oracle = together
    for number, phase in enumerate(PHASES, 1):
        theirs = np.mean(oracle[f"I{number}_H_rms"][3:], axis=0)
        for order in (1, 5, 7):
            exact = truth.phases[phase].current_by_order_a[order]
            assert window.spectra[f"i{number}"].subgroup(order) == pytest.approx(exact, rel=1e-6)
            # Straight lines cost the seventh harmonic up to 20 ppm (see RATE_HZ).
            assert theirs[order] == pytest.approx(exact, rel=TEN_PPM if order == 1 else 2.5e-5)


def test_energy_over_a_sequence_agrees_with_its_samples():
    bench = FakeBench()
    grid = Grid(bench)
    grid.set_balanced_load(230, 5, 0.8)
    grid.ramp_phase(None, current_a=20, duration_s=1, at=1)
    for phase in PHASES:
        grid.dip(phase, 70, "0.3", angle_deg=0, at="2.5")
    bench.run_for(4)
    windows = analyse(samples(grid, 25600.0, 4), 25600.0)
    joules = sum(
        window.active_power(f"u{n}", f"i{n}") * (window.end_s - window.start_s) for window in windows for n in (1, 2, 3)
    )
    span = round(windows[0].start_s * S), round(windows[-1].end_s * S)
    assert joules == pytest.approx(grid.injected(*span).active_wh * 3600, rel=5e-6)


@settings(max_examples=20, deadline=None)
@given(st.floats(43, 57), st.floats(-180, 180), st.floats(0, 20), st.integers(2, 50))
def test_windows_are_of_whole_cycles_at_any_frequency(hz, deg, percent, order):
    times_s = np.arange(8000) / 8000
    turns = hz * times_s + deg / 360
    u = np.sin(2 * np.pi * turns) + percent / 100 * np.sin(2 * np.pi * order * turns)
    window = analyse({"u": u}, 8000)[1]
    assert window.frequency_hz == pytest.approx(hz, rel=2e-6)
    assert window.rms["u"] == pytest.approx(math.sqrt((1 + percent**2 / 1e4) / 2), rel=3e-6)
    assert window.spectra["u"].thd_percent() == pytest.approx(percent, abs=0.01)


def test_groups_take_what_is_near():
    times_s = np.arange(16000) / 8000
    u = np.sin(2 * np.pi * 50 * times_s)
    for hertz in (245, 250, 260, 275, 285):
        u = u + 0.1 * np.sin(2 * np.pi * hertz * times_s + hertz)
    spectrum = analyse({"u": u}, 8000)[1].spectra["u"]
    unit = 0.1 / math.sqrt(2)
    assert spectrum.rms(50) == pytest.approx(unit, rel=1e-4)
    assert spectrum.subgroup(5) == pytest.approx(unit * math.sqrt(2), rel=1e-4)
    assert spectrum.group(5) == pytest.approx(unit * math.sqrt(3.5), rel=1e-4)
    assert spectrum.group(6) == pytest.approx(unit * math.sqrt(1.5), rel=1e-4)
    assert spectrum.interharmonic_group(5) == pytest.approx(unit * math.sqrt(3), rel=1e-4)
    assert spectrum.interharmonic_subgroup(5) == pytest.approx(unit * math.sqrt(3), rel=1e-4)
    assert spectrum.thds_percent() == pytest.approx(10 * math.sqrt(2), rel=1e-3)
    assert spectrum.thdg_percent() == pytest.approx(10 * math.sqrt(5), rel=1e-2)


def test_sixty_hertz_has_twelve_cycles():
    times_s = np.arange(12000) / 8000
    windows = analyse({"u": np.sin(2 * np.pi * 60.1 * times_s)}, 8000, nominal_hz=60)
    assert {window.cycles for window in windows} == {12}
    assert windows[0].frequency_hz == pytest.approx(60.1, rel=1e-6)


def test_half_cycle_rms_sees_a_dip_and_its_depth(bench, grid):
    grid.set_balanced_load(230, 5)
    grid.dip("L1", 40, "0.1", at="0.5")
    bench.run_for(1)
    values = samples(grid, 8000, 1)
    ends_s, rms = half_cycle_rms(values["u1"], 8000, found=crossings(values["u2"], 8000))
    inside = (ends_s > 0.5301) & (ends_s < 0.59)
    assert rms[inside] == pytest.approx(92, rel=1e-4)
    assert rms[ends_s < 0.48] == pytest.approx(230, rel=1e-5)
    below = ends_s[rms < 0.9 * 230]
    assert below[0] - 0.5 == pytest.approx(0.01, abs=0.01)
    assert below[-1] - 0.6 == pytest.approx(0.01, abs=0.012)
    assert np.diff(ends_s) == pytest.approx(0.01, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "percent"), [(1, 2.715), (2, 2.191), (7, 1.450), (39, 0.894), (110, 0.722), (1620, 0.407)]
)
def test_pst_is_1_at_the_standards_points(changes, percent):
    # IEC 61000-4-15:2010 table 5, 230 V 50 Hz: Pst = 1 within 5 %.
    bench = FakeBench(("L1",))
    grid = Grid(bench)
    grid.set_phase("L1", 230, 0)
    grid.flicker("L1", percent, changes)
    volts = grid._schedule.value(Channel("L1", "voltage"), np.arange(630 * 2000) / 2000)
    assert short_term(volts, 2000) == pytest.approx(1, abs=0.003)


def test_pst_agrees_with_the_oracle():
    times_s = np.arange(200 * 5000) / 5000
    level = np.where((times_s * 110 / 120) % 1 < 0.5, 1.0072, 0.9928)
    volts = 230 * math.sqrt(2) * level * np.sin(2 * np.pi * 50 * times_s)
    meter = VoltageFluctuation(5000, 230, 50)
    for start in range(0, volts.size, 1000):
        block = volts[start : start + 1000]
        halves = np.sqrt((block.reshape(-1, 50) ** 2).mean(axis=1))
        meter.process(start, halves, block)
    theirs = meter.calc_pst(40 * 5000, 200 * 5000)
    assert short_term(volts, 5000, settle_s=40) == pytest.approx(theirs, rel=0.02)


def test_flicker_scales_and_adds_up():
    times_s = np.arange(60 * 2000) / 2000
    quiet = 230 * math.sqrt(2) * np.sin(2 * np.pi * 50 * times_s)
    assert short_term(quiet, 2000) < 0.01
    # The definition of the scale: 0.25 % at 8.8 Hz is just perceived.
    _, course = instantaneous_flicker(quiet * (1 + 0.00125 * np.sin(2 * np.pi * 8.8 * times_s)), 2000)
    assert course[12000:].max() == pytest.approx(1, rel=0.003)
    _, course = instantaneous_flicker(
        120 * (1 + 0.001605 * np.sin(2 * np.pi * 8.8 * times_s)) * np.sin(2 * np.pi * 60 * times_s), 2000, LAMP_120V
    )
    assert course[12000:].max() == pytest.approx(1, rel=0.003)
    assert long_term([1.0] * 11 + [2.0]) == pytest.approx((19 / 12) ** (1 / 3))
    assert aggregate([230.0, 0.0]) == pytest.approx(230 / math.sqrt(2))


def test_what_makes_no_sense_is_said():
    with pytest.raises(StimulusError, match="more than 4 cycles"):
        crossings(np.zeros(100), 8000)
    with pytest.raises(StimulusError, match="no two zero crossings"):
        frequency_hz(np.zeros(8000), 8000)
    with pytest.raises(StimulusError, match="no samples"):
        analyse({}, 8000)
    with pytest.raises(StimulusError, match="at least a second"):
        short_term(np.ones(100), 8000)
    with pytest.raises(StimulusError, match="to settle"):
        short_term(np.ones(8000), 8000)
    with pytest.raises(StimulusError, match="at least one Pst"):
        long_term([])
    with pytest.raises(StimulusError, match="nothing to aggregate"):
        aggregate([])
