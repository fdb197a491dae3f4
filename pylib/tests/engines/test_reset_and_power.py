"""Reset, watchdog and power of the whole meter, with its firmware."""

from __future__ import annotations

import pytest

from wattbench.bench import Bench
from wattbench.labs.grid import Grid

WDOG1_CONTROL = 0x40030000
ENABLE_NO_TIME = 0x0034
"""WCR: WDE, no external signal, the shortest time of 0.5 s."""


@pytest.fixture
def meter():
    with Bench.load("edge-meter-3p") as bench:
        bench.boot()
        Grid(bench).set_balanced_load(230, 5)
        yield bench


def reset_flags(bench):
    return bench.model("src").read(0x10, 4)


def test_a_software_reset_restarts_the_firmware_and_not_the_converters(meter):
    samples = meter.model("ade_n").samples_taken
    meter.console.write_line("reset")
    meter.console.wait_for_line("metering started", 1)
    assert meter.model("ade_n").samples_taken > samples > 0
    assert reset_flags(meter) & meter.model("src").table["SRSR"]["M7_LOCKUP_M7"].mask
    meter.run_for(1)
    assert meter.number("active_power[total]") == pytest.approx(3450, rel=5e-4)


def test_a_watchdog_resets_the_chip_and_says_so(meter):
    meter.execute(f"sysbus WriteWord 0x{WDOG1_CONTROL:X} 0x{ENABLE_NO_TIME:X}")
    started_ns = meter.now_ns
    line = meter.console.wait_for_line("metering started", 2)
    assert 0.5 <= (line.time_ns - started_ns) / 1e9 < 0.6
    assert reset_flags(meter) & meter.model("src").table["SRSR"]["WDOG_RST_B_M7"].mask


def test_power_failure_loses_ram_and_keeps_flash(meter):
    meter.run_for(1)
    counted = meter.number("active_import[total]")
    meter.engine.power_off()
    text = meter.console.text
    meter.run_for(0.5)
    assert meter.console.text == text
    meter.engine.power_on()
    meter.console.wait_for_line("metering started", 1)
    assert 0 <= meter.number("active_import[total]") < counted
    assert not reset_flags(meter) & meter.model("src").table["SRSR"]["WDOG_RST_B_M7"].mask
