"""SAI: the synchronous audio interface of i.MX RT parts (reference manuals, chapter SAI).

Transmitter and receiver are two `SaiDirection`s. Each is clocked by a device through its `AudioPort` (slave), by the
block's own bit clock (master), or by the other direction. The wire carries whole words, so polarities, the width of the
frame sync and its early bit have no effect.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from wattbench.core.clock import ClockInput, ClockSource, root_of
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.wires import AudioPort, AudioWire, DmaRequest
from wattbench.hw.imxrt.sai_direction import (
    BIT_CLOCK,
    BYPASS,
    ENABLE,
    FIFO_RESET,
    FRDE,
    FRF,
    FWDE,
    FWF,
    HELD,
    LATCHED,
    LINES,
    MADE_HERE_CLOCK,
    MADE_HERE_SYNC,
    TABLE,
    SaiDirection,
)

RECEIVER, TRANSMITTER = 0, 1
"""Inputs for the data wire of a device that drives the clocks."""
_CR2 = TABLE["RCR2"]


@model("Wattbench.Sai")
class Sai(RegisterBlock):
    """One SAI. Outputs: `IRQ`, `RX_IRQ` and `TX_IRQ` for one direction, and the DMA requests `RxDma` and `TxDma`.

    `rx` and `tx` are its ports.

    Input 0 takes the data wire of a device that clocks the receiver, input 1 that of one that clocks the transmitter.
    """

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    missing = (
        "bit clock polarity, frame sync polarity, width and early bit: words arrive as if these were set to fit",
        "bit clock and frame sync from different sides",
        "combined FIFOs, packed words, on-demand frames",
        "master clocks 2 and 3, clocks of another SAI",
    )

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        bus_root: str = "BUS",
        frequency: int = 24_000_000,
        lines: int = LINES,
        version: int = 0x0301_0000,
    ) -> None:
        """`clocks` with `clock_root` (else the name in capitals) or `frequency` [Hz] is the master clock of MSEL 1.

        `bus_root` is that of MSEL 0, `lines` the number of data lines a direction has, `version` the value of VERID.
        """
        super().__init__(host, name)
        if not 1 <= lines <= LINES:
            raise UsageError(f"{name}: a SAI has 1 to {LINES} data lines a direction, not {lines}")
        self._clock = ClockInput(clocks, root_of(clock_root, name), frequency)
        self._bus_clock = ClockInput(clocks, bus_root, frequency)
        self._lines, self._version = lines, version
        for interrupt in ("IRQ", "RX_IRQ", "TX_IRQ"):
            self.output(interrupt)
        self.output("RxDma", DmaRequest())
        self.output("TxDma", DmaRequest())
        self._tx = SaiDirection(self, "T", host, self._show)
        self._rx = SaiDirection(self, "R", host, self._show)
        self._tx.follower, self._rx.follower = self._rx, self._tx
        self._tx.bit_hz, self._rx.bit_hz = (lambda: self._bit_hz("TCR2")), (lambda: self._bit_hz("RCR2"))
        self._alarms = {
            half: self.timer(half.csr, half.finish) for half in (self._tx, self._rx)
        }  # fmt: skip
        self.rx.begin, self.tx.begin = self._rx.begin, self._tx.begin
        self._clock.on_change(self._reclock)
        self._fit()

    @property
    def rx(self) -> AudioPort:
        """The receiver's wire."""
        return self._rx.port

    @property
    def tx(self) -> AudioPort:
        """The transmitter's wire."""
        return self._tx.port

    def connect_input(self, number: int, wire: AudioWire) -> None:
        """Wire a device that drives the clocks to the receiver (0) or the transmitter (1)."""
        if number not in (RECEIVER, TRANSMITTER) or not isinstance(wire, AudioWire):
            raise TypeError(f"{self.name} takes audio wires at inputs 0 and 1")
        wire.port = self.rx if number == RECEIVER else self.tx

    def _fit(self) -> None:
        """Let the registers tell what this instance has."""
        self["VERID"] = self._version
        self["PARAM"] = TABLE["PARAM"]["DATALINE"].put(self["PARAM"], self._lines)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._fit()
        for half in (self._tx, self._rx):
            half.clear()
        self._show()

    def save(self) -> dict[str, Any]:
        """See `Model.save`."""
        return {**super().save(), "tx": self._tx.save(), "rx": self._rx.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self._tx.restore(saved["tx"])
        self._rx.restore(saved["rx"])

    # ---- clocks

    def _bit_hz(self, register: str) -> Fraction:
        control = self[register]
        source = _CR2["MSEL"].get(control)
        if not control & MADE_HERE_CLOCK or source > 1:
            return Fraction(0)
        hz = (self._clock if source else self._bus_clock).hz
        return hz if control & BYPASS else hz / (2 * (_CR2["DIV"].get(control) + 1))

    def _reclock(self) -> None:
        """A frame in progress keeps its pace; a direction that waited for its clock begins."""
        for half in (self._tx, self._rx):
            if not half.running:
                half.begin_own()

    # ---- outputs

    def _show(self) -> None:
        """Drive the outputs and set the alarms; each level is taken afresh, as a DMA service may happen inside one."""
        for half, output in ((self._rx, "RxDma"), (self._tx, "TxDma")):
            status, enables = half.status(), self[half.csr]
            self.outputs[output].set(bool((status & FRF and enables & FRDE) or (status & FWF and enables & FWDE)))
        for half, output in ((self._rx, "RX_IRQ"), (self._tx, "TX_IRQ")):
            self.outputs[output].set(bool(half.status() >> 16 & self[half.csr] >> 8 & 0x1F))
        self.outputs["IRQ"].set(self.outputs["RX_IRQ"].level or self.outputs["TX_IRQ"].level)
        for half, alarm in self._alarms.items():
            at_ns = half.next_alarm_ns()
            if at_ns is None:
                alarm.cancel()
            elif at_ns != alarm.deadline_ns:
                alarm.arm(at_ns)

    # ---- registers

    def _half(self, register: str) -> SaiDirection:
        return self._rx if register[0] == "R" else self._tx

    def _control(self, half: SaiDirection) -> int:
        value = self[half.csr] | half.status()
        if value & ENABLE or half.busy():
            value |= BIT_CLOCK
        return value | (ENABLE if half.busy() else 0)

    @on_read("TCSR")
    def _read_tcsr(self) -> int:
        return self._control(self._tx)

    @on_read("RCSR")
    def _read_rcsr(self) -> int:
        return self._control(self._rx)

    @on_write("TCSR")
    def _write_tcsr(self, raw: int, old: int) -> None:
        self._write_control(self._tx, raw)

    @on_write("RCSR")
    def _write_rcsr(self, raw: int, old: int) -> None:
        self._write_control(self._rx, raw)

    def _write_control(self, half: SaiDirection, raw: int) -> None:
        half.settle()
        half.flags &= ~(raw & LATCHED)
        self[half.csr] &= ~FIFO_RESET
        if raw & FIFO_RESET:
            half.empty((1 << LINES) - 1)
        if self[half.csr] & HELD:
            half.clear()
        elif self[half.csr] & ENABLE and not half.running:
            self._judge(half)
            half.begin_own()
        self._show()

    def _judge(self, half: SaiDirection) -> None:
        """Count settings that software relies on and that are not done here."""
        clock, sync = self[half.cr2] & MADE_HERE_CLOCK, self[half.cr4] & MADE_HERE_SYNC
        if half.follows:
            return
        if bool(clock) != bool(sync):
            self.host.unmodelled(self.name, f"{half.cr4}.FSD {bool(sync):d} with {half.cr2}.BCD {bool(clock):d}")
        elif clock and _CR2["MSEL"].get(self[half.cr2]) > 1:
            self.host.unmodelled(self.name, f"{half.cr2}.MSEL {_CR2['MSEL'].get(self[half.cr2])}")

    @on_write("TCR1", "TCR2", "TCR3", "TCR4", "TCR5", "TMR", "RCR1", "RCR2", "RCR3", "RCR4", "RCR5", "RMR")
    def _write_settings(self, raw: int, old: int) -> None:
        for half in (self._tx, self._rx):
            half.settle()
            cleared = TABLE["RCR3"]["CFR"].get(self[half.cr3])
            self[half.cr3] = TABLE["RCR3"]["CFR"].put(self[half.cr3], 0)
            half.empty(cleared)
        self._show()

    @on_write("TDR{n}")
    def _write_data(self, line: int, raw: int, old: int) -> None:
        if line < self._lines and not self["TCSR"] & HELD:
            self._tx.settle()
            self._tx.push(line, raw)
            self._show()

    @on_read("RDR{n}")
    def _read_data(self, line: int) -> int:
        self._rx.settle()
        word = self._rx.pull(line)
        if word is not None:
            self._show()
        return word or 0

    def _pointers(self, half: SaiDirection, line: int) -> int:
        half.settle()
        return half.taken[line] | half.written[line] << 16

    @on_read("TFR{n}")
    def _read_tfr(self, line: int) -> int:
        return self._pointers(self._tx, line)

    @on_read("RFR{n}")
    def _read_rfr(self, line: int) -> int:
        return self._pointers(self._rx, line)
