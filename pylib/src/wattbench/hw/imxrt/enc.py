"""Quadrature decoders ENC1 to ENC4 (i.MX RT1170 and RT1060 reference manuals, chapter ENC).

Each edge of a phase is a count; A ahead of B counts up. An input takes effect once it has lasted for the filter's time.
Two phases that change at the same moment are flagged, and count one after the other. The watchdog begins anew when its
time is over; that it does so is an assumption.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar

from wattbench.core.clock import ClockInput, ClockSource, TickClock
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "enc")
INPUT_NAMES = ("PHASE_A", "PHASE_B", "INDEX", "HOME", "TRIGGER")
PHASE_A, PHASE_B, INDEX, HOME, TRIGGER = range(5)
RAW_BITS, FILTERED_BITS = (3, 2, 1, 0), (7, 6, 5, 4)
"""Places of the first four inputs in IMR."""
CTRL, CTRL2, TST = TABLE["CTRL"], TABLE["CTRL2"], TABLE["TST"]
INTERRUPTS = (
    (CTRL, "CMPIE", "CMPIRQ"), (CTRL, "DIE", "DIRQ"), (CTRL, "XIE", "XIRQ"), (CTRL, "HIE", "HIRQ"),
    (CTRL2, "RUIE", "RUIRQ"), (CTRL2, "ROIE", "ROIRQ"), (CTRL2, "SABIE", "SABIRQ"),
)  # fmt: skip
QUARTERS = ((False, False), (True, False), (True, True), (False, True))
"""Phases A and B in the order of counting up."""
WHOLE, HALF = 0xFFFF_FFFF, 0xFFFF


@model("Wattbench.Enc")
class Enc(RegisterBlock):
    """One decoder. Inputs: 0 phase A, 1 phase B, 2 index, 3 home, 4 trigger. Outputs: `IRQ`, `POSMATCH` (pulses)."""

    size = 0x4000
    table = TABLE
    default_output = "IRQ"
    state_names = ("_raw", "_levels", "_phase_ns", "_quarter", "_left", "_hz")
    missing: ClassVar[tuple[str, ...]] = ("measurement of times (CTRL3, LASTEDGE, POSDPER)",)

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "BUS",
        frequency: int = 24_000_000,
    ) -> None:
        """`clocks` with `clock_root` or `frequency` [Hz] is the clock of filter, watchdog and test signal."""
        super().__init__(host, name)
        self._clock = ClockInput(clocks, clock_root, frequency)
        self._clock.on_change(self._reclock)
        self._irq = self.output("IRQ")
        self._match = self.output("POSMATCH")
        self._filters = [self.timer(f"filter{number}", self._settler(number)) for number in range(len(INPUT_NAMES))]
        self._watchdog = self.timer("watchdog", self._timed_out)
        self._test = self.timer("test", self._advance)
        self._raw = [False] * len(INPUT_NAMES)
        self._clear()

    def _settler(self, number: int) -> Callable[[], None]:
        return lambda: self._settle(number)

    def _clear(self) -> None:
        self._hz = Fraction(0)
        self._levels = list(self._raw)
        """The inputs behind the filter."""
        self._phase_ns = [-1, -1]
        """When each phase last changed."""
        self._quarter, self._left = 0, 0
        """Of the test signal: where it is, and how many quarter periods are to come."""

    def reset(self) -> None:
        """See `Model.reset`; levels at the inputs come from outside and stay."""
        super().reset()
        self._clear()
        self._hz = self._clock.hz
        self._drive()

    # ---- inputs

    def on_input(self, number: int, level: bool) -> None:
        """See the class for the numbers."""
        if number not in range(len(INPUT_NAMES)):
            super().on_input(number, level)
        self._raw[number] = level
        self._look(number)

    def _look(self, number: int) -> None:
        """Take a level over, now or when the filter lets it through."""
        if self._raw[number] == self._levels[number]:
            self._filters[number].cancel()
            return
        clocks = self._filter_clocks
        if not clocks:
            self._settle(number)
        elif self._hz and self._filters[number].deadline_ns is None:
            self._filters[number].arm(TickClock(self._hz, self.host.now_ns()).time_of(clocks))

    @property
    def _filter_clocks(self) -> int:
        fields, value = self.table["FILT"].fields, self["FILT"]
        prescaler = fields["FILT_PRSC"].get(value) if "FILT_PRSC" in fields else 0
        return (fields["FILT_CNT"].get(value) + 3) * fields["FILT_PER"].get(value) << prescaler

    def _settle(self, number: int) -> None:
        """A level comes out of the filter; it has no effect while the block has no clock."""
        if not self._hz:
            return
        level = self._levels[number] = self._raw[number]
        if number == TRIGGER:
            self._triggered(level)
        elif number == INDEX:
            self._index_edge(level)
        elif number == HOME:
            if level != self._on("CTRL", "HNE"):
                self._set("CTRL", "HIRQ")
                if self._on("CTRL", "HIP"):
                    self._move_to(self._pair("INIT"))
        elif not self._on("TST", "TEN"):
            self._phase(number, level)
        self._drive()

    def _triggered(self, level: bool) -> None:
        if level and self._on("CTRL2", "UPDHLD"):
            self._hold()
        if level and self._on("CTRL2", "UPDPOS"):
            for name in ("POSD", "REV", "UPOS", "LPOS"):
                self[name] = 0

    def _index_edge(self, level: bool) -> None:
        if level == self._on("CTRL", "XNE"):
            return
        self._set("CTRL", "XIRQ")
        if not self._on("CTRL2", "REVMOD"):
            self._turn(1 if self._on("CTRL2", "DIR") else -1)
        if self._on("CTRL", "XIP"):
            self._move_to(self._pair("INIT"))

    def _phase(self, number: int, level: bool) -> None:
        now_ns = self.host.now_ns()
        if self._phase_ns[1 - number] == now_ns:
            self._set("CTRL2", "SABIRQ")
        self._phase_ns[number] = now_ns
        other = self._levels[PHASE_B if number == PHASE_A else PHASE_A]
        self._count_edge(number, level, other)

    def _count_edge(self, number: int, level: bool, other: bool) -> None:
        if self._on("CTRL", "PH1"):
            if number == PHASE_A and level:
                self._count(not other)
        else:
            self._count(level != other if number == PHASE_A else level == other)

    # ---- counters

    def _on(self, register: str, field: str) -> bool:
        return bool(self[register] & self.table[register][field].mask)

    def _set(self, register: str, field: str) -> None:
        self[register] |= self.table[register][field].mask

    def _pair(self, name: str) -> int:
        """A number of 32 bits in two registers: `INIT`, `POS`, `MOD`, `COMP`."""
        return self[f"U{name}"] << 16 | self[f"L{name}"]

    @property
    def position(self) -> int:
        """The position counter, 0 to 2^32 - 1."""
        return self._pair("POS")

    def _count(self, up: bool) -> None:
        up = up != self._on("CTRL", "REV")
        self["CTRL2"] = CTRL2["DIR"].put(self["CTRL2"], up)
        self["POSD"] = self["POSD"] + (1 if up else -1) & HALF
        modulo = self._on("CTRL2", "MOD")
        lowest, highest = (self._pair("INIT"), self._pair("MOD")) if modulo else (0, WHOLE)
        at = self.position
        if at == (highest if up else lowest):
            self._set("CTRL2", "ROIRQ" if up else "RUIRQ")
            if self._on("CTRL2", "REVMOD"):
                self._turn(1 if up else -1)
            at = lowest if up else highest
        else:
            at += 1 if up else -1
        self._move_to(at & WHOLE)
        self._feed_watchdog()

    def _turn(self, by: int) -> None:
        self["REV"] = self["REV"] + by & HALF

    def _move_to(self, position: int) -> None:
        self["UPOS"], self["LPOS"] = position >> 16, position & HALF
        if position == self._pair("COMP"):
            self._set("CTRL", "CMPIRQ")
            if not self._on("CTRL2", "OUTCTL"):
                self._pulse()

    def _pulse(self) -> None:
        self._match.set(True)
        self._match.set(False)

    def _hold(self) -> None:
        """Fill the hold registers; the difference begins anew."""
        for name in ("POSD", "REV", "UPOS", "LPOS"):
            self[f"{name}H"] = self[name]
        self["POSD"] = 0

    # ---- watchdog and test signal

    def _feed_watchdog(self) -> None:
        clocks = self["WTR"]
        if self._on("CTRL", "WDE") and clocks and self._hz:
            self._watchdog.arm(TickClock(self._hz, self.host.now_ns()).time_of(clocks))
        else:
            self._watchdog.cancel()

    def _timed_out(self) -> None:
        self._set("CTRL", "DIRQ")
        self._feed_watchdog()
        self._drive()

    def _plan_test(self) -> None:
        period = TST["TEST_PERIOD"].get(self["TST"])
        if self._left and self._on("TST", "TEN") and period and self._hz:
            self._test.arm(TickClock(self._hz, self.host.now_ns()).time_of(period))
        else:
            self._test.cancel()

    def _advance(self) -> None:
        self._left -= 1
        before = QUARTERS[self._quarter]
        self._quarter = (self._quarter + (-1 if self._on("TST", "QDN") else 1)) % len(QUARTERS)
        now = QUARTERS[self._quarter]
        number = PHASE_A if now[PHASE_A] != before[PHASE_A] else PHASE_B
        self._count_edge(number, now[number], now[1 - number])
        self._plan_test()
        self._drive()

    def _reclock(self) -> None:
        self._hz = self._clock.hz
        for number, timer in enumerate(self._filters):
            timer.cancel()
            self._look(number)
        self._feed_watchdog()
        self._plan_test()

    # ---- registers

    @on_read("POSD")
    def _read_difference(self) -> int:
        return self._read_counter("POSD")

    @on_read("REV")
    def _read_revolutions(self) -> int:
        return self._read_counter("REV")

    @on_read("UPOS")
    def _read_upper_position(self) -> int:
        return self._read_counter("UPOS")

    @on_read("LPOS")
    def _read_lower_position(self) -> int:
        return self._read_counter("LPOS")

    def _read_counter(self, name: str) -> int:
        value = self[name]
        self._hold()
        if self._on("CTRL2", "OUTCTL"):
            self._pulse()
        return value

    def _drive(self) -> None:
        self._irq.set(
            any(
                self._on(register.name, enable) and self._on(register.name, flag)
                for register, enable, flag in INTERRUPTS
            )
        )

    @on_read("IMR")
    def _read_levels(self) -> int:
        raw = sum(self._raw[number] << bit for number, bit in enumerate(RAW_BITS))
        return raw | sum(self._levels[number] << bit for number, bit in enumerate(FILTERED_BITS))

    @on_write("CTRL")
    def _write_control(self, raw: int, old: int) -> None:
        if self._on("CTRL", "SWIP"):
            self["CTRL"] &= ~CTRL["SWIP"].mask
            self._move_to(self._pair("INIT"))
        if (self["CTRL"] ^ old) & CTRL["WDE"].mask:
            self._feed_watchdog()
        self._drive()

    @on_write("CTRL2")
    def _write_more_control(self, raw: int, old: int) -> None:
        self._drive()

    @on_write("WTR")
    def _write_watchdog(self, raw: int, old: int) -> None:
        self._feed_watchdog()

    @on_write("FILT")
    def _write_filter(self, raw: int, old: int) -> None:
        for number, timer in enumerate(self._filters):
            timer.cancel()
            self._look(number)

    @on_write("TST")
    def _write_test(self, raw: int, old: int) -> None:
        if self._on("TST", "TCE") and not old & TST["TCE"].mask:
            self._left = TST["TEST_COUNT"].get(self["TST"])
        self._plan_test()
