"""What an Ethernet MAC works out of the bytes of a frame: hash filter, pause frames, padding, checksums.

Sources: IEEE 802.3 clauses 3, 4A and 31B; RFC 791, 1071, 8200; IMXRT1170RM "ENET", hash tables and accelerators.
Frames are without check sequence unless said otherwise.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

SHORTEST, HEADER_BYTES, CHECK_BYTES = 64, 14, 4
"""Bytes of the shortest good frame, and of its header and check sequence, which they include."""
BROADCAST = b"\xff" * 6
PAUSE_ADDRESS = bytes.fromhex("0180C2000001")
CONTROL_TYPE, PAUSE_OPCODE, PAUSE_QUANTUM_BITS = 0x8808, 0x0001, 512
VLAN_TYPE, IPV4_TYPE, IPV6_TYPE, FIRST_TYPE = 0x8100, 0x0800, 0x86DD, 0x0600
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
CHECKSUM_AT = {ICMP: 2, TCP: 16, UDP: 6, ICMPV6: 2}


def hash_of(address: bytes) -> int:
    """Number (0 to 63) of an address in the hash tables: the top six bits of its CRC-32."""
    return (zlib.crc32(address) ^ 0xFFFF_FFFF) >> 26


def is_group(frame: bytes) -> bool:
    """Whether a frame goes to several stations."""
    return bool(frame[:1]) and bool(frame[0] & 1)


def pause_frame(source: bytes, quanta: int) -> bytes:
    """A pause frame, without padding."""
    numbers = (CONTROL_TYPE, PAUSE_OPCODE, quanta)
    return PAUSE_ADDRESS + source + b"".join(number.to_bytes(2, "big") for number in numbers)


def control_opcode(frame: bytes) -> int | None:
    """Opcode of a MAC control frame, None for any other frame."""
    return int.from_bytes(frame[14:16], "big") if frame[12:14] == CONTROL_TYPE.to_bytes(2, "big") else None


def length_field(frame: bytes) -> int | None:
    """Length of the payload by a length field in place of a type; None if the frame has a type."""
    number = int.from_bytes(frame[12:14], "big")
    return number if number < FIRST_TYPE else None


def internet_sum(data: bytes) -> int:
    """One's complement sum of 16-bit words (RFC 1071)."""
    if len(data) & 1:
        data += b"\0"
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@dataclass(frozen=True)
class Packet:
    """Where IP is in a frame."""

    version: int
    start: int
    """Offset of the IP header."""
    payload: int
    """Offset of what follows the IP header."""
    end: int
    """Offset behind the packet; padding begins there."""
    protocol: int
    fragment: bool
    vlan: bool

    @classmethod
    def find(cls, frame: bytes) -> Packet | None:
        """The packet in a frame, None without IP or if it does not fit."""
        vlan = frame[12:14] == VLAN_TYPE.to_bytes(2, "big")
        start = 18 if vlan else 14
        kind, header = int.from_bytes(frame[start - 2 : start], "big"), frame[start:]
        if kind == IPV4_TYPE and len(header) >= 20 and header[0] >> 4 == 4:
            payload, end = start + (header[0] & 0xF) * 4, start + int.from_bytes(header[2:4], "big")
            fragment = bool(int.from_bytes(header[6:8], "big") & 0x3FFF)
            packet = cls(4, start, payload, end, header[9], fragment, vlan)
        elif kind == IPV6_TYPE and len(header) >= 40 and header[0] >> 4 == 6:
            end = start + 40 + int.from_bytes(header[4:6], "big")
            packet = cls(6, start, start + 40, end, header[6], False, vlan)
        else:
            return None
        return packet if start + 20 <= packet.payload <= packet.end <= len(frame) else None

    @property
    def checksum_at(self) -> int | None:
        """Offset of the checksum of TCP, UDP or ICMP in the frame; None for others and for fragments."""
        if self.fragment or self.protocol not in CHECKSUM_AT:
            return None
        at = self.payload + CHECKSUM_AT[self.protocol]
        return at if at + 2 <= self.end else None

    def header_sum(self, frame: bytes) -> int:
        """Sum over the IPv4 header, its checksum included: 0xFFFF if it is right."""
        return internet_sum(frame[self.start : self.payload])

    def payload_sum(self, frame: bytes) -> int:
        """Sum over the payload and the pseudo header, its checksum included: 0xFFFF if it is right."""
        pseudo = b""
        if self.protocol != ICMP:
            addresses = (12, 20) if self.version == 4 else (8, 40)
            pseudo = frame[self.start + addresses[0] : self.start + addresses[1]]
            pseudo += (self.end - self.payload).to_bytes(4, "big") + self.protocol.to_bytes(4, "big")
        return internet_sum(pseudo + frame[self.payload : self.end])

    def header_good(self, frame: bytes) -> bool:
        """Whether the header's checksum is right; IPv6 has none."""
        return self.version == 6 or self.header_sum(frame) == 0xFFFF

    def payload_good(self, frame: bytes) -> bool:
        """Whether the checksum of TCP, UDP or ICMP is right, or there is none to check."""
        at = self.checksum_at
        if at is None or (self.protocol == UDP and self.version == 4 and frame[at : at + 2] == b"\0\0"):
            return True
        return self.payload_sum(frame) == 0xFFFF


def with_checksums(frame: bytes, *, header: bool, payload: bool) -> bytes:
    """The frame with the checksum of its IPv4 header and of its TCP, UDP or ICMP written, as far as it has them."""
    packet = Packet.find(frame)
    if packet is None:
        return frame
    changed = bytearray(frame)
    if header and packet.version == 4:
        at = packet.start + 10
        changed[at : at + 2] = b"\0\0"
        changed[at : at + 2] = (0xFFFF ^ packet.header_sum(bytes(changed))).to_bytes(2, "big")
    if payload and packet.checksum_at is not None:
        at = packet.checksum_at
        changed[at : at + 2] = b"\0\0"
        number = 0xFFFF ^ packet.payload_sum(bytes(changed))
        changed[at : at + 2] = (number or (0xFFFF if packet.protocol == UDP else 0)).to_bytes(2, "big")
    return bytes(changed)
