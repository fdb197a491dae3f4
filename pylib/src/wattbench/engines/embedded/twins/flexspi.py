"""Twin of the FlexSPI. Its flashes stay Python: they are asked once a command, and told how the core reads them."""

from __future__ import annotations

import ctypes as c
from functools import partial
from typing import Any, ClassVar

from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.binding import EXECUTE, READS, FlexSpiHost, library
from wattbench.engines.embedded.twins.twin import Twin
from wattbench.hw.imxrt.flexspi import CoreRead, FlexSpi, ReadSetup, SerialFlash, attach_part, obstacle
from wattbench.hw.imxrt106x.variants import FlexSpi106x

RT117X, RT106X = range(2)
"""enum wb_flexspi_chip"""
RECEIVED, TO_SEND = range(2)


class NativeFlexSpi(Twin):
    """Twin of `FlexSpi`."""

    table, size, type_name, default_output = FlexSpi.table, FlexSpi.size, FlexSpi.type_name, "IRQ"
    chip: ClassVar[int] = RT117X

    def __init__(self, host: Machine, name: str) -> None:
        self.parts: dict[int, SerialFlash] = {}
        wrap = host.callback
        self._flexspi_host = FlexSpiHost(EXECUTE(wrap(self._execute)), READS(wrap(self._reads)))
        handle = library().wb_flexspi_new(host.handle, c.byref(self._flexspi_host), self.chip)
        super().__init__(host, name, handle)
        self.line("IRQ", partial(self.lib.wb_flexspi_line, handle))

    def attach(self, child: Any, point: int | None) -> None:
        """See `FlexSpi.attach`."""
        part = attach_part(self.name, self.parts, child, point)
        part.read_changed = partial(self.lib.wb_flexspi_tell, self.handle)
        self.lib.wb_flexspi_attach(self.handle, point)

    def _execute(self, point: int, opcode: int, has_address: int, address: int, *buffers: int) -> None:
        """Carry out a command; the arguments are those of `wb_flexspi_host.execute`."""
        data, size, answer, answer_size = buffers
        sent = c.string_at(data, size) if size else b""
        received = self.parts[point].execute(opcode, address if has_address else None, sent, answer_size)
        c.memmove(answer, received, answer_size)

    def _reads(self, point: int, setup: int, sequence: int, opcode: int) -> None:
        part = self.parts[point]
        part.read_access(obstacle(self.name, point, part, CoreRead(ReadSetup(setup), sequence, opcode)))

    def save(self) -> dict[str, Any]:
        """See `Twin.save`."""
        return {"received": self._held(RECEIVED), "to_send": self._held(TO_SEND)}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Twin.restore`."""
        for which, data in ((RECEIVED, saved["received"]), (TO_SEND, saved["to_send"])):
            self.lib.wb_flexspi_hold(self.handle, which, data, len(data))

    def _held(self, which: int) -> bytes:
        data = c.c_void_p()
        size = self.lib.wb_flexspi_held(self.handle, which, c.byref(data))
        return c.string_at(data, size) if size else b""


class NativeFlexSpi106x(NativeFlexSpi):
    """Twin of `FlexSpi106x`."""

    table, type_name, chip = FlexSpi106x.table, FlexSpi106x.type_name, RT106X
