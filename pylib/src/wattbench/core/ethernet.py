"""The Ethernet wire: whole frames between a MAC and the world, and what a MAC asks of a PHY."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from wattbench.core.errors import UsageError

ETHERNET_HEADER_BYTES, ETHERNET_SHORTEST_BYTES = 14, 60


def ethernet_check(frame: bytes) -> bytes:
    """The check sequence of an Ethernet frame (IEEE 802.3, 3.2.9) as it follows the frame on the line."""
    return zlib.crc32(frame).to_bytes(4, "little")


@dataclass(frozen=True, slots=True)
class EthernetFrame:
    """A frame without its check sequence, the time of its last bit, and what became of it.

    `fate` is empty for a good frame that was sent or taken, else what is wrong with it or why it went no further.
    """

    time_ns: int
    data: bytes
    fate: str = ""


class EthernetPort:
    """The line of an Ethernet MAC as a device outside the chip sees it: whole frames, each way by itself.

    `frames` is what the chip sent, `arrivals` what came to the chip, both with the time of the last bit. On the line a
    frame is its bytes from the destination to the check sequence. Two ports of one machine may be joined.
    """

    __slots__ = ("_listeners", "_wire_listeners", "arrivals", "deliver", "enqueue", "frames")

    def __init__(self) -> None:
        self.frames: list[EthernetFrame] = []
        self.arrivals: list[EthernetFrame] = []
        self.enqueue: Callable[[bytes], None] = lambda raw: None
        """Set by the MAC: put a frame with its check sequence on the line behind those that wait already."""
        self.deliver: Callable[[bytes], None] = lambda raw: None
        """Set by the MAC: a frame with its check sequence whose last bit arrives now."""
        self._listeners: list[Callable[[EthernetFrame], None]] = []
        self._wire_listeners: list[Callable[[bytes], None]] = []

    def send(self, frame: bytes) -> None:
        """Send `frame` (from its destination on) to the chip at line rate; padding and check sequence are added.

        Raises UsageError for a frame that is shorter than its header.
        """
        if len(frame) < ETHERNET_HEADER_BYTES:
            raise UsageError(
                f"An Ethernet frame has at least {ETHERNET_HEADER_BYTES} bytes (destination, source, type), "
                f"not {len(frame)}."
            )
        padded = bytes(frame).ljust(ETHERNET_SHORTEST_BYTES, b"\0")
        self.enqueue(padded + ethernet_check(padded))

    def send_raw(self, raw: bytes) -> None:
        """Send bytes to the chip as they are, the check sequence being their last four; for faulty frames."""
        self.enqueue(bytes(raw))

    def listen(self, listener: Callable[[EthernetFrame], None]) -> None:
        """Call `listener` with each frame that the chip sends, at its last bit."""
        self._listeners.append(listener)

    def join(self, other: EthernetPort) -> None:
        """Connect two ports by a cable of no length: what one chip sends, the other receives."""
        self._wire_listeners.append(other.receive)
        other._wire_listeners.append(self.receive)

    def receive(self, raw: bytes) -> None:
        """A frame with its check sequence whose last bit reaches the chip now."""
        self.deliver(raw)

    def transmitted(self, time_ns: int, raw: bytes, fate: str = "", *, lost: bool = False) -> None:
        """For the MAC: the last bit of a frame with its check sequence has left; a `lost` one met nobody outside."""
        frame = EthernetFrame(time_ns, raw[:-4], fate)
        self.frames.append(frame)
        if not fate:
            for listener in self._listeners:
                listener(frame)
        if not lost:
            for wire in self._wire_listeners:
                wire(raw)

    def arrived(self, time_ns: int, raw: bytes, fate: str = "") -> None:
        """For the MAC: what became of a frame with its check sequence."""
        self.arrivals.append(EthernetFrame(time_ns, raw[:-4], fate))

    def save(self) -> dict[str, Any]:
        """Both records as plain data."""
        return {
            name: [(frame.time_ns, frame.data, frame.fate) for frame in record]
            for name, record in (("frames", self.frames), ("arrivals", self.arrivals))
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave."""
        self.frames[:] = [EthernetFrame(*frame) for frame in saved["frames"]]
        self.arrivals[:] = [EthernetFrame(*frame) for frame in saved["arrivals"]]


class EthernetPhy(Protocol):
    """A PHY on a MAC's MDIO bus; the MAC's frames pass through it."""

    def mdio_read(self, register: int) -> int:
        """A register (0 to 31) by clause 22."""

    def mdio_write(self, register: int, value: int) -> None:
        """Write a register (0 to 31) by clause 22."""

    @property
    def link_speed(self) -> int:
        """Speed of the link in Mbit/s, 0 while there is none."""

    @property
    def loops_back(self) -> bool:
        """Whether frames of the MAC come back instead of leaving."""
