"""Semaphores of the resource domain controller of the i.MX RT1170 (IMXRT1170RM "RDC SEMA42").

The cores are masters 0 and 1 in the order of the platform; other bus masters can only read. That a peripheral is only
accessible while its gate is held (PDAP.SREQ) is not modelled.
"""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.gates import GATE_PATTERNS, ResetSequence, opened
from wattbench.hw.imxrt.rdc import Rdc

GATES = 64
TABLE = load_table("wattbench.hw.imxrt", "rdc_semaphore")
_HOLDER, _DOMAIN = TABLE["GATE"]["GTFSM"], TABLE["GATE"]["LDOM"]


@model("Wattbench.RdcSemaphore")
class RdcSemaphore(RegisterBlock):
    """Sixty-four gates; `rdc` says in which domain a core is."""

    size = 0x4000
    table = TABLE
    state_names = ("_reset_master",)
    missing = ("peripherals that need their gate (PDAP.SREQ)",)

    def __init__(self, host: Host, name: str, rdc: Rdc | None = None) -> None:
        super().__init__(host, name)
        self.rdc = rdc
        self._reset = ResetSequence(GATE_PATTERNS)

    @property
    def _reset_master(self) -> int | None:
        return self._reset.waiting_for

    @_reset_master.setter
    def _reset_master(self, master: int | None) -> None:
        self._reset.waiting_for = master

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._reset_master = None

    @on_write("GATE")
    def _gate_written(self, gate: int, raw: int, old: int) -> None:
        key, core = f"GATE{gate}", self.host.accessing_core()
        self[key] = old
        if core is None:
            return
        if _HOLDER.get(raw) == core + 1 and not _HOLDER.get(old):
            domain = self.rdc.domain_of(core) if self.rdc is not None else 0
            self[key] = _DOMAIN.put(core + 1, domain)
        elif not _HOLDER.get(raw) and _HOLDER.get(old) == core + 1:
            self[key] = 0

    @on_write("RSTGT_R")
    def _reset_gates(self, raw: int, old: int) -> None:
        core = self.host.accessing_core()
        number = self._reset.write(raw, 0 if core is None else core)
        self["RSTGT_R"] = raw & 0xFF00
        for gate in range(GATES):
            if number is not None and opened(gate, number):
                self[f"GATE{gate}"] = 0

    @on_read("RSTGT_R")
    def _reset_state(self) -> int:
        return self["RSTGT_R"] | self._reset.read()
