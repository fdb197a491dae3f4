"""An Ethernet MAC with rings in the memory of a FakeHost, for its tests."""

from __future__ import annotations

from itertools import pairwise

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.enet import Enet, Enet1G
from wattbench.hw.imxrt.enet_table import EIR, GIGABIT

RX_RING, TX_RING, RX_BUFFERS, TX_BUFFERS, BUFFER = 0x1000, 0x1400, 0x4000, 0xA000, 0x600
READY, WRAP, LAST, CHECK = 1 << 15, 1 << 13, 1 << 11, 1 << 10
OWN = bytes.fromhex("02A1B2C3D4E5")
PEER = bytes.fromhex("020000000001")
BUS_HZ = 240_000_000
ETHEREN, EN1588, DBSWP = 1 << 1, 1 << 4, 1 << 8
RCR_RMII = 1518 << 16 | 1 << 14 | 1 << 8 | 1 << 2
"""RMII at 100 Mbit/s, check sequence taken off."""


def frame(payload: bytes = b"", destination: bytes = OWN, kind: int = 0x88B5) -> bytes:
    return destination + PEER + kind.to_bytes(2, "big") + payload


class Bench:
    """`enhanced`, `size` (bytes of a receive buffer) and `count` (receive descriptors) are fixed at the start."""

    def __init__(
        self, *, gigabit=False, enhanced=False, count=4, size=BUFFER, rcr=RCR_RMII, start=True, clocks=None, kind=Enet
    ):
        self.host = FakeHost()
        clocks = clocks or FixedClock(BUS_HZ)
        self.mac = Enet1G(self.host, "enet_1g", clocks=clocks) if gigabit else kind(self.host, "enet", clocks=clocks)
        self.mac.reset()
        self.enhanced, self.stride = enhanced, 32 if enhanced else 8
        self.rx_next = self.tx_next = 0
        for number in range(count):
            wrap = WRAP if number == count - 1 else 0
            self.put_descriptor(RX_RING + number * self.stride, READY | wrap, 0, RX_BUFFERS + number * size, 1 << 23)
        self.write("RDSR", RX_RING)
        self.write("TDSR", TX_RING)
        self.write("MRBR", size)
        self.write("PALR", int.from_bytes(OWN[:4], "big"))
        self.write("PAUR", int.from_bytes(OWN[4:], "big") << 16)
        self.write("RCR", rcr)
        self.write("TCR", 1 << 2)
        self.write("MIBC", 0)
        if start:
            self.start()

    def start(self):
        self.write("ECR", ETHEREN | DBSWP | EN1588 * self.enhanced)
        self.write("RDAR", 0)

    def read(self, name):
        register = GIGABIT[name]
        return self.mac.read(register.offset, 4)

    def write(self, name, value):
        self.mac.write(GIGABIT[name].offset, 4, value)

    @property
    def irq(self):
        return self.mac.irq.level

    def events(self):
        """Names of the set bits of EIR."""
        value = self.read("EIR")
        return {name for name, field in EIR.fields.items() if value & field.mask}

    def put_descriptor(self, address, flags, length, buffer, control=0):
        words = [flags << 16 | length, buffer] + ([control, 0, 0, 0, 0, 0] if self.enhanced else [])
        self.host.memory[address : address + 4 * len(words)] = b"".join(word.to_bytes(4, "little") for word in words)

    def words(self, address, count=2):
        raw = self.host.memory[address : address + 4 * count]
        return [int.from_bytes(raw[at : at + 4], "little") for at in range(0, 4 * count, 4)]

    def received(self, number):
        """Flags, length and the buffer's first `length` bytes of a receive descriptor."""
        first, buffer = self.words(RX_RING + number * self.stride)
        return first >> 16, first & 0xFFFF, bytes(self.host.memory[buffer : buffer + (first & 0xFFFF)])

    def refill(self, number):
        address = RX_RING + number * self.stride
        first, _ = self.words(address)
        self.host.memory[address + 2 : address + 4] = (first >> 16 & WRAP | READY).to_bytes(2, "little")

    def put_frame(self, data, *parts, flags=CHECK, control=1 << 30, go=True, wrap=False):
        """A frame into the transmit ring, cut at `parts`."""
        cuts = [0, *parts, len(data)]
        for number, (first, end) in enumerate(pairwise(cuts)):
            buffer = TX_BUFFERS + self.tx_next * BUFFER
            self.host.memory[buffer : buffer + end - first] = data[first:end]
            last = LAST if number == len(parts) else 0
            at = TX_RING + self.tx_next * self.stride
            self.put_descriptor(at, READY | last | flags | WRAP * wrap, end - first, buffer, control)
            self.tx_next = 0 if wrap else self.tx_next + 1
        if go:
            self.write("TDAR", 0)

    def sent_flags(self, number):
        return self.words(TX_RING + number * self.stride)[0] >> 16

    def run_us(self, microseconds):
        self.host.run_for(round(microseconds * 1000))
