"""FlexRAM of the i.MX RT family: the controller, and how its banks are shared out (IMXRT1170RM "FlexRAM").

Registers are storage: ECC, wait states and magic addresses do nothing and their use is counted. How the 16 banks of
32 KB are shared out is set in the IOMUXC's general purpose registers. The platform maps each kind of memory at its
largest size; `show_banks` leaves as much of it there as it has banks.
"""

from __future__ import annotations

from typing import Any

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.iomuxc import IomuxcGpr

BANKS, BANK_SIZE = 16, 32 * 1024
KINDS = ("unused", "ocram", "dtcm", "itcm")
FUSE_CONFIG = 0xFFFF_AAAA
"""Bank configuration when GPR16 does not ask for GPR17 and GPR18: half DTCM, half ITCM."""
CONFIG_FROM_GPR = 1 << 2


def bank_sizes(config: int) -> dict[str, int]:
    """Bytes of each kind (`"itcm"`, `"dtcm"`, `"ocram"`, `"unused"`) for GPR18 << 16 | GPR17, two bits a bank."""
    sizes = dict.fromkeys(KINDS, 0)
    for bank in range(BANKS):
        sizes[KINDS[config >> 2 * bank & 3]] += BANK_SIZE
    return sizes


ITCM, DTCM = 0x0000_0000, 0x2000_0000
"""Where a Cortex-M7 has its tightly coupled memories."""


def show_banks(host: Host, sizes: dict[str, int], ocram: int) -> None:
    """Leave as much of ITCM, DTCM and the OCRAM at `ocram` there as they have banks."""
    for base, kind in ((ITCM, "itcm"), (DTCM, "dtcm"), (ocram, "ocram")):
        host.limit_memory(base, sizes[kind])


@model("Wattbench.FlexRam")
class FlexRam(RegisterBlock):
    """FlexRAM controller at 0x40028000; attribute `gpr` is the IOMUXC_GPR block.

    Outputs `IRQ` (50) and `ECC` (98) are never raised.
    """

    size = 0x4000
    table = load_table("wattbench.hw.imxrt", "flexram")
    default_output = "IRQ"
    missing = ("the bank configuration in the fuses", "error correction, magic addresses and access errors")

    def __init__(self, host: Host, name: str, gpr: IomuxcGpr | None = None, ocram: int = 0x2036_0000) -> None:
        """`ocram` is where the platform maps the OCRAM that FlexRAM can give."""
        super().__init__(host, name)
        self.gpr, self.ocram = gpr, ocram
        self.output("IRQ")
        self.output("ECC")
        if gpr is not None:
            gpr.on_change(self._banks_written)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._banks_written()

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self._banks_written()

    def _banks_written(self) -> None:
        show_banks(self.host, self.bank_sizes(), self.ocram)

    @property
    def bank_config(self) -> int:
        """The configuration in force, two bits a bank, bank 0 lowest."""
        if self.gpr is None or not self.gpr["GPR16"] & CONFIG_FROM_GPR:
            return FUSE_CONFIG
        return self.gpr["GPR18"] << 16 & 0xFFFF_0000 | self.gpr["GPR17"] & 0xFFFF

    def bank_sizes(self) -> dict[str, int]:
        """Bytes of each kind of memory, see `bank_sizes`."""
        return bank_sizes(self.bank_config)
