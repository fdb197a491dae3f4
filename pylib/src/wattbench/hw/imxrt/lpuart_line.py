"""The line of an LPUART: how characters look, when they end, and what a receiver makes of them.

Source: i.MX RT1170 reference manual, chapter LPUART.
"""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from typing import Any

from wattbench.core.clock import NS_PER_S, ClockInput
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock
from wattbench.core.registers import load_table
from wattbench.core.wires import UartPort

TABLE = load_table("wattbench.hw.imxrt", "lpuart")
BAUD, STAT, CTRL, DATA, FIFO, WATER = (TABLE[name] for name in ("BAUD", "STAT", "CTRL", "DATA", "FIFO", "WATER"))
IDLE_CHARACTER = DATA["FRETSC"].mask | DATA["R9T9"].mask
# A console moves thousands of characters: what each of them needs is looked up once.
AT = {name: index for index, (name, *_) in enumerate(TABLE.instances())}
"""Index of each register in `values`."""
BAUD_AT, STAT_AT, CTRL_AT = AT["BAUD"], AT["STAT"], AT["CTRL"]
M10, STOP_BITS = BAUD["M10"].mask, BAUD["SBNS"]
M, M7, PE, TE = (CTRL[name].mask for name in ("M", "M7", "PE", "TE"))
LOOPS, RSRC, TXDIR = (CTRL[name].mask for name in ("LOOPS", "RSRC", "TXDIR"))
FRETSC, MSBF = DATA["FRETSC"].mask, STAT["MSBF"].mask


def _reversed_bits(value: int, width: int) -> int:
    return int(f"{value:0{width}b}"[::-1], 2)


UNKNOWN_LINE = (-1, Fraction(0))
"""No BAUD and its rate."""


class LpuartLine(RegisterBlock):
    """Transmitter and receiver between the FIFOs and the line; `Lpuart` is the block around them.

    `port` carries characters without their parity bit: the transmitter adds it and the receiver of a sound line finds
    it right. Faults of the line come through `receive_frame`. A port tells of a character only when it is complete,
    therefore IDLE (and RDRF by RXIDEN) comes one character time later than on silicon: only then it is certain that
    no character had begun in time.
    """

    table = TABLE

    def __init__(self, host: Host, name: str, clock: ClockInput, fifo_size: int) -> None:
        super().__init__(host, name)
        self.fifo_size = fifo_size
        self._clock = clock
        clock.on_change(self._clock_changed)
        self._line_hz_of = UNKNOWN_LINE
        """BAUD and the line's rate by it, until the clock changes."""
        self.port = UartPort()
        self.port.receive = self.receive_frame
        self.port.bits_per_second = lambda: float(self.line_hz)
        self._shift_timer = self.timer("shift", self._shifted)
        self._idle_timer = self.timer("idle", self._line_idle)
        self._partial_timer = self.timer("partial", self._stale)
        self._clear()

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        self._line_hz_of = UNKNOWN_LINE
        super().restore(saved)

    def _clock_changed(self) -> None:
        self._line_hz_of = UNKNOWN_LINE
        self._start()

    def _clear(self) -> None:
        self._tx: list[int] = []
        self._shift: int | None = None
        self._preamble = False
        self._tx_hz = Fraction(0)
        self._anchor_ns = self._bits = self._end_ns = 0
        self._rx: list[int] = []
        self._idle_due_ns: int | None = None
        self._partial = False

    @abstractmethod
    def _update(self) -> None:
        """Drive interrupt and DMA requests from the present state."""

    @property
    def line_hz(self) -> Fraction:
        """Bits per second on the line; 0 while the clock or the baud divider is off."""
        baud = self.values[BAUD_AT]
        if self._line_hz_of[0] != baud:
            divider = BAUD["SBR"].get(baud) * ((BAUD["OSR"].get(baud) or 15) + 1)
            hz = self._clock.hz / divider if divider else Fraction(0)
            self._line_hz_of = (baud, hz)
        return self._line_hz_of[1]

    @property
    def data_bits(self) -> int:
        """Bits between start and stop bit, a parity bit included."""
        control = self.values[CTRL_AT]
        if self.values[BAUD_AT] & M10:
            return 10
        if control & M:
            return 9
        return 7 if control & M7 else 8

    @property
    def frame_bits(self) -> int:
        """Bits of one character on the line with start and stop bits."""
        return self.data_bits + 2 + STOP_BITS.get(self.values[BAUD_AT])

    @property
    def _payload_bits(self) -> int:
        return self.data_bits - bool(self.values[CTRL_AT] & PE)

    def _parity_bit(self, payload: int) -> int:
        """The parity bit at its place above `payload`, 0 without parity."""
        if not self["CTRL"] & CTRL["PE"].mask:
            return 0
        return (payload.bit_count() & 1 ^ self["CTRL"] & CTRL["PT"].mask) << self._payload_bits

    def _start(self) -> None:
        """Load the free shift register with what is next. Frames in a row share one anchor, so nothing adds up."""
        if (
            self._shift is None
            and (self._preamble or self._tx)
            and self.values[CTRL_AT] & TE
            and (hz := self.line_hz).numerator
        ):
            self._shift = IDLE_CHARACTER if self._preamble else self._tx.pop(0)
            self._preamble = False
            now_ns, bits = self.host.now_ns(), self.frame_bits
            if self._shift & IDLE_CHARACTER == FRETSC:
                bits += 3 * STAT["BRK13"].get(self["STAT"])
            if now_ns != self._end_ns or (hz is not self._tx_hz and hz != self._tx_hz):
                self._tx_hz, self._anchor_ns, self._bits = hz, now_ns, 0
            self._bits += bits
            self._end_ns = self._anchor_ns - (-self._bits * NS_PER_S * hz.denominator // hz.numerator)
            self._shift_timer.arm(self._end_ns)
        self._update()

    def _shifted(self) -> None:
        """The stop bit of the character in the shift register ends."""
        word, self._shift = self._shift or 0, None
        self._start()
        if word & IDLE_CHARACTER == IDLE_CHARACTER:
            return
        if word & FRETSC:
            self.host.unmodelled(self.name, "break character, which a port cannot carry")
            return
        width, ctrl = self._payload_bits, self.values[CTRL_AT]
        payload = word & (1 << width) - 1
        self.port.transmitted(_reversed_bits(payload, width) if self.values[STAT_AT] & MSBF else payload)
        if ctrl & LOOPS and (not ctrl & RSRC or ctrl & TXDIR):
            self._accept(payload | self._parity_bit(payload), 0)

    def receive_frame(
        self, character: int, *, parity_error: bool = False, framing_error: bool = False, noise: bool = False
    ) -> None:
        """A character whose stop bit ends now arrives at RXD (without its parity bit), perhaps with faults."""
        ctrl, width = self["CTRL"], self._payload_bits
        if ctrl & LOOPS and (not ctrl & RSRC or ctrl & TXDIR):
            return
        payload = character & (1 << width) - 1
        if self["STAT"] & STAT["MSBF"].mask:
            payload = _reversed_bits(payload, width)
        parity, flags = self._parity_bit(payload), 0
        if parity_error and ctrl & CTRL["PE"].mask:
            parity ^= 1 << width
            flags |= DATA["PARITYE"].mask
        flags |= DATA["FRETSC"].mask * framing_error | DATA["NOISY"].mask * noise
        self._accept(payload | parity, flags)

    def _accept(self, word: int, flags: int) -> None:
        hz = self.line_hz
        if not self["CTRL"] & CTRL["RE"].mask or not hz:
            return
        now_ns, frame_ns = self.host.now_ns(), self._bits_ns(self.frame_bits, hz)
        if self._idle_due_ns is not None and now_ns - frame_ns >= self._idle_due_ns:
            self._line_idle()
        if self._idle_due_ns is None:
            flags |= DATA["IDLINE"].mask
        if self["STAT"] & STAT["OR"].mask or len(self._rx) >= (
            self.fifo_size if self["FIFO"] & FIFO["RXFE"].mask else 1
        ):
            self["STAT"] |= STAT["OR"].mask
        else:
            self._rx.append(word | flags)
            if len(self._rx) == 1:
                self._show_head()
        self._idle_due_ns = now_ns + self._bits_ns(self._idle_bits(word), hz)
        self._idle_timer.arm(self._idle_due_ns + frame_ns)
        partial = FIFO["RXIDEN"].get(self["FIFO"])
        if partial:
            self._partial_timer.arm(now_ns + self._bits_ns(((1 << partial - 1) + 1) * self.frame_bits, hz))
        self._update()

    @staticmethod
    def _bits_ns(bits: int, hz: Fraction) -> int:
        return round(bits * NS_PER_S / hz)

    def _idle_bits(self, word: int) -> int:
        """Bit times from the end of `word` until the line counts as idle."""
        bits = self.frame_bits << CTRL["IDLECFG"].get(self["CTRL"])
        if self["CTRL"] & CTRL["ILT"].mask:
            return bits
        wire = word if not self["STAT"] & STAT["MSBF"].mask else _reversed_bits(word, self.data_bits)
        zeros = ~wire & (1 << self.data_bits) - 1
        return bits - (self.frame_bits - 1 - zeros.bit_length())

    def _show_head(self) -> None:
        """Set the error flags of the character that is to be read next."""
        head = self._rx[0] if self._rx else 0
        for flag, mark in (("PF", "PARITYE"), ("FE", "FRETSC"), ("NF", "NOISY")):
            if head & DATA[mark].mask:
                self["STAT"] |= STAT[flag].mask

    def _line_idle(self) -> None:
        self._idle_due_ns = None
        self._idle_timer.cancel()
        self["STAT"] |= STAT["IDLE"].mask
        self._update()

    def _stale(self) -> None:
        self._partial = bool(self._rx)
        self._update()
