"""When the firmware's pulses come: right number, right period, no trace of samples, cycles or buffers in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from native_meter import TICKS_PER_S, NativeMeter
from test_firmware_metrology import three

DELAY_S = 0.030


@pytest.fixture
def meter(tmp_path: Path) -> NativeMeter:
    return NativeMeter(tmp_path)


def on_times_s(meter: NativeMeter, channel: int = 0) -> np.ndarray:
    return meter.pulses(channel)[:, 0].astype(np.float64) / TICKS_PER_S


@pytest.mark.parametrize("hz", [47.5, 49.0, 50.0, 51.0])
@pytest.mark.parametrize("lag", [0.0, 60.0])
def test_period_at_maximum_current(meter: NativeMeter, lag: float, hz: float) -> None:
    """3 x 230 V, 100 A: 19.17 pulses a second, each in its place to some microseconds."""
    meter.feed(three(230.0, hz), three(100.0, hz, lag), 6.0)
    watts = 3 * 230.0 * 100.0 * np.cos(np.radians(lag))
    times = on_times_s(meter)[8:]
    periods = np.diff(times)
    assert len(periods) > 40
    assert periods.mean() == pytest.approx(3600.0 / watts, rel=20e-6)
    assert np.abs(periods - periods.mean()).max() < 10e-6


def test_pulses_follow_the_registers(meter: NativeMeter) -> None:
    """Pulse n comes a fixed delay after the register passed n Wh, in import as in export."""
    meter.feed(three(230.0), three(40.0), 3.0)
    meter.feed(three(230.0), three(40.0, lag=180.0), 3.0)
    energy = meter.energy("active_import_nwh")[0] + meter.energy("active_export_nwh")[0]
    assert meter.pulse_log_count(0) == int(energy)
    watts = 3 * 230.0 * 40.0
    # The last pulse came when the fraction of a Wh that is now in the registers began to grow.
    expected = meter.energy_samples / 8000 - (energy % 1.0) * 3600.0 / watts + DELAY_S
    assert on_times_s(meter)[-1] == pytest.approx(expected, abs=10e-6)


def test_reactive_pulses(meter: NativeMeter) -> None:
    meter.feed(three(230.0), three(100.0, lag=90.0), 4.0)
    periods = np.diff(on_times_s(meter, 1)[6:])
    assert len(periods) > 40
    assert periods == pytest.approx(np.full(len(periods), 3600.0 / 69000.0), abs=10e-6)
    assert meter.pulse_log_count(0) == 0


def test_widths_and_pauses(meter: NativeMeter) -> None:
    """30 ms, or half of the period where that is less; never overlapping, also when a load appears with a jump."""
    meter.feed(three(230.0), three(0.0), 1.0)
    meter.feed(three(230.0), three(100.0), 3.0)
    on, off = meter.pulses(0).astype(np.int64).T
    assert (off - on)[10:].tolist() == pytest.approx([TICKS_PER_S * 3600.0 / 69000.0 / 2] * len(on[10:]), rel=1e-3)
    assert (on[1:] - off[:-1]).min() >= TICKS_PER_S * 0.2e-3
    meter.feed(three(230.0), three(10.0), 4.0)
    on, off = meter.pulses(0).astype(np.int64)[-2:].T
    assert (off - on).tolist() == [TICKS_PER_S * 30 // 1000] * 2


def test_pulses_stay_ahead_of_their_time(meter: NativeMeter) -> None:
    """Each pulse is known before it is due, so the timer can make it: the delay covers the longest cycle."""
    noted, waves = 0, (three(230.0, 45.0), three(100.0, 45.0))
    for _ in range(800):
        meter.feed(*waves, 0.00375)
        now = meter.samples / 8000
        for on in on_times_s(meter)[noted:]:
            assert on > now + 1e-3
        noted = meter.pulse_log_count(0)
    assert noted > 50


def test_timer_roll_over(meter: NativeMeter) -> None:
    """Pulses go on evenly while the 32 bits of the timer roll over, after 178.9 s."""
    meter.samples = 178 * 8000
    meter.feed(three(230.0), three(100.0), 3.0)
    ticks = meter.pulses(0)[6:, 0]
    periods = np.diff(ticks).astype(np.uint32).astype(np.float64)
    assert (np.diff(ticks.astype(np.int64)) < 0).sum() == 1
    assert periods / TICKS_PER_S == pytest.approx(np.full(len(periods), 3600.0 / 69000.0), abs=10e-6)
    assert meter.count("meter_pulses_dropped") == 0
