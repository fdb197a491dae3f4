"""LPUART: asynchronous serial port with FIFOs and real baud timing (i.MX RT1170 reference manual, chapter LPUART)."""

from __future__ import annotations

import logging
from fractions import Fraction

from wattbench.core.clock import NS_PER_S, ClockSource, FixedClock, TickClock
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import DmaRequest, UartPort

TABLE = load_table("wattbench.hw.imxrt", "lpuart")
BAUD, STAT, CTRL, DATA, FIFO, WATER = (TABLE[name] for name in ("BAUD", "STAT", "CTRL", "DATA", "FIFO", "WATER"))
INTERRUPTS = tuple(
    (CTRL[enable].mask, STAT[flag].mask)
    for enable, flag in (
        ("TIE", "TDRE"), ("TCIE", "TC"), ("RIE", "RDRF"), ("ILIE", "IDLE"),
        ("ORIE", "OR"), ("FEIE", "FE"), ("NEIE", "NF"), ("PEIE", "PF"),
    )
)  # fmt: skip
IDLE_CHARACTER = DATA["FRETSC"].mask | DATA["R9T9"].mask


def _reversed_bits(value: int, width: int) -> int:
    return int(f"{value:0{width}b}"[::-1], 2)


@model("Wattbench.Lpuart", "UART.NXP_LPUART")
class Lpuart(RegisterBlock):
    """One LPUART; all twelve of the chip are alike.

    `port` carries characters without their parity bit: the transmitter adds it and the receiver of a sound line finds
    it right. Faults of the line come through `receive_frame`. A port tells of a character only when it is complete,
    therefore IDLE (and RDRF by RXIDEN) comes one character time later than on silicon: only then it is certain that
    no character had begun in time.

    Outputs: `IRQ`, and the DMA requests `TxDma` and `RxDma` (`TransmitDMA` and `ReceiveDMA` are the same lines).
    """

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    state_names = (
        "_tx", "_shift", "_preamble", "_tx_hz", "_anchor_ns", "_bits", "_end_ns", "_rx", "_idle_due_ns", "_partial",
    )  # fmt: skip

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        frequency: int = 24_000_000,
        fifo_size: int = 4,
    ) -> None:
        """`clocks` with `clock_root` (else the name in capitals) or `frequency` [Hz] is the clock of the baud rate.

        Raises UsageError for a `fifo_size` other than 1 or 4.
        """
        super().__init__(host, name)
        if fifo_size not in (1, 4):
            raise UsageError(f"{name}: an LPUART of this chip has a fifoSize of 4 (or 1), not {fifo_size}.")
        self.fifo_size = fifo_size
        self._clocks = clocks or FixedClock(frequency)
        self._root = clock_root or name.rpartition(".")[2].upper()
        self._clocks.rate_hz(self._root)  # complains now if there is no such root
        self._clocks.on_rate_change(self._start)
        self.port = UartPort()
        self.port.receive = self.receive_frame
        self.port.bits_per_second = lambda: float(self.line_hz)
        self._irq = self.output("IRQ")
        self._tx_dma, self._rx_dma = DmaRequest(), DmaRequest()
        for key, line in (("TxDma", self._tx_dma), ("TransmitDMA", self._tx_dma)):
            self.output(key, line)
        for key, line in (("RxDma", self._rx_dma), ("ReceiveDMA", self._rx_dma)):
            self.output(key, line)
        self._shift_timer = self.timer("shift", self._shifted)
        self._idle_timer = self.timer("idle", self._line_idle)
        self._partial_timer = self.timer("partial", self._stale)
        self._clear()

    def _clear(self) -> None:
        self._tx: list[int] = []
        self._shift: int | None = None
        self._preamble = False
        self._tx_hz = Fraction(0)
        self._anchor_ns = self._bits = self._end_ns = 0
        self._rx: list[int] = []
        self._idle_due_ns: int | None = None
        self._partial = False
        if self.fifo_size == 1:
            self["PARAM"] = 0
            self["FIFO"] &= ~(FIFO["RXFIFOSIZE"].mask | FIFO["TXFIFOSIZE"].mask)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._clear()
        self._update()

    @property
    def line_hz(self) -> Fraction:
        """Bits per second on the line; 0 while the clock or the baud divider is off."""
        baud = self["BAUD"]
        divider = BAUD["SBR"].get(baud) * ((BAUD["OSR"].get(baud) or 15) + 1)
        return Fraction(self._clocks.rate_hz(self._root)) / divider if divider else Fraction(0)

    @property
    def data_bits(self) -> int:
        """Bits between start and stop bit, a parity bit included."""
        if self["BAUD"] & BAUD["M10"].mask:
            return 10
        if self["CTRL"] & CTRL["M"].mask:
            return 9
        return 7 if self["CTRL"] & CTRL["M7"].mask else 8

    @property
    def frame_bits(self) -> int:
        """Bits of one character on the line with start and stop bits."""
        return self.data_bits + 2 + BAUD["SBNS"].get(self["BAUD"])

    @property
    def _payload_bits(self) -> int:
        return self.data_bits - CTRL["PE"].get(self["CTRL"])

    def _parity_bit(self, payload: int) -> int:
        """The parity bit at its place above `payload`, 0 without parity."""
        if not self["CTRL"] & CTRL["PE"].mask:
            return 0
        return (payload.bit_count() & 1 ^ self["CTRL"] & CTRL["PT"].mask) << self._payload_bits

    def write(self, offset: int, size: int, value: int) -> None:
        """See `RegisterBlock.write`; a byte written to DATA gets its bits 8 and 9 from CTRL."""
        if self["GLOBAL"] and offset != TABLE["GLOBAL"].offset:
            return
        if offset == DATA.offset and size == 1:
            value |= CTRL["R9T8"].get(self["CTRL"]) << 8 | CTRL["R8T9"].get(self["CTRL"]) << 9
            size = 2
        super().write(offset, size, value)

    @on_write("GLOBAL")
    def _global_written(self, raw: int, old: int) -> None:
        if self["GLOBAL"] and not old:
            held = self["GLOBAL"]
            self.reset()
            self["GLOBAL"] = held

    @on_write("BAUD")
    def _baud_written(self, raw: int, old: int) -> None:
        baud = self["BAUD"]
        ratio = BAUD["OSR"].get(baud)
        if baud != old and (ratio in (1, 2) or (2 < ratio < 7 and not baud & BAUD["BOTHEDGE"].mask)):
            need = "is reserved" if ratio in (1, 2) else "needs BOTHEDGE"
            self.host.log(logging.WARNING, self.name, f"BAUD 0x{baud:08X}: an oversampling ratio of {ratio + 1} {need}")
        self._start()

    @on_write("CTRL")
    def _ctrl_written(self, raw: int, old: int) -> None:
        ctrl = self["CTRL"]
        if (ctrl ^ old) & CTRL["TE"].mask:
            self._preamble = bool(ctrl & CTRL["TE"].mask)
        if not ctrl & CTRL["RE"].mask:
            self._idle_due_ns = None
            self._idle_timer.cancel()
            self._partial_timer.cancel()
        self._start()

    @on_read("CTRL")
    def _ctrl_read(self) -> int:
        head = self._rx[0] if self._rx else 0
        return CTRL["R8T9"].put(CTRL["R9T8"].put(self["CTRL"], head >> 9), head >> 8)

    @on_read("STAT")
    def _status(self) -> int:
        """STAT with the flags that follow from the FIFOs."""
        status = self["STAT"] & ~(STAT["TDRE"].mask | STAT["TC"].mask | STAT["RDRF"].mask)
        fifo, water = self["FIFO"], self["WATER"]
        if len(self._tx) <= (WATER["TXWATER"].get(water) if fifo & FIFO["TXFE"].mask else 0):
            status |= STAT["TDRE"].mask
        if self._shift is None and not self._tx and not self._preamble:
            status |= STAT["TC"].mask
        if len(self._rx) > (WATER["RXWATER"].get(water) if fifo & FIFO["RXFE"].mask else 0) or self._partial:
            status |= STAT["RDRF"].mask
        return status

    @on_read("FIFO")
    def _fifo_read(self) -> int:
        flags = FIFO["RXEMPT"].put(0, not self._rx) | FIFO["TXEMPT"].put(0, not self._tx)
        flushes = FIFO["RXFLUSH"].mask | FIFO["TXFLUSH"].mask
        return self["FIFO"] & ~(FIFO["RXEMPT"].mask | FIFO["TXEMPT"].mask | flushes) | flags

    @on_read("WATER")
    def _water_read(self) -> int:
        return WATER["RXCOUNT"].put(WATER["TXCOUNT"].put(self["WATER"], len(self._tx)), len(self._rx))

    @on_read("DATA")
    def _data_read(self) -> int:
        if not self._rx:
            self["FIFO"] |= FIFO["RXUF"].mask
            self._update()
            return DATA["RXEMPT"].mask
        word = self._rx.pop(0)
        self._partial = self._partial and bool(self._rx)
        self._show_head()
        self._update()
        return word

    @on_write("DATA")
    def _data_written(self, raw: int, old: int) -> None:
        if len(self._tx) >= (self.fifo_size if self["FIFO"] & FIFO["TXFE"].mask else 1):
            self["FIFO"] |= FIFO["TXOF"].mask
        else:
            self._tx.append(raw & (DATA["FRETSC"].mask | 0x3FF))
        self._start()

    @on_write("FIFO")
    def _fifo_written(self, raw: int, old: int) -> None:
        if raw & FIFO["TXFLUSH"].mask:
            self._tx.clear()
        if raw & FIFO["RXFLUSH"].mask:
            self._rx.clear()
            self._partial = False
        self._update()

    @on_write("STAT", "WATER")
    def _levels_written(self, raw: int, old: int) -> None:
        self._update()

    def _update(self) -> None:
        """Drive interrupt and DMA requests from the present state."""
        status, ctrl, fifo, baud = self._status(), self["CTRL"], self["FIFO"], self["BAUD"]
        wanted = any(ctrl & enable and status & flag for enable, flag in INTERRUPTS)
        wanted |= bool(fifo & FIFO["RXUFE"].mask and fifo & FIFO["RXUF"].mask)
        wanted |= bool(fifo & FIFO["TXOFE"].mask and fifo & FIFO["TXOF"].mask)
        self._irq.set(wanted)
        self._tx_dma.set(bool(baud & BAUD["TDMAE"].mask and status & STAT["TDRE"].mask))
        self._rx_dma.set(bool(baud & BAUD["RDMAE"].mask and status & STAT["RDRF"].mask))

    def _start(self) -> None:
        """Load the free shift register with what is next. Frames in a row share one anchor, so nothing adds up."""
        hz = self.line_hz
        if self._shift is None and hz and self["CTRL"] & CTRL["TE"].mask and (self._preamble or self._tx):
            self._shift = IDLE_CHARACTER if self._preamble else self._tx.pop(0)
            self._preamble = False
            now_ns, bits = self.host.now_ns(), self.frame_bits
            if self._shift & IDLE_CHARACTER == DATA["FRETSC"].mask:
                bits += 3 * STAT["BRK13"].get(self["STAT"])
            if hz != self._tx_hz or now_ns != self._end_ns:
                self._tx_hz, self._anchor_ns, self._bits = hz, now_ns, 0
            self._bits += bits
            self._end_ns = TickClock(hz, self._anchor_ns).time_of(self._bits)
            self._shift_timer.arm(self._end_ns)
        self._update()

    def _shifted(self) -> None:
        """The stop bit of the character in the shift register ends."""
        word, self._shift = self._shift or 0, None
        self._start()
        if word & IDLE_CHARACTER == IDLE_CHARACTER:
            return
        if word & DATA["FRETSC"].mask:
            self.host.unmodelled(self.name, "break character, which a port cannot carry")
            return
        width, ctrl = self._payload_bits, self["CTRL"]
        payload = word & (1 << width) - 1
        self.port.transmitted(_reversed_bits(payload, width) if self["STAT"] & STAT["MSBF"].mask else payload)
        if ctrl & CTRL["LOOPS"].mask and (not ctrl & CTRL["RSRC"].mask or ctrl & CTRL["TXDIR"].mask):
            self._accept(payload | self._parity_bit(payload), 0)

    def receive_frame(
        self, character: int, *, parity_error: bool = False, framing_error: bool = False, noise: bool = False
    ) -> None:
        """A character whose stop bit ends now arrives at RXD (without its parity bit), perhaps with faults."""
        ctrl, width = self["CTRL"], self._payload_bits
        if ctrl & CTRL["LOOPS"].mask and (not ctrl & CTRL["RSRC"].mask or ctrl & CTRL["TXDIR"].mask):
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
