"""A FlexCAN at 500 kbit/s by its registers, for tests."""

from wattbench.core.clock import FixedClock
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.flexcan import Flexcan
from wattbench.hw.imxrt.flexcan_buffers import CTRL2, MCR, TABLE

CLOCK_HZ, BIT_NS = 24_000_000, 2_000
TIMING = 2 << 24 | 4 << 19 | 3 << 16 | 5  # 24 MHz / 3 / (1 + 6 + 5 + 4) = 500 kbit/s
MDIS, FRZ, HALT, SOFTRST, FRZACK, NOTRDY, LPMACK = (
    MCR[name].mask for name in ("MDIS", "FRZ", "HALT", "SOFTRST", "FRZACK", "NOTRDY", "LPMACK")
)
IRMQ, RFEN, AEN, FDEN, SRXDIS, WRNEN = (MCR[name].mask for name in ("IRMQ", "RFEN", "AEN", "FDEN", "SRXDIS", "WRNEN"))
TX, RX, FULL, OVERRUN, INACTIVE, ABORT = 0xC, 0x4, 0x2, 0x6, 0x8, 0x9
IDE, RTR, EDL, BRS = 1 << 21, 1 << 20, 1 << 31, 1 << 30


class Bench:
    """A node at 500 kbit/s, on the bus unless `start` is false."""

    kind = Flexcan

    def __init__(self, *, mode=0, ctrl1=0, ctrl2=CTRL2["RRS"].mask, start=True, host=None, node="can1", clocks=None):
        self.host = host or FakeHost()
        self.can = self.kind(self.host, node, clocks=clocks or FixedClock(CLOCK_HZ))
        self.can.reset()
        self.mode = mode
        self.write("MCR", FRZ | HALT | 63 | mode)
        self.write("CTRL1", TIMING | ctrl1)
        self.write("CTRL2", ctrl2)
        for name in ("RXMGMASK", "RX14MASK", "RX15MASK", "RXFGMASK"):
            self.write(name, 0x3FFF_FFFF)
        if start:
            self.start()

    def start(self):
        self.write("MCR", 63 | self.mode)
        self.host.run_for(11 * BIT_NS)

    @property
    def port(self):
        return self.can.port

    def offset(self, name):
        return next(offset for known, offset, *_ in TABLE.instances() if known == name)

    def read(self, name):
        return self.can.read(self.offset(name), 4)

    def write(self, name, value):
        self.can.write(self.offset(name), 4, value)

    def field(self, register, name):
        return TABLE[register][name].get(self.read(register))

    def put(self, number, identifier, data=b"", *, code=TX, flags=0, length=None, at=None, priority=0):
        """Fill a buffer as a driver does: inactive, identifier, data, code."""
        base = 0x80 + 16 * number if at is None else at
        self.can.write(base, 4, (INACTIVE if code & 8 else 0) << 24)
        self.can.write(base + 4, 4, priority << 29 | (identifier if flags & IDE else identifier << 18))
        for word in range(0, len(data), 4):
            self.can.write(base + 8 + word, 4, int.from_bytes(data[word : word + 4].ljust(4, b"\0"), "big"))
        length = len(data) if length is None else length
        self.can.write(base, 4, code << 24 | flags | length << 16)

    def code(self, number):
        return self.can.word(4 * number) >> 24 & 0xF

    def run_bits(self, bits):
        self.host.run_for(round(bits * BIT_NS))


def frame_ns(frame, extra=10):
    return (sum(frame.bits) + extra) * BIT_NS
