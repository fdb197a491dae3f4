"""Receiver of the Ethernet MAC: from the line to its ring in RAM (IMXRT1170RM "ENET").

A frame is judged when its last bit has come; if it is accepted it goes to RAM at once, or waits in the FIFO for empty
descriptors. The DMA takes no time.
"""

from __future__ import annotations

from typing import NamedTuple

from wattbench.core.ethernet import ethernet_check
from wattbench.core.host import Host
from wattbench.hw.imxrt import enet_frames as frames
from wattbench.hw.imxrt import enet_rings as rings
from wattbench.hw.imxrt.enet_line import BIT_NS, GAP_BYTES, PREAMBLE_BYTES, UNPADDED_SHORTEST
from wattbench.hw.imxrt.enet_table import RACC
from wattbench.hw.imxrt.enet_transmitter import EnetTransmitter


class Incoming(NamedTuple):
    """A frame that was accepted and is on its way into RAM."""

    raw: bytes
    time_ns: int
    data: bytes
    flags: int
    control: int
    protocol: int
    stamp: int
    done: int = 0
    """Bytes already in RAM."""


class EnetReceiver(EnetTransmitter):
    """The way in."""

    def __init__(self, host: Host, name: str, fifo_bytes: int) -> None:
        super().__init__(host, name)
        self.fifo_bytes = fifo_bytes
        self.port.enqueue, self.port.deliver = self._enqueue, self._arrive
        self.rx_ring = rings.Ring()
        self._line: list[bytes] = []
        """Frames on the line towards the chip, the first of them under way."""
        self._arrival_timer = self.timer("arrival", self._arrival)
        self._fifo: list[Incoming] = []

    def _stop_receiver(self) -> None:
        """The MAC is switched off."""
        self["RDAR"] = 0
        for frame in self._fifo:
            self.port.arrived(frame.time_ns, frame.raw, "the MAC was switched off before it reached RAM")
        self._fifo = []

    def _enqueue(self, raw: bytes) -> None:
        """A frame from outside, at line rate behind those that are on the line already."""
        self._line.append(raw)
        if len(self._line) == 1:
            self._arrival_timer.arm(self.host.now_ns() + self._bytes_ns(PREAMBLE_BYTES + len(raw)))

    def _arrival(self) -> None:
        raw = self._line.pop(0)
        if self._line:
            self._arrival_timer.arm(
                self.host.now_ns() + self._bytes_ns(GAP_BYTES + PREAMBLE_BYTES + len(self._line[0]))
            )
        fault = self._link_fault()
        if fault:
            self.port.arrived(self.host.now_ns(), raw, fault)
        else:
            self._take(raw)

    def _arrive(self, raw: bytes) -> None:
        """A frame from a joined port, complete now."""
        fault = self._link_fault()
        if fault:
            self.port.arrived(self.host.now_ns(), raw, fault)
        else:
            self._take(raw)

    def _take(self, raw: bytes) -> None:
        """A frame is complete; what becomes of it."""
        fate = self._judge(raw)
        if fate is not None:
            self.port.arrived(self.host.now_ns(), raw, fate)
            return
        self._fifo.append(self._accepted(raw))
        self._drain()

    def _judge(self, raw: bytes) -> str | None:
        """Why a frame goes no further, None if it does."""
        if not self.enabled:
            return "the MAC is off (ECR.ETHEREN)"
        if len(raw) < frames.HEADER_BYTES + frames.CHECK_BYTES:
            return "shorter than a frame's header"
        match = self._address_matches(raw[:6])
        if not match and not self._flag("RCR", "PROM"):
            return "not addressed to this MAC"
        good = ethernet_check(raw[:-4]) == raw[-4:]
        self._count_frame("R", raw, good)
        if len(raw) < frames.SHORTEST:
            return "shorter than 64 bytes"
        if not good:
            self._count("IEEE_R_CRC")
        too_long = len(raw) > self._max_length
        if too_long:
            self._raise("BABR")
        wrong_length = self._flag("RCR", "NLC") and self._length_is_wrong(raw[:-4])
        if wrong_length:
            self._raise("PLR")
        if self._flag("RACC", "LINEDIS") and (not good or too_long or wrong_length):
            reason = "wrong check sequence" if not good else "longer than RCR.MAX_FL" if too_long else "wrong length"
            return f"{reason} (RACC.LINEDIS)"
        return (
            (self._judge_control(raw[:-4]) if good else None) or self._judge_packet(raw[:-4]) or self._judge_room(raw)
        )

    def _address_matches(self, address: bytes) -> bool:
        if address == frames.BROADCAST:
            return not self._flag("RCR", "BC_REJ")
        if address in (self.own_address, frames.PAUSE_ADDRESS):
            return True
        number = frames.hash_of(address)
        half = ("GALR", "GAUR") if address[0] & 1 else ("IALR", "IAUR")
        return bool(self[half[number >> 5]] >> (number & 31) & 1)

    @staticmethod
    def _length_is_wrong(frame: bytes) -> bool:
        length, payload = frames.length_field(frame), len(frame) - 14
        return length is not None and (length > payload or length < payload > UNPADDED_SHORTEST - 14)

    def _judge_control(self, frame: bytes) -> str | None:
        opcode = frames.control_opcode(frame)
        if opcode is None:
            return None
        if opcode != frames.PAUSE_OPCODE:
            return "control frame (RCR.CFEN)" if self._flag("RCR", "CFEN") else None
        if self._flag("RCR", "FCE"):
            self._count("IEEE_R_FDXFC")
            quanta = int.from_bytes(frame[16:18], "big")
            self._paused_ns = self.host.now_ns() + quanta * frames.PAUSE_QUANTUM_BITS * BIT_NS[self.mbits]
            self._send()
        return None if self._flag("RCR", "PAUFWD") else "pause frame, taken by the MAC"

    def _judge_packet(self, frame: bytes) -> str | None:
        packet = frames.Packet.find(frame)
        if packet is not None:
            if self["RACC"] & RACC["IPDIS"].mask and not packet.header_good(frame):
                return "wrong IPv4 header checksum (RACC.IPDIS)"
            if self["RACC"] & RACC["PRODIS"].mask and not packet.payload_good(frame):
                return "wrong protocol checksum (RACC.PRODIS)"
        return None

    def _judge_room(self, raw: bytes) -> str | None:
        if sum(len(frame.raw) for frame in self._fifo) + len(raw) <= self.fifo_bytes:
            return None
        self._count("IEEE_R_MACERR")
        return "the receive FIFO is full, as the ring has no empty descriptor (RDAR is 0)"

    def _accepted(self, raw: bytes) -> Incoming:
        """What goes to RAM of a frame, and its descriptor's bits."""
        frame, flags = raw[:-4], 0
        good = ethernet_check(frame) == raw[-4:]
        packet = frames.Packet.find(frame)
        padding, length = self._flag("RCR", "PADEN"), frames.length_field(frame)
        data = frame if padding or self._flag("RCR", "CRCFWD") else raw
        if padding and length is not None and 14 + length < len(frame):
            data = frame[: 14 + length]
        if packet is not None and self._flag("RACC", "PADREM") and packet.end < len(frame):
            data = frame[: packet.end]
        if len(data) > self["FTRL"]:
            data, flags = data[: self["FTRL"]], rings.TRUNCATED
        if not self._address_matches(frame[:6]):
            flags |= rings.MISS
        if frame[:6] == frames.BROADCAST:
            flags |= rings.BROADCAST
        elif frame[0] & 1:
            flags |= rings.MULTICAST
        flags |= rings.TOO_LONG if len(raw) > self._max_length else 0
        flags |= 0 if good else rings.CHECK_WRONG
        control = 0 if frame[0] & 1 else rings.RX_UNICAST
        protocol = 0
        if packet is None:
            control |= rings.RX_HEADER_WRONG | rings.RX_PAYLOAD_WRONG
        else:
            control |= 0 if packet.header_good(frame) else rings.RX_HEADER_WRONG
            known = packet.checksum_at is not None and packet.payload_good(frame)
            control |= 0 if known else rings.RX_PAYLOAD_WRONG
            control |= rings.RX_VLAN * packet.vlan | rings.RX_IPV6 * (packet.version == 6)
            control |= rings.RX_FRAGMENT * packet.fragment
            words = (packet.payload - packet.start) // 4
            protocol = (words << 11 | packet.protocol) << 16 | frames.internet_sum(frame[packet.payload : packet.end])
        if self._flag("RACC", "SHIFT16"):
            data = b"\0\0" + data
        now_ns = self.host.now_ns()
        stamp = self._stamp(now_ns - self._bytes_ns(len(raw)))
        return Incoming(raw, now_ns, data, flags, control, protocol, stamp)

    def _drain(self) -> None:
        """Move accepted frames to RAM as far as there are empty descriptors."""
        self._guarded(self._move)

    def _move(self) -> None:
        while self._fifo and self["RDAR"]:
            frame, size = self._fifo[0], self["MRBR"]
            if not size:
                self.port.arrived(frame.time_ns, frame.raw, "the buffers have no size (MRBR)")
                del self._fifo[0]
                continue
            item = self.rx_ring.read(self.host, self.rx_ring.at)
            if not item.flags & rings.READY:
                self["RDAR"] = 0
                return
            part = frame.data[frame.done : frame.done + size]
            self.host.bus_write(item.buffer, part)
            frame = frame._replace(done=frame.done + len(part))
            last = frame.done == len(frame.data)
            interrupt = self._fill(item, frame, last)
            if last:
                del self._fifo[0]
                self.port.arrived(frame.time_ns, frame.raw)
            else:
                self._fifo[0] = frame
            if interrupt:
                self._raise("RXF" if last else "RXB")

    def _fill(self, item: rings.Descriptor, frame: Incoming, last: bool) -> bool:
        """Write the descriptor of a filled buffer and go on to the next; whether it interrupts."""
        item.flags &= rings.WRAP | rings.SOFTWARE
        item.length = frame.done if last else self["MRBR"]
        interrupt = True
        if last:
            item.flags |= rings.LAST | frame.flags
        if item.extra:
            interrupt = bool(item.extra[0] & rings.RX_INTERRUPT)
            item.extra[0] = item.extra[0] & rings.RX_INTERRUPT | (frame.control if last else 0)
            item.extra[1] = frame.protocol if last else 0
            item.extra[2] |= rings.UPDATED
            item.extra[3] = frame.stamp if last else 0
        self.rx_ring.write(self.host, item)
        self.rx_ring.at = self.rx_ring.after(item)
        return interrupt
