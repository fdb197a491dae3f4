"""What is tapped where Renode's own models send: their UARTs and LEDs in the shape of wattbench's wires.

The records themselves (`UartRecord`, `EdgeRecord`) are those of the embedded engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from wattbench.core.wires import Line, UartPort

FRAME_BITS = {"None": 9, "Odd": 10, "Even": 10}
"""Start and eight data bits, and a parity bit."""
STOP_BITS = {"None": 0.0, "Half": 0.5, "One": 1.0, "OneAndAHalf": 1.5, "Two": 2.0}


class Clock(Protocol):
    """What is needed of the runtime."""

    def exact_now_ns(self) -> int:
        """Virtual time inside a run."""

    def schedule(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Call `action` after a virtual time; it cannot be called off."""


class RenodeTimer:
    """An alarm on Renode's clock. See `core.host.Timer`."""

    def __init__(self, clock: Clock, callback: Callable[[], None]) -> None:
        self._clock, self._callback = clock, callback
        self.deadline_ns: int | None = None

    def arm(self, at_ns: int) -> None:
        """See `Timer.arm`."""
        self.deadline_ns = at_ns
        self._clock.schedule(at_ns - self._clock.exact_now_ns(), lambda: self._due(at_ns))

    def cancel(self) -> None:
        """See `Timer.cancel`."""
        self.deadline_ns = None

    def _due(self, at_ns: int) -> None:
        if self.deadline_ns == at_ns:
            self.deadline_ns = None
            self._callback()


class RenodeClock:
    """Renode's clock for the records."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now_ns(self) -> int:
        """See `Host.now_ns`."""
        return self._clock.exact_now_ns()

    def timer(self, callback: Callable[[], None], name: str) -> RenodeTimer:
        """See `Host.timer`."""
        return RenodeTimer(self._clock, callback)


def connect_uart(port: UartPort, uart: Any, listen: Callable[[Any, Callable[[int], None]], None]) -> None:
    """Let `port` be that of a UART of Renode's (`IUART`); `listen` is the runtime's."""
    listen(uart, port.transmitted)
    port.receive = lambda character: uart.WriteChar(character & 0xFF)
    port.bits_per_second = lambda: float(uart.BaudRate)


def frame_bits(uart: Any) -> int:
    """Bits of a character on the line of a UART of Renode's, rounded up to whole ones."""
    return round(FRAME_BITS.get(str(uart.ParityBit), 10) + STOP_BITS.get(str(uart.StopBits), 1.0) + 0.25)


def connect_led(line: Line, led: Any, listen: Callable[[Any, Callable[[bool], None]], None]) -> None:
    """Let `line` follow a LED of Renode's (`ILed`), beginning with its present state."""
    line.level = bool(led.State)
    listen(led, line.set)
