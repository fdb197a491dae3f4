"""Watchdogs WDOG1 and WDOG2 of the i.MX RT1170 (IMXRT1170RM "WDOG").

The counter runs in half-second steps from the reload; its interrupt comes WICT steps before the time-out. Low-power
and wait modes do not stop it (those bits are counted as not modelled).
"""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table
from wattbench.core.wires import Line

STEP_NS = 500_000_000
POWER_DOWN_STEPS = 32
WDE, WDT, SRS, WDA, SRE = 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6
SOFTWARE_RESET, TIMED_OUT, POWER_ON = 1 << 0, 1 << 1, 1 << 4
WTIS, WIE = 1 << 14, 1 << 15
FIRST_WORD, SECOND_WORD = 0x5555, 0xAAAA


@model("Wattbench.Wdog")
class Wdog(RegisterBlock):
    """A 16-bit watchdog.

    Outputs: `IRQ`; `RESET`, high from the reset request until the reset; `WDOG_B`, the pin, low while asserted.
    """

    size = 0x4000
    table = load_table("wattbench.hw.imxrt", "wdog")
    default_output = "IRQ"
    state_names = ("cause", "first_word_seen", "interrupt_locked")

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.cause = POWER_ON
        self.first_word_seen = False
        self.interrupt_locked = False
        self.irq = self.output("IRQ")
        self.reset_request = self.output("RESET")
        self.pin = self.output("WDOG_B", Line(True))
        self._warning = self.timer("warning", self._warn)
        self._timeout = self.timer("timeout", self._time_out)
        self._power_down = self.timer("power_down", lambda: self.pin.set(False))

    def reset(self) -> None:
        """See `Model.reset`; WRSR tells what this watchdog did before, or power-on."""
        super().reset()
        self["WRSR"], self.cause = self.cause, 0
        self.first_word_seen = self.interrupt_locked = False
        self.irq.set(False)
        self.reset_request.set(False)
        self.pin.set(True)
        self._power_down.arm(self.host.now_ns() + POWER_DOWN_STEPS * STEP_NS)

    def power_off(self) -> None:
        """The supply is gone: nothing counts, and WRSR will show power-on."""
        self.reset()
        self._power_down.cancel()
        self.cause = POWER_ON

    @on_write("WCR")
    def _write_control(self, raw: int, old: int) -> None:
        self["WCR"] |= old & (WDE | WDT | SRE)
        if not self["WCR"] & WDA:
            self.pin.set(False)
        elif not old & WDA:
            self.pin.set(True)
        if self["WCR"] & WDE & ~old:
            self._reload()
        if not self["WCR"] & SRS:
            self["WCR"] |= SRS
            self._request_reset(SOFTWARE_RESET)

    @on_write("WSR")
    def _service(self, raw: int, old: int) -> None:
        if raw == SECOND_WORD and self.first_word_seen and self["WCR"] & WDE:
            self._reload()
        self.first_word_seen = raw == FIRST_WORD

    @on_write("WICR")
    def _write_interrupt(self, raw: int, old: int) -> None:
        if self.interrupt_locked:
            self["WICR"] = self["WICR"] & WTIS | old & ~WTIS
        self.interrupt_locked = True
        if self._timeout.deadline_ns is not None and not self["WICR"] & WTIS:
            self._arm_warning(self._timeout.deadline_ns)
        self._drive()

    @on_write("WMCR")
    def _write_misc(self, raw: int, old: int) -> None:
        self["WMCR"] &= old
        if not self["WMCR"]:
            self._power_down.cancel()

    def _reload(self) -> None:
        deadline_ns = self.host.now_ns() + ((self["WCR"] >> 8) + 1) * STEP_NS
        self._timeout.arm(deadline_ns)
        self._arm_warning(deadline_ns)

    def _arm_warning(self, deadline_ns: int) -> None:
        at_ns = deadline_ns - (self["WICR"] & 0xFF) * STEP_NS
        if at_ns >= self.host.now_ns():
            self._warning.arm(at_ns)
        else:
            self._warning.cancel()

    def _warn(self) -> None:
        self["WICR"] |= WTIS
        self._drive()

    def _drive(self) -> None:
        self.irq.set(self["WICR"] & (WTIS | WIE) == WTIS | WIE)

    def _time_out(self) -> None:
        if self["WCR"] & WDT:
            self.pin.set(False)
        self._request_reset(TIMED_OUT)

    def _request_reset(self, cause: int) -> None:
        self.cause = cause
        self.reset_request.set(True)
