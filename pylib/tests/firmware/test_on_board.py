"""The image on its board: start, shell, relay, faults, and what it measures and flashes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from native_meter import FIRMWARE, Array

from wattbench.bench import Bench

CALIBRATION = 0x300F0000


class Mains:
    """230 V and a current, at the pins of one phase's converter."""

    def __init__(self, degrees: float, amperes: float) -> None:
        self.angle, self.amperes = math.radians(degrees), amperes

    def volts(self, input_name: str, times_s: Array) -> Array:
        rms = {"i": self.amperes * 200e-6, "v1": 230.0 / 991, "v2": 0.0}[input_name]
        return rms * math.sqrt(2) * np.sin(2 * np.pi * 50.0 * times_s + self.angle)


def connect(bench: Bench, amperes: float) -> None:
    for phase, name in enumerate(("ade_l1", "ade_l2", "ade_l3")):
        bench.model(name).analog.connect(Mains(-120.0 * phase, amperes))


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench.load(FIRMWARE / "builds" / "edge_meter_3p.toml") as loaded:
        yield loaded


def ask(bench: Bench, line: str, seconds: float) -> list[str]:
    """Type a line and return what was printed within `seconds`, line by line, echo first."""
    start = len(bench.console.text)
    bench.console.write(line.encode() + b"\r")
    bench.run_for(seconds)
    return bench.console.text[start:].split("\r\n")


def test_start(bench: Bench) -> None:
    bench.boot()
    lines = bench.console.text.split("\r\n")
    assert lines[0].startswith("wattbench edge meter 3p ")
    assert lines[1:5] == ["afe_l1 ok", "afe_l2 ok", "afe_l3 ok", "afe_n ok"]
    assert "metering started" in lines
    assert bench.model("led_status").state is True


def test_line_editing_and_unknown_command(bench: Bench) -> None:
    bench.boot()
    bench.run_for(0.01)
    assert ask(bench, "vex\x7frsion", 0.02) == [
        "vex\b \brsion", "wattbench edge meter 3p 1.0.0", "meter> "
    ]  # fmt: skip
    assert ask(bench, "versio", 0.02)[1:] == ["error unknown command, try help", "meter> "]
    assert ask(bench, "", 0.01) == ["", "meter> "]


def test_relay_and_button(bench: Bench) -> None:
    bench.boot()
    opening, closing, relay = bench.engine.edges("gpio3", 7), bench.engine.edges("gpio3", 6), bench.model("relay")
    assert ask(bench, "relay open", 0.03)[1] == "ok"
    assert ask(bench, "relay close", 0.06)[1] == "error relay is moving"
    assert relay.closed is False
    assert np.diff(opening.times_ns) == pytest.approx([50e6], abs=10e3)
    assert len(closing.times_ns) == 0
    bench.model("button").press()
    bench.run_for(0.1)
    assert relay.closed is True
    assert np.diff(closing.times_ns) == pytest.approx([50e6], abs=10e3)
    assert relay.operations == 2


def test_fault_is_reported_and_stops(bench: Bench) -> None:
    bench.boot()
    bench.run_for(0.01)
    lines = ask(bench, "fault", 0.06)
    report = dict(line.split() for line in lines[3:-2])
    assert lines[:3] == ["fault", "", "fault"]
    assert int(report["exception"], 16) == 6
    assert int(report["cfsr"], 16) == 1 << 16
    assert bench.engine.read_memory(int(report["pc"], 16), 2) == b"\x00\xde"
    assert lines[-2] == "stopped"
    assert ask(bench, "version", 0.05) == [""]


def test_reset_starts_again(bench: Bench) -> None:
    bench.boot()
    bench.run_for(0.05)
    lines = ask(bench, "reset", 0.1)
    assert lines[1].startswith("wattbench edge meter 3p ")
    assert lines[-1] == "meter> "
    assert 20 < bench.register("buffers_completed")[0] < 28


def test_registers_and_clock_outlive_a_reset(bench: Bench) -> None:
    connect(bench, 100.0)
    bench.boot()
    bench.run_for(0.01)
    assert ask(bench, "time set 2026-06-01T12:00:00Z", 0.02)[1] == "ok"
    bench.run_for(1.0)
    before = bench.number("active_import[total]")
    assert before > 5.0
    ask(bench, "reset", 0.05)
    assert bench.number("active_import[total]") == pytest.approx(before, abs=0.5)
    bench.run_for(0.5)
    assert "utc 2026-06-01T12:00:01." in "".join(ask(bench, "time", 0.03))
    assert "power_up 0" in "".join(ask(bench, "events 1", 0.03))
    assert bench.model("fram").writes > 10


def test_fram_that_does_not_answer_is_an_event(bench: Bench) -> None:
    bench.model("fram").identity = bytes(9)
    bench.boot()
    bench.run_for(0.01)
    assert "storage_fault" in "".join(ask(bench, "events 2", 0.05))


def test_damaged_calibration_is_refused(bench: Bench) -> None:
    bench.engine.write_memory(CALIBRATION + 48, b"\x01")
    bench.run_for(0.02)
    assert "error calibration invalid\r\nmetering stopped" in bench.console.text


def test_measurement_and_pulses(bench: Bench) -> None:
    """One second at 3 x 230 V, 100 A: exact values, no lost buffer, even pulses."""
    connect(bench, 100.0)
    bench.boot()
    pulses = bench.pulses("active")
    bench.run_for(1.2)
    assert bench.register("voltage") == pytest.approx([230.0] * 3, rel=50e-6)
    assert bench.register("current") == pytest.approx([100.0] * 3 + [0.0], rel=50e-6)
    assert bench.register("active_power") == pytest.approx([69000.0] + [23000.0] * 3, rel=50e-6)
    assert bench.register("frequency") == pytest.approx([50.0], abs=1e-4)
    on = np.array(pulses.times_ns)[np.array(pulses.levels, dtype=bool)]
    assert len(on) == bench.register("pulse_count")[0] == int(bench.register("active_import")[0])
    assert np.diff(on[6:]) == pytest.approx(3600e9 / 69000.0, abs=5e3)
    for counter in ("buffers_lost", "afe_faults", "pulse_edges_late"):
        assert bench.register(counter) == [0], counter
    printed = ask(bench, "measure", 0.1)
    assert "voltage_l1 230.000 V" in printed
    assert "power_factor_total 1.00000" in printed
    assert "frequency 50.0000 Hz" in printed
