"""Power gating and memory controller of the i.MX RT1170 (IMXRT1170RM "PGMC").

Triggers of software are carried out at once and leave their flags. A domain that is switched off keeps its state and
goes on: that is counted as not modelled. Modes, set points and memory levels are storage.
"""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import RegisterTable, load_table

PACKAGE = "wattbench.hw.imxrt"
TRIGGERS = ("ISO_ON_SOFT", "PSW_OFF_SOFT", "PSW_ON_SOFT", "ISO_OFF_SOFT")


def _triggers(table: RegisterTable, register: str) -> int:
    return sum(table[register][name].mask for name in TRIGGERS)


@model("Wattbench.PgmcBpc")
class PgmcBpc(RegisterBlock):
    """Power switch of one domain (PGMC_BPC0 to PGMC_BPC7)."""

    size = 0x200
    table = load_table(PACKAGE, "pgmc_bpc")
    missing = ("domains without power", "power switches that follow CPU modes and set points")
    _all_triggers = _triggers(table, "BPC_POWER_CTRL")

    @on_write("BPC_POWER_CTRL")
    def _switched(self, raw: int, old: int) -> None:
        if self["BPC_POWER_CTRL"] & self.table["BPC_POWER_CTRL"]["PSW_OFF_SOFT"].mask:
            self["BPC_FLAG"] |= self.table["BPC_FLAG"]["PDN_FLAG"].mask
            self.host.unmodelled(self.name, "domain switched off")
        self["BPC_POWER_CTRL"] &= ~self._all_triggers


@model("Wattbench.PgmcCpc")
class PgmcCpc(RegisterBlock):
    """Power switch of one core, its caches and its local memory (PGMC_CPC0, PGMC_CPC1)."""

    size = 0x100
    table = load_table(PACKAGE, "pgmc_cpc")
    missing = ("cores and memories without power", "memory levels")
    _all_triggers = _triggers(table, "CPC_CORE_POWER_CTRL")

    @on_write("CPC_CORE_POWER_CTRL")
    def _switched(self, raw: int, old: int) -> None:
        if self["CPC_CORE_POWER_CTRL"] & self.table["CPC_CORE_POWER_CTRL"]["PSW_OFF_SOFT"].mask:
            self["CPC_FLAG"] |= self.table["CPC_FLAG"]["CORE_PDN_FLAG"].mask
            self.host.unmodelled(self.name, "core switched off")
        self["CPC_CORE_POWER_CTRL"] &= ~self._all_triggers

    @on_write("CPC_CACHE_CM_CTRL")
    def _cache_level_written(self, raw: int, old: int) -> None:
        self["CPC_CACHE_CM_CTRL"] &= ~self.table["CPC_CACHE_CM_CTRL"]["MLPL_SOFT"].mask

    @on_write("CPC_LMEM_CM_CTRL")
    def _memory_level_written(self, raw: int, old: int) -> None:
        self["CPC_LMEM_CM_CTRL"] &= ~self.table["CPC_LMEM_CM_CTRL"]["MLPL_SOFT"].mask


@model("Wattbench.PgmcMif")
class PgmcMif(RegisterBlock):
    """Signals to the memories of a core: storage."""

    size = 0x100
    table = load_table(PACKAGE, "pgmc_mif")
    missing = ("low-power levels of memories",)


@model("Wattbench.PgmcPpc")
class PgmcPpc(RegisterBlock):
    """Standby request to the power management chip: output `PMIC_STBY_REQ`, high while standby is asked for."""

    size = 0x200
    table = load_table(PACKAGE, "pgmc_ppc")
    default_output = "PMIC_STBY_REQ"
    missing = ("standby that follows CPU modes and set points",)
    _control = table["PPC_STBY_CM_CTRL"].fields

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.standby = self.output("PMIC_STBY_REQ")

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self.standby.set(False)

    @on_write("PPC_STBY_CM_CTRL")
    def _standby_written(self, raw: int, old: int) -> None:
        on, off = self._control["STBY_ON_SOFT"].mask, self._control["STBY_OFF_SOFT"].mask
        if raw & (on | off):
            self.standby.set(not raw & off)
        self["PPC_STBY_CM_CTRL"] &= ~(on | off)
