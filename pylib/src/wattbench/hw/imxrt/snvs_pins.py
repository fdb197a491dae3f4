"""Pins of the SNVS block: the ON/OFF button and the external tamper detectors (IMXRT1170RM "SNVS").

A press of the button longer than its debounce time raises SPOF and the pulse interrupt, a very long one asks for power
off, and with the power asked off a press asks for it again. An enabled tamper detector whose pin becomes active raises
its flag for good, clears the backed-up registers unless told otherwise, and may stop the LP counter.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, on_read, on_write
from wattbench.core.names import did_you_mean
from wattbench.core.wires import Line

BUTTON, FIRST_TAMPER = 0, 1
MS = 1_000_000
DEBOUNCE_NS = (50 * MS, 100 * MS, 500 * MS, 0)
ON_TIME_NS = (500 * MS, 50 * MS, 100 * MS, 0)
PRESS_TIME_NS = (5_000 * MS, 10_000 * MS, 15_000 * MS, None)
"""By LPCR[BTN_PRESS_TIME]; with the last a long press does nothing."""
SRTC_ENV, SRTC_INV_EN, GPR_Z_DIS = 1 << 0, 1 << 4, 1 << 24
SPOF, EO = 1 << 18, 1 << 17
PRESSED = 1 << 6
VIOLATIONS = 0x1_07F8
"""Flags of LPSR that are security violations in themselves: LVD, CTD to ET2D, ESVD."""
COUNTER_VIOLATIONS = 0b110
"""Overruns of the LP and the monotonic counter, violations where LPTDCR says so."""
SECURITY_LOCK = 1 << 8
LP_SEC_VIO, LPSVI_EN = 1 << 31, 1 << 31
EXTERNAL_1, EXTERNAL_1_POLARITY = 9, 11


class SnvsPins(RegisterBlock):
    """Button and tamper part; input 0 is the button, low while pressed, the external tamper pins follow."""

    size = 0x4000
    last_tamper: ClassVar[int]
    """Number of the last tamper pin; those from 3 on have registers of their own."""
    sensed: ClassVar[dict[str, int]] = {}
    """Detectors inside the chip: the same bit enables them in LPTDCR and flags them in LPSR."""

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.pressed = False
        self.tamper_levels: list[bool | None] = [None] * (self.last_tamper + 1)
        """Levels of the tamper pins by number; None is a pin that nothing drives, at rest."""
        self.violation_line = self.output("HP_TZ")
        self.pulse = self.output("PULSE_EVENT")
        self.pmic_on = self.output("PMIC_ON_REQ", Line(True))
        self._debounced = self.timer("debounce", self._press_counts)
        self._long_press = self.timer("long_press", self._ask_for_off)
        self._power_on = self.timer("power_on", lambda: self.pmic_on.set(True))
        self._button_timers = (self._debounced, self._long_press, self._power_on)

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`."""
        if number == BUTTON:
            self._button(not level)
        elif FIRST_TAMPER <= number <= self.last_tamper:
            self.tamper_levels[number] = level
            self._sense()
        else:
            super().on_input(number, level)

    def detect(self, detector: str) -> None:
        """One of the chip's own detectors (`sensed`) sees an attack; UsageError for any other."""
        if detector not in self.sensed:
            raise UsageError(f"{self.name} has no detector `{detector}`{did_you_mean(detector, self.sensed)}")
        if self["LPTDCR"] & self.sensed[detector]:
            self._flag("LPSR", self.sensed[detector])

    def button_deadlines(self) -> list[int | None]:
        """What a press under way waits for; it lives on the battery as well."""
        return [timer.deadline_ns for timer in self._button_timers]

    def resume_button(self, deadlines_ns: list[int | None]) -> None:
        """Take back what `button_deadlines` gave."""
        for timer, deadline_ns in zip(self._button_timers, deadlines_ns, strict=True):
            if deadline_ns is not None:
                timer.arm(deadline_ns)

    def _button(self, pressed: bool) -> None:
        if pressed == self.pressed:
            return
        self.pressed = pressed
        for timer in self._button_timers:
            timer.cancel()
        if pressed:
            self._debounced.arm(self.host.now_ns() + DEBOUNCE_NS[self["LPCR"] >> 18 & 3])

    def _press_counts(self) -> None:
        now_ns, control = self.host.now_ns(), self["LPCR"]
        if not self.pmic_on.level:
            self._power_on.arm(now_ns + ON_TIME_NS[control >> 20 & 3])
            return
        self["LPSR"] |= SPOF
        press_ns = PRESS_TIME_NS[control >> 16 & 3]
        if press_ns is not None:
            self._long_press.arm(now_ns + press_ns)
        self._drive_pins()

    def _ask_for_off(self) -> None:
        self["LPSR"] |= EO
        self.pmic_on.set(False)

    def _sense(self) -> None:
        """Raise the flag of each enabled tamper pin that is active."""
        for number in range(FIRST_TAMPER, self.last_tamper + 1):
            register, flags = ("LPTDCR", "LPSR") if number <= 2 else ("LPTDC2R", "LPTDSR")
            if number <= 2:
                enable, polarity = 1 << EXTERNAL_1 + number - 1, 1 << EXTERNAL_1_POLARITY + number - 1
            else:
                enable, polarity = 1 << number - 3, 1 << 16 + number - 3
            level = self.tamper_levels[number]
            if self[register] & enable and level is not None and level == bool(self[register] & polarity):
                self._flag(flags, enable)
        self._drive_pins()

    def _flag(self, register: str, flag: int) -> None:
        """Raise a flag; a new one is a security violation."""
        if not self[register] & flag:
            self[register] |= flag
            self._violated()
        self._drive_pins()

    def _violated(self) -> None:
        if not self["LPCR"] & GPR_Z_DIS:
            for name, _, _ in self._offsets:
                if name.startswith("LPGPR"):
                    self[name] = 0
        if self["LPCR"] & SRTC_INV_EN:
            self["LPCR"] &= ~SRTC_ENV
            self._retune()

    @abstractmethod
    def _retune(self) -> None:
        """The LP counter has been switched; the clocks' part overrides this."""

    def _locked(self, lock: int) -> bool:
        return bool((self["HPLR"] | self["LPLR"]) & lock)

    def _violation(self) -> bool:
        relevant = VIOLATIONS | self["LPTDCR"] & COUNTER_VIOLATIONS
        return bool(self["LPSR"] & relevant or (self.last_tamper > 2 and self["LPTDSR"]))

    def _drive_pins(self) -> None:
        self.pulse.set(bool(self["LPSR"] & SPOF))
        self.violation_line.set(self._violation() and bool(self["HPSICR"] & LPSVI_EN))

    @on_read("HPSR")
    def _hp_status(self) -> int:
        return self["HPSR"] & ~PRESSED | (PRESSED if self.pressed else 0)

    @on_read("HPSVSR")
    def _violations(self) -> int:
        return self["HPSVSR"] & ~LP_SEC_VIO | (LP_SEC_VIO if self._violation() else 0)

    @on_write("HPSICR")
    def _write_interrupts(self, raw: int, old: int) -> None:
        self._drive_pins()

    @on_write("LPTDCR")
    def _write_detectors(self, raw: int, old: int) -> None:
        if self._locked(SECURITY_LOCK):
            self["LPTDCR"] = old
        self._sense()
