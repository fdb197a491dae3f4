"""The low-power SPI block of i.MX RT parts, as a master.

Times are exact: a frame is PCSSCK + 1 cycles, its bits of SCKDIV + 2 cycles each, SCKPCS + 1 cycles to the release of
the chip select, and DBT + 2 cycles until the next may start, all of the functional clock divided by 2^PRESCALE and
summed before they are rounded to ns. Words go through the SPI port at the end of their last bit; then parts see what
was sent, and flags, FIFO and DMA requests follow. A command in the transmit FIFO is taken as soon as no frame runs.
A command with CONTC = 0 that comes before a frame has all its words ends the frame early.

Source: i.MX RT1170 reference manual, chapter LPSPI.
"""

from __future__ import annotations

from typing import cast

from wattbench.core.clock import ClockInput, ClockSource, root_of
from wattbench.core.host import Host
from wattbench.core.model import Model, model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import DmaRequest, SpiDevice, SpiPort
from wattbench.hw.imxrt.steps import SteppedBlock

TABLE = load_table("wattbench.hw.imxrt", "lpspi")
FIFO_WORDS = 16
_CR, _SR, _DER, _CFGR1, _TCR = TABLE["CR"], TABLE["SR"], TABLE["DER"], TABLE["CFGR1"], TABLE["TCR"]
_MEN, _RST, _RTF, _RRF = (_CR[name].mask for name in ("MEN", "RST", "RTF", "RRF"))
_TDF, _RDF, _WCF, _FCF, _TCF, _TEF, _REF, _MBF = (
    _SR[name].mask for name in ("TDF", "RDF", "WCF", "FCF", "TCF", "TEF", "REF", "MBF")
)
_MASTER, _NOSTALL = _CFGR1["MASTER"].mask, _CFGR1["NOSTALL"].mask
_TXMSK, _RXMSK, _CONTC, _CONT, _BYSW, _LSBF = (
    _TCR[name].mask for name in ("TXMSK", "RXMSK", "CONTC", "CONT", "BYSW", "LSBF")
)
_SR_LATCHED = _SR.masks["w1c"]
_CCR, _FCR = TABLE["CCR"], TABLE["FCR"]
_ONES = 0xFFFF_FFFF

IDLE, WORD, WAIT, TRAIL, GAP = range(5)
"""Phases: no frame; a word shifts; inside a frame, waiting for FIFOs or the program; last clock to deselect; pause."""


def _swap(word: int) -> int:
    return int.from_bytes(word.to_bytes(4, "little"), "big")


def _mirror(word: int, bits: int) -> int:
    return int(f"{word:0{bits}b}"[::-1], 2)


@model("Wattbench.Lpspi")
class Lpspi(SteppedBlock):
    """One LPSPI. Outputs: `IRQ`, and the DMA requests `RxDma` and `TxDma`. Parts are attached by PCS number."""

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    state_names = (
        *SteppedBlock.state_names, "command", "_tx", "_rx", "_phase", "_left", "_word", "_bits", "_sof", "_selected",
    )  # fmt: skip

    def __init__(
        self,
        host: Host,
        name: str,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        frequency: int = 24_000_000,
    ) -> None:
        """`clocks` with `clock_root` (else the name in capitals) or `frequency` [Hz] is the functional clock."""
        super().__init__(host, name, ClockInput(clocks, root_of(clock_root, name), frequency))
        self.port = SpiPort()
        self.output("IRQ")
        self.output("RxDma", DmaRequest())
        self.output("TxDma", DmaRequest())
        self._clear()

    def attach(self, child: Model, point: int | None) -> None:
        """Put the SPI part `child` on chip select `point`."""
        self.port.devices[point or 0] = cast(SpiDevice, child)

    def _clear(self) -> None:
        self.command = TABLE["TCR"].reset
        self._tx: list[tuple[bool, int]] = []
        self._rx: list[tuple[bool, int]] = []
        self._phase, self._left, self._word, self._bits = IDLE, 0, 0, 0
        self._sof = False
        self._selected = -1
        self._clear_steps()

    def reset(self) -> None:
        """See `Model.reset`."""
        self._deselect()
        super().reset()
        self._clear()
        self._reclock()
        self._show()

    # ---- time

    def _in_step(self) -> bool:
        return self._phase not in (IDLE, WAIT)

    def _reclock(self) -> None:
        super()._reclock()
        self._advance()

    def _later(self, cycles: int) -> None:
        super()._later(cycles << _TCR["PRESCALE"].get(self.command))

    def _on_step(self) -> None:
        if self._phase == WORD:
            self._word_end()
        elif self._phase == TRAIL:
            self._deselect()
            self["SR"] |= _FCF
            self._phase = GAP
            self._later(_CCR["DBT"].get(self["CCR"]) + 2)
        else:
            self._phase = IDLE
            self._advance()
            if self._phase == IDLE:
                self["SR"] |= _TCF
        self._show()

    # ---- frames

    def _enabled(self) -> bool:
        return self["CR"] & (_MEN | _RST) == _MEN and bool(self["CFGR1"] & _MASTER)

    def _deselect(self) -> None:
        if self._selected >= 0:
            number, self._selected = self._selected, -1
            self.port.select(number, False)

    def _advance(self) -> None:
        """Go on as far as FIFOs and enables allow, without passing time."""
        while self._hz and self._phase in (IDLE, WAIT):
            receiving = self._left and self.command & _TXMSK
            if self._tx and self._tx[0][0] and not receiving:
                word = self._tx[0][1]
                if self._phase == WAIT and not word & _CONTC:
                    self._trail()
                elif self._phase == IDLE and word & _TXMSK and not self._enabled():
                    return
                else:
                    self.command = self._tx.pop(0)[1]
            elif not self._start_word():
                return

    def _start_word(self) -> bool:
        """Begin the next word; false if it cannot begin now."""
        command, stall, idle = self.command, not self["CFGR1"] & _NOSTALL, self._phase == IDLE
        if idle and not self._enabled():
            return False
        if not self._tx and not command & _TXMSK and (stall or not self._left):
            return False
        if stall and len(self._rx) == FIFO_WORDS and not command & _RXMSK:
            return False
        if command & _TXMSK:
            self._word = _ONES
        elif self._tx:
            self._word = self._tx.pop(0)[1]
        else:
            self._word = _ONES
            self["SR"] |= _TEF
        if idle:
            self._sof = True
            self._selected = _TCR["PCS"].get(command)
            self.port.select(self._selected, True)
        if not self._left:
            self._left = (command & 0xFFF) + 1
        self._bits = min(self._left, 32)
        self._phase = WORD
        lead = _CCR["PCSSCK"].get(self["CCR"]) + 1 if idle else 0
        self._later(lead + self._bits * (_CCR["SCKDIV"].get(self["CCR"]) + 2))
        return True

    def _word_end(self) -> None:
        command, bits = self.command, self._bits
        word = (_swap(self._word) if command & _BYSW else self._word) & (1 << bits) - 1
        answer = self.port.exchange(_mirror(word, bits) if command & _LSBF else word, bits)
        self._left -= bits
        self["SR"] |= _WCF
        if not command & _RXMSK:
            if command & _LSBF:
                answer = _mirror(answer, bits)
            if len(self._rx) < FIFO_WORDS:
                self._rx.append((self._sof, _swap(answer) if command & _BYSW else answer))
                self._sof = False
            else:
                self["SR"] |= _REF
        if self._left or command & _CONT:
            if not self._left:
                self.command &= ~_TXMSK
            self._phase = WAIT
            self._advance()
        else:
            self._trail()

    def _trail(self) -> None:
        """The frame is over: release the chip select after its delay."""
        self.command &= ~_TXMSK
        self._left = 0
        self._phase = TRAIL
        self._later(_CCR["SCKPCS"].get(self["CCR"]) + 1)

    # ---- registers

    @on_read("SR")
    def _status(self) -> int:
        status = self["SR"] & _SR_LATCHED
        if len(self._tx) <= _FCR["TXWATER"].get(self["FCR"]):
            status |= _TDF
        if len(self._rx) > _FCR["RXWATER"].get(self["FCR"]):
            status |= _RDF
        return status | (_MBF if self._phase != IDLE else 0)

    def _show(self) -> None:
        """Drive the outputs; each level is taken afresh, as a DMA service may happen inside the one before."""
        self.outputs["RxDma"].set(bool(self["DER"] & _DER["RDDE"].mask and self._status() & _RDF))
        self.outputs["TxDma"].set(bool(self["DER"] & _DER["TDDE"].mask and self._status() & _TDF))
        self.outputs["IRQ"].set(bool(self._status() & self["IER"]))

    @on_write("SR", "IER", "DER", "FCR")
    def _write_enables(self, raw: int, old: int) -> None:
        self._show()

    @on_write("CFGR1")
    def _write_configuration(self, raw: int, old: int) -> None:
        self._advance()
        self._show()

    @on_write("CR")
    def _write_control(self, raw: int, old: int) -> None:
        control = self["CR"] & ~(_RTF | _RRF)
        if control & _RST:
            self.reset()
        self["CR"] = control
        if raw & _RTF:
            self._tx.clear()
        if raw & _RRF:
            self._rx.clear()
        if control & _MEN and not self["CFGR1"] & _MASTER:
            self.host.unmodelled(self.name, "slave mode")
        self._advance()
        self._show()

    def _push(self, is_command: bool, word: int) -> None:
        if len(self._tx) < FIFO_WORDS and not self["CR"] & _RST:
            self._tx.append((is_command, word))
            self._advance()
            self._show()

    @on_write("TCR")
    def _write_command(self, raw: int, old: int) -> None:
        self._push(True, self["TCR"])

    @on_read("TCR")
    def _read_command(self) -> int:
        return self.command

    @on_write("TDR")
    def _write_data(self, raw: int, old: int) -> None:
        self._push(False, raw)

    @on_read("FSR")
    def _fill(self) -> int:
        return len(self._tx) | len(self._rx) << 16

    @on_read("RSR")
    def _receive_status(self) -> int:
        return int(self._rx[0][0]) if self._rx else TABLE["RSR"]["RXEMPTY"].mask

    @on_read("RDR")
    def _read_data(self) -> int:
        if not self._rx:
            return 0
        _, word = self._rx.pop(0)
        self._advance()
        self._show()
        return word
