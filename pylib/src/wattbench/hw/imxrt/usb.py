"""USB controllers USB_OTG1/2, what is around them (USBNC), and charger detection (IMXRT1170RM "USB", "USBHSDCD").

Far enough for a driver to start as a device or as a host with nothing plugged in: resets, primed endpoints, timers and
status answer as on silicon; no transfer ever happens, and the log says so once.
"""

from __future__ import annotations

import logging
from functools import partial

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "usb")
USBCMD, USBSTS, OTGSC, TIMER = TABLE["USBCMD"], TABLE["USBSTS"], TABLE["OTGSC"], TABLE["GPTIMER0CTRL"]
RUN, RESET, SCHEDULES = 1 << 0, 1 << 1, 0b11 << 4
NEXT_SCHEDULE, SCHEDULE_GONE_ON = 1 << 6, 1 << 5
HALTED, TIMER_EVENT = 1 << 12, 1 << 24
DEVICE, HOST = 2, 3
PORT_ENABLED, PORT_SUSPENDED, PORT_RESET = 1 << 2, 1 << 7, 1 << 8
SUPPLY_BITS = {"AVV": True, "ASV": True, "BSV": True, "BSE": False}
"""Bits of OTGSC and their level while the bus has its supply."""
CHANGES_SHIFT = 8
MS_NS, MICROFRAME_NS, MICROSECOND_NS = 1_000_000, 125_000, 1_000
CAPABILITY_WORD = TABLE["CAPLENGTH"].offset


@model("Wattbench.Usb")
class Usb(RegisterBlock):
    """A USB controller. `Vbus` is the supply of its connector, `IdPin` its identity pin (high: a device)."""

    size = 0x200
    table = TABLE
    default_output = "IRQ"
    state_names = ("_supplied", "_identity", "_told", "_frame_start_ns")
    missing = (
        "every transfer: no device and no host is ever plugged in",
        "suspend, resume, test modes",
        "the millisecond interrupt of OTGSC",
    )

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.irq = self.output("IRQ")
        self._supplied, self._identity = False, True
        self._told = ""
        """What the log was told of last, `device` or `host`."""
        self._frame_start_ns: int | None = None
        self._counters = [self.timer(f"timer{number}", partial(self._expired, number)) for number in (0, 1)]

    def reset(self) -> None:
        """See `Model.reset`; what is plugged in stays."""
        super().reset()
        self._frame_start_ns = None
        self._show_connector()
        self._drive()

    # Connector

    @property
    def vbus(self) -> bool:
        """Whether the bus has its supply; a charger or a host that does nothing may be there."""
        return self._supplied

    @vbus.setter
    def vbus(self, supplied: bool) -> None:
        self._change_connector(supplied, self._identity)

    @property
    def id_pin(self) -> bool:
        """Level of the identity pin: high or open makes it a device, low a host."""
        return self._identity

    @id_pin.setter
    def id_pin(self, level: bool) -> None:
        self._change_connector(self._supplied, level)

    def _change_connector(self, supplied: bool, identity: bool) -> None:
        before = self["OTGSC"]
        self._supplied, self._identity = supplied, identity
        self._show_connector()
        self["OTGSC"] |= (self["OTGSC"] ^ before) << CHANGES_SHIFT
        self._drive()

    def _show_connector(self) -> None:
        value = OTGSC["ID"].put(self["OTGSC"], self._identity)
        for name, level in SUPPLY_BITS.items():
            value = OTGSC[name].put(value, level == self._supplied)
        self["OTGSC"] = value

    @on_read("OTGSC")
    def _read_connector(self) -> int:
        return OTGSC["TOG_1MS"].put(self["OTGSC"], self.host.now_ns() // MS_NS & 1)

    # Registers

    def read(self, offset: int, size: int) -> int:
        """See `RegisterBlock.read`; the byte between CAPLENGTH and HCIVERSION is there, with nothing in it."""
        if offset == CAPABILITY_WORD and size == 4:
            return self["CAPLENGTH"] | self["HCIVERSION"] << 16
        return super().read(offset, size)

    @property
    def _role(self) -> int:
        return self["USBMODE"] & 3

    @on_write("USBMODE")
    def _write_role(self, raw: int, old: int) -> None:
        if old & 3:
            self["USBMODE"] = self["USBMODE"] & ~3 | old & 3

    @on_write("USBCMD")
    def _write_command(self, raw: int, old: int) -> None:
        if raw & RESET:
            self.reset()
            return
        if self["USBCMD"] & NEXT_SCHEDULE:
            self["USBCMD"] &= ~NEXT_SCHEDULE
            self["USBSTS"] |= SCHEDULE_GONE_ON
        if self["USBCMD"] & RUN and not old & RUN:
            self._start()
        elif not self["USBCMD"] & RUN and old & RUN:
            self["FRINDEX"], self._frame_start_ns = self._microframes(), None
        self._drive()

    def _start(self) -> None:
        role = {DEVICE: "device", HOST: "host"}.get(self._role, "")
        if self._role == HOST:
            self._frame_start_ns = self.host.now_ns() - self["FRINDEX"] * MICROFRAME_NS
        if role and role != self._told:
            self._told = role
            fate = "no host enumerates it" if role == "device" else "no device is plugged in"
            self.host.log(logging.INFO, self.name, f"started as a {role}; {fate}, as the model has no other end")

    @on_read("USBSTS")
    def _status(self) -> int:
        status = self["USBSTS"]
        if self._role == HOST:
            running = self["USBCMD"] & RUN
            status |= (self["USBCMD"] & SCHEDULES) << 10 if running else HALTED
        return status

    def _microframes(self) -> int:
        if self._frame_start_ns is None:
            return self["FRINDEX"]
        return (self.host.now_ns() - self._frame_start_ns) // MICROFRAME_NS & 0x3FFF

    @on_read("FRINDEX")
    def _read_frame(self) -> int:
        return self._microframes()

    @on_write("PORTSC1")
    def _write_port(self, raw: int, old: int) -> None:
        self["PORTSC1"] &= ~PORT_RESET
        self["PORTSC1"] = self["PORTSC1"] & ~(PORT_ENABLED | PORT_SUSPENDED) | old & PORT_ENABLED

    @on_write("ENDPTPRIME")
    def _prime(self, raw: int, old: int) -> None:
        if self._role == DEVICE:
            self["ENDPTSTAT"] |= self["ENDPTPRIME"]
        self["ENDPTPRIME"] = 0

    @on_write("ENDPTFLUSH")
    def _flush(self, raw: int, old: int) -> None:
        self["ENDPTSTAT"] &= ~self["ENDPTFLUSH"]
        self["ENDPTFLUSH"] = 0

    @on_write("USBSTS", "USBINTR", "OTGSC", "ENDPTNAK")
    def _write_events(self, raw: int, old: int) -> None:
        self._drive()

    def _drive(self) -> None:
        changes = self["OTGSC"] >> 16 & self["OTGSC"] >> 24 & 0x7F
        self.irq.set(bool(self["USBSTS"] & self["USBINTR"] or changes))

    # Timers

    @on_write("GPTIMER0CTRL")
    def _write_timer0(self, raw: int, old: int) -> None:
        self._control_timer(0, raw, old)

    @on_write("GPTIMER1CTRL")
    def _write_timer1(self, raw: int, old: int) -> None:
        self._control_timer(1, raw, old)

    def _control_timer(self, number: int, raw: int, old: int) -> None:
        name, counter = f"GPTIMER{number}CTRL", self._counters[number]
        if raw & TIMER["GPTRST"].mask:
            self[name] = TIMER["GPTCNT"].put(self[name], self[f"GPTIMER{number}LD"])
        elif counter.deadline_ns is not None:
            self[name] = TIMER["GPTCNT"].put(self[name], self._left(number))
        self[name] &= ~TIMER["GPTRST"].mask
        if self[name] & TIMER["GPTRUN"].mask:
            count = TIMER["GPTCNT"].get(self[name])
            counter.arm(self.host.now_ns() + (count + 1) * MICROSECOND_NS)
        else:
            counter.cancel()

    def _left(self, number: int) -> int:
        deadline_ns = self._counters[number].deadline_ns or self.host.now_ns()
        return max(0, -(-(deadline_ns - self.host.now_ns()) // MICROSECOND_NS) - 1)

    @on_read("GPTIMER0CTRL")
    def _read_timer0(self) -> int:
        return self._read_timer(0)

    @on_read("GPTIMER1CTRL")
    def _read_timer1(self) -> int:
        return self._read_timer(1)

    def _read_timer(self, number: int) -> int:
        value = self[f"GPTIMER{number}CTRL"]
        return TIMER["GPTCNT"].put(value, self._left(number)) if self._counters[number].deadline_ns else value

    def _expired(self, number: int) -> None:
        name = f"GPTIMER{number}CTRL"
        if self[name] & TIMER["GPTMODE"].mask:
            self._counters[number].arm(self.host.now_ns() + (self[f"GPTIMER{number}LD"] + 1) * MICROSECOND_NS)
        else:
            self[name] = TIMER["GPTRUN"].put(TIMER["GPTCNT"].put(self[name], 0), 0)
        self["USBSTS"] |= TIMER_EVENT << number
        self._drive()


@model("Wattbench.UsbNonCore")
class UsbNonCore(RegisterBlock):
    """Registers around a USB controller: settings of port power and wake-up, without effect where nothing is there."""

    size = 0x200
    table = load_table("wattbench.hw.imxrt", "usbnc")
    missing = ("wake-up, overcurrent and the interface to another chip",)


@model("Wattbench.UsbChargerDetector")
class UsbChargerDetector(RegisterBlock):
    """Charger detection: nothing is plugged in, so each sequence fails after a second for want of a contact."""

    size = 0x200
    table = load_table("wattbench.hw.imxrt", "usbhsdcd")
    state_names = ("_start_ns",)
    missing = ("chargers: no sequence ever finds one", "its interrupt, which the chip does not lead to a core")
    CONTROL = table["CONTROL"]
    STATUS = table["STATUS"]

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._start_ns: int | None = None
        self._sequence = self.timer("sequence", self._time_out)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._start_ns = None

    @on_write("CONTROL")
    def _write_control(self, raw: int, old: int) -> None:
        self["CONTROL"] &= ~(1 << 0 | 1 << 24 | 1 << 25)
        if raw & self.CONTROL["SR"].mask:
            kept = self["CONTROL"] & self.CONTROL["BC12"].mask
            self.reset()
            self["CONTROL"] |= kept
            return
        if raw & self.CONTROL["IACK"].mask:
            self["CONTROL"] &= ~self.CONTROL["IF"].mask
        if raw & self.CONTROL["START"].mask and self._start_ns is None:
            self._start_ns = self.host.now_ns()
            self["STATUS"] = self.STATUS["ACTIVE"].mask
            self._sequence.arm(self._start_ns + 1000 * MS_NS)

    @on_read("TIMER0")
    def _elapsed(self) -> int:
        elapsed = 0 if self._start_ns is None else (self.host.now_ns() - self._start_ns) // MS_NS
        return self["TIMER0"] | min(elapsed, 0xFFF)

    def _time_out(self) -> None:
        self["STATUS"] |= self.STATUS["TO"].mask | self.STATUS["ERR"].mask
        self["CONTROL"] |= self.CONTROL["IF"].mask
        self.host.log(logging.INFO, self.name, "no contact within a second: nothing is plugged in")
