"""Registers that an engine reads from the model's window instead of asking the model."""

from __future__ import annotations

from wattbench.engines.embedded import native
from wattbench.engines.embedded.machine import Machine
from wattbench.hw.imxrt.flexspi import FlexSpi

BASE, RFDR, INTR = 0x400CC000, 0x100, 0x14


def test_received_bytes_are_read_without_asking_the_model():
    machine = Machine()
    block = FlexSpi(machine, "flexspi")
    asked = []
    block.read = lambda offset, size: asked.append(offset) or 0
    machine.map_target(BASE, block.size, block, native.EVERYONE)
    block.received = bytes(range(1, 201))
    assert machine.bus_read(BASE + RFDR, 4) == b"\1\2\3\4"
    assert machine.bus_read(BASE + RFDR + 126, 2) == b"\x7f\x80"
    block.received = block.received[8:]
    assert machine.bus_read(BASE + RFDR + 1, 1) == b"\x0a"
    saved = block.save()
    block.received = b""
    assert machine.bus_read(BASE + RFDR, 4) == bytes(4)
    block.restore(saved)
    assert machine.bus_read(BASE + RFDR, 4) == b"\x09\x0a\x0b\x0c"
    assert asked == []
    machine.bus_read(BASE + INTR, 4)
    machine.bus_read(BASE + RFDR + 0x80, 4)
    assert asked == [INTR, RFDR + 0x80]
