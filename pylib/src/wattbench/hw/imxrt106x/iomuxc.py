"""IOMUXC of the i.MX RT1064: what the pads are connected to (reference manual, chapters IOMUXC and IOMUXC GPR)."""

from __future__ import annotations

from collections.abc import Callable

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.flexram import CONFIG_FROM_GPR, bank_sizes
from wattbench.hw.imxrt.iomuxc import PadMux

PACKAGE = "wattbench.hw.imxrt106x"
FUSE_CONFIG = 0x5557_AAFF
"""Banks when GPR16 does not ask for GPR17: half of FlexRAM is OCRAM, a quarter each DTCM and ITCM."""


@model("Wattbench.Iomuxc106x")
class Iomuxc106x(PadMux):
    """Main pads."""

    table = load_table(PACKAGE, "iomuxc")


@model("Wattbench.IomuxcSnvs106x")
class IomuxcSnvs106x(PadMux):
    """Pads of the battery domain."""

    table = load_table(PACKAGE, "iomuxc_snvs")


@model("Wattbench.IomuxcGpr106x")
class IomuxcGpr106x(RegisterBlock):
    """General purpose registers. How FlexRAM is shared out is counted where the platform's memories differ from it."""

    table = load_table(PACKAGE, "iomuxc_gpr")
    size = 0x4000
    missing = ("ITCM, DTCM and OCRAM of other sizes than the platform gives them",)

    def __init__(self, host: Host, name: str, itcm_size: int = 0x40000, dtcm_size: int = 0x40000) -> None:
        """`itcm_size` and `dtcm_size` are those of the platform's memories in bytes; there is no other FlexRAM."""
        super().__init__(host, name)
        self.itcm_size, self.dtcm_size = itcm_size, dtcm_size
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each write that changes how FlexRAM is shared out."""
        self._listeners.append(callback)

    @property
    def bank_config(self) -> int:
        """The configuration in force, two bits a bank, bank 0 lowest."""
        return self["GPR17"] if self["GPR16"] & CONFIG_FROM_GPR else FUSE_CONFIG

    @on_write("GPR16", "GPR17")
    def _banks_written(self, raw: int, old: int) -> None:
        for listener in self._listeners:
            listener()
        if self["GPR16"] & CONFIG_FROM_GPR:
            sizes = bank_sizes(self.bank_config)
            if (sizes["itcm"], sizes["dtcm"]) != (self.itcm_size, self.dtcm_size):
                share = ", ".join(f"{kind.upper()} {sizes[kind] >> 10} KiB" for kind in ("itcm", "dtcm", "ocram"))
                self.host.unmodelled(self.name, f"FlexRAM: {share}")


@model("Wattbench.IomuxcSnvsGpr106x")
class IomuxcSnvsGpr106x(RegisterBlock):
    """General purpose registers of the battery domain, stored without effect."""

    table = load_table(PACKAGE, "iomuxc_snvs_gpr")
    size = 0x4000
