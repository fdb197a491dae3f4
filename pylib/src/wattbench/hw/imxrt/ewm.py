"""EWM: external watchdog monitor (i.MX RT1170 reference manual, chapter EWM).

A counter of 8 bits runs from EWMEN on. A service before CMPL, none until after CMPH, or an asserted input asserts the
output until the next reset. A register that can be written once keeps its first value; later writes are logged, where
the chip answers with a bus error.
"""

from __future__ import annotations

import logging
from fractions import Fraction

from wattbench.core.clock import TickClock
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import Line

TABLE = load_table("wattbench.hw.imxrt", "ewm")
EWMEN, ASSIN, INEN, INTEN = (TABLE["CTRL"][name].mask for name in ("EWMEN", "ASSIN", "INEN", "INTEN"))
FIRST_KEY, SECOND_KEY = 0xB4, 0x2C
WRITTEN_ONCE = ("CMPL", "CMPH", "CLKCTRL", "CLKPRESCALER")


@model("Wattbench.Ewm")
class Ewm(RegisterBlock):
    """The external watchdog. Outputs: `IRQ`, and the pin `EWM_OUT_B`, low while asserted. Input 0 is EWM_IN."""

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    state_names = ("_locked", "_first_key_seen", "_started_ns", "_input")
    missing = ("limit of 15 bus clocks between the two keys", "bus error at a second write")

    def __init__(self, host: Host, name: str, *, frequency: int = 32_768) -> None:
        """`frequency` [Hz] of the low-power oscillators. Raises UsageError if it is not above 0."""
        super().__init__(host, name)
        if frequency <= 0:
            raise UsageError(f"{name}: frequency has to be above 0 Hz, not {frequency}.")
        self.frequency_hz = frequency
        self._irq = self.output("IRQ")
        self._pin = self.output("EWM_OUT_B", Line(True))
        self._late = self.timer("late", self._assert)
        self._input = False
        self._clear()

    def _clear(self) -> None:
        self._locked: list[str] = []
        """Registers that were written."""
        self._first_key_seen = False
        self._started_ns = 0

    def reset(self) -> None:
        """See `Model.reset`; the level at the input stays."""
        super().reset()
        self._clear()
        self._pin.set(True)
        self._irq.set(False)

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: EWM_IN."""
        if number != 0:
            raise TypeError(f"{self.name} has input 0 (EWM_IN), not {number}")
        self._input = level
        self._look()

    @property
    def _clock(self) -> TickClock:
        return TickClock(Fraction(self.frequency_hz, self["CLKPRESCALER"] + 1), self._started_ns)

    @property
    def count(self) -> int:
        """The counter now."""
        return self._clock.ticks_at(self.host.now_ns()) if self["CTRL"] & EWMEN else 0

    def _begin(self) -> None:
        self._started_ns = self.host.now_ns()
        self._late.arm(self._clock.time_of(self["CMPH"] + 1))

    def _look(self) -> None:
        if self["CTRL"] & EWMEN and self["CTRL"] & INEN and self._input != bool(self["CTRL"] & ASSIN):
            self._assert()

    def _assert(self) -> None:
        self._late.cancel()
        self._pin.set(False)
        self._show()

    def _show(self) -> None:
        self._irq.set(not self._pin.level and bool(self["CTRL"] & INTEN))

    @on_write("CTRL")
    def _write_control(self, raw: int, old: int) -> None:
        once = EWMEN | ASSIN | INEN
        if "CTRL" in self._locked:
            if (self["CTRL"] ^ old) & once:
                self._refuse("CTRL")
            self["CTRL"] = self["CTRL"] & ~once | old & once
        self._locked.append("CTRL")
        if self["CTRL"] & ~old & EWMEN:
            self._begin()
        self._look()
        self._show()

    def _refuse(self, name: str) -> None:
        self.host.log(logging.WARNING, self.name, f"{name} can be written once after reset; this write is ignored")

    @on_write("SERV")
    def _service(self, raw: int, old: int) -> None:
        if raw == SECOND_KEY and self._first_key_seen and self["CTRL"] & EWMEN and self._pin.level:
            if self.count < self["CMPL"]:
                self._assert()
            else:
                self._begin()
        self._first_key_seen = raw == FIRST_KEY

    def _once(self, name: str, old: int) -> None:
        if name in self._locked:
            self._refuse(name)
            self[name] = old
        self._locked.append(name)
        if self["CTRL"] & EWMEN and self._pin.level:
            self._late.arm(self._clock.time_of(self["CMPH"] + 1))

    @on_write("CMPL")
    def _write_low(self, raw: int, old: int) -> None:
        self._once("CMPL", old)

    @on_write("CMPH")
    def _write_high(self, raw: int, old: int) -> None:
        self._once("CMPH", old)

    @on_write("CLKCTRL")
    def _write_clock(self, raw: int, old: int) -> None:
        self._once("CLKCTRL", old)

    @on_write("CLKPRESCALER")
    def _write_divider(self, raw: int, old: int) -> None:
        self._once("CLKPRESCALER", old)
