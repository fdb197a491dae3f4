"""IOMUXC of the i.MX RT1064: what the pads are connected to (reference manual, chapters IOMUXC and IOMUXC GPR)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.flexram import CONFIG_FROM_GPR, bank_sizes, show_banks
from wattbench.hw.imxrt.iomuxc import PadMux

PACKAGE = "wattbench.hw.imxrt106x"
FUSE_CONFIG = 0x5555_AAFF
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
    """General purpose registers, with the banks of FlexRAM."""

    table = load_table(PACKAGE, "iomuxc_gpr")
    size = 0x4000

    def __init__(self, host: Host, name: str, ocram: int = 0x2028_0000) -> None:
        """`ocram` is where the platform maps the OCRAM that FlexRAM can give."""
        super().__init__(host, name)
        self.ocram = ocram
        self._listeners: list[Callable[[], None]] = []

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._show_banks()

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self._show_banks()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each write that changes how FlexRAM is shared out."""
        self._listeners.append(callback)

    @property
    def bank_config(self) -> int:
        """The configuration in force, two bits a bank, bank 0 lowest."""
        return self["GPR17"] if self["GPR16"] & CONFIG_FROM_GPR else FUSE_CONFIG

    def _show_banks(self) -> None:
        show_banks(self.host, bank_sizes(self.bank_config), self.ocram)

    @on_write("GPR16", "GPR17")
    def _banks_written(self, raw: int, old: int) -> None:
        self._show_banks()
        for listener in self._listeners:
            listener()


@model("Wattbench.IomuxcSnvsGpr106x")
class IomuxcSnvsGpr106x(RegisterBlock):
    """General purpose registers of the battery domain, stored without effect."""

    table = load_table(PACKAGE, "iomuxc_snvs_gpr")
    size = 0x4000
