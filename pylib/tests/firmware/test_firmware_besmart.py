"""The shared metrology in the meter with one AD7779 and current transformers: its samples, its phase, its faults."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from native_meter import BESMART, BUFFER_SAMPLES, NativeMeter
from test_firmware_metrology import ARITHMETIC_LIMIT, energy_over, sine, three


@pytest.fixture
def meter(tmp_path: Path) -> NativeMeter:
    return NativeMeter(tmp_path, product=BESMART)


@pytest.mark.parametrize("hz", [49.0, 50.0, 51.0])
@pytest.mark.parametrize("lag", [0.0, 60.0, -36.87])
@pytest.mark.parametrize("amperes", [0.02, 5.0, 80.0])
def test_active_energy(meter: NativeMeter, amperes: float, lag: float, hz: float) -> None:
    expected = 230.0 * amperes * math.cos(math.radians(lag))
    power = energy_over(meter, three(230.0, hz), three(amperes, hz, lag), "active_import_nwh", 2.0)
    assert power == pytest.approx([3 * expected] + [expected] * 3, rel=ARITHMETIC_LIMIT)


@pytest.mark.parametrize(("lag", "quadrant"), [(90.0, 1), (150.0, 2), (-150.0, 3), (-30.0, 4)])
def test_reactive_energy(meter: NativeMeter, lag: float, quadrant: int) -> None:
    expected = 1150.0 * abs(math.sin(math.radians(lag)))
    power = energy_over(meter, three(230.0), three(5.0, lag=lag), f"reactive_q{quadrant}_nvarh", 2.0)
    assert power == pytest.approx([3 * expected] + [expected] * 3, rel=ARITHMETIC_LIMIT)


def test_without_its_phase_calibration_half_power_is_wrong(tmp_path: Path) -> None:
    """Half a degree: unseen at unity, 1.5 % at a power factor of 0.5."""
    meter = NativeMeter(tmp_path, {**BESMART.calibration(), "current_delay_us": [0.0] * 3}, BESMART)
    power = energy_over(meter, three(230.0), three(5.0), "active_import_nwh", 1.0)
    assert power[0] == pytest.approx(3450.0 * math.cos(math.radians(0.5)), rel=ARITHMETIC_LIMIT)
    power = energy_over(meter, three(230.0), three(5.0, lag=60.0), "active_import_nwh", 1.0)
    assert power[0] == pytest.approx(3450.0 * math.cos(math.radians(59.5)), rel=ARITHMETIC_LIMIT)


def test_each_channel_is_taken_for_what_it_is(meter: NativeMeter) -> None:
    volts = [sine(220.0), sine(230.0, degrees=-120.0), sine(240.0, degrees=-240.0)]
    amperes = [sine(3.0), sine(7.0, degrees=-120.0), sine(11.0, degrees=-240.0), sine(0.5)]
    meter.feed(volts, amperes, 1.5)
    assert meter.floats("meter_voltage_v", 3) == pytest.approx([220.0, 230.0, 240.0], rel=ARITHMETIC_LIMIT)
    assert meter.floats("meter_current_a", 4) == pytest.approx([3.0, 7.0, 11.0, 0.5], rel=ARITHMETIC_LIMIT)
    power = [660.0, 1610.0, 2640.0]
    assert meter.floats("meter_active_power_w", 4)[1:] == pytest.approx(power, rel=ARITHMETIC_LIMIT)


SAMPLES = """
#include "samples.h"
uint32_t faults(const uint32_t *sample) { return sample_faults(sample); }
int32_t voltage(const uint32_t *sample, uint32_t phase) { return sample_voltage(sample, phase); }
int32_t current(const uint32_t *sample, uint32_t channel) { return sample_current(sample, channel); }
"""
HEALTHY = [channel << 28 | 0x10 + channel for channel in range(8)]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("samples")
    (folder / "samples.c").write_text(SAMPLES, encoding="utf-8")
    compiler = shutil.which("cc")
    assert compiler, "these tests need a C compiler called cc"
    options = ["-O2", "-Wall", "-Werror", "-fPIC", "-shared", *BESMART.includes]
    subprocess.run([compiler, *options, str(folder / "samples.c"), "-o", str(folder / "samples.so")], check=True)
    return ctypes.CDLL(str(folder / "samples.so"))


def words(*values: int) -> ctypes.Array[ctypes.c_uint32]:
    return (ctypes.c_uint32 * 8)(*values)


def test_codes_are_signed_and_headers_are_not_in_them(samples: ctypes.CDLL) -> None:
    sample = words(0x00FFFFFF, 0x10800000, 0x207FFFFF, 0x37000001, 0x40000000, 0x50000007, 0x6FFFFFF0, 0x70123456)
    assert [samples.voltage(sample, phase) for phase in range(3)] == [-1, 0x7FFFFF, 0]
    assert [samples.current(sample, channel) for channel in range(4)] == [-0x800000, 1, 7, -16]


@pytest.mark.parametrize(
    ("place", "word", "faults"),
    [
        (0, HEALTHY[0], 0),
        (3, HEALTHY[3] | 1 << 31, 1),  # alert
        (7, HEALTHY[7] | 1 << 27, 1),  # it was reset
        (2, HEALTHY[2] | 1 << 26, 0),  # an input beyond full scale is the mains' fault
        (5, HEALTHY[6], 1),  # out of step
    ],
)
def test_faulty_samples(samples: ctypes.CDLL, place: int, word: int, faults: int) -> None:
    values = HEALTHY.copy()
    values[place] = word
    assert samples.faults(words(*values)) == faults


def test_a_turned_frame_is_a_fault(samples: ctypes.CDLL) -> None:
    for turn in range(1, 8):
        assert samples.faults(words(*HEALTHY[turn:], *HEALTHY[:turn])) == 1


def test_codes_pass_at_both_ends_of_the_scale(meter: NativeMeter) -> None:
    """A square wave of full scale fits the sums: no overflow in a cycle."""
    n = BUFFER_SAMPLES * 400
    square = np.where(np.arange(n) % 160 < 80, 1.0, -1.0) * (2**23 - 1)
    codes = np.repeat(square[:, np.newaxis], 4, axis=1)
    meter.feed_codes(codes, codes)
    assert meter.floats("meter_voltage_v", 3) == pytest.approx([2.5 * 301 * 1.0001927868] * 3, rel=1e-5)
    assert meter.floats("meter_current_a", 4) == pytest.approx([1.25 / 8e-3 * 1.0002308725] * 4, rel=1e-5)
