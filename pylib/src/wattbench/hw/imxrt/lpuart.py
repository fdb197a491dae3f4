"""LPUART: asynchronous serial port with FIFOs and real baud timing (i.MX RT1170 reference manual, chapter LPUART)."""

from __future__ import annotations

import logging

from wattbench.core.clock import ClockInput, ClockSource, root_of
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.wires import DmaRequest
from wattbench.hw.imxrt.lpuart_line import (
    AT,
    BAUD,
    BAUD_AT,
    CTRL,
    CTRL_AT,
    DATA,
    FIFO,
    STAT,
    STAT_AT,
    TABLE,
    TE,
    WATER,
    LpuartLine,
)

INTERRUPTS = tuple(
    (CTRL[enable].mask, STAT[flag].mask)
    for enable, flag in (
        ("TIE", "TDRE"), ("TCIE", "TC"), ("RIE", "RDRF"), ("ILIE", "IDLE"),
        ("ORIE", "OR"), ("FEIE", "FE"), ("NEIE", "NF"), ("PEIE", "PF"),
    )
)  # fmt: skip

ENABLES = sum(enable for enable, _ in INTERRUPTS)
TDRE, TC, RDRF = (STAT[name].mask for name in ("TDRE", "TC", "RDRF"))
TXFE, RXFE = FIFO["TXFE"].mask, FIFO["RXFE"].mask
UNDERFLOW = FIFO["RXUFE"].mask | FIFO["RXUF"].mask
OVERFLOW = FIFO["TXOFE"].mask | FIFO["TXOF"].mask
TXWATER, RXWATER, TXCOUNT, RXCOUNT = (WATER[name] for name in ("TXWATER", "RXWATER", "TXCOUNT", "RXCOUNT"))
R9T8, R8T9, RE = CTRL["R9T8"], CTRL["R8T9"], CTRL["RE"].mask
TDMAE, RDMAE = BAUD["TDMAE"].mask, BAUD["RDMAE"].mask
GLOBAL_OFFSET, SENT_BITS = TABLE["GLOBAL"].offset, DATA["FRETSC"].mask | 0x3FF
FIFO_AT, WATER_AT, GLOBAL_AT = AT["FIFO"], AT["WATER"], AT["GLOBAL"]


@model("Wattbench.Lpuart", "UART.NXP_LPUART")
class Lpuart(LpuartLine):
    """One LPUART; all twelve of the chip are alike.

    Outputs: `IRQ`, and the DMA requests `TxDma` and `RxDma` (`TransmitDMA` and `ReceiveDMA` are the same lines).
    """

    size = 0x4000
    default_output = "IRQ"
    timeless = ("CTRL", "STAT", "FIFO", "WATER")
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
        if fifo_size not in (1, 4):
            raise UsageError(f"{name}: an LPUART of this chip has a fifoSize of 4 (or 1), not {fifo_size}.")
        clock = ClockInput(clocks, root_of(clock_root, name), frequency)
        super().__init__(host, name, clock, fifo_size)
        self._irq = self.output("IRQ")
        self._tx_dma, self._rx_dma = DmaRequest(), DmaRequest()
        for key, line in (("TxDma", self._tx_dma), ("TransmitDMA", self._tx_dma)):
            self.output(key, line)
        for key, line in (("RxDma", self._rx_dma), ("ReceiveDMA", self._rx_dma)):
            self.output(key, line)
        self._fit_fifos()

    def _fit_fifos(self) -> None:
        """Let the registers tell the size of the FIFOs."""
        if self.fifo_size == 1:
            self["PARAM"] = 0
            self["FIFO"] &= ~(FIFO["RXFIFOSIZE"].mask | FIFO["TXFIFOSIZE"].mask)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._clear()
        self._fit_fifos()
        self._update()

    def write(self, offset: int, size: int, value: int) -> None:
        """See `RegisterBlock.write`; a byte written to DATA gets its bits 8 and 9 from CTRL."""
        if self.values[GLOBAL_AT] and offset != GLOBAL_OFFSET:
            return
        if offset == DATA.offset and size == 1:
            control = self.values[CTRL_AT]
            value |= R9T8.get(control) << 8 | R8T9.get(control) << 9
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
        ctrl = self.values[CTRL_AT]
        if (ctrl ^ old) & TE:
            self._preamble = bool(ctrl & TE)
        if not ctrl & RE:
            self._idle_due_ns = None
            self._idle_timer.cancel()
            self._partial_timer.cancel()
        self._start()

    @on_read("CTRL")
    def _ctrl_read(self) -> int:
        head = self._rx[0] if self._rx else 0
        return R8T9.put(R9T8.put(self.values[CTRL_AT], head >> 9), head >> 8)

    @on_read("STAT")
    def _status(self) -> int:
        """STAT with the flags that follow from the FIFOs."""
        values = self.values
        status, fifo, water = values[STAT_AT] & ~(TDRE | TC | RDRF), values[FIFO_AT], values[WATER_AT]
        if len(self._tx) <= (TXWATER.get(water) if fifo & TXFE else 0):
            status |= TDRE
        if self._shift is None and not self._tx and not self._preamble:
            status |= TC
        if len(self._rx) > (RXWATER.get(water) if fifo & RXFE else 0) or self._partial:
            status |= RDRF
        return status

    @on_read("FIFO")
    def _fifo_read(self) -> int:
        flags = FIFO["RXEMPT"].put(0, not self._rx) | FIFO["TXEMPT"].put(0, not self._tx)
        flushes = FIFO["RXFLUSH"].mask | FIFO["TXFLUSH"].mask
        return self["FIFO"] & ~(FIFO["RXEMPT"].mask | FIFO["TXEMPT"].mask | flushes) | flags

    @on_read("WATER")
    def _water_read(self) -> int:
        return RXCOUNT.put(TXCOUNT.put(self.values[WATER_AT], len(self._tx)), len(self._rx))

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
        if len(self._tx) >= (self.fifo_size if self.values[FIFO_AT] & TXFE else 1):
            self["FIFO"] |= FIFO["TXOF"].mask
        else:
            self._tx.append(raw & SENT_BITS)
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
        status, values = self._status(), self.values
        fifo, baud, enabled = values[FIFO_AT], values[BAUD_AT], values[CTRL_AT] & ENABLES
        wanted = fifo & UNDERFLOW == UNDERFLOW or fifo & OVERFLOW == OVERFLOW
        if enabled and not wanted:
            for enable, flag in INTERRUPTS:
                if enabled & enable and status & flag:
                    wanted = True
                    break
        self._irq.set(wanted)
        self._tx_dma.set(bool(baud & TDMAE and status & TDRE))
        self._rx_dma.set(bool(baud & RDMAE and status & RDRF))
