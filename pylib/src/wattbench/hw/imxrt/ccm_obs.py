"""Clock observation of the i.MX RT1170 (IMXRT1170RM "CCM", observe slices): firmware measures its own clocks.

A slice divides a clock root or source and counts it; the count is right at once and exact. Pins are not driven.
"""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.aliased import AliasedBlock
from wattbench.hw.imxrt.ccm import ROOTS, SOURCES, Ccm

SLICES = 6
FIRST_ROOT, FIRST_SOURCE = 128, 224
RESET, OFF = 1 << 15, 1 << 24
ROOT_NAMES = tuple(ROOTS)
KNOWN = {*range(FIRST_ROOT, FIRST_ROOT + len(ROOTS)), *range(FIRST_SOURCE, FIRST_SOURCE + len(SOURCES))}


@model("Wattbench.CcmObs")
class CcmObs(AliasedBlock):
    """Observe slices at 0x40150000; attribute `ccm` is the clock controller."""

    size = 0x4000
    table = load_table("wattbench.hw.imxrt", "ccm_obs")

    def __init__(self, host: Host, name: str, ccm: Ccm) -> None:
        super().__init__(host, name)
        self.ccm = ccm
        ccm.on_rate_change(self._measure_all)

    def _measure_all(self) -> None:
        for number in range(SLICES):
            self._measure(number)

    def _selected_hz(self, number: int) -> int:
        control = self[f"OBSERVE{number}_CONTROL"]
        if control & (OFF | RESET):
            return 0
        select, divider = control & 0x1FF, (control >> 16 & 0xFF) + 1
        if select not in KNOWN:
            return 0
        if select < FIRST_SOURCE:
            return int(self.ccm.root_hz(ROOT_NAMES[select - FIRST_ROOT]) / divider)
        return int(self.ccm.source_hz(select - FIRST_SOURCE) / divider)

    def _measure(self, number: int) -> None:
        current, least, greatest = (f"OBSERVE{number}_FREQUENCY_{kind}" for kind in ("CURRENT", "MIN", "MAX"))
        if self[f"OBSERVE{number}_CONTROL"] & RESET:
            self[least], self[greatest] = self.table["OBSERVE{n}_FREQUENCY_MIN"].reset, 0
        self[current] = hz = self._selected_hz(number)
        if hz:
            self[least], self[greatest] = min(self[least], hz), max(self[greatest], hz)

    @on_write("OBSERVE{n}_CONTROL")
    def _write_control(self, number: int, raw: int, old: int) -> None:
        select = self[f"OBSERVE{number}_CONTROL"] & 0x1FF
        if select and select not in KNOWN:
            self.host.unmodelled(self.name, f"OBSERVE{number} of signal {select}")
        self._measure(number)

    @on_read("OBSERVE{n}_STATUS0")
    def _status(self, number: int) -> int:
        return self[f"OBSERVE{number}_CONTROL"]
