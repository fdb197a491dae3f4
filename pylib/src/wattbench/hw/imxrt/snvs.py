"""Secure non-volatile storage of i.MX RT parts: the real-time clocks of a meter (IMXRT1170RM "SNVS").

Modelled: HP RTC with alarm and periodic interrupt, LP SRTC with alarm and overrun, monotonic counter, backed-up
registers, their locks, switching the power off; button and tamper pins in `snvs_pins.py`. Both clocks run from one
32 768 Hz crystal that is off by `rtc_error_ppm`; calibration adds its counts evenly over 32 768 ticks, where the chip
adds them in one go. Security state machine and keys are storage and counted.

The LP part lives on the battery: it keeps counting through `reset` and power off; only `lose_battery` clears it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.rtc_counter import NOMINAL_HZ, RtcCounter
from wattbench.hw.imxrt.snvs_pins import SECURITY_LOCK, SnvsPins

RTC_EN, HPTA_EN, DIS_PI, PI_EN, HP_TS = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 16
HPTA, PI = 1 << 0, 1 << 1
SRTC_ENV, LPTA_EN, MC_ENV, LPWUI_EN, DP_EN, TOP = (1 << bit for bit in (0, 1, 2, 3, 5, 6))
LPTA, SRTCR, MCR = 1 << 0, 1 << 1, 1 << 2
SRTC_LOCK, MC_LOCK, GPR_LOCK = 1 << 2, 1 << 4, 1 << 5
LP_SWR, LP_SWR_DIS = 1 << 4, 1 << 5
CALB_EN = 1 << 8
SECOND_BITS = 15
MC_MASK = (1 << 48) - 1


class SnvsBlock(SnvsPins):
    """What the chips of the line have in common.

    Outputs: `HP_NON_TZ` (alarms and periodic interrupt), `HP_TZ` (security violations), `PULSE_EVENT` (button),
    `WAKEUP` (LP events with LPWUI_EN), `PMIC_ON_REQ` (low asks for power off).
    Inputs: 0 the ON/OFF button, low while pressed; from 1 on the external tamper pins.
    """

    default_output = "HP_NON_TZ"
    state_names = ("hp_state", "lp_state", "monotonic", "rtc_error", "pressed", "tamper_levels")
    missing: ClassVar[tuple[str, ...]] = (
        "security state machine, high assurance counter and master keys",
        "active tampers, glitch filters and wire meshes",
        "security violations of other blocks (CAAM, JTAG, WDOG2, OCOTP)",
        "the button's second interrupt (HPSR[BI]) and a smart PMIC",
    )

    def __init__(self, host: Host, name: str, rtc_error_ppm: float | str | Fraction = 0) -> None:
        super().__init__(host, name)
        self.hp, self.lp = RtcCounter(), RtcCounter()
        self.monotonic = 0
        self.rtc_error = Fraction(rtc_error_ppm)
        self.irq = self.output("HP_NON_TZ")
        self.wakeup = self.output("WAKEUP")
        self._hp_alarm = self.timer("hp_alarm", self._hp_alarm_due)
        self._periodic = self.timer("periodic", self._periodic_due)
        self._lp_alarm = self.timer("lp_alarm", self._lp_alarm_due)
        self._lp_overrun = self.timer("lp_overrun", self._lp_overrun_due)

    @property
    def hp_state(self) -> tuple[Fraction, Fraction, int, bool]:
        """The HP counter, for save and restore."""
        return self.hp.state

    @hp_state.setter
    def hp_state(self, state: tuple[Fraction, Fraction, int, bool]) -> None:
        self.hp.state = state

    @property
    def lp_state(self) -> tuple[Fraction, Fraction, int, bool]:
        """The LP counter, for save and restore."""
        return self.lp.state

    @lp_state.setter
    def lp_state(self, state: tuple[Fraction, Fraction, int, bool]) -> None:
        self.lp.state = state

    @property
    def rtc_error_ppm(self) -> Fraction:
        """How much the crystal is fast, in parts per million, exact; may change while the clocks run."""
        return self.rtc_error

    @rtc_error_ppm.setter
    def rtc_error_ppm(self, ppm: float | str | Fraction) -> None:
        self.rtc_error = Fraction(ppm)
        self._retune()

    def save_battery_domain(self) -> dict[str, Any]:
        """What the battery keeps, as plain data: LP registers, LP counter, monotonic counter."""
        registers = {name: self[name] for name, _, _ in self._offsets if name.startswith("LP")}
        return {"registers": registers, "counter": self.lp.state, "monotonic": self.monotonic}

    def restore_battery_domain(self, saved: dict[str, Any]) -> None:
        """Take back what `save_battery_domain` gave; the LP counter has gone on counting since."""
        for name, value in saved["registers"].items():
            self[name] = value
        self.lp.state, self.monotonic = saved["counter"], saved["monotonic"]
        self._update()

    def reset(self) -> None:
        """See `Model.reset`; the LP part goes on."""
        self._reset_hp()
        self.pmic_on.set(True)

    def power_off(self) -> None:
        """The supply is gone; the LP part goes on and leaves its request to the power management as it is."""
        self._reset_hp()

    def _reset_hp(self) -> None:
        kept, deadlines = self.save_battery_domain(), self.button_deadlines()
        super().reset()
        self.hp = RtcCounter()
        self.resume_button(deadlines)
        self.restore_battery_domain(kept)
        self._retune()
        self._sense()

    def lose_battery(self) -> None:
        """The backup supply is gone: the LP part starts anew with its counter off."""
        for name, _, register in self._offsets:
            if name.startswith("LP"):
                self[name] = register.reset
        self.lp, self.monotonic = RtcCounter(), 0
        self._retune()
        self._sense()

    def _rate(self, control: int) -> Fraction:
        calibration = (control >> 10 & 0x1F) - (control >> 9 & 0x20) if control & CALB_EN else 0
        return (NOMINAL_HZ + calibration) * (1 + self.rtc_error / 1_000_000)

    def _retune(self) -> None:
        now_ns = self.host.now_ns()
        self.hp.change(now_ns, hz=self._rate(self["HPCR"]), running=bool(self["HPCR"] & RTC_EN))
        self.lp.change(now_ns, hz=self._rate(self["LPCR"]), running=bool(self["LPCR"] & SRTC_ENV))
        self._update()

    def _update(self) -> None:
        """Arm every alarm for its next match and drive the outputs."""
        now_ns, control, lp_control = self.host.now_ns(), self["HPCR"], self["LPCR"]
        alarm = self["HPTAMR"] << 32 | self["HPTALR"]
        self._arm(self._hp_alarm, self.hp.time_of(alarm, now_ns) if control & HPTA_EN else None)
        bit = control >> 4 & 0xF
        due_ns = self.hp.time_of(1 << bit, now_ns, 2 << bit) if control & PI_EN else None
        self._arm(self._periodic, due_ns)
        due_ns = self.lp.time_of(self["LPTAR"] << SECOND_BITS, now_ns) if lp_control & LPTA_EN else None
        self._arm(self._lp_alarm, due_ns)
        self._arm(self._lp_overrun, self.lp.time_of(0, now_ns))
        pending = self["HPSR"] & (HPTA if control & DIS_PI else HPTA | PI)
        lp_event = bool(self["LPSR"] & (LPTA | SRTCR | MCR))
        self.irq.set(bool(pending) or lp_event)
        wake = lp_event and bool(lp_control & LPWUI_EN)
        if wake and not self.wakeup.level:
            self.pmic_on.set(True)
        self.wakeup.set(wake)
        self._drive_pins()

    @staticmethod
    def _arm(timer: Any, due_ns: int | None) -> None:
        if due_ns is None:
            timer.cancel()
        else:
            timer.arm(due_ns)

    def _hp_alarm_due(self) -> None:
        self["HPSR"] |= HPTA
        self._update()

    def _periodic_due(self) -> None:
        self["HPSR"] |= PI
        self._update()

    def _lp_alarm_due(self) -> None:
        self["LPSR"] |= LPTA
        self._update()

    def _lp_overrun_due(self) -> None:
        self["LPSR"] |= SRTCR
        self["LPCR"] &= ~SRTC_ENV
        self._retune()

    @on_write("HPLR")
    def _write_hp_lock(self, raw: int, old: int) -> None:
        self["HPLR"] |= old

    @on_write("LPLR")
    def _write_lp_lock(self, raw: int, old: int) -> None:
        self["LPLR"] |= old

    @on_write("HPCOMR")
    def _write_command(self, raw: int, old: int) -> None:
        self["HPCOMR"] |= old & LP_SWR_DIS
        if raw & LP_SWR and not self["HPCOMR"] & LP_SWR_DIS:
            self.lose_battery()

    @on_write("HPCR")
    def _write_hp_control(self, raw: int, old: int) -> None:
        if self["HPCR"] & HP_TS:
            self["HPCR"] &= ~HP_TS
            now_ns = self.host.now_ns()
            self.hp.change(now_ns, count=self.lp.count(now_ns), running=self.hp.running)
        self._retune()

    @on_write("HPTAMR", "HPTALR", "HPSR", "LPTAR")
    def _write_alarm(self, raw: int, old: int) -> None:
        self._update()

    @on_write("LPSR")
    def _write_lp_status(self, raw: int, old: int) -> None:
        self._sense()
        self._update()

    @on_read("HPRTCMR")
    def _read_hp_high(self) -> int:
        return self.hp.count(self.host.now_ns()) >> 32

    @on_read("HPRTCLR")
    def _read_hp_low(self) -> int:
        return self.hp.count(self.host.now_ns()) & 0xFFFF_FFFF

    @on_write("HPRTCMR")
    def _write_hp_high(self, raw: int, old: int) -> None:
        """The counter can be written while it stands still."""
        if not self.hp.running:
            self._set(self.hp, self["HPRTCMR"] << 32 | self._read_hp_low())

    @on_write("HPRTCLR")
    def _write_hp_low(self, raw: int, old: int) -> None:
        if not self.hp.running:
            self._set(self.hp, self._read_hp_high() << 32 | self["HPRTCLR"])

    def _set(self, counter: RtcCounter, count: int) -> None:
        counter.change(self.host.now_ns(), count=count, running=False)

    @on_write("LPCR")
    def _write_lp_control(self, raw: int, old: int) -> None:
        for lock, bits in ((SRTC_LOCK, SRTC_ENV), (MC_LOCK, MC_ENV)):
            if self._locked(lock):
                self["LPCR"] = self["LPCR"] & ~bits | old & bits
        if self["LPCR"] & TOP:
            self["LPCR"] &= ~TOP
            if self["LPCR"] & DP_EN:
                self.pmic_on.set(False)
        self._retune()

    @on_read("LPSRTCMR")
    def _read_lp_high(self) -> int:
        return self.lp.count(self.host.now_ns()) >> 32

    @on_read("LPSRTCLR")
    def _read_lp_low(self) -> int:
        return self.lp.count(self.host.now_ns()) & 0xFFFF_FFFF

    @on_write("LPSRTCMR")
    def _write_lp_high(self, raw: int, old: int) -> None:
        """The counter can be written while it stands still and is not locked."""
        if not self.lp.running and not self._locked(SRTC_LOCK):
            self._set(self.lp, self["LPSRTCMR"] << 32 | self._read_lp_low())

    @on_write("LPSRTCLR")
    def _write_lp_low(self, raw: int, old: int) -> None:
        if not self.lp.running and not self._locked(SRTC_LOCK):
            self._set(self.lp, self._read_lp_high() << 32 | self["LPSRTCLR"])

    @on_read("LPSMCMR")
    def _read_monotonic_high(self) -> int:
        return self.monotonic >> 32

    @on_read("LPSMCLR")
    def _read_monotonic_low(self) -> int:
        return self.monotonic & 0xFFFF_FFFF

    @on_write("LPSMCMR", "LPSMCLR")
    def _count_monotonic(self, raw: int, old: int) -> None:
        """Any write counts one up; an overrun stops the counter."""
        if self["LPCR"] & MC_ENV and not self._locked(MC_LOCK):
            self.monotonic = (self.monotonic + 1) & MC_MASK
            if not self.monotonic:
                self["LPSR"] |= MCR
                self["LPCR"] &= ~MC_ENV
                self._update()

    @on_read("LPGPR_alias{n}")
    def _read_alias(self, number: int) -> int:
        return self[f"LPGPR{number}"]

    @on_read("LPGPR0_legacy_alias")
    def _read_legacy_alias(self) -> int:
        return self["LPGPR0"]

    @on_write("LPGPR{n}")
    def _write_general(self, number: int, raw: int, old: int) -> None:
        if self._locked(GPR_LOCK):
            self[f"LPGPR{number}"] = old

    @on_write("LPGPR_alias{n}")
    def _write_alias(self, number: int, raw: int, old: int) -> None:
        if not self._locked(GPR_LOCK):
            self[f"LPGPR{number}"] = self[f"LPGPR_alias{number}"]

    @on_write("LPGPR0_legacy_alias")
    def _write_legacy_alias(self, raw: int, old: int) -> None:
        if not self._locked(GPR_LOCK):
            self["LPGPR0"] = self["LPGPR0_legacy_alias"]


@model("Wattbench.Snvs")
class Snvs(SnvsBlock):
    """SNVS of the i.MX RT1170 at 0x40C90000, with ten tamper pins; its interrupts are 66 to 68."""

    table = load_table("wattbench.hw.imxrt", "snvs")
    last_tamper = 10
    sensed: ClassVar[dict[str, int]] = {"clock": 1 << 4, "temperature": 1 << 5, "voltage": 1 << 6}

    @on_write("LPTDC2R")
    def _write_more_detectors(self, raw: int, old: int) -> None:
        if self._locked(SECURITY_LOCK):
            self["LPTDC2R"] = old
        self._sense()

    @on_write("LPTDSR")
    def _write_tamper_flags(self, raw: int, old: int) -> None:
        self._sense()
