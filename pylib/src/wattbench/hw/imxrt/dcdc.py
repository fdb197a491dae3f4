"""Converter of the core supplies of the i.MX RT1170 (IMXRT1170RM "DCDC").

A new target voltage is reached in steps of 25 mV; STS_DC_OK is away for so long. The voltages have no effect on
anything: the bench may read them, and firmware may wait for them.
"""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

STEP_NS = 10_000
"""Time of one step; the manual gives none, it is the order of the converter's loop."""
STEP_MV = 25
OUTPUTS = {"VDD1P0": 600, "VDD1P8": 1500}
"""Output, and its voltage in mV at target 0."""
TABLE = load_table("wattbench.hw.imxrt", "dcdc")
ENABLE, SETTLED = TABLE["CTRL0"]["ENABLE"].mask, TABLE["REG0"]["STS_DC_OK"].mask
TARGETS = {output: TABLE["CTRL1"][f"{output}CTRL_TRG"] for output in OUTPUTS}
HELD = {output: TABLE["REG3"][f"{output}CTRL_DISABLE_STEP"].mask for output in OUTPUTS}


@model("Wattbench.Dcdc")
class Dcdc(RegisterBlock):
    """Converter at 0x40CA8000."""

    size = 0x4000
    table = TABLE
    state_names = ("_levels",)
    missing = (
        "set points and standby of the converter",
        "undervoltage, overvoltage and overcurrent",
        "any effect of the supply voltage",
    )

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._levels: dict[str, int] = {}
        """Target that each output has reached or is on its way to."""
        self._settle = self.timer("settle", lambda: None)
        self._start()

    def _start(self) -> None:
        self._levels = {output: target.get(self["CTRL1"]) for output, target in TARGETS.items()}

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._start()

    @property
    def vdd1p0_mv(self) -> int:
        """Core supply VDD1P0 in mV; 0 while the converter is off."""
        return self._voltage_mv("VDD1P0")

    @property
    def vdd1p8_mv(self) -> int:
        """Supply VDD1P8 in mV; 0 while the converter is off."""
        return self._voltage_mv("VDD1P8")

    def _voltage_mv(self, output: str) -> int:
        return OUTPUTS[output] + STEP_MV * self._levels[output] if self["CTRL0"] & ENABLE else 0

    @on_write("CTRL1", "REG3")
    def _targets_written(self, raw: int, old: int) -> None:
        steps = 0
        for output, target in TARGETS.items():
            if not self["REG3"] & HELD[output]:
                wanted = target.get(self["CTRL1"])
                steps = max(steps, abs(wanted - self._levels[output]))
                self._levels[output] = wanted
        if steps:
            self._settle.arm(self.host.now_ns() + steps * STEP_NS)

    @on_read("REG0")
    def _status(self) -> int:
        settled = self["CTRL0"] & ENABLE and self._settle.deadline_ns is None
        return self["REG0"] & ~SETTLED | (SETTLED if settled else 0)
