"""The conversions of an ADE7913: its sample clock, the codes computed ahead, DREADY, and the evidence of samples.

A period is 512 << ADC_FREQ cycles of the 4.096 MHz crystal. DREADY goes low at each sample for `DREADY_CYCLES` of them.

The width of DREADY is an assumption that no public driver relies on.
"""

from __future__ import annotations

import struct
from fractions import Fraction

from wattbench.core.host import Host
from wattbench.core.registers import load_table
from wattbench.core.wires import Line
from wattbench.hw.parts.ade7913_front import Ade7913Front
from wattbench.hw.parts.conversions import BLOCK_SAMPLES, Conversions

__all__ = ["BLOCK_SAMPLES", "CRYSTAL_HZ", "TABLE", "Ade7913Conversions"]

TABLE = load_table("wattbench.hw.parts", "ade7913")
CRYSTAL_HZ = 4_096_000
BASE_PERIOD = 512
DREADY_CYCLES = 8
_CONFIG = TABLE["CONFIG"]


class Ade7913Conversions(Conversions):
    """The converter without registers and SPI, which `Ade7913` adds.

    Output: `DREADY`. `analog` takes the source of volts at "i", "v1" and "v2".
    """

    default_output = "DREADY"

    front: Ade7913Front

    def __init__(self, host: Host, name: str, crystal_error_ppm: Fraction) -> None:
        self.front = Ade7913Front(host, name, self._changed)
        self.analog = self.front.port
        super().__init__(host, name)
        self._dready = self.output("DREADY", Line(True))
        self._edge = self.timer("edge", self._on_edge)
        self._crystal_error_ppm = crystal_error_ppm
        self._clear()

    @property
    def crystal_error_ppm(self) -> Fraction:
        """Error of the crystal in parts per million, exact."""
        return self._crystal_error_ppm

    @crystal_error_ppm.setter
    def crystal_error_ppm(self, ppm: Fraction | float | str) -> None:
        counter = self._counter_now()
        self._crystal_error_ppm = Fraction(str(ppm))
        if self._running:
            self._start(counter, self.host.now_ns())

    def _clear(self) -> None:
        self._clear_run()
        self._config = 0
        """The register CONFIG, which decides the period and what is measured."""
        self._held = (0, 0, 0)

    def reset(self) -> None:
        """Power on, without conversions yet."""
        super().reset()
        self._clear()

    def _period(self) -> int:
        return BASE_PERIOD << _CONFIG["ADC_FREQ"].get(self._config)

    def _counter_now(self) -> int:
        return (self._preset + self._ticks()) % self._period() if self._running else 0

    def _codes(self) -> tuple[int, int, int]:
        """The newest sample."""
        index = self._index()
        if not index:
            return self._held
        if index >= self._valid_until:
            self._fill()
        current, v1, v2 = struct.unpack_from("<3i", self._block, 12 * (index - self._block_first))
        return current, v1, v2

    def _stop(self) -> None:
        """End the present run of conversions; the newest sample stays readable."""
        if self._running:
            self._held = self._codes()
        self._end_run()
        self._edge.cancel()
        self._dready.set(True)

    def _start(self, counter: int, at_ns: int) -> None:
        self._stop()
        hz = CRYSTAL_HZ * (1 + self._crystal_error_ppm / 1_000_000)
        self._begin_run(hz, counter % self._period(), at_ns)
        self._edge.arm(self._sample_ns(1))

    def _plan_edge(self) -> None:
        """Wait for the next sample, DREADY being high."""
        self._dready.set(True)
        if self._running:
            self._edge.arm(self._sample_ns(self._index() + 1))

    def _on_edge(self) -> None:
        if self._config & _CONFIG["CLKOUT_EN"].mask:
            self._plan_edge()
            return
        index = self._index()
        low = self._dready.level
        self._edge.arm(self._sample_ns(index, DREADY_CYCLES) if low else self._sample_ns(index + 1))
        self._dready.set(not low)

    def _compute(self, samples: range) -> bytes:
        codes = self.front.codes(samples, self._clock(), self._period(), self._preset, self._config)
        return codes.tobytes()
