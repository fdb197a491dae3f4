"""Twin of the LPSPI."""

from __future__ import annotations

import ctypes as c
from fractions import Fraction
from functools import partial
from typing import Any, cast

from wattbench.core.clock import ClockInput, ClockSource, root_of
from wattbench.core.wires import SpiDevice
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.ade7913 import NativeAde7913
from wattbench.engines.embedded.twins.binding import EXCHANGE, SELECT, SELECTED, SpiPart, library
from wattbench.engines.embedded.twins.lines import NativeRequest
from wattbench.engines.embedded.twins.twin import Clocked
from wattbench.hw.imxrt.lpspi import Lpspi


class NativeLpspi(Clocked):
    """Twin of `Lpspi`; parts may be native or Python."""

    table, size, type_name, default_output = Lpspi.table, Lpspi.size, Lpspi.type_name, "IRQ"

    def __init__(
        self,
        host: Machine,
        name: str,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        frequency: int = 24_000_000,
    ) -> None:
        """See `Lpspi`."""
        super().__init__(
            host, name, library().wb_lpspi_new(host.handle), ClockInput(clocks, root_of(clock_root, name), frequency)
        )
        self.line("IRQ", partial(self.lib.wb_lpspi_line, self.handle))
        self.outputs["RxDma"] = NativeRequest(host, self.lib.wb_lpspi_request(self.handle, 0))
        self.outputs["TxDma"] = NativeRequest(host, self.lib.wb_lpspi_request(self.handle, 1))
        self._parts: list[Any] = []

    def set_clock(self, hz: Fraction) -> None:
        """See `Clocked`."""
        self.lib.wb_lpspi_clock(self.handle, hz.numerator, hz.denominator)

    def attach(self, child: Any, point: int | None) -> None:
        """Put the SPI part `child` on chip select `point`."""
        if isinstance(child, NativeAde7913):
            self.lib.wb_lpspi_attach(self.handle, point or 0, self.lib.wb_ade7913_part(child.handle))
        else:
            part = self._python_part(cast(SpiDevice, child))
            self.lib.wb_lpspi_attach(self.handle, point or 0, c.addressof(part))
        self._parts.append(child)

    def _python_part(self, child: SpiDevice) -> SpiPart:
        return SpiPart(
            self.callback(SELECT, lambda _, asserted: child.chip_select(bool(asserted))),
            self.callback(SELECTED, lambda _: int(child.selected), 0),
            self.callback(EXCHANGE, lambda _, word, bits: child.exchange(word, bits), 0),
            None,
        )

    def feature(self, number: int, which: int) -> str:
        """See `Twin`."""
        return "slave mode"
