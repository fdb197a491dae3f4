"""LPI2C: I2C controller with FIFOs of four and real bit times (i.MX RT1170 reference manual, chapter LPI2C).

All times are in prescaled clocks: SCL is low for CLKLO + 1 and high for CLKHI + 1 and the latency of its filter,
(2 + FILTSCL) >> PRESCALE; a START takes SETHOLD + 1 from SDA's fall, a repeated START or STOP first has a low SCL and
SETHOLD + 1 with the latency; after a STOP the bus is free CLKLO + 1 clocks later, with the latency of SDA's filter.
A byte passes the port at the end of its ninth bit. Between commands SCL stays low as long as it takes. The last byte
of a receive command is answered with NACK, unless another receive command is already next in the FIFO. The slave half
is in `lpi2c_slave.py`.
"""

from __future__ import annotations

from typing import Any, cast

from wattbench.core.clock import NS_PER_S, ClockInput, ClockSource, root_of
from wattbench.core.host import Host
from wattbench.core.model import Model, model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import DmaRequest, I2cDevice, I2cPort
from wattbench.hw.imxrt.lpi2c_slave import SEVEN_BITS, Lpi2cSlave
from wattbench.hw.imxrt.steps import SteppedBlock

TABLE = load_table("wattbench.hw.imxrt", "lpi2c")
FIFO_ENTRIES = 4
_MCR, _MSR, _CFGR1, _CFGR2 = (TABLE[name] for name in ("MCR", "MSR", "MCFGR1", "MCFGR2"))
_MEN, _RST, _RTF, _RRF = (_MCR[name].mask for name in ("MEN", "RST", "RTF", "RRF"))
_TDF, _RDF, _EPF, _SDF, _NDF, _ALF, _FEF, _PLTF, _DMF, _MBF, _BBF = (
    _MSR[name].mask
    for name in ("TDF", "RDF", "EPF", "SDF", "NDF", "ALF", "FEF", "PLTF", "DMF", "MBF", "BBF")
)  # fmt: skip
_LATCHED = _MSR.masks["w1c"]
_NO_START = _NDF | _ALF | _FEF
_PRESCALE, _PINCFG, _MATCFG = _CFGR1["PRESCALE"], _CFGR1["PINCFG"], _CFGR1["MATCFG"]
_ULTRA_FAST = (1, 5)
SLAVE_REGISTERS = ("SCR", "SSR", "SIER", "SDER", "SCFGR1", "SCFGR2", "SAMR", "SASR", "STAR")
SLAVE_RST, SLAVE_RTF, SLAVE_RRF = (TABLE["SCR"][name].mask for name in ("RST", "RTF", "RRF"))

TRANSMIT, RECEIVE, STOP_COMMAND, DISCARD, START, START_NACK, FAST_START, FAST_START_NACK = range(8)
"""CMD of MTDR."""
IDLE, ADDRESS, WRITE, READ, WAIT, STOP, FREE = range(7)
"""Phases: nothing runs; START and address; a byte out; a byte in; SCL low without a command; STOP; SDA and SCL rest."""


@model("Wattbench.Lpi2c")
class Lpi2c(SteppedBlock):
    """One LPI2C as the only controller of its bus. Outputs: `IRQ`, and `Dma`, the one request of all directions.

    Parts are attached with their address (`@ lpi2c1 0x48`), or without one, where they keep their own. Another LPI2C
    that is attached is there as a slave; `slave` is what that bus sees of it.
    """

    table = TABLE
    size = 0x4000
    default_output = "IRQ"
    state_names = (
        *SteppedBlock.state_names, "_tx", "_rx", "_phase", "_command", "_left", "_count", "_before", "_matched",
        "_timing", "_held", "_selected", "_slave_state",
    )  # fmt: skip
    timeless = ("MSR", "MFSR")
    missing = (
        "other controllers on the bus, so that its own pins are never those of the slave",
        "addresses of 10 bits, ACKSTALL and high-speed mode of the slave",
    )

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        frequency: int = 24_000_000,
    ) -> None:
        """`clocks` with `clock_root` (else the name in capitals) or `frequency` [Hz] is the functional clock."""
        super().__init__(host, name, ClockInput(clocks, root_of(clock_root, name), frequency))
        self.port = I2cPort()
        self.port.on_hold(self._held_changed)
        self.slave = Lpi2cSlave(self, self._slave_changed)
        self.output("IRQ")
        self.output("Dma", DmaRequest())
        self._pin_low = self.timer("pin_low", self._pin_timed_out)
        self._clear()

    def attach(self, child: Model, point: int | None) -> None:
        """Put the part `child` on the bus, at address `point` if there is one."""
        if isinstance(child, Lpi2c):
            child.slave.join(self.port)
            return
        part = cast(I2cDevice, child)
        if point is not None:
            part.address = point
        self.port.devices.append(part)

    @property
    def _slave_state(self) -> tuple[Any, ...]:
        return self.slave.state

    @_slave_state.setter
    def _slave_state(self, state: tuple[Any, ...]) -> None:
        self.slave.state = state

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self.slave.holds_scl()

    @property
    def _selected(self) -> list[int]:
        return self.port.selected

    @_selected.setter
    def _selected(self, places: list[int]) -> None:
        self.port.selected = places

    def _clear(self) -> None:
        self._tx: list[int] = []
        self._rx: list[int] = []
        self._phase, self._command, self._left = IDLE, 0, 0
        self._count, self._before, self._matched = 0, 0, False
        """Bytes received since the START, the last of them, and whether they have matched."""
        self._timing = "MCCR0"
        self._clear_steps()
        self._held = False

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._clear()
        self.slave.clear()
        self.port.selected = []
        self._reclock()
        self._show()

    # ---- time

    def _in_step(self) -> bool:
        return self._phase not in (IDLE, WAIT)

    def _reclock(self) -> None:
        super()._reclock()
        self._advance()

    def _later(self, cycles: int) -> None:
        super()._later(cycles << _PRESCALE.get(self["MCFGR1"]))

    def _time(self, field: str) -> int:
        return TABLE["MCCR0"][field].get(self[self._timing]) + 1

    def _latency(self, filter_name: str) -> int:
        return 2 + _CFGR2[filter_name].get(self["MCFGR2"]) >> _PRESCALE.get(self["MCFGR1"])

    def _byte_clocks(self) -> int:
        return 9 * (self._time("CLKLO") + self._time("CLKHI") + self._latency("FILTSCL"))

    # ---- commands

    def _enabled(self) -> bool:
        return self["MCR"] & (_MEN | _RST) == _MEN

    def _advance(self) -> None:
        """Go on as far as FIFOs, flags and lines allow, without passing time."""
        while self._hz and self._phase in (IDLE, WAIT) and not self.port.scl_low:
            if self._phase == WAIT and self["MSR"] & (_NDF | _FEF):
                self._begin_stop()
            elif self._left:
                if not self._begin_read():
                    return
            elif self._tx and self._may_take():
                self._take(self._tx.pop(0))
            elif self._phase == WAIT and not self._tx and self["MCFGR1"] & _CFGR1["AUTOSTOP"].mask:
                self._begin_stop()
            else:
                return

    def _may_take(self) -> bool:
        if self._phase == WAIT:
            return True
        return self._enabled() and not self["MSR"] & _NO_START and not self.port.sda_low

    def _take(self, entry: int) -> None:
        """Begin the next command."""
        kind, data = entry >> 8, entry & 0xFF
        running = self._phase == WAIT
        if kind >= START:
            fast = kind >= FAST_START
            self._timing = "MCCR1" if fast else "MCCR0"
            clocks = self._time("SETHOLD") + self._byte_clocks()
            if running:
                clocks += self._time("CLKLO") + self._time("SETHOLD") + self._latency("FILTSCL")
                self["MSR"] |= _EPF
            self._command, self._phase = entry, ADDRESS
            self._count, self._before, self._matched = 0, 0, False
            self._later(clocks)
        elif kind == STOP_COMMAND:
            if running:
                self._begin_stop()
        elif not running:
            self["MSR"] |= _FEF
        elif kind == TRANSMIT:
            self._command, self._phase = entry, WRITE
            self._later(self._byte_clocks())
        else:
            self._command, self._left = entry, data + 1

    def _begin_read(self) -> bool:
        if self._command >> 8 == RECEIVE and len(self._rx) == FIFO_ENTRIES:
            return False
        self._phase = READ
        self._later(self._byte_clocks())
        return True

    def _begin_stop(self) -> None:
        self._left = 0
        self._phase = STOP
        self._later(self._time("CLKLO") + self._time("SETHOLD") + self._latency("FILTSCL"))

    def _on_step(self) -> None:
        if self.port.scl_low and self._phase != FREE:
            self._held = True
            return
        phase, self._phase = self._phase, WAIT
        if phase == ADDRESS:
            self._sent(self.port.start(self._command & 0xFF), self._command >> 8 in (START_NACK, FAST_START_NACK))
        elif phase == WRITE:
            if self.port.sda_low and self._command & 0xFF != 0:
                self._lose()
            else:
                self._sent(self.port.write(self._command & 0xFF), False)
        elif phase == READ:
            self._received()
        elif phase == STOP:
            self.port.stop()
            self["MSR"] |= _SDF | _EPF
            self._timing = "MCCR0"
            self._phase = FREE
            self._later(self._time("CLKLO") + self._latency("FILTSDA"))
        else:
            self._phase = IDLE
        self._advance()
        self._show()

    def _sent(self, acknowledged: bool, nack_wanted: bool) -> None:
        if (acknowledged or bool(self["MCFGR1"] & _CFGR1["IGNACK"].mask)) == nack_wanted:
            self["MSR"] |= _NDF

    def _lose(self) -> None:
        """Arbitration is lost: SDA stays low against a one. The master lets go of the bus."""
        self["MSR"] |= _ALF
        self._phase, self._left = IDLE, 0

    def _received(self) -> None:
        self._left -= 1
        more = bool(self._left) or (bool(self._tx) and self._tx[0] >> 8 in (RECEIVE, DISCARD))
        value = self.port.read(more)
        fits = self._match(value)
        if self._command >> 8 == RECEIVE and (fits or not self["MCFGR0"] & TABLE["MCFGR0"]["RDMO"].mask):
            self._rx.append(value)

    def _match(self, value: int) -> bool:
        """Try the match rule on the next byte; whether bytes have matched since the START."""
        rule, before = _MATCFG.get(self["MCFGR1"]), self._before
        self._count, self._before = self._count + 1, value
        low, high = TABLE["MDMR"]["MATCH0"].get(self["MDMR"]), TABLE["MDMR"]["MATCH1"].get(self["MDMR"])
        hit = False
        if rule in (2, 3):
            hit = value in (low, high) and (rule == 3 or self._count == 1)
        elif rule in (4, 5):
            hit = (before, value) == (low, high) and (self._count == 2 or (rule == 5 and self._count > 2))
        elif rule in (6, 7):
            hit = value & high == low & high and (rule == 7 or self._count == 1)
        if hit:
            self._matched = True
            self["MSR"] |= _DMF
        return self._matched

    # ---- lines held by a fault

    def _held_changed(self) -> None:
        low = self.port.scl_low or (self.port.sda_low and bool(self["MCFGR1"] & _CFGR1["TIMECFG"].mask))
        limit = TABLE["MCFGR3"]["PINLOW"].get(self["MCFGR3"]) * 256 << _PRESCALE.get(self["MCFGR1"])
        if not low:
            self._pin_low.cancel()
        elif limit and self._hz and self._enabled() and self._pin_low.deadline_ns is None:
            self._pin_low.arm(self.host.now_ns() + -(-limit * NS_PER_S // self._hz))
        if self._held and not self.port.scl_low:
            self._held = False
            self._on_step()
        self._advance()
        self._show()

    def _pin_timed_out(self) -> None:
        self["MSR"] |= _PLTF
        self._show()

    # ---- registers

    @on_read("MSR")
    def _status(self) -> int:
        status = self["MSR"] & _LATCHED
        if len(self._tx) <= TABLE["MFCR"]["TXWATER"].get(self["MFCR"]):
            status |= _TDF
        if len(self._rx) > TABLE["MFCR"]["RXWATER"].get(self["MFCR"]):
            status |= _RDF
        if self._phase not in (IDLE, FREE):
            status |= _MBF
        if self._phase != IDLE or self.port.scl_low or self.port.sda_low:
            status |= _BBF
        return status

    def _show(self) -> None:
        """Drive the outputs from the present state."""
        status, slave = self._status(), self.slave.status  # enables have the places of their flags
        self.outputs["Dma"].set(bool(status & self["MDER"] or slave & self["SDER"]))
        self.outputs["IRQ"].set(bool(status & self["MIER"] or slave & self["SIER"]))

    def _slave_changed(self) -> None:
        self.slave.holds_scl()
        self._show()

    @on_write("MIER", "MDER", "MFCR")
    def _write_enables(self, raw: int, old: int) -> None:
        self._show()

    @on_write("MSR")
    def _write_status(self, raw: int, old: int) -> None:
        if raw & _PLTF and old & _PLTF and self.port.scl_low:
            self["MSR"] |= _PLTF
        self._advance()
        self._show()

    @on_write("MCR")
    def _write_control(self, raw: int, old: int) -> None:
        control = self["MCR"] & ~(_RTF | _RRF)
        if control & _RST:
            slave, state = {name: self[name] for name in SLAVE_REGISTERS}, self.slave.state
            self.reset()
            for name, value in slave.items():
                self[name] = value
            self.slave.state = state
        self["MCR"] = control
        if raw & _RTF:
            self._tx.clear()
        if raw & _RRF:
            self._rx.clear()
        self._advance()
        self._show()

    @on_write("MCFGR1")
    def _write_configuration(self, raw: int, old: int) -> None:
        if _PINCFG.get(self["MCFGR1"]) in _ULTRA_FAST and _PINCFG.get(old) not in _ULTRA_FAST:
            self.host.unmodelled(self.name, "ultra-fast mode (MCFGR1.PINCFG 1 or 5)")
        self._advance()
        self._show()

    @on_write("MTDR")
    def _write_command(self, raw: int, old: int) -> None:
        if len(self._tx) < FIFO_ENTRIES and not self["MCR"] & _RST:
            self._tx.append(raw & 0x7FF)
            self._advance()
            self._show()

    @on_read("MFSR")
    def _fill(self) -> int:
        return len(self._tx) | len(self._rx) << 16

    @on_read("MRDR")
    def _read_data(self) -> int:
        if not self._rx:
            return TABLE["MRDR"]["RXEMPTY"].mask
        value = self._rx.pop(0)
        self._advance()
        self._show()
        return value

    # ---- slave

    @on_write("SCR")
    def _write_slave_control(self, raw: int, old: int) -> None:
        control = self["SCR"] & ~(SLAVE_RTF | SLAVE_RRF)
        if control & SLAVE_RST:
            for name in SLAVE_REGISTERS:
                self[name] = TABLE[name].reset
            self.slave.clear()
        self["SCR"] = control
        self.slave.flush(sent=bool(raw & SLAVE_RTF), received=bool(raw & SLAVE_RRF))
        self._slave_changed()

    @on_write("SCFGR1")
    def _write_slave_configuration(self, raw: int, old: int) -> None:
        if self["SCFGR1"] >> 16 & 7 not in SEVEN_BITS:
            self.host.unmodelled(self.name, "slave address of 10 bits (SCFGR1.ADDRCFG)")
        self._slave_changed()

    @on_write("SSR", "SIER", "SDER", "SAMR", "STAR")
    def _write_slave_settings(self, raw: int, old: int) -> None:
        self._slave_changed()

    @on_write("STDR")
    def _write_slave_data(self, raw: int, old: int) -> None:
        self.slave.send(raw & 0xFF)
        self._slave_changed()

    @on_read("SSR")
    def _slave_status(self) -> int:
        return self.slave.status

    @on_read("SASR")
    def _read_slave_address(self) -> int:
        value = self.slave.take_address()
        self._slave_changed()
        return value

    @on_read("SRDR")
    def _read_slave_data(self) -> int:
        value = self.slave.take()
        self._slave_changed()
        return value
