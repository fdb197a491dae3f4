"""Ethernet MACs ENET (10/100 Mbit/s) and ENET_1G of the i.MX RT1170 (IMXRT1170RM "ENET"): the block's registers.

A PHY attaches at its MDIO address (`phy: Wattbench.EthernetPhy @ enet 2`); without one frames pass as over a good link
of the MAC's own speed. `port` is the line: `port.send(frame)`, `port.frames`, `port.arrivals`.
"""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import Any, ClassVar

from wattbench.core.clock import ClockInput, ClockSource, TickClock
from wattbench.core.ethernet import EthernetPhy
from wattbench.core.host import Host
from wattbench.core.model import Model, model, on_read, on_write
from wattbench.hw.imxrt.enet_receiver import EnetReceiver
from wattbench.hw.imxrt.enet_rings import Ring
from wattbench.hw.imxrt.enet_table import ATCR, ATINC, ECR, EIR, GIGABIT, MEGABIT, MMFR, MSCR

ACTIVE = GIGABIT["RDAR"]["RDAR"].mask
EVENT_MASKS = {name: field.mask for name, field in EIR.fields.items()}
MDIO_BITS, MDIO_PREAMBLE_BITS = 32, 32
CLAUSE_22, MDIO_WRITE, MDIO_READ = 1, 1, 2
NOBODY = 0xFFFF
MIB_CLEAR, MIB_IDLE = 1 << 29, 1 << 30
COUNTERS = tuple(name for name in GIGABIT.registers if name.startswith(("RMON_", "IEEE_")))


class EnetBlock(EnetReceiver):
    """What both MACs have in common. Output `IRQ` is the interrupt of ring 0 and of everything else."""

    size = 0x4000
    default_output = "IRQ"
    timer_root: str
    bus_root: ClassVar[str] = "BUS"
    state_names = (
        "_outgoing", "_free_ns", "_paused_ns", "_stopped", "_fifo", "_line", "_mdio_waits", "_rings", "_clock",
    )  # fmt: skip
    missing: ClassVar[tuple[str, ...]] = (
        "half duplex and collisions",
        "interrupt coalescing",
        "magic packets and sleep",
        "timer channels, offset events and the period's pin of the 1588 clock",
        "cut-through of the FIFOs: frames pass whole, underrun and partial frames on overflow do not happen",
        "pause frames sent by the fill of the receive FIFO (RSEM)",
        "supplemental addresses",
    )

    def __init__(self, host: Host, name: str, fifo_bytes: int, clocks: ClockSource | None, frequency: int) -> None:
        super().__init__(host, name, fifo_bytes)
        self._timer_clock = ClockInput(clocks, self.timer_root, frequency)
        self._bus_clock = ClockInput(clocks, self.bus_root, frequency)
        self._timer_clock.on_change(self._rates_changed)
        self.irq = self.output("IRQ")
        self.phys: dict[int, EthernetPhy] = {}
        self._mdio_timer = self.timer("mdio", self._mdio_done)
        self._period_timer = self.timer("period", self._period_over)
        self._mdio_waits = False

    @property
    def _rings(self) -> tuple[Any, ...]:
        return tuple((ring.start, ring.at, ring.enhanced, ring.little) for ring in (self.rx_ring, self.tx_ring))

    @_rings.setter
    def _rings(self, saved: tuple[Any, ...]) -> None:
        self.rx_ring, self.tx_ring = (Ring(*ring) for ring in saved)

    @property
    def _clock(self) -> tuple[int | Fraction, ...]:
        return self.clock.save()

    @_clock.setter
    def _clock(self, saved: tuple[int | Fraction, ...]) -> None:
        self.clock.restore(saved)

    def save(self) -> dict[str, Any]:
        """See `Model.save`; the records of the port are part of it."""
        return {**super().save(), "port": self.port.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self.port.restore(saved["port"])

    def attach(self, child: Model, point: int | None) -> None:
        """See `Model.attach`: a PHY at MDIO address `point`; frames go through the first one."""
        if not hasattr(child, "mdio_read") or point is None or point not in range(32):
            raise TypeError(f"{self.name} takes PHYs at MDIO addresses 0 to 31, not {child.name} at {point}")
        self.phys[point] = child  # type: ignore[assignment]  # has just been seen to be one
        self.phy = self.phy or self.phys[point]

    def reset(self) -> None:
        """See `Model.reset`; frames on the line are outside the chip and go on."""
        arrival_ns = self._arrival_timer.deadline_ns
        super().reset()
        if arrival_ns is not None:
            self._arrival_timer.arm(arrival_ns)
        self._clear_transmitter()
        self._fifo = []
        self._mdio_waits = False
        self.clock.clear()
        self._set_clock()
        self._drive()

    def power_off(self) -> None:
        """The supply is gone, and nobody sends to a dead chip."""
        self._line.clear()
        self._arrival_timer.cancel()
        self.reset()

    # Interrupts

    def _raise(self, *events: str) -> None:
        for event in events:
            self["EIR"] |= EVENT_MASKS[event]
        self._drive()

    def _drive(self) -> None:
        self.irq.set(bool(self["EIR"] & self["EIMR"]))

    @on_write("EIR", "EIMR")
    def _write_events(self, raw: int, old: int) -> None:
        self._drive()

    # Control

    def _switch_on(self) -> None:
        """ECR.ETHEREN was set: rings begin at their first descriptors."""
        enhanced, little = self._flag("ECR", "EN1588"), self._flag("ECR", "DBSWP")
        self.rx_ring.restart(self["RDSR"], enhanced=enhanced, little=little)
        self.tx_ring.restart(self["TDSR"], enhanced=enhanced, little=little)

    def _switch_off(self) -> None:
        self._stop_transmitter()
        self._stop_receiver()

    @on_write("ECR")
    def _write_control(self, raw: int, old: int) -> None:
        if raw & ECR["RESET"].mask:
            self._switch_off()
            self.reset()
            return
        if self.enabled and not old & ECR["ETHEREN"].mask:
            self._switch_on()
        elif not self.enabled and old & ECR["ETHEREN"].mask:
            self._switch_off()

    @on_write("RDAR")
    def _activate_receiver(self, raw: int, old: int) -> None:
        self["RDAR"] = ACTIVE if self.enabled else 0
        self._drain()

    @on_write("TDAR")
    def _activate_transmitter(self, raw: int, old: int) -> None:
        self["TDAR"] = ACTIVE if self.enabled else 0
        self._send()

    @on_write("TCR")
    def _write_transmit_control(self, raw: int, old: int) -> None:
        self._send()

    @on_read("TCR")
    def _read_transmit_control(self) -> int:
        return self["TCR"] | (1 << 4 if self.host.now_ns() < self._paused_ns else 0)

    @on_write("MIBC")
    def _write_statistics_control(self, raw: int, old: int) -> None:
        if self["MIBC"] & MIB_CLEAR:
            for name in COUNTERS:
                self[name] = 0

    # MDIO

    @on_write("MMFR")
    def _write_mdio(self, raw: int, old: int) -> None:
        if self._mdio_timer.deadline_ns is not None:
            self.host.log(logging.WARNING, self.name, "MMFR was written while an MDIO transfer was under way")
        self._mdio_waits = True
        self._start_mdio()

    @on_write("MSCR")
    def _write_mdio_speed(self, raw: int, old: int) -> None:
        self._start_mdio()

    def _start_mdio(self) -> None:
        """Shift the frame out if MDC runs."""
        speed, bus_hz = MSCR["MII_SPEED"].get(self["MSCR"]), self._bus_clock.hz
        if not (self._mdio_waits and speed and bus_hz):
            return
        self._mdio_waits = False
        bits = MDIO_BITS + (0 if self._flag("MSCR", "DIS_PRE") else MDIO_PREAMBLE_BITS)
        self._mdio_timer.arm(TickClock(bus_hz / (2 * (speed + 1)), self.host.now_ns()).time_of(bits))

    def _mdio_done(self) -> None:
        frame = self["MMFR"]
        operation, register, data = (MMFR[name].get(frame) for name in ("OP", "RA", "DATA"))
        phy = self.phys.get(MMFR["PA"].get(frame))
        if MMFR["ST"].get(frame) != CLAUSE_22:
            self.host.unmodelled(self.name, "MDIO frame of clause 45")
            phy = None
        if operation == MDIO_READ:
            self["MMFR"] = MMFR["DATA"].put(frame, phy.mdio_read(register) if phy else NOBODY)
        elif operation == MDIO_WRITE and phy is not None:
            phy.mdio_write(register, data)
        self._raise("MII")

    # Clock for time stamps

    def _rates_changed(self) -> None:
        self._set_clock()
        self._start_mdio()

    def _set_clock(self, time: int | None = None) -> None:
        """Let the clock go on as its registers say, from `time` if given."""
        control, steps = self["ATCR"], self["ATINC"]
        running = bool(control & ATCR["EN"].mask)
        self.clock.set(
            hz=self._timer_clock.hz if running else Fraction(0),
            step=ATINC["INC"].get(steps),
            corrected_step=ATINC["INC_CORR"].get(steps),
            correction=self["ATCOR"],
            period=self["ATPER"],
            time=time,
        )
        self._arm_period()

    def _arm_period(self) -> None:
        wrap_ns = self.clock.next_wrap_ns()
        if wrap_ns is None or not self["ATCR"] & ATCR["PEREN"].mask:
            self._period_timer.cancel()
        else:
            self._period_timer.arm(wrap_ns)

    def _period_over(self) -> None:
        self._raise("TS_TIMER")
        self._arm_period()

    @on_write("ATCR")
    def _write_clock_control(self, raw: int, old: int) -> None:
        if raw & ATCR["CAPTURE"].mask:
            self["ATVR"] = self.clock.time_at(self.host.now_ns())
        self["ATCR"] &= ~(ATCR["CAPTURE"].mask | ATCR["RESTART"].mask)
        if raw & ATCR["RESTART"].mask or self["ATCR"] != old:
            self._set_clock(0 if raw & ATCR["RESTART"].mask else None)

    @on_write("ATVR")
    def _write_time(self, raw: int, old: int) -> None:
        self._set_clock(self["ATVR"])

    @on_write("ATPER", "ATCOR", "ATINC")
    def _write_clock_rate(self, raw: int, old: int) -> None:
        self._set_clock()


@model("Wattbench.Enet")
class Enet(EnetBlock):
    """ENET: 10 and 100 Mbit/s over MII or RMII, one ring each way."""

    table = MEGABIT
    timer_root = "ENET_TIMER1"

    def __init__(
        self, host: Host, name: str, *, clocks: ClockSource | None = None, frequency: int = 24_000_000
    ) -> None:
        """`clocks` or `frequency` [Hz] gives the clocks of MDIO and of the time stamps."""
        super().__init__(host, name, 2048, clocks, frequency)


@model("Wattbench.Enet1G")
class Enet1G(EnetBlock):
    """ENET_1G: up to 1000 Mbit/s over RGMII. Of its three rings each way only ring 0 is modelled."""

    table = GIGABIT
    timer_root = "ENET_TIMER2"
    missing = (*EnetBlock.missing, "rings 1 and 2, their classification and shaping, VLAN tags of services")

    def __init__(
        self, host: Host, name: str, *, clocks: ClockSource | None = None, frequency: int = 24_000_000
    ) -> None:
        """`clocks` or `frequency` [Hz] gives the clocks of MDIO and of the time stamps."""
        super().__init__(host, name, 8192, clocks, frequency)

    @on_write("RDAR1", "TDAR1", "RDAR2", "TDAR2")
    def _activate_other_ring(self, raw: int, old: int) -> None:
        for name in ("RDAR1", "TDAR1", "RDAR2", "TDAR2"):
            self[name] = 0
