"""CMP1 to CMP4: analog comparators (i.MX RT1170 reference manual, chapter ACMP).

The comparison is ideal but for its hysteresis. Volts are looked at in steps of `step_ns`, so an output changes up to
one step late. The filter lets a change through when it has lasted FILTER_CNT x FPR clocks.
"""

from __future__ import annotations

import numpy as np

from wattbench.core.analog import AnalogPort
from wattbench.core.clock import NS_PER_S, ClockInput, ClockSource
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import DmaRequest

TABLE = load_table("wattbench.hw.imxrt", "cmp")
C0, C1 = TABLE["C0"], TABLE["C1"]
EN, COS, INVT, COUT, CFF, CFR, IEF, IER, DMAEN = (
    C0[name].mask for name in ("EN", "COS", "INVT", "COUT", "CFF", "CFR", "IEF", "IER", "DMAEN")
)
CONVERTER_INPUT = 7
INPUT_NAMES = tuple(f"IN{number}" for number in range(CONVERTER_INPUT))
HYSTERESIS_V = (0.005, 0.010, 0.020, 0.030)
"""Volts between the two thresholds by HYSTCTR, typical values of the family's data sheets."""
STEPS_AHEAD = 1024


@model("Wattbench.Cmp")
class Cmp(RegisterBlock):
    """One comparator. Outputs: `CMPO`, `IRQ`, and the DMA request `Dma`, whose acknowledge clears the edge flags.

    `port` carries the volts of inputs `IN0` to `IN6`; input 7 of either side is the converter.
    """

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    state_names = ("_raw",)
    missing = ("propagation delay", "windowed, sampled, discrete and round-robin modes")

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "BUS",
        frequency: int = 24_000_000,
        vin1: float = 1.8,
        vin2: float = 1.8,
        step_ns: int = 1000,
    ) -> None:
        """`clocks` with `clock_root` or `frequency` [Hz] times the filter; `vin1` and `vin2` feed the converter [V].

        `step_ns` is how often the inputs are looked at. Raises UsageError if it is not above 0.
        """
        super().__init__(host, name)
        if step_ns <= 0:
            raise UsageError(f"{name}: stepNs has to be above 0, not {step_ns}.")
        self._clock = ClockInput(clocks, clock_root, frequency)
        self.references_v = (float(vin1), float(vin2))
        self.step_ns = step_ns
        self.port = AnalogPort(INPUT_NAMES, self._inputs_changed)
        self._output = self.output("CMPO")
        self._irq = self.output("IRQ")
        self._dma = DmaRequest()
        self._dma.acknowledged = self._served
        self.output("Dma", self._dma)
        self._look_timer = self.timer("look", self._look)
        self._filter_timer = self.timer("filter", self._settled)
        self._raw = False
        """What the comparator says, before inversion and filter."""

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._raw = False
        self._show()

    # ---- inputs

    @property
    def converter_v(self) -> float:
        """Voltage of the converter, 0 while it is off."""
        control = self["C1"]
        if not control & C1["DACEN"].mask:
            return 0.0
        return self.references_v[C1["VRSEL"].get(control)] * (C1["VOSEL"].get(control) + 1) / 256

    def _volts(self, name: str, times_s: np.ndarray) -> np.ndarray:
        number = C1[name].get(self["C1"])
        if number == CONVERTER_INPUT:
            return np.full_like(times_s, self.converter_v)
        return self.port.volts(INPUT_NAMES[number], times_s)

    def _inputs_changed(self, from_ns: int) -> None:
        deadline_ns = self._look_timer.deadline_ns
        if deadline_ns is not None and from_ns < deadline_ns:
            self._look_timer.arm(max(from_ns, self.host.now_ns()))

    def _look(self) -> None:
        """Compare now, and set the alarm for the next step at which the comparison is another."""
        now_ns = self.host.now_ns()
        times_ns = now_ns + self.step_ns * np.arange(STEPS_AHEAD)
        difference = self._volts("PSEL", times_ns / NS_PER_S) - self._volts("MSEL", times_ns / NS_PER_S)
        half = HYSTERESIS_V[C0["HYSTCTR"].get(self["C0"])] / 2
        raw = bool(difference[0] > half or (self._raw and difference[0] >= -half))
        crossed = np.flatnonzero(difference < -half if raw else difference > half)
        self._look_timer.arm(int(times_ns[crossed[0]]) if crossed.size else now_ns + self.step_ns * STEPS_AHEAD)
        self._take(raw)

    def _take(self, raw: bool) -> None:
        self._raw = raw
        wanted = raw != bool(self["C0"] & INVT)
        clocks = C0["FILTER_CNT"].get(self["C0"]) * C0["FPR"].get(self["C0"])
        hz = self._clock.hz
        if wanted == bool(self["C0"] & COUT):
            self._filter_timer.cancel()
        elif not clocks:
            self._settled()
        elif self._filter_timer.deadline_ns is None and hz:
            self._filter_timer.arm(self.host.now_ns() - -clocks * NS_PER_S // hz)
        self._show()

    def _settled(self) -> None:
        """The filter lets the change through."""
        self["C0"] ^= COUT
        self["C0"] |= CFR if self["C0"] & COUT else CFF
        self._show()

    # ---- registers

    def _show(self) -> None:
        control = self["C0"]
        output = self._raw != bool(control & INVT) if control & COS else bool(control & COUT)
        self._output.set(bool(control & EN) and output)
        wanted = bool((control & CFF and control & IEF) or (control & CFR and control & IER))
        self._irq.set(wanted and not control & DMAEN)
        self._dma.set(wanted and bool(control & DMAEN))

    def _served(self) -> None:
        self["C0"] &= ~(CFF | CFR)
        self._show()

    @on_write("C0", "C1")
    def _write_control(self, raw: int, old: int) -> None:
        if self["C0"] & EN:
            self._look()
        else:
            self._look_timer.cancel()
            self._filter_timer.cancel()
            self._raw = False
            self["C0"] &= ~COUT
        self._show()
