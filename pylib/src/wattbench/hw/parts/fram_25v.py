"""FM25V serial ferroelectric memories on SPI (Infineon data sheets FM25V02A to FM25V20A).

A byte is written when its last bit has come in, without a write cycle, and stays without power: a write that the supply
interrupts is done up to the last whole byte. The write enable latch falls at the end of each write.
"""

from __future__ import annotations

from dataclasses import dataclass

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model, model

WRITE_ENABLE, WRITE_DISABLE, READ_STATUS, WRITE_STATUS = 0x06, 0x04, 0x05, 0x01
READ, FAST_READ, WRITE, SLEEP, READ_ID = 0x03, 0x0B, 0x02, 0xB9, 0x9F
WEL, PROTECT, WPEN, ALWAYS_ONE = 0x02, 0x0C, 0x80, 0x40
WITH_ADDRESS = (READ, FAST_READ, WRITE)


@dataclass(frozen=True)
class FramType:
    """Bytes of the array and of an address, and what READ_ID answers."""

    size: int
    address_bytes: int
    identity: str


TYPES = {
    "FM25V02A": FramType(0x8000, 2, "7F7F7F7F7F7FC22208"),
    "FM25V10": FramType(0x20000, 3, "7F7F7F7F7F7FC22400"),
    "FM25V20A": FramType(0x40000, 3, "7F7F7F7F7F7FC22508"),
}


@model("Wattbench.Fram25V")
class Fram25V(Model):
    """One FRAM. Tests read and write `cells` and look at `writes` (accepted write commands).

    `lose_power_after(n)` is a fault: the part takes n more bytes and then none until its supply comes back.
    """

    on_chip = False
    missing = ("the pins WP# and HOLD#, and with them WPEN", "the time the part needs to wake from sleep")
    state_names = (
        "cells", "status", "writes", "asleep", "bytes_left", "_selected", "_position", "_command", "_address",
        "_bit", "_shift_in", "_shift_out", "_begun",
    )  # fmt: skip

    def __init__(self, host: Host, name: str, *, part: str = "FM25V20A") -> None:
        """Raises UsageError for a part that is not in `TYPES`."""
        super().__init__(host, name)
        if part not in TYPES:
            raise UsageError(f"{name}: there is no part {part!r}; choose one of {', '.join(TYPES)}.")
        self.type = TYPES[part]
        self.identity = bytes.fromhex(self.type.identity)
        self.cells = bytearray(self.type.size)
        self.status = 0
        self.writes = 0
        """Write commands that stored at least a byte."""
        self.bytes_left: int | None = None
        """Bytes that a failing supply still lets in, None while it does not fail."""
        self._start_up()

    def _start_up(self) -> None:
        self.status &= ~WEL
        self.asleep = self._selected = self._begun = False
        self._position = self._command = self._address = 0
        self._bit = self._shift_in = self._shift_out = 0

    def reset(self) -> None:
        """See `Model.reset`; power has come back."""
        super().reset()
        self.bytes_left = None
        self._start_up()

    def power_off(self) -> None:
        """A transfer ends where it is; the cells stay."""
        self._start_up()

    def lose_power_after(self, count: int) -> None:
        """Store `count` more bytes, then nothing until the next power-on: the supply breaks down in a write."""
        self.bytes_left = count

    @property
    def selected(self) -> bool:
        """See `SpiDevice.selected`."""
        return self._selected

    def chip_select(self, asserted: bool) -> None:
        """See `SpiDevice.chip_select`."""
        if asserted and not self._selected:
            self._position = self._command = self._address = self._bit = self._shift_in = self._shift_out = 0
            self._begun = False
        elif not asserted and self._selected:
            self._deselected()
        self._selected = asserted

    def _deselected(self) -> None:
        if self._position == 0:
            return
        if self._command in (WRITE, WRITE_STATUS):
            self.writes += self._begun
            self.status &= ~WEL
        elif self._command == SLEEP and not self.asleep:
            self.asleep = True
            return
        self.asleep = False

    def exchange(self, word: int, bits: int) -> int:
        """See `SpiDevice.exchange`."""
        answer = 0
        while bits:
            if self._bit == 0:
                self._shift_out, self._shift_in = self._next_out(), 0
            take = min(8 - self._bit, bits)
            bits -= take
            mask = (1 << take) - 1
            self._bit += take
            self._shift_in = self._shift_in << take | word >> bits & mask
            answer = answer << take | self._shift_out >> 8 - self._bit & mask
            if self._bit == 8:
                self._bit = 0
                self._byte_in(self._shift_in)
                self._position += 1
        return answer

    def _data_index(self) -> int:
        """Place of the present byte in the data of the command, negative before it."""
        dummies = self._command == FAST_READ
        return self._position - 1 - dummies - (self.type.address_bytes if self._command in WITH_ADDRESS else 0)

    def _next_out(self) -> int:
        """What the part drives while the present byte is shifted."""
        if self._position == 0 or self.asleep:
            return 0xFF
        index = self._data_index()
        if self._command == READ_STATUS:
            return self.status | ALWAYS_ONE
        if self._command == READ_ID:
            return self.identity[index % len(self.identity)]
        if self._command in (READ, FAST_READ) and index >= 0:
            return self.cells[(self._address + index) % self.type.size]
        return 0xFF

    def _byte_in(self, value: int) -> None:
        if self._position == 0:
            self._command = value
            self._opcode(value)
            return
        if self.asleep:
            return
        if self._command in WITH_ADDRESS and self._position <= self.type.address_bytes:
            self._address = (self._address << 8 | value) % self.type.size
            return
        if not self.status & WEL:
            return
        if self._command == WRITE:
            self._store((self._address + self._data_index()) % self.type.size, value)
        elif self._command == WRITE_STATUS and self._position == 1:
            self.status = self.status & ~(PROTECT | WPEN) | value & (PROTECT | WPEN)
            self._begun = True

    def _opcode(self, value: int) -> None:
        if self.asleep:
            return
        if value == WRITE_ENABLE:
            self.status |= WEL
        elif value == WRITE_DISABLE:
            self.status &= ~WEL
        elif value not in (READ_STATUS, WRITE_STATUS, READ, FAST_READ, WRITE, SLEEP, READ_ID):
            self.host.unmodelled(self.name, f"command 0x{value:02X}")

    def _protected_from(self) -> int:
        """First address that the block protection keeps from writes."""
        size = self.type.size
        return (size, size * 3 // 4, size // 2, 0)[(self.status & PROTECT) >> 2]

    def _store(self, address: int, value: int) -> None:
        if address >= self._protected_from():
            return
        if self.bytes_left is not None:
            if self.bytes_left == 0:
                return
            self.bytes_left -= 1
        self.cells[address] = value
        self._begun = True
