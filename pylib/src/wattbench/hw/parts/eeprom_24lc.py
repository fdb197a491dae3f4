"""24LC serial EEPROMs with two address bytes (Microchip data sheets 24LC32A to 24LC512).

A write collects bytes in the page's buffer, whose end wraps to its start; STOP begins the write cycle, during which
the part acknowledges nothing. Cells keep their contents without power.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model, model

ERASED = 0xFF


@dataclass(frozen=True)
class EepromType:
    """Bytes of the array and of a page."""

    size: int
    page: int


TYPES = {
    "24LC32": EepromType(0x1000, 32),
    "24LC64": EepromType(0x2000, 32),
    "24LC128": EepromType(0x4000, 64),
    "24LC256": EepromType(0x8000, 64),
    "24LC512": EepromType(0x10000, 128),
}


@model("Wattbench.Eeprom24Lc")
class Eeprom24Lc(Model):
    """One EEPROM. Input 0 is the write-protect pin. Tests read and write `cells` and look at `write_cycles`."""

    on_chip = False
    state_names = (
        "address",
        "cells",
        "pointer",
        "write_cycles",
        "refused_while_busy",
        "protected",
        "_buffer",
        "_address_left",
    )

    def __init__(
        self, host: Host, name: str, *, part: str = "24LC256", address: int = 0x50, write_cycle_ms: float = 5
    ) -> None:
        """`write_cycle_ms`: how long a write takes, the data sheets' limit unless given.

        Raises UsageError for a part that is not in `TYPES`.
        """
        super().__init__(host, name)
        if part not in TYPES:
            raise UsageError(f"{name}: there is no part {part!r}; choose one of {', '.join(TYPES)}.")
        self.type = TYPES[part]
        self.address = address
        self.write_cycle_ns = round(Fraction(write_cycle_ms) * NS_PER_S / 1000)
        self.cells = bytearray([ERASED]) * self.type.size
        self.write_cycles = 0
        """Write cycles since the part was new; each wears a page."""
        self.refused_while_busy = 0
        """Addresses that found the part busy and got no acknowledge."""
        self.protected = False
        self._cycle = self.timer("write_cycle", lambda: None)
        self.pointer = 0
        self._buffer: dict[int, int] = {}
        self._address_left = 0

    @property
    def busy(self) -> bool:
        """Whether a write cycle runs."""
        return self._cycle.deadline_ns is not None and self._cycle.deadline_ns > self.host.now_ns()

    def reset(self) -> None:
        """See `Model.reset`; the part has no reset pin."""

    def power_off(self) -> None:
        """The pointer and a page that was not written yet are lost."""
        self._cycle.cancel()
        self.pointer, self._buffer, self._address_left = 0, {}, 0

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: pin WP."""
        if number != 0:
            raise TypeError(f"{self.name} has input 0 (WP), not {number}")
        self.protected = level

    def start(self, address: int, reading: bool) -> bool:
        """See `I2cDevice.start`."""
        self._buffer = {}
        if address != self.address:
            return False
        if self.busy:
            self.refused_while_busy += 1
            return False
        if not reading:
            self._address_left = 2
        return True

    def write(self, value: int) -> bool:
        """See `I2cDevice.write`: two bytes of address, then data."""
        if self._address_left:
            self._address_left -= 1
            self.pointer = (self.pointer << 8 | value) & 0xFFFF
            if not self._address_left:
                self.pointer %= self.type.size
        else:
            self._buffer[self.pointer] = value
            page = self.pointer - self.pointer % self.type.page
            self.pointer = page + (self.pointer + 1) % self.type.page
        return True

    def read(self) -> int:
        """See `I2cDevice.read`."""
        value = self.cells[self.pointer]
        self.pointer = (self.pointer + 1) % self.type.size
        return value

    def answered(self, acknowledged: bool) -> None:
        """See `I2cDevice.answered`."""

    def stop(self) -> None:
        """See `I2cDevice.stop`: what was collected is written."""
        if not self._buffer:
            return
        if not self.protected:
            for place, value in self._buffer.items():
                self.cells[place] = value
            self.write_cycles += 1
            self._cycle.arm(self.host.now_ns() + self.write_cycle_ns)
        self._buffer = {}
