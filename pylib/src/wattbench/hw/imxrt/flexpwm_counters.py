"""The counters of a FlexPWM: when they meet their values, reload, and load what is buffered.

Nothing counts: the state of a submodule is its count, cycle and time at a base, and ticks count from there.

Source: i.MX RT1170 reference manual, chapter eFlexPWM.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from fractions import Fraction

from wattbench.core.clock import ClockInput, TickClock
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "flexpwm")
SUBMODULES = 4
VALUES = tuple(f"SM{{n}}VAL{k}" for k in range(6))
_STS, _DMAEN, _CTRL = TABLE["SM{n}STS"], TABLE["SM{n}DMAEN"], TABLE["SM{n}CTRL"]
_RF, _RUF = _STS["RF"].mask, _STS["RUF"].mask
_FULL, _LDMOD = _CTRL["FULL"].mask, _CTRL["LDMOD"].mask
_VALDE = _DMAEN["VALDE"].mask
_TRIGGERS, _TRGFRQ = TABLE["SM{n}TCTRL"]["OUT_TRIG_EN"].mask, TABLE["SM{n}TCTRL"]["TRGFRQ"].mask


class FlexPwmCounters(RegisterBlock):
    """The four counters of a FlexPWM with their flags in STS; `FlexPwm` is the block around them."""

    table = TABLE

    def __init__(self, host: Host, name: str, clock: ClockInput) -> None:
        super().__init__(host, name)
        self._clock_input = clock
        self._alarms = [self.timer(f"submodule{n}", self._alarm(n)) for n in range(SUBMODULES)]
        self._hz = Fraction(0)
        self._clear_counters()
        clock.on_change(self._reclock)

    def _alarm(self, n: int) -> Callable[[], None]:
        return lambda: self._update(n)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._clear_counters()
        self._hz = self._clock_input.hz

    def _clear_counters(self) -> None:
        self._active = [[0] * 8 for _ in range(SUBMODULES)]
        """What is loaded of each submodule: INIT, VAL0 to VAL5, PRSC."""
        self._mode = [[False, False, _CTRL.reset, 0] for _ in range(SUBMODULES)]
        """Of each submodule: RUN, LDOK, CTRL, TCTRL."""
        self._base_ns = [0] * SUBMODULES
        self._base_count = [0] * SUBMODULES
        self._settled = [0] * SUBMODULES
        """The tick up to which flags and loads are done."""
        self._cycles = [0] * SUBMODULES
        """Cycles at the base."""

    def _reclock(self) -> None:
        for n in range(SUBMODULES):
            self._settle(n)
            self._rebase(n, self.host.now_ns())
        self._hz = self._clock_input.hz
        for n in range(SUBMODULES):
            self._plan(n)

    @abstractmethod
    def _show(self, n: int) -> None:
        """Drive the outputs of a submodule."""

    @abstractmethod
    def _pulse(self, n: int, triggers: int) -> None:
        """Give a pulse on triggers 0 (bit 0) and 1 (bit 1) of a submodule."""

    def _update(self, n: int) -> None:
        self._settle(n)
        self._plan(n)
        self._show(n)

    def _runs(self, n: int) -> bool:
        return bool(self._mode[n][0]) and self._hz > 0

    def _clock(self, n: int) -> TickClock:
        return TickClock(self._hz / (1 << self._active[n][7]), self._base_ns[n])

    def _ticks(self, n: int) -> int:
        return self._clock(n).ticks_at(self.host.now_ns()) if self._runs(n) else 0

    def _shape(self, n: int) -> tuple[int, int]:
        """Ticks from the base to the first meeting with VAL1, and the length of the cycles after it."""
        init, last = self._active[n][0], self._active[n][2]
        return last - self._base_count[n] & 0xFFFF, (last - init & 0xFFFF) + 1

    def _count(self, n: int, ticks: int) -> int:
        first, period = self._shape(n)
        if ticks <= first:
            return self._base_count[n] + ticks & 0xFFFF
        return self._active[n][0] + (ticks - first - 1) % period & 0xFFFF

    def _cycle(self, n: int, ticks: int) -> int:
        first, period = self._shape(n)
        return self._cycles[n] + ((ticks - first - 1) // period + 1 if ticks > first else 0)

    def _next_match(self, n: int, k: int) -> int | None:
        """The first tick after the settled one at which the counter meets VALk."""
        first, period = self._shape(n)
        init, value, settled = self._active[n][0], self._active[n][1 + k], self._settled[n]
        direct = value - self._base_count[n] & 0xFFFF
        if settled < direct <= first:
            return direct
        offset = value - init & 0xFFFF
        if offset >= period:
            return None
        start = first + 1 + offset
        return start + max(0, (settled - start) // period + 1) * period

    def _next_reload(self, n: int) -> int | None:
        """The first tick after the settled one that is a reload by FULL and LDFQ."""
        control = int(self._mode[n][2])
        if not control & _FULL:
            return None
        first, period = self._shape(n)
        every = (control >> 12) + 1
        cycle = self._cycle(n, self._settled[n]) + 1
        cycle += -cycle % every
        return first + 1 + (cycle - self._cycles[n] - 1) * period

    def _next_trigger(self, n: int, k: int) -> int | None:
        """The first tick after the settled one at which VALk gives a pulse."""
        match = self._next_match(n, k)
        if match is None or not int(self._mode[n][3]) & _TRGFRQ:
            return match
        every = (int(self._mode[n][2]) >> 12) + 1
        skipped = -(self._cycle(n, match) + 1) % every
        first, period = self._shape(n)
        if not skipped or match > first:
            return match + skipped * period
        offset = self._active[n][1 + k] - self._active[n][0] & 0xFFFF
        return first + 1 + offset + (skipped - 1) * period if offset < period else None

    def _triggered(self, n: int, until: int) -> int:
        """Triggers that fall due after the settled tick, up to `until`."""
        result, enabled = 0, int(self._mode[n][3]) & _TRIGGERS
        for k in range(6 if enabled else 0):
            tick = self._next_trigger(n, k) if enabled >> k & 1 else None
            result |= 1 << k % 2 if tick is not None and tick <= until else 0
        return result

    def _rebase(self, n: int, at_ns: int) -> None:
        """Count on from the settled tick, whose time is `at_ns`."""
        ticks = self._settled[n]
        count, cycle = self._count(n, ticks), self._cycle(n, ticks)
        self._base_ns[n], self._base_count[n], self._cycles[n], self._settled[n] = at_ns, count, cycle, 0

    def _load(self, n: int, *, restart: bool) -> None:
        """Take over the buffered registers; with `restart` the counter goes to INIT."""
        values = (self[f"SM{n}INIT"], *(self[name.replace("{n}", str(n))] for name in VALUES))
        self._active[n] = [*values, _CTRL["PRSC"].get(self[f"SM{n}CTRL"])]
        if restart:
            self._base_count[n] = self._active[n][0]
        self._mode[n][1] = False
        self["MCTRL"] &= ~(1 << n)
        self[f"SM{n}STS"] &= ~_RUF

    def _load_now(self, n: int) -> None:
        """Load if LDOK is set and no reload has to be waited for."""
        if self._mode[n][1] and (not self._mode[n][0] or int(self._mode[n][2]) & _LDMOD):
            if self._runs(n):
                self._rebase(n, self._clock(n).time_of(self._settled[n]))
            self._load(n, restart=not self._mode[n][0])
        self._plan(n)
        self._show(n)

    def _settle(self, n: int) -> None:
        """Bring flags, and a load that fell due, up to the present, then give the pulses that came with it.

        The tick of a reload counts with the values that it loads.
        """
        pulses = []
        while self._runs(n):
            ticks = self._ticks(n)
            reload = self._next_reload(n)
            loads = bool(self._mode[n][1]) and reload is not None and reload <= ticks
            target = reload if loads and reload is not None else ticks
            flags = self[f"SM{n}STS"]
            for k in range(6):
                match = self._next_match(n, k) if not flags >> k & 1 else None
                flags |= 1 << k if match is not None and match <= target - loads else 0
            flags |= _RF if reload is not None and reload <= target else 0
            self[f"SM{n}STS"] = flags
            pulses.append(self._triggered(n, target - loads))
            self._settled[n] = target
            if not loads:
                break
            self._rebase(n, self._clock(n).time_of(target))
            self._load(n, restart=True)
            self._settled[n] = -1
        for triggers in filter(None, pulses):
            self._pulse(n, triggers)

    def _plan(self, n: int) -> None:
        """Set the alarm to the next moment that somebody can see."""
        ticks = []
        if self._runs(n):
            wanted = self[f"SM{n}INTEN"] | (_RF if self[f"SM{n}DMAEN"] & _VALDE else 0)
            wanted &= ~self[f"SM{n}STS"]
            ticks = [self._next_match(n, k) for k in range(6) if wanted >> k & 1]
            if wanted & _RF or self._mode[n][1]:
                ticks.append(self._next_reload(n))
            ticks += [self._next_trigger(n, k) for k in range(6) if int(self._mode[n][3]) >> k & 1]
        due = [tick for tick in ticks if tick is not None]
        if due:
            self._alarms[n].arm(self._clock(n).time_of(min(due)))
        else:
            self._alarms[n].cancel()
