"""System reset controller of the i.MX RT1170: why the chip was reset (IMXRT1170RM "SRC").

SRSR and the general purpose registers survive every reset but loss of power. The reset modes are storage. Of the slices
only the Cortex-M4's is reset; the reset of another one only leaves its mark in STAT.
"""

from __future__ import annotations

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table

CAUSES: dict[str, str] = {
    "power_on": "IPP_RESET_B",
    "user": "IPP_USER_RESET_B",
    "m7_request": "M7_REQUEST",
    "m7_lockup": "M7_LOCKUP",
    "m7_sysresetreq": "M7_LOCKUP",
    "m4_request": "M4_REQUEST",
    "m4_lockup": "M4_LOCKUP",
    "m4_sysresetreq": "M4_LOCKUP",
    "csu": "CSU_RESET_B",
    "wdog": "WDOG_RST_B",
    "rtwdog3": "WDOG3_RST_B",
    "rtwdog4": "WDOG4_RST_B",
    "jtag": "JTAG_RST_B",
    "jtag_software": "JTAG_SW_RST",
    "temperature": "TEMPSENSE_RST_B",
    "overvoltage": "OVERVOLT_RST",
    "cdog": "CDOG_RST",
}
"""Cause as `note_reset` takes it, and the SRSR field (less `_M7`/`_M4`) that shows it."""
CAUSE_INPUTS = {
    1: "m7_request", 2: "m7_lockup", 3: "csu", 4: "user", 5: "wdog", 6: "jtag", 7: "jtag_software", 8: "rtwdog3",
    9: "rtwdog4", 10: "temperature", 11: "m4_request", 12: "m4_lockup", 13: "overvoltage", 14: "cdog",
}  # fmt: skip
"""Cause by input number, the SRSR bit."""
KEPT = ("SRSR", *(f"GPR{number}" for number in range(1, 21)))
SLICES = ("MEGA", "DISPLAY", "WAKEUP", "M4CORE", "M7CORE", "M4DEBUG", "M7DEBUG", "USBPHY1", "USBPHY2")
SW_RESET, RST_BY_SW = 1 << 0, 1 << 3
BT_RELEASE_M4 = 1 << 0


@model("Wattbench.Src")
class Src(RegisterBlock):
    """Reset controller at 0x40C04000; whoever resets the chip calls `note_reset` first.

    A rising edge at input n is a reset request by the cause of SRSR bit n (4 reset pin, 5 WDOG1 and WDOG2,
    8 RTWDOG3, 9 RTWDOG4): it is noted and passed on to output `RESET`, high until the reset. Output `M4_RUN` is high
    while the Cortex-M4 is released.
    """

    size = 0x4000
    table = load_table("wattbench.hw.imxrt", "src")
    default_output = "RESET"

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.reset_request = self.output("RESET")
        self._m4_run = self.output("M4_RUN")

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`."""
        if number not in CAUSE_INPUTS:
            super().on_input(number, level)
        elif level:
            self.note_reset(CAUSE_INPUTS[number])
            self.reset_request.set(True)

    def note_reset(self, cause: str) -> None:
        """Record `cause` (a key of `CAUSES`) for both cores, for the reset that follows."""
        if cause not in CAUSES:
            raise UsageError(f"{self.name} knows no reset cause {cause!r}; causes are {', '.join(CAUSES)}")
        fields = self.table["SRSR"].fields
        self["SRSR"] |= fields[f"{CAUSES[cause]}_M7"].mask | fields[f"{CAUSES[cause]}_M4"].mask

    def reset(self) -> None:
        """See `Model.reset`; cause and general purpose registers stay."""
        kept = {name: self[name] for name in KEPT}
        super().reset()
        self.reset_request.set(False)
        self._m4_run.set(False)
        for name, value in kept.items():
            self[name] = value

    def power_off(self) -> None:
        """The supply is gone: everything is lost, and SRSR will show power-on."""
        super().reset()
        self.reset_request.set(False)
        self._m4_run.set(False)

    @on_write("SCR")
    def _release(self, raw: int, old: int) -> None:
        self._m4_run.set(bool(self["SCR"] & BT_RELEASE_M4))

    @on_write(*(f"CTRL_{name}" for name in SLICES))
    def _reset_slices(self, raw: int, old: int) -> None:
        for name in SLICES:
            if self[f"CTRL_{name}"] & SW_RESET:
                self[f"CTRL_{name}"] &= ~SW_RESET
                self[f"STAT_{name}"] |= RST_BY_SW
                if name == "M4CORE":
                    self._m4_run.set(False)
                    self._m4_run.set(bool(self["SCR"] & BT_RELEASE_M4))
                    continue
                self.host.unmodelled(self.name, f"reset of slice {name}")
