"""Reset controller of the i.MX RT1064: why the chip was reset (reference manual, "SRC").

SRSR and the general purpose registers survive every reset but loss of power.
"""

from __future__ import annotations

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt106x", "src")
CAUSES: dict[str, str] = {
    "power_on": "ipp_reset_b",
    "m7_lockup": "lockup_sysresetreq",
    "m7_sysresetreq": "lockup_sysresetreq",
    "csu": "csu_reset_b",
    "user": "ipp_user_reset_b",
    "wdog": "wdog_rst_b",
    "jtag": "jtag_rst_b",
    "jtag_software": "jtag_sw_rst",
    "rtwdog3": "wdog3_rst_b",
    "temperature": "tempsense_rst_b",
}
"""Cause as `note_reset` takes it, and the SRSR field that shows it."""
CAUSE_INPUTS = {
    1: "m7_lockup", 2: "csu", 3: "user", 4: "wdog", 5: "jtag", 6: "jtag_software", 7: "rtwdog3", 8: "temperature",
}  # fmt: skip
"""Cause by input number, the SRSR bit."""
KEPT = ("SRSR", *(f"GPR{number}" for number in range(1, 11)))
CORE_RESET = TABLE["SCR"]["core0_rst"].mask


@model("Wattbench.Src106x")
class Src106x(RegisterBlock):
    """Reset controller at 0x400F8000; whoever resets the chip calls `note_reset` first.

    A rising edge at input n is a reset request by the cause of SRSR bit n (3 reset button, 4 WDOG1 and WDOG2,
    7 RTWDOG): it is noted and passed on to output `RESET`, high until the reset.
    """

    size = 0x4000
    table = TABLE
    default_output = "RESET"
    missing = ("masks of watchdogs, reset of the core or the debug logic alone, boot settings",)

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.reset_request = self.output("RESET")

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`."""
        if number not in CAUSE_INPUTS:
            super().on_input(number, level)
        elif level:
            self.note_reset(CAUSE_INPUTS[number])
            self.reset_request.set(True)

    def note_reset(self, cause: str) -> None:
        """Record `cause` (a key of `CAUSES`) for the reset that follows."""
        if cause not in CAUSES:
            raise UsageError(f"{self.name} knows no reset cause {cause!r}; causes are {', '.join(CAUSES)}")
        self["SRSR"] |= TABLE["SRSR"][CAUSES[cause]].mask

    def reset(self) -> None:
        """See `Model.reset`; cause and general purpose registers stay."""
        kept = {name: self[name] for name in KEPT}
        super().reset()
        self.reset_request.set(False)
        for name, value in kept.items():
            self[name] = value

    def power_off(self) -> None:
        """The supply is gone: everything is lost, and SRSR will show power-on."""
        super().reset()
        self.reset_request.set(False)

    @on_write("SCR")
    def _write_control(self, raw: int, old: int) -> None:
        self["SCR"] &= ~CORE_RESET
