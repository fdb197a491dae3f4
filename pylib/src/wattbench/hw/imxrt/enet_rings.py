"""Buffer descriptors of the Ethernet MAC in RAM, legacy (8 bytes) and enhanced (32 bytes), and walking their rings.

Source: IMXRT1170RM "ENET", section on buffer descriptors. Field names are those of that section.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from wattbench.core.host import Host

LEGACY_BYTES, ENHANCED_BYTES = 8, 32
READY, WRAP, LAST = 1 << 15, 1 << 13, 1 << 11
"""READY is R of a transmit descriptor and E of a receive descriptor."""
SOFTWARE = 1 << 14 | 1 << 12
APPEND_CHECK, APPEND_BAD_CHECK = 1 << 10, 1 << 9
MISS, BROADCAST, MULTICAST, TOO_LONG, CHECK_WRONG, TRUNCATED = 1 << 8, 1 << 7, 1 << 6, 1 << 5, 1 << 2, 1 << 0
TX_INTERRUPT, TX_STAMP, TX_PAYLOAD_CHECKSUM, TX_HEADER_CHECKSUM = 1 << 30, 1 << 29, 1 << 28, 1 << 27
RX_INTERRUPT, RX_UNICAST = 1 << 23, 1 << 24
RX_HEADER_WRONG, RX_PAYLOAD_WRONG, RX_VLAN, RX_IPV6, RX_FRAGMENT = 1 << 5, 1 << 4, 1 << 2, 1 << 1, 1 << 0
UPDATED = 1 << 31


@dataclass
class Descriptor:
    """One descriptor. `extra` are the words from offset 8 of an enhanced one: control, protocol, update, time stamp."""

    address: int
    flags: int
    length: int
    buffer: int
    extra: list[int] = field(default_factory=list)


@dataclass
class Ring:
    """Where the MAC is in a ring. `enhanced` and `little` are ECR.EN1588 and ECR.DBSWP."""

    start: int = 0
    at: int = 0
    enhanced: bool = False
    little: bool = True

    def restart(self, start: int, *, enhanced: bool, little: bool) -> None:
        """Begin at the first descriptor."""
        self.start = self.at = start
        self.enhanced, self.little = enhanced, little

    def read(self, host: Host, address: int) -> Descriptor:
        """The descriptor at `address`; raises BusError."""
        raw = host.bus_read(address, ENHANCED_BYTES if self.enhanced else LEGACY_BYTES)
        order = self._order
        words = [int.from_bytes(raw[at : at + 4], order) for at in range(0, len(raw), 4)]
        return Descriptor(address, words[0] >> 16, words[0] & 0xFFFF, words[1], words[2:6])

    def write(self, host: Host, descriptor: Descriptor) -> None:
        """Write flags, length and what an enhanced one has besides; raises BusError."""
        words = [descriptor.flags << 16 | descriptor.length, descriptor.buffer, *descriptor.extra]
        host.bus_write(descriptor.address, b"".join(word.to_bytes(4, self._order) for word in words))

    @property
    def _order(self) -> Literal["little", "big"]:
        return "little" if self.little else "big"

    def after(self, descriptor: Descriptor) -> int:
        """Address of the descriptor that follows."""
        if descriptor.flags & WRAP:
            return self.start
        return descriptor.address + (ENHANCED_BYTES if self.enhanced else LEGACY_BYTES)

    def frame(self, host: Host) -> list[Descriptor]:
        """The transmit descriptors of the next frame; empty if the last of them is not ready. Raises BusError."""
        found: list[Descriptor] = []
        address = self.at
        while True:
            descriptor = self.read(host, address)
            if not descriptor.flags & READY or (found and address == found[0].address):
                return []
            found.append(descriptor)
            if descriptor.flags & LAST:
                return found
            address = self.after(descriptor)
