"""The FlexPWM block of i.MX RT parts: counters, reload, compare flags and input capture.

Four submodules count from INIT to VAL1 at the bus clock divided by 2^PRSC. INIT, VAL0 to VAL5 and PRSC are buffered:
what was written is loaded at a reload while LDOK is set, at once with LDMOD or while the counter stands (which then
stands at INIT). Each capture
circuit holds one value (its FIFO is one deep); a newer capture replaces it. No output is driven: enabling one, and
faults, forcing, other clocks and fractional edges, is counted as unmodelled.

Source: i.MX RT1170 reference manual, chapter eFlexPWM.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from wattbench.core.clock import ClockSource, FixedClock, TickClock
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import Register, load_table
from wattbench.core.wires import DmaRequest

TABLE = load_table("wattbench.hw.imxrt", "flexpwm")
SUBMODULES = 4
INPUT_NAMES = ("A", "B", "X")
VALUES = tuple(f"SM{{n}}VAL{k}" for k in range(6))
_STS, _DMAEN, _CTRL, _MCTRL = TABLE["SM{n}STS"], TABLE["SM{n}DMAEN"], TABLE["SM{n}CTRL"], TABLE["MCTRL"]
_RF, _RUF = _STS["RF"].mask, _STS["RUF"].mask
_FLAGS = _STS.masks["w1c"]
_FULL, _LDMOD = _CTRL["FULL"].mask, _CTRL["LDMOD"].mask
_VALDE, _FAND = _DMAEN["VALDE"].mask, _DMAEN["FAND"].mask
_CAPTURE = TABLE["SM{n}CAPTCTRLX"]
_ARM, _ONESHOT, _INP_SEL, _EDGCNT = (_CAPTURE[name].mask for name in ("ARMX", "ONESHOTX", "INP_SELX", "EDGCNTX_EN"))
_FALLING, _RISING = 1, 2
_FIRST_FLAG = {"A": 10, "B": 8, "X": 6}
"""Bit of circuit 0's flag in STS; circuit 1 has the next. In DMAEN the same less 6 (X), 6 (B), 6 (A)."""
_FIRST_VALUE = {"A": 2, "B": 4, "X": 0}
"""CVAL number of circuit 0."""
_CAPTURED = {
    f"SM{{n}}CVAL{first + circuit}": (name, circuit) for name, first in _FIRST_VALUE.items() for circuit in (0, 1)
}  # fmt: skip


@model("Wattbench.FlexPwm")
class FlexPwm(RegisterBlock):
    """One FlexPWM.

    Inputs: `submodule * 3 + {0: A, 1: B, 2: X}`. Outputs: interrupts `IRQ0` to `IRQ3` of the submodules and `FAULT`;
    DMA requests 0 to 3 for captures and 4 to 7 for values of submodule 0 to 3. A service clears the flags that asked
    for it.
    """

    table = TABLE
    size = 0x4000
    state_names = (
        "_active", "_mode", "_base_ns", "_base_count", "_settled", "_cycles", "_levels", "_circuit", "_hz",
    )  # fmt: skip

    def __init__(
        self,
        host: Host,
        name: str,
        clocks: ClockSource | None = None,
        clock_root: str = "BUS",
        frequency: int = 24_000_000,
    ) -> None:
        """`clocks` with `clock_root` or `frequency` [Hz] is the clock of the counters."""
        super().__init__(host, name)
        self._clocks = clocks or FixedClock(frequency)
        self._root = clock_root
        for n in range(SUBMODULES):
            self._declare(n)
        for n in range(SUBMODULES):
            self.output(f"IRQ{n}")
        self.output("FAULT")
        self._levels = [False] * 3 * SUBMODULES
        self._alarms = [self.timer(f"submodule{n}", self._alarm(n)) for n in range(SUBMODULES)]
        self._hz = Fraction(0)
        self._clear()
        self._clocks.on_rate_change(self._reclock)

    def _declare(self, n: int) -> None:
        capture = DmaRequest()
        capture.acknowledged = lambda: self._acknowledged(n, self._capture_flags(n))
        value = DmaRequest()
        value.acknowledged = lambda: self._acknowledged(n, _RF)
        self.output(n, capture)
        self.output(SUBMODULES + n, value)

    def _alarm(self, n: int) -> Callable[[], None]:
        return lambda: self._update(n)

    def _clear(self) -> None:
        self._active = [[0] * 8 for _ in range(SUBMODULES)]
        self._mode = [[False, False, _CTRL.reset] for _ in range(SUBMODULES)]
        self._base_ns = [0] * SUBMODULES
        self._base_count = [0] * SUBMODULES
        self._settled = [0] * SUBMODULES
        self._cycles = [0] * SUBMODULES
        self._circuit = [0] * 3 * SUBMODULES

    def reset(self) -> None:
        """See `Model.reset`; levels at the inputs come from outside and stay."""
        super().reset()
        self._clear()
        self._hz = Fraction(self._clocks.rate_hz(self._root))
        for n in range(SUBMODULES):
            self._show(n)

    def _reclock(self) -> None:
        for n in range(SUBMODULES):
            self._settle(n)
            self._rebase(n, self.host.now_ns())
        self._hz = Fraction(self._clocks.rate_hz(self._root))
        for n in range(SUBMODULES):
            self._plan(n)

    # ---- the counter of a submodule; ticks count from its base

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

    def _settle(self, n: int) -> None:
        """Bring flags, and a load that fell due, up to the present.

        The tick of a reload counts with the values that it loads.
        """
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
            self._settled[n] = target
            if not loads:
                return
            self._rebase(n, self._clock(n).time_of(target))
            self._load(n, restart=True)
            self._settled[n] = -1

    def _plan(self, n: int) -> None:
        """Set the alarm to the next moment that somebody can see."""
        ticks = []
        if self._runs(n):
            wanted = self[f"SM{n}INTEN"] | (_RF if self[f"SM{n}DMAEN"] & _VALDE else 0)
            wanted &= ~self[f"SM{n}STS"]
            ticks = [self._next_match(n, k) for k in range(6) if wanted >> k & 1]
            if wanted & _RF or self._mode[n][1]:
                ticks.append(self._next_reload(n))
        due = [tick for tick in ticks if tick is not None]
        if due:
            self._alarms[n].arm(self._clock(n).time_of(min(due)))
        else:
            self._alarms[n].cancel()

    def _update(self, n: int) -> None:
        self._settle(n)
        self._plan(n)
        self._show(n)

    # ---- outputs

    def _capture_flags(self, n: int) -> int:
        """Capture flags of STS that ask for DMA."""
        enables = self[f"SM{n}DMAEN"]
        return (enables & 0x3F) << 6 if _DMAEN["CAPTDE"].get(enables) == 1 else 0

    def _show(self, n: int) -> None:
        wanted = self._capture_flags(n)
        found = self[f"SM{n}STS"] & wanted
        self.outputs[n].set(bool(wanted) and found == wanted if self[f"SM{n}DMAEN"] & _FAND else bool(found))
        self.outputs[SUBMODULES + n].set(bool(self[f"SM{n}DMAEN"] & _VALDE and self[f"SM{n}STS"] & _RF))
        self.outputs[f"IRQ{n}"].set(bool(self[f"SM{n}STS"] & self[f"SM{n}INTEN"] & _FLAGS))

    def _acknowledged(self, n: int, flags: int) -> None:
        self._settle(n)
        self[f"SM{n}STS"] &= ~flags
        self._plan(n)
        self._show(n)

    # ---- capture

    def on_input(self, number: int, level: bool) -> None:
        """See the class for the numbers."""
        if number >= 3 * SUBMODULES:
            super().on_input(number, level)
        if level == self._levels[number]:
            return
        self._levels[number] = level
        n, pin = divmod(number, 3)
        name = INPUT_NAMES[pin]
        control = self[f"SM{n}CAPTCTRL{name}"]
        matched = bool(control & _EDGCNT) and self._count_edge(n, name)
        circuits = [circuit for circuit in (0, 1) if control >> 2 + 2 * circuit & 3]
        if not control & _ARM or not circuits:
            return
        circuit = self._circuit[number] if self._circuit[number] in circuits else circuits[0]
        edges = control >> 2 + 2 * circuit & 3
        if matched if control & _INP_SEL else edges & (_RISING if level else _FALLING):
            self._capture(number, circuit, len(circuits) == 2)

    def _count_edge(self, n: int, name: str) -> bool:
        """Count an edge; true when the counter meets EDGCMP and starts again."""
        value = self[f"SM{n}CAPTCOMP{name}"]
        edges = (value >> 8) + 1 & 0xFF
        matched = edges == value & 0xFF
        self[f"SM{n}CAPTCOMP{name}"] = value & 0xFF | (0 if matched else edges) << 8
        return matched

    def _capture(self, number: int, circuit: int, both: bool) -> None:
        n, pin = divmod(number, 3)
        name = INPUT_NAMES[pin]
        self._settle(n)
        ticks = self._ticks(n)
        register = _FIRST_VALUE[name] + circuit
        self[f"SM{n}CVAL{register}"] = self._count(n, ticks)
        self[f"SM{n}CVAL{register}CYC"] = self._cycle(n, ticks) & 15
        control = self[f"SM{n}CAPTCTRL{name}"] & ~(7 << 10 + 3 * circuit) | 1 << 10 + 3 * circuit
        if control & _ONESHOT and (circuit or not both):
            control &= ~_ARM
        self[f"SM{n}CAPTCTRL{name}"] = control
        self._circuit[number] = 1 - circuit if both else circuit
        if not control >> 8 & 3:
            self[f"SM{n}STS"] |= 1 << _FIRST_FLAG[name] + circuit
        self._plan(n)
        self._show(n)

    # ---- registers

    @on_read("SM{n}CNT")
    def _read_count(self, n: int) -> int:
        self._settle(n)
        return self._count(n, self._ticks(n))

    @on_read("SM{n}STS")
    def _read_status(self, n: int) -> int:
        self._settle(n)
        return self[f"SM{n}STS"]

    @on_read("SM{n}OCTRL")
    def _read_levels(self, n: int) -> int:
        a, b, x = self._levels[3 * n : 3 * n + 3]
        return self[f"SM{n}OCTRL"] | a << 15 | b << 14 | x << 13

    @on_read("MCTRL")
    def _read_control(self) -> int:
        for n in range(SUBMODULES):
            self._settle(n)
        return self["MCTRL"]

    @on_write("SM{n}STS")
    def _write_status(self, n: int, raw: int, old: int) -> None:
        self._settle(n)
        self[f"SM{n}STS"] &= ~(raw & _FLAGS)
        self._plan(n)
        self._show(n)

    @on_write("SM{n}INTEN")
    def _write_enables(self, n: int, raw: int, old: int) -> None:
        self._update(n)

    @on_write("SM{n}DMAEN")
    def _write_dma(self, n: int, raw: int, old: int) -> None:
        if _DMAEN["CAPTDE"].get(self[f"SM{n}DMAEN"]) > 1:
            self.host.unmodelled(self.name, f"SM{n}DMAEN with CAPTDE above 1")
        self._update(n)

    @on_write("SM{n}CTRL")
    def _write_submodule(self, n: int, raw: int, old: int) -> None:
        self._settle(n)
        self._mode[n][2] = self[f"SM{n}CTRL"]
        if (old ^ self[f"SM{n}CTRL"]) & _CTRL["PRSC"].mask:
            self[f"SM{n}STS"] |= _RUF
        self._load_now(n)

    @on_write("SM{n}INIT", *VALUES)
    def _write_buffered(self, n: int, raw: int, old: int) -> None:
        self._settle(n)
        self[f"SM{n}STS"] |= _RUF
        self._load_now(n)

    def _load_now(self, n: int) -> None:
        """Load if LDOK is set and no reload has to be waited for."""
        if self._mode[n][1] and (not self._mode[n][0] or int(self._mode[n][2]) & _LDMOD):
            if self._runs(n):
                self._rebase(n, self._clock(n).time_of(self._settled[n]))
            self._load(n, restart=not self._mode[n][0])
        self._plan(n)
        self._show(n)

    @on_write("MCTRL")
    def _write_control(self, raw: int, old: int) -> None:
        value = self["MCTRL"]
        for n in range(SUBMODULES):
            self["MCTRL"] = old
            self._settle(n)
            old = self["MCTRL"]
        cleared = _MCTRL["CLDOK"].get(value)
        loads = (value & 15 | old & 15) & ~cleared
        self["MCTRL"] = value & ~_MCTRL["CLDOK"].mask & ~15 | loads
        for n in range(SUBMODULES):
            self._mode[n][1] = bool(loads >> n & 1)
            self._load_now(n)
            runs = bool(value >> 8 + n & 1)
            if runs != self._mode[n][0]:
                self._rebase(n, self.host.now_ns())
                self._mode[n][0] = runs
                self._plan(n)

    @on_write("SM{n}CAPTCTRLA", "SM{n}CAPTCTRLB", "SM{n}CAPTCTRLX")
    def _write_capture(self, n: int, raw: int, old: int) -> None:
        for pin, name in enumerate(INPUT_NAMES):
            control = self[f"SM{n}CAPTCTRL{name}"]
            if not control & _ARM:
                self._circuit[3 * n + pin] = 0
            if not control & _EDGCNT:
                self[f"SM{n}CAPTCOMP{name}"] &= 0xFF

    def _value(self, index: int, register: Register, number: int) -> int:
        value = super()._value(index, register, number)
        if register.name in _CAPTURED:
            name, circuit = _CAPTURED[register.name]
            self[f"SM{number}CAPTCTRL{name}"] &= ~(7 << 10 + 3 * circuit)
        return value
