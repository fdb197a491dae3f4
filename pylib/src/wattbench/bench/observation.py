"""What a run has left to be seen: console lines, pulses and registers, as plain values that can be compared."""

from __future__ import annotations

from dataclasses import dataclass, field

from wattbench.core.clock import NS_PER_S
from wattbench.engines.engine import UartTap


@dataclass(frozen=True)
class StampedLine:
    """A complete line of a UART and the virtual time of its end."""

    time_s: float
    text: str


@dataclass(frozen=True)
class Observation:
    """A bench at one moment; times in virtual seconds."""

    console: list[StampedLine] = field(default_factory=list)
    pulses: dict[str, list[float]] = field(default_factory=dict)
    registers: dict[str, list[float]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    instant_s: float = 0.0


def lines_of(tap: UartTap) -> list[StampedLine]:
    """The complete lines that a UART has sent."""
    lines, start, data = [], 0, tap.data
    while (end := data.find(b"\n", start)) >= 0:
        text = data[start:end].decode("latin-1").rstrip("\r")
        lines.append(StampedLine(tap.times_ns[end] / NS_PER_S, text))
        start = end + 1
    return lines
