"""Each image on its board: start, shell, relay, faults, and what it measures and flashes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
from native_meter import FIRMWARE, LEAD_DEG, Array

from wattbench.bench import Bench

CALIBRATION_OFFSET = 0xF0000
"""Of the calibration in the flash."""


class Input(NamedTuple):
    """What a converter's input sees."""

    line: str
    """`volts` or `amperes`."""
    phase: int
    gain: float
    """Volts at the pin for each of the line."""
    lead_deg: float = 0.0


@dataclass(frozen=True)
class Board:
    """What the tests below have to know about a board, and what its front ends make of the mains."""

    name: str
    banner: str
    converters: tuple[str, ...]
    """What is printed about them."""
    port: str
    pins: tuple[int, int]
    """GPIO with the relay's closing and opening coil."""
    flash: int
    inputs: dict[str, dict[str, Input]]
    """For each converter its inputs that are wired to the mains."""


SHUNT, DIVIDER = 200e-6, 1 / 991
EDGE = Board(
    "edge_meter_3p", "wattbench edge meter 3p 1.0.0", ("afe_l1 ok", "afe_l2 ok", "afe_l3 ok", "afe_n ok"),
    "gpio3", (6, 7), 0x30000000,
    {f"ade_l{n + 1}": {"i": Input("amperes", n, SHUNT), "v1": Input("volts", n, DIVIDER)} for n in range(3)},
)  # fmt: skip
TRANSFORMER = 20 / 2500 * math.cos(math.radians(LEAD_DEG))
BESMART = Board(
    "besmart_meter_3p", "wattbench besmart meter 3p 1.0.0", ("afe ok",), "gpio2", (21, 22), 0x70000000,
    {"afe": {
        **{f"ch{2 * n}": Input("volts", n, 1 / 301) for n in range(3)},
        **{f"ch{2 * n + 1}": Input("amperes", n, TRANSFORMER, LEAD_DEG) for n in range(3)},
    }},
)  # fmt: skip


class Mains:
    """230 V and a current in three phases, at the pins of one converter."""

    def __init__(self, inputs: dict[str, Input], amperes: float) -> None:
        self.inputs, self.rms = inputs, {"volts": 230.0, "amperes": amperes}

    def volts(self, input_name: str, times_s: Array) -> Array:
        if input_name not in self.inputs:
            return np.zeros_like(times_s)
        seen = self.inputs[input_name]
        angle = math.radians(seen.lead_deg - 120.0 * seen.phase)
        return seen.gain * self.rms[seen.line] * math.sqrt(2) * np.sin(2 * np.pi * 50.0 * times_s + angle)


def connect(bench: Bench, board: Board, amperes: float) -> None:
    for name, inputs in board.inputs.items():
        bench.model(name).analog.connect(Mains(inputs, amperes))


@pytest.fixture(params=[EDGE, BESMART], ids=lambda board: board.name)
def board(request: pytest.FixtureRequest) -> Board:
    found: Board = request.param
    return found


keeps_time = pytest.mark.parametrize("board", [EDGE], ids=lambda board: board.name, indirect=True)
"""For what only a board with a FRAM and a clock's battery has."""


@pytest.fixture
def bench(board: Board) -> Iterator[Bench]:
    """From its first instruction on it may use only what is modelled or accepted in its manifest."""
    with Bench.load(FIRMWARE / "builds" / f"{board.name}.toml") as loaded:
        loaded.fail_on_unmodelled_access()
        yield loaded


def ask(bench: Bench, line: str, seconds: float) -> list[str]:
    """Type a line and return what was printed within `seconds`, line by line, echo first."""
    start = len(bench.console.text)
    bench.console.write(line.encode() + b"\r")
    bench.run_for(seconds)
    return bench.console.text[start:].split("\r\n")


def test_start(bench: Bench, board: Board) -> None:
    bench.boot()
    lines = bench.console.text.split("\r\n")
    assert lines[0] == board.banner
    assert tuple(lines[1 : 1 + len(board.converters)]) == board.converters
    assert "metering started" in lines
    assert bench.model("led_status").state is True


def test_line_editing_and_unknown_command(bench: Bench, board: Board) -> None:
    bench.boot()
    bench.run_for(0.01)
    assert ask(bench, "vex\x7frsion", 0.02) == [
        "vex\b \brsion", board.banner, "meter> "
    ]  # fmt: skip
    assert ask(bench, "versio", 0.02)[1:] == ["error unknown command, try help", "meter> "]
    assert ask(bench, "", 0.01) == ["", "meter> "]


def test_relay_and_button(bench: Bench, board: Board) -> None:
    bench.boot()
    closing, opening = (bench.engine.edges(board.port, pin) for pin in board.pins)
    relay = bench.model("relay")
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


@pytest.mark.parametrize("board", [BESMART], ids=lambda board: board.name, indirect=True)
def test_a_converter_that_was_reset_is_counted(bench: Bench) -> None:
    """Once in each buffer of 3.75 ms from then on, as nobody configures it again."""
    bench.boot()
    bench.run_for(0.1)
    assert bench.register("afe_faults") == [0]
    for level in (False, True):
        bench.model("afe").on_input(0, level)
        bench.run_for(0.001)
    before = bench.register("afe_faults")[0]
    bench.run_for(0.075)
    assert bench.register("afe_faults")[0] - before == pytest.approx(20, abs=1)


def test_reset_starts_again(bench: Bench, board: Board) -> None:
    bench.boot()
    bench.run_for(0.05)
    lines = ask(bench, "reset", 0.1)
    assert lines[1] == board.banner
    assert lines[-1] == "meter> "
    assert 20 < bench.register("buffers_completed")[0] < 28


@keeps_time
def test_registers_and_clock_outlive_a_reset(bench: Bench, board: Board) -> None:
    connect(bench, board, 100.0)
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


@keeps_time
def test_fram_that_does_not_answer_is_an_event(bench: Bench) -> None:
    bench.model("fram").identity = bytes(9)
    bench.boot()
    bench.run_for(0.01)
    assert "storage_fault" in "".join(ask(bench, "events 2", 0.05))


def test_damaged_calibration_is_refused(bench: Bench, board: Board) -> None:
    bench.engine.write_memory(board.flash + CALIBRATION_OFFSET + 48, b"\x01")
    bench.run_for(0.02)
    assert "error calibration invalid\r\nmetering stopped" in bench.console.text


def test_measurement_and_pulses(bench: Bench, board: Board) -> None:
    """One second at 3 x 230 V, 100 A: exact values, no lost buffer, even pulses."""
    connect(bench, board, 100.0)
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
