"""CMP1 to CMP4: analog comparators (i.MX RT1170 and RT1060 reference manuals, chapter ACMP).

The comparison is ideal but for its hysteresis. Volts are looked at in steps of `step_ns`, so an output changes up to
one step late. The filter lets a change through when it has lasted FILTER_CNT x FPR clocks.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from wattbench.core.analog import AnalogPort
from wattbench.core.clock import NS_PER_S, ClockInput, ClockSource
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import DmaRequest

TABLE = load_table("wattbench.hw.imxrt", "cmp")
C0 = TABLE["C0"]
EN, COS, INVT, COUT, CFF, CFR, IEF, IER, DMAEN = (
    C0[name].mask for name in ("EN", "COS", "INVT", "COUT", "CFF", "CFR", "IEF", "IER", "DMAEN")
)
CONVERTER_INPUT = 7
INPUT_NAMES = tuple(f"IN{number}" for number in range(CONVERTER_INPUT))
HYSTERESIS_V = (0.005, 0.010, 0.020, 0.030)
"""Volts between the two thresholds by HYSTCTR, typical values of the family's data sheets."""
STEPS_AHEAD = 1024


class Comparator(RegisterBlock):
    """One comparator, wherever its fields are: `places` gives register and name of each.

    Outputs: `CMPO`, `IRQ`, and the DMA request `Dma`, whose acknowledge clears the edge flags.
    `port` carries the volts of inputs `IN0` to `IN6`; input 7 of either side is the converter.
    """

    places: ClassVar[dict[str, tuple[str, str]]]
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

    def _get(self, name: str) -> int:
        register, field = self.places[name]
        return self.table[register][field].get(self[register])

    def _put(self, name: str, value: int) -> None:
        register, field = self.places[name]
        self[register] = self.table[register][field].put(self[register], value)

    @property
    def converter_v(self) -> float:
        """Voltage of the converter, 0 while it is off."""
        if not self._get("DACEN"):
            return 0.0
        register, field = self.places["VOSEL"]
        steps = 1 << self.table[register][field].width
        return self.references_v[self._get("VRSEL")] * (self._get("VOSEL") + 1) / steps

    def _volts(self, name: str, times_s: np.ndarray) -> np.ndarray:
        number = self._get(name)
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
        half = HYSTERESIS_V[self._get("HYSTCTR")] / 2
        raw = bool(difference[0] > half or (self._raw and difference[0] >= -half))
        crossed = np.flatnonzero(difference < -half if raw else difference > half)
        self._look_timer.arm(int(times_ns[crossed[0]]) if crossed.size else now_ns + self.step_ns * STEPS_AHEAD)
        self._take(raw)

    def _take(self, raw: bool) -> None:
        self._raw = raw
        wanted = raw != bool(self._get("INVT"))
        clocks = self._get("FILTER_CNT") * self._get("FPR")
        hz = self._clock.hz
        if wanted == bool(self._get("COUT")):
            self._filter_timer.cancel()
        elif not clocks:
            self._settled()
        elif self._filter_timer.deadline_ns is None and hz:
            self._filter_timer.arm(self.host.now_ns() - -clocks * NS_PER_S // hz)
        self._show()

    def _settled(self) -> None:
        """The filter lets the change through."""
        rises = not self._get("COUT")
        self._put("COUT", rises)
        self._put("CFR" if rises else "CFF", 1)
        self._show()

    # ---- registers

    def _show(self) -> None:
        output = self._raw != bool(self._get("INVT")) if self._get("COS") else bool(self._get("COUT"))
        self._output.set(bool(self._get("EN")) and output)
        wanted = any(self._get(flag) and self._get(enable) for flag, enable in (("CFF", "IEF"), ("CFR", "IER")))
        self._irq.set(wanted and not self._get("DMAEN"))
        self._dma.set(wanted and bool(self._get("DMAEN")))

    def _served(self) -> None:
        self._put("CFF", 0)
        self._put("CFR", 0)
        self._show()

    def _settings_written(self) -> None:
        if self._get("EN"):
            self._look()
        else:
            self._look_timer.cancel()
            self._filter_timer.cancel()
            self._raw = False
            self._put("COUT", 0)
        self._show()


@model("Wattbench.Cmp")
class Cmp(Comparator):
    """A comparator of the i.MX RT1170."""

    table = TABLE
    size = 0x4000
    places: ClassVar[dict[str, tuple[str, str]]] = {
        name: (register, name) for register in ("C0", "C1") for name in TABLE[register].fields
    }

    @on_write("C0", "C1")
    def _write_control(self, raw: int, old: int) -> None:
        self._settings_written()
