"""The slave half of an LPI2C (i.MX RT1170 reference manual, chapter LPI2C), as a part on another controller's bus.

It answers at the end of bytes. With ADRSTALL, RXSTALL and TXDSTALL it holds SCL after the ninth bit while software has
not read the address, read the byte, or written the next one; without them a byte is lost or sent as 0xFF, with FEF.
Glitch filters and hold times are storage.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wattbench.core.wires import I2cPort

if TYPE_CHECKING:
    from wattbench.core.model import RegisterBlock

TDF, RDF, AVF, RSF, SDF, FEF, AM0F, AM1F, GCF, SARF, SBF, BBF = (
    1 << bit for bit in (0, 1, 2, 8, 9, 11, 12, 13, 14, 15, 24, 25)
)
BY_ADDRESS = AM0F | AM1F | GCF | SARF
SEN, RST = 1 << 0, 1 << 1
ADRSTALL, RXSTALL, TXDSTALL = 1 << 0, 1 << 1, 1 << 2
GCEN, SAEN, TXCFG, RXCFG, IGNACK = (1 << bit for bit in (8, 9, 10, 11, 12))
SEVEN_BITS = (0, 2, 6)
"""Address rules of 7 bits: the first address, either, or the range from one to the other."""
GENERAL_CALL, ALERT_RESPONSE = 0x00, 0x0C
EMPTY, FIRST = 1 << 14, 1 << 15
OUT, RECEIVES, SENDS = range(3)


class Lpi2cSlave:
    """What an LPI2C is to the controller of a bus: an `I2cDevice` whose registers are those of `block`.

    A test may be the controller itself and call `start`, `write`, `read`, `answered`, `stop` at moments of its choice.
    """

    def __init__(self, block: RegisterBlock, changed: Callable[[], None]) -> None:
        self._block, self._changed = block, changed
        self.address = 0
        """Of no meaning: the addresses are in SAMR."""
        self._bus: I2cPort | None = None
        self.clear()

    def clear(self) -> None:
        """Reset, all but what goes on on the bus."""
        self.role = OUT
        self._received: list[int] = []
        self._to_send: list[int] = []
        self._first = self._busy = self._addressed = False
        """The next byte is the first; the bus is busy; the last address was one of the slave's."""
        self.holds_scl()

    @property
    def state(self) -> tuple[int, list[int], list[int], bool, bool, bool]:
        """All there is to save besides the registers."""
        return self.role, list(self._received), list(self._to_send), self._first, self._busy, self._addressed

    @state.setter
    def state(self, saved: tuple[int, list[int], list[int], bool, bool, bool]) -> None:
        role, received, to_send, self._first, self._busy, self._addressed = saved
        self.role, self._received, self._to_send = role, list(received), list(to_send)

    def join(self, bus: I2cPort) -> None:
        """Become a part on a bus."""
        self._bus = bus
        bus.devices.append(self)

    def _flag(self, bits: int) -> None:
        self._block["SSR"] |= bits

    @property
    def _configuration(self) -> int:
        return self._block["SCFGR1"]

    @property
    def status(self) -> int:
        """SSR."""
        status = self._block["SSR"]
        if not self._to_send and (self.role == SENDS or self._configuration & TXCFG):
            status |= TDF
        if self._received:
            status |= RDF
        return status | (SBF if self.role != OUT else 0) | (BBF if self._busy else 0)

    def holds_scl(self) -> bool:
        """Hold SCL, or let it go, as flags and settings say; whether it is held."""
        status = self.status
        held = self.role != OUT and bool(
            (status & AVF and self._configuration & ADRSTALL)
            or (self.role == RECEIVES and status & RDF and self._configuration & RXSTALL)
            or (self.role == SENDS and status & TDF and self._configuration & TXDSTALL)
        )
        if self._bus is not None:
            self._bus.stretch(self, held)
        return held

    # ---- the bus

    def _matches(self, address: int, reading: bool) -> int:
        """Flags of the rules that an address meets."""
        configuration, addresses = self._configuration, self._block["SAMR"]
        first, second = addresses >> 1 & 0x7F, addresses >> 17 & 0x7F
        rule = configuration >> 16 & 7
        flags = 0
        if rule == 6:
            flags |= AM0F if first <= address <= second else 0
        elif rule in SEVEN_BITS:
            flags |= AM0F if address == first else 0
            flags |= AM1F if rule == 2 and address == second else 0
        if configuration & GCEN and address == GENERAL_CALL and not reading:
            flags |= GCF
        if configuration & SAEN and address == ALERT_RESPONSE and reading:
            flags |= SARF
        return flags

    def start(self, address: int, reading: bool) -> bool:
        """See `I2cDevice.start`."""
        self._busy = True
        if self._block["SCR"] & (SEN | RST) != SEN:
            self.role, self._addressed = OUT, False
            return False
        if self._addressed:
            self._flag(RSF)
        matched = self._matches(address, reading)
        self.role, self._addressed = OUT, bool(matched)
        if matched:
            self.role, self._first = SENDS if reading else RECEIVES, True
            self._block["SSR"] = self._block["SSR"] & ~BY_ADDRESS | matched | AVF
            self._block["SASR"] = address << 1 | reading
        self._changed()
        return bool(matched)

    def write(self, value: int) -> bool:
        """See `I2cDevice.write`."""
        if self.role != RECEIVES:
            return False
        if self._received:
            self._flag(FEF)
        else:
            self._received.append(value | (FIRST if self._first else 0))
        self._first = False
        acknowledged = not self._block["STAR"] & 1
        if not acknowledged and not self._configuration & IGNACK:
            self.role = OUT
        self._changed()
        return acknowledged

    def read(self) -> int:
        """See `I2cDevice.read`."""
        if self.role != SENDS:
            return 0xFF
        if not self._to_send:
            self._flag(FEF)
            return 0xFF
        return self._to_send.pop()

    def answered(self, acknowledged: bool) -> None:
        """See `I2cDevice.answered`: after a NACK nothing more is wanted."""
        if self.role == SENDS and not acknowledged and not self._configuration & IGNACK:
            self.role = OUT
        self._changed()

    def stop(self) -> None:
        """See `I2cDevice.stop`."""
        if self._addressed:
            self._flag(SDF)
        self.role, self._busy, self._addressed = OUT, False, False
        self._changed()

    # ---- the registers

    def send(self, value: int) -> None:
        """A write to STDR."""
        self._to_send = [value]

    def take(self) -> int:
        """A read of SRDR: with RXCFG the address first, then the byte."""
        if self._configuration & RXCFG and self._block["SSR"] & AVF:
            return self.take_address() & 0xFF
        return self._received.pop() if self._received else EMPTY

    def take_address(self) -> int:
        """A read of SASR, which ends AVF and what told the rule."""
        value = self._block["SASR"] if self._block["SSR"] & AVF else self._block["SASR"] | EMPTY
        self._block["SSR"] &= ~(AVF | BY_ADDRESS)
        return value

    def flush(self, *, sent: bool, received: bool) -> None:
        """SCR.RTF and RRF."""
        if sent:
            self._to_send.clear()
        if received:
            self._received.clear()
