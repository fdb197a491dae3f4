"""DAC: digital to analog converter of 12 bits (i.MX RT1170 reference manual, chapter DAC).

Without FIFO a value is converted when it is written; with it, at each software trigger. The output is ideal.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import DmaRequest

TABLE = load_table("wattbench.hw.imxrt", "dac")
CR = TABLE["CR"]
FIFO_ENTRIES, STEPS = 16, 4096
FLAG_INTERRUPTS = (("FULLF", "FULLIE"), ("NEMPTF", "EMPTIE"), ("WMF", "WTMIE"), ("UDFF", "UVIE"), ("OVFF", "UVIE"))
DACEN, FIFOEN, TRGSEL, SWTRG, FIFORST, SWRST, DMAEN, DACRFS, UDFF, OVFF = (
    CR[name].mask
    for name in ("DACEN", "FIFOEN", "TRGSEL", "SWTRG", "FIFORST", "SWRST", "DMAEN", "DACRFS", "UDFF", "OVFF")
)


@model("Wattbench.Dac")
class Dac(RegisterBlock):
    """The converter. Outputs: `IRQ` and the DMA request `Dma`. An `AnalogSource` for inputs that hang on its pin."""

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    state_names = ("_fifo", "_code", "_written", "_converted")
    missing = ("settling time",)

    def __init__(self, host: Host, name: str, *, reference1: float = 1.8, reference2: float = 1.8) -> None:
        """`reference1` and `reference2` are the volts of full scale by DACRFS."""
        super().__init__(host, name)
        self.references_v = (float(reference1), float(reference2))
        self._irq = self.output("IRQ")
        self._dma = DmaRequest()
        self.output("Dma", self._dma)
        self._listeners: list[Callable[[float], None]] = []
        self._clear()

    def _clear(self) -> None:
        self._fifo: list[int] = []
        self._code = 0
        self._written, self._converted = 0, 0
        """FIFO pointers."""

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._clear()
        self._show()

    @property
    def output_v(self) -> float:
        """Voltage at the pin [V]; 0 while the converter is off."""
        if not self["CR"] & DACEN:
            return 0.0
        return self.references_v[bool(self["CR"] & DACRFS)] * self._code / STEPS

    def volts(self, input_name: str, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `AnalogSource.volts`: the present voltage, whatever input asks; `listen` tells of changes."""
        return np.full_like(times_s, self.output_v)

    def listen(self, listener: Callable[[float], None]) -> None:
        """Call `listener` with the voltage [V] after each write or trigger that may have changed it."""
        self._listeners.append(listener)

    def _convert(self, code: int) -> None:
        self._code = code
        for listener in self._listeners:
            listener(self.output_v)

    @on_read("CR")
    def _control(self) -> int:
        fill = len(self._fifo)
        value = CR["FULLF"].put(self["CR"], fill == FIFO_ENTRIES)
        value = CR["NEMPTF"].put(value, fill <= 1)
        return CR["WMF"].put(value, bool(value & FIFOEN) and fill <= CR["WML"].get(value))

    def _show(self) -> None:
        control = self._control()
        wanted = any(control & CR[flag].mask and control & CR[enable].mask for flag, enable in FLAG_INTERRUPTS)
        self._irq.set(wanted and not control & DMAEN)
        self._dma.set(wanted and bool(control & DMAEN))

    @on_write("CR")
    def _write_control(self, raw: int, old: int) -> None:
        control = self["CR"] & ~(SWTRG | FIFORST)
        if control & SWRST:
            self.reset()
        self["CR"] = control
        if raw & FIFORST:
            self._fifo.clear()
            self._written = self._converted = 0
        if raw & SWTRG and control & TRGSEL and control & FIFOEN and control & DACEN:
            if self._fifo:
                self._converted = (self._converted + 1) % FIFO_ENTRIES
                self._code = self._fifo.pop(0)
            else:
                self["CR"] |= UDFF
        self._convert(self._code)
        self._show()

    @on_write("DATA")
    def _write_data(self, raw: int, old: int) -> None:
        code = raw & STEPS - 1
        if self["CR"] & SWRST:
            return
        if not self["CR"] & FIFOEN:
            self._convert(code)
        elif len(self._fifo) < FIFO_ENTRIES:
            self._fifo.append(code)
            self._written = (self._written + 1) % FIFO_ENTRIES
        else:
            self["CR"] |= OVFF
        self._show()

    @on_read("PTR")
    def _pointers(self) -> int:
        return TABLE["PTR"]["DACRFP"].put(self._written, self._converted)
