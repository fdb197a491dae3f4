"""Resource domain controller of the i.MX RT1170 (IMXRT1170RM "RDC"): its settings are kept and locked, not enforced."""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "rdc")
LOCK = TABLE["MDA"]["LCK"].mask


@model("Wattbench.Rdc")
class Rdc(RegisterBlock):
    """Domains of masters, and who may access what. Nothing is ever refused, and `IRQ` (restoration) never rises.

    The cores' own domains are not set here: the Cortex-M7 is in domain 0, the Cortex-M4 of a chip that has both in 1.
    """

    size = 0x4000
    table = TABLE
    default_output = "IRQ"
    missing = ("refusing any access", "loss and restoration of the settings with the power domain")

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.output("IRQ")

    def domain_of(self, core: int) -> int:
        """The domain of a core's accesses."""
        return core

    @on_read("STAT")
    def _status(self) -> int:
        core = self.host.accessing_core()
        return self["STAT"] | (0 if core is None else self.domain_of(core))

    @on_write("MDA")
    def _master_written(self, number: int, raw: int, old: int) -> None:
        self._keep_locked(f"MDA{number}", old)

    @on_write("PDAP")
    def _peripheral_written(self, number: int, raw: int, old: int) -> None:
        self._keep_locked(f"PDAP{number}", old)

    @on_write("MRC")
    def _region_written(self, number: int, raw: int, old: int) -> None:
        self._keep_locked(f"MRC{number}", old)

    @on_write("MRSA")
    def _start_written(self, number: int, raw: int, old: int) -> None:
        if self[f"MRC{number}"] & LOCK:
            self[f"MRSA{number}"] = old

    @on_write("MREA")
    def _end_written(self, number: int, raw: int, old: int) -> None:
        if self[f"MRC{number}"] & LOCK:
            self[f"MREA{number}"] = old

    def _keep_locked(self, name: str, old: int) -> None:
        if old & LOCK:
            self[name] = old
