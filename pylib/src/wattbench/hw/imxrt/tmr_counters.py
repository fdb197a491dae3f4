"""Counters of the quad timer: what they count, when they compare, and what that does (i.MX RT1170 manual, chapter TMR).

A compare takes effect with the count after the one that is equal, when the counter is loaded or goes on: from LOAD to
COMP1 and back to LOAD are COMP1 - LOAD + 1 counts. Bus clock and its division begin when a channel starts to count.
"""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from functools import partial

from wattbench.core.clock import ClockInput, TickClock
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "tmr")
CHANNELS = range(4)
ROLL = 1 << 16
CTRL, SCTRL, CSCTRL, DMA = (TABLE[name] for name in ("CTRL{n}", "SCTRL{n}", "CSCTRL{n}", "DMA{n}"))
LENGTH, ONCE, DIR, COINIT = (CTRL[name].mask for name in ("LENGTH", "ONCE", "DIR", "COINIT"))
OPS, VAL, IPS, IEF, TOF, TCF = (SCTRL[name].mask for name in ("OPS", "VAL", "IPS", "IEF", "TOF", "TCF"))
TCF1, TCF2 = CSCTRL["TCF1"].mask, CSCTRL["TCF2"].mask
STATUS_FLAGS, COMPARE_FLAGS = IEF | TOF | TCF, TCF1 | TCF2
RISING, BOTH, GATED, QUADRATURE, SIGNED, TRIGGERED, CASCADED = range(1, 8)
"""CM."""
FIRST_OUTPUT, FIRST_CLOCK = 4, 8
"""PCS."""
ACTIVE, CLEAR, SET, TOGGLE, ALTERNATE, SET_TO_EDGE, SET_TO_ROLL, CLOCK = range(8)
"""OUTMODE."""


class TmrCounters(RegisterBlock):
    """Four counters with their outputs; `Tmr` is the block around them."""

    table = TABLE

    def __init__(self, host: Host, name: str, clock: ClockInput) -> None:
        super().__init__(host, name)
        self._clock = clock
        clock.on_change(self._reclock)
        self._lines = [self.output(n) for n in CHANNELS]
        self._alarms = [self.timer(f"channel{n}", partial(self._on_alarm, n)) for n in CHANNELS]
        self._levels = [False] * len(CHANNELS)
        self._clear()

    def _clear(self) -> None:
        self._hz = [Fraction(0)] * len(CHANNELS)
        """Rate at which each channel counts clocks, 0 if it counts none."""
        self._anchors_ns, self._ticks, self._counts = [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]
        """Start of the channel's clock; clocks since then at which the kept count was right; that count."""
        self._alternate, self._triggered = [False] * len(CHANNELS), [False] * len(CHANNELS)
        self._stopped, self._oflags = [False] * len(CHANNELS), [False] * len(CHANNELS)
        self._preloads = 0
        """Preload requests: bit 2n for CMPLD1 of channel n, bit 2n + 1 for its CMPLD2."""

    @abstractmethod
    def _show(self) -> None:
        """Drive interrupt and DMA requests."""

    def _mode(self, n: int) -> int:
        return CTRL["CM"].get(self[f"CTRL{n}"]) if self["ENBL"] >> n & 1 else 0

    def _counting(self, n: int) -> bool:
        """Whether channel `n` takes counts of its primary source."""
        mode = self._mode(n)
        if not mode or self._stopped[n] or (mode == TRIGGERED and not self._triggered[n]):
            return False
        return mode != GATED or self._secondary(n)

    def _level(self, n: int, source: int) -> bool:
        return self._levels[source] != bool(self[f"SCTRL{n}"] & IPS)

    def _secondary(self, n: int) -> bool:
        return self._level(n, CTRL["SCS"].get(self[f"CTRL{n}"]))

    def _down(self, n: int) -> bool:
        if self._mode(n) == SIGNED and self._secondary(n):
            return not self[f"CTRL{n}"] & DIR
        return bool(self[f"CTRL{n}"] & DIR)

    def _compare_number(self, n: int, down: bool) -> int:
        """1 or 2, the compare register in use."""
        if CTRL["OUTMODE"].get(self[f"CTRL{n}"]) == ALTERNATE:
            return 2 if self._alternate[n] else 1
        return 2 if down else 1

    def count(self, n: int) -> int:
        """The counter of channel `n` now."""
        if not self._hz[n]:
            return self._counts[n]
        passed = TickClock(self._hz[n], self._anchors_ns[n]).ticks_at(self.host.now_ns()) - self._ticks[n]
        return (self._counts[n] - passed if self._down(n) else self._counts[n] + passed) % ROLL

    def _settle(self, n: int) -> None:
        """Keep the present count, before something changes; what is due now happens first."""
        deadline_ns = self._alarms[n].deadline_ns
        if deadline_ns is not None and deadline_ns <= self.host.now_ns():
            self._alarms[n].cancel()
            self._on_alarm(n)
        self._rebase(n)

    def _rebase(self, n: int) -> None:
        if self._hz[n]:
            self._counts[n] = self.count(n)
            self._ticks[n] = TickClock(self._hz[n], self._anchors_ns[n]).ticks_at(self.host.now_ns())

    def _go(self, n: int) -> None:
        """Count on as registers and inputs now say; the kept count is that of now."""
        source = CTRL["PCS"].get(self[f"CTRL{n}"])
        hz = Fraction(0)
        if source >= FIRST_CLOCK and self._mode(n) not in (0, QUADRATURE, CASCADED) and self._counting(n):
            hz = self._clock.hz / (1 << source - FIRST_CLOCK)
        if hz != self._hz[n]:
            self._hz[n], self._anchors_ns[n], self._ticks[n] = hz, self.host.now_ns(), 0
        if hz:
            down = self._down(n)
            target, count = self[f"COMP{self._compare_number(n, down)}{n}"], self._counts[n]
            to_compare = ((count - target if down else target - count) % ROLL) + 1
            to_roll = count + 1 if down else ROLL - count
            clock = TickClock(hz, self._anchors_ns[n])
            self._alarms[n].arm(clock.time_of(self._ticks[n] + min(to_compare, to_roll)))
        else:
            self._alarms[n].cancel()
        if CTRL["OUTMODE"].get(self[f"CTRL{n}"]) == ACTIVE and self._mode(n):
            self._set_oflag(n, self._counting(n))

    def _change(self, n: int, down: bool | None = None) -> None:
        """One count of a source that is no clock."""
        if self._counting(n):
            self._advance(n, self._down(n) if down is None else down)
            self._go(n)
            self._show()

    def _on_alarm(self, n: int) -> None:
        down = self._down(n)
        self._rebase(n)
        self._counts[n] = (self._counts[n] + 1 if down else self._counts[n] - 1) % ROLL
        self._advance(n, down)
        self._go(n)
        self._show()

    def _advance(self, n: int, down: bool) -> None:
        """What one count does to the kept count, flags and output."""
        count, number = self._counts[n], self._compare_number(n, down)
        self[f"CSCTRL{n}"] = CSCTRL["UP"].put(self[f"CSCTRL{n}"], not down)
        equal = count == self[f"COMP{number}{n}"]
        if equal and self[f"CTRL{n}"] & LENGTH:
            self._load(n, down)
        else:
            self._counts[n] = (count - 1 if down else count + 1) % ROLL
            if count == (0 if down else ROLL - 1):
                self[f"SCTRL{n}"] |= TOF
                if CTRL["OUTMODE"].get(self[f"CTRL{n}"]) == SET_TO_ROLL:
                    self._set_oflag(n, False)
        if equal:
            self._compared(n, number, down)

    def _load(self, n: int, down: bool) -> None:
        other = down and self[f"CSCTRL{n}"] & CSCTRL["ALT_LOAD"].mask
        self._counts[n] = self[f"CMPLD2{n}" if other else f"LOAD{n}"]

    def _compared(self, n: int, number: int, down: bool) -> None:
        control, mode = self[f"CTRL{n}"], CTRL["OUTMODE"].get(self[f"CTRL{n}"])
        self[f"SCTRL{n}"] |= TCF
        self[f"CSCTRL{n}"] |= TCF1 if number == 1 else TCF2
        for register in (1, 2):
            if CSCTRL[f"CL{register}"].get(self[f"CSCTRL{n}"]) == number:
                self[f"COMP{register}{n}"] = self[f"CMPLD{register}{n}"]
                if self[f"DMA{n}"] & DMA[f"CMPLD{register}DE"].mask:
                    self._preloads |= 1 << 2 * n + register - 1
        if control & ONCE and not (mode == ALTERNATE and number == 1):
            self._stopped[n] = True
        if self._mode(n) == TRIGGERED and not (mode == ALTERNATE and number == 1):
            self._triggered[n] = False
        self._alternate[n] = mode == ALTERNATE and not self._alternate[n]
        if mode in (CLEAR, SET, SET_TO_EDGE, SET_TO_ROLL):
            self._set_oflag(n, mode != CLEAR)
        elif mode in (TOGGLE, ALTERNATE):
            self._set_oflag(n, not self._oflags[n])
        for other in CHANNELS:
            if self._mode(other) == CASCADED and CTRL["PCS"].get(self[f"CTRL{other}"]) == FIRST_OUTPUT + n != other + 4:
                self._change(other, down)
            if other != n and self[f"SCTRL{n}"] & SCTRL["MSTR"].mask:
                self._follow(other)

    def _follow(self, n: int) -> None:
        """A master channel has compared."""
        if self[f"CTRL{n}"] & COINIT:
            self._settle(n)
            self._load(n, self._down(n))
            self._go(n)
        if self[f"SCTRL{n}"] & SCTRL["EEOF"].mask:
            self._set_oflag(n, bool(self[f"SCTRL{n}"] & VAL))

    def _set_oflag(self, n: int, level: bool) -> None:
        if level == self._oflags[n]:
            return
        self._oflags[n] = level
        self._lines[n].set(level != bool(self[f"SCTRL{n}"] & OPS))
        for other in CHANNELS:
            if other != n and CTRL["PCS"].get(self[f"CTRL{other}"]) == FIRST_OUTPUT + n:
                self._edge(other, level)

    def _edge(self, n: int, rising: bool) -> None:
        """The primary source of channel `n`, which is no clock, has an edge."""
        mode = self._mode(n)
        if mode == BOTH or (rising and mode in (RISING, GATED, SIGNED, TRIGGERED)):
            self._change(n)

    def _reclock(self) -> None:
        for n in CHANNELS:
            self._settle(n)
            self._go(n)
