"""Twins of eDMA and its request multiplexer."""

from __future__ import annotations

from functools import partial

from wattbench.core.wires import DmaRequest
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.binding import ACKNOWLEDGED, library
from wattbench.engines.embedded.twins.lines import NativeRequest
from wattbench.engines.embedded.twins.twin import Twin
from wattbench.hw.imxrt.dmamux import DmaMux
from wattbench.hw.imxrt.edma import Edma


class NativeEdma(Twin):
    """Twin of `Edma`."""

    table, size, type_name = Edma.table, Edma.size, Edma.type_name

    def __init__(self, host: Machine, name: str) -> None:
        super().__init__(host, name, library().wb_edma_new(host.handle))
        for number in range(16):
            self.line(number, partial(self.lib.wb_edma_line, self.handle, number))
        self.line("ERROR", partial(self.lib.wb_edma_line, self.handle, 16))

    @property
    def services(self) -> int:
        """Minor loops run since reset."""
        return int(self.lib.wb_edma_services(self.handle))


class NativeDmaMux(Twin):
    """Twin of `DmaMux`."""

    table, size, type_name = DmaMux.table, DmaMux.size, DmaMux.type_name

    def __init__(self, host: Machine, name: str, dma: NativeEdma) -> None:
        super().__init__(host, name, library().wb_dmamux_new(host.handle, dma.handle))
        self.dma = dma

    def connect_input(self, number: int, line: DmaRequest | NativeRequest) -> None:
        """Wire the request `line`, native or not, to source `number`."""
        if isinstance(line, NativeRequest):
            self.lib.wb_dmamux_connect(self.handle, number, line.request)
            return
        served = self.callback(ACKNOWLEDGED, lambda source: line.acknowledged())
        self.lib.wb_dmamux_connect_host(self.handle, number, served)
        line.connect(lambda level: self.lib.wb_dmamux_host_level(self.handle, number, line.level))

    def on_input(self, number: int, level: bool) -> None:
        """See `DmaMux.on_input`."""
        self.lib.wb_dmamux_input(self.handle, number, level)
