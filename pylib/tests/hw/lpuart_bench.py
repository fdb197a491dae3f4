"""An LPUART on a fake host, for the tests of its parts."""

from fractions import Fraction

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.lpuart import CTRL, FIFO, STAT, TABLE, Lpuart

TE, RE = CTRL["TE"].mask, CTRL["RE"].mask
BAUD_115200 = 0x0302_0034
"""24 MHz / (4 * 52), both edges: 115384.6 bits per second."""
BIT_NS = Fraction(208 * 1000, 24)


def bits(register, *names):
    return sum(register[name].mask for name in names)


FIFOS_ON = bits(FIFO, "TXFE", "RXFE")


def ceil(value):
    return -int(-value // 1)


class Bench:
    """An LPUART on a fake host, with what it sent and when."""

    def __init__(self, baud=BAUD_115200, ctrl=TE | RE, fifo=FIFOS_ON, **attributes):
        self.host = FakeHost()
        self.uart = Lpuart(self.host, "lpuart1", **attributes)
        self.uart.reset()
        self.sent = []
        self.uart.port.listen(lambda character: self.sent.append((self.host.now_ns(), character)))
        self.write("BAUD", baud)
        self.write("FIFO", fifo)
        self.write("CTRL", ctrl)
        self.host.run_for(1_000_000)  # the idle character that switching on sends

    def write(self, name, value, size=4):
        self.uart.write(TABLE[name].offset, size, value)

    def read(self, name, size=4):
        return self.uart.read(TABLE[name].offset, size)

    def flag(self, name):
        return bool(self.read("STAT") & STAT[name].mask)

    @property
    def irq(self):
        return self.uart.outputs["IRQ"].level
