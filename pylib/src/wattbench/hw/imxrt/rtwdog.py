"""Watchdogs RTWDOG3 and RTWDOG4 of the i.MX RT1170 (IMXRT1170RM "RTWDOG").

Configuration is locked until the unlock word is written, and again after CS was written; the hardware's limit of a
few hundred bus clocks for that is not imitated. Low-power and debug modes do not stop the counter.
"""

from __future__ import annotations

from fractions import Fraction

from wattbench.core.clock import ClockSource, TickClock
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

UNLOCK, REFRESH = 0xD928_C520, 0xB480_A602
UPDATE, INT, EN, RCS, ULK, PRES, CMD32EN, FLG, WIN = (1 << bit for bit in (5, 6, 7, 10, 11, 12, 13, 14, 15))
FIXED_CLOCKS_HZ = {1: 32_768, 2: 16_000_000, 3: 24_000_000}
BUS_CLOCKS_FROM_INTERRUPT_TO_RESET = 128
COUNTER_BITS = 0xFFFF


@model("Wattbench.Rtwdog")
class Rtwdog(RegisterBlock):
    """A 32-bit watchdog with window; attribute `clock` gives the bus clock (`BUS`, or `busRoot`).

    Outputs: `IRQ`; `RESET`, high from the reset request until the reset.
    """

    size = 0x4000
    table = load_table("wattbench.hw.imxrt", "rtwdog")
    default_output = "IRQ"
    state_names = ("anchor_ns", "base", "low_half")

    def __init__(self, host: Host, name: str, clock: ClockSource, bus_root: str = "BUS") -> None:
        super().__init__(host, name)
        self.clock, self.bus_root = clock, bus_root
        self.anchor_ns, self.base = 0, 0
        self.low_half: int | None = None
        self.irq = self.output("IRQ")
        self.reset_request = self.output("RESET")
        self._timeout = self.timer("timeout", self._time_out)
        self._late_reset = self.timer("late_reset", self._request_reset)
        self._hz = Fraction(0)
        clock.on_rate_change(self._rate_changed)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self.low_half = None
        self.irq.set(False)
        self.reset_request.set(False)
        self._restart(0)

    def restore(self, saved: dict[str, object]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self._hz = self._counter_hz()

    def _counter_hz(self) -> Fraction:
        source = self["CS"] >> 8 & 3
        hz = Fraction(FIXED_CLOCKS_HZ[source] if source else self.clock.rate_hz(self.bus_root))
        return hz / 256 if self["CS"] & PRES else hz

    def _count(self) -> int:
        if not self["CS"] & EN or not self._hz:
            return self.base
        return self.base + TickClock(self._hz, self.anchor_ns).ticks_at(self.host.now_ns())

    def _restart(self, base: int) -> None:
        """Count on from `base` with the present clock and time-out."""
        self._hz, self.base, self.anchor_ns = self._counter_hz(), base, self.host.now_ns()
        left = max((self["TOVAL"] & COUNTER_BITS) - base, 0)
        if self["CS"] & EN and self._hz:
            self._timeout.arm(TickClock(self._hz, self.anchor_ns).time_of(left))
        else:
            self._timeout.cancel()

    def _rate_changed(self) -> None:
        if self._counter_hz() != self._hz:
            self._restart(self._count())

    @on_read("CNT")
    def _read_count(self) -> int:
        return self._count() & COUNTER_BITS

    @on_write("CNT")
    def _command(self, raw: int, old: int) -> None:
        word: int | None = raw
        if not self["CS"] & CMD32EN:
            self.low_half, word = (raw, None) if self.low_half is None else (None, raw << 16 | self.low_half)
        if word == REFRESH:
            self._refresh()
        elif word == UNLOCK:
            if self["CS"] & UPDATE:
                self["CS"] = self["CS"] & ~RCS | ULK
        elif word is not None and self["CS"] & EN:
            self._request_reset()

    def _refresh(self) -> None:
        if not self["CS"] & EN:
            return
        if self["CS"] & WIN and self._count() < self["WIN"] & COUNTER_BITS:
            self._request_reset()
        else:
            self._restart(0)

    @on_write("TOVAL")
    def _write_timeout(self, raw: int, old: int) -> None:
        if not self["CS"] & ULK:
            self["TOVAL"] = old

    @on_write("WIN")
    def _write_window(self, raw: int, old: int) -> None:
        if not self["CS"] & ULK:
            self["WIN"] = old

    @on_write("CS")
    def _write_control(self, raw: int, old: int) -> None:
        if old & ULK:
            self["CS"] = self["CS"] & ~ULK | RCS
            if self["CS"] >> 8 & 2:
                self.host.unmodelled(self.name, f"CS.CLK {self['CS'] >> 8 & 3} (taken as 16 or 24 MHz)")
            self._restart(0)
        else:
            self["CS"] = old & ~(raw & FLG)
        self.irq.set(bool(self["CS"] & FLG))

    def _time_out(self) -> None:
        if not self["CS"] & INT:
            self._request_reset()
            return
        self["CS"] |= FLG
        self.irq.set(True)
        bus_hz = Fraction(self.clock.rate_hz(self.bus_root))
        wait = TickClock(bus_hz, self.host.now_ns()).time_of(BUS_CLOCKS_FROM_INTERRUPT_TO_RESET) if bus_hz else 0
        self._late_reset.arm(wait)

    def _request_reset(self) -> None:
        self.reset_request.set(True)
