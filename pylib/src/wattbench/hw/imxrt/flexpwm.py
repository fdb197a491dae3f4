"""The FlexPWM block of i.MX RT parts: counters, reload, compare flags and input capture.

Four submodules count from INIT to VAL1 at the bus clock divided by 2^PRSC. INIT, VAL0 to VAL5 and PRSC are buffered:
what was written is loaded at a reload while LDOK is set, at once with LDMOD or while the counter stands (which then
stands at INIT). Each capture circuit holds one value (its FIFO is one deep); a newer capture replaces it. Where the
counter meets a value it may give a pulse to the crossbar. No PWM output is driven: enabling one, and faults, forcing,
other clocks and fractional edges, is counted as unmodelled.

Source: i.MX RT1170 reference manual, chapter eFlexPWM.
"""

from __future__ import annotations

from wattbench.core.clock import ClockInput, ClockSource
from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.registers import Register
from wattbench.core.wires import DmaRequest
from wattbench.hw.imxrt.flexpwm_counters import SUBMODULES, TABLE, VALUES, FlexPwmCounters

INPUT_NAMES = ("A", "B", "X")
_STS, _DMAEN, _CTRL, _MCTRL = TABLE["SM{n}STS"], TABLE["SM{n}DMAEN"], TABLE["SM{n}CTRL"], TABLE["MCTRL"]
_RF, _RUF = _STS["RF"].mask, _STS["RUF"].mask
_FLAGS = _STS.masks["w1c"]
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


def trigger_names(n: int) -> tuple[str, str, str]:
    """Names of a submodule's output triggers 0 and 1, and of both together."""
    return f"PWM{n}_OUT_TRIG0", f"PWM{n}_OUT_TRIG1", f"PWM{n}_OUT_TRIG0_1"


@model("Wattbench.FlexPwm")
class FlexPwm(FlexPwmCounters):
    """One FlexPWM.

    Inputs: `submodule * 3 + {0: A, 1: B, 2: X}`. Outputs: interrupts `IRQ0` to `IRQ3` of the submodules and `FAULT`;
    DMA requests 0 to 3 for captures and 4 to 7 for values of submodule 0 to 3. A service clears the flags that asked
    for it. Output triggers: `PWM0_OUT_TRIG0`, `PWM0_OUT_TRIG1`, and either of them as `PWM0_OUT_TRIG0_1`, pulses of no
    length.
    """

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
        super().__init__(host, name, ClockInput(clocks, clock_root, frequency))
        for n in range(SUBMODULES):
            self._declare(n)
        for n in range(SUBMODULES):
            self.output(f"IRQ{n}")
        self.output("FAULT")
        self._triggers = [[self.output(name) for name in trigger_names(n)] for n in range(SUBMODULES)]
        self._levels = [False] * 3 * SUBMODULES
        self._circuit = [0] * 3 * SUBMODULES

    def _declare(self, n: int) -> None:
        capture = DmaRequest()
        capture.acknowledged = lambda: self._acknowledged(n, self._capture_flags(n))
        value = DmaRequest()
        value.acknowledged = lambda: self._acknowledged(n, _RF)
        self.output(n, capture)
        self.output(SUBMODULES + n, value)

    def reset(self) -> None:
        """See `Model.reset`; levels at the inputs come from outside and stay."""
        super().reset()
        self._circuit = [0] * 3 * SUBMODULES
        for n in range(SUBMODULES):
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

    def _pulse(self, n: int, triggers: int) -> None:
        for number, line in enumerate(self._triggers[n]):
            if number == 2 or triggers >> number & 1:
                line.set(True)
                line.set(False)

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

    @on_write("SM{n}TCTRL")
    def _write_triggers(self, n: int, raw: int, old: int) -> None:
        self._settle(n)
        self._mode[n][3] = self[f"SM{n}TCTRL"]
        self._plan(n)

    @on_write("SM{n}INIT", *VALUES)
    def _write_buffered(self, n: int, raw: int, old: int) -> None:
        self._settle(n)
        self[f"SM{n}STS"] |= _RUF
        self._load_now(n)

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
