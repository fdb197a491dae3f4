"""FlexRAM controller of the i.MX RT1170 (IMXRT1170RM "FlexRAM").

Registers are storage: ECC, wait states and magic addresses do nothing and their use is counted. How the 16 banks of
32 KB are shared out is set in IOMUXC_GPR16 to GPR18; `bank_sizes` reads it there. The memories of the platform keep
their sizes: another share than theirs is counted as not modelled.
"""

from __future__ import annotations

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


@model("Wattbench.FlexRam")
class FlexRam(RegisterBlock):
    """FlexRAM controller at 0x40028000; attribute `gpr` is the IOMUXC_GPR block.

    Outputs `IRQ` (50) and `ECC` (98) are never raised.
    """

    size = 0x4000
    table = load_table("wattbench.hw.imxrt", "flexram")
    default_output = "IRQ"
    state_names = ("_noted_config",)
    missing = (
        "ITCM and DTCM of other sizes than the platform gives them, and OCRAM in FlexRAM",
        "the bank configuration in the fuses",
        "error correction, magic addresses and access errors",
    )

    def __init__(
        self, host: Host, name: str, gpr: IomuxcGpr | None = None, itcm_size: int = 0x40000, dtcm_size: int = 0x40000
    ) -> None:
        """`itcm_size` and `dtcm_size` are those of the platform's memories in bytes."""
        super().__init__(host, name)
        self.gpr, self.itcm_size, self.dtcm_size = gpr, itcm_size, dtcm_size
        self._noted_config = FUSE_CONFIG
        self.output("IRQ")
        self.output("ECC")
        if gpr is not None:
            gpr.on_change(self._banks_written)

    def _banks_written(self) -> None:
        """Count a share of the banks that the memories do not have."""
        config, sizes = self.bank_config, self.bank_sizes()
        if config == self._noted_config:
            return
        self._noted_config = config
        if (sizes["itcm"], sizes["dtcm"], sizes["ocram"]) != (self.itcm_size, self.dtcm_size, 0):
            share = ", ".join(f"{kind.upper()} {sizes[kind] >> 10} KiB" for kind in ("itcm", "dtcm", "ocram"))
            self.host.unmodelled(self.name, f"banks: {share}")

    @property
    def bank_config(self) -> int:
        """The configuration in force, two bits a bank, bank 0 lowest."""
        if self.gpr is None or not self.gpr["GPR16"] & CONFIG_FROM_GPR:
            return FUSE_CONFIG
        return self.gpr["GPR18"] << 16 & 0xFFFF_0000 | self.gpr["GPR17"] & 0xFFFF

    def bank_sizes(self) -> dict[str, int]:
        """Bytes of each kind of memory, see `bank_sizes`."""
        return bank_sizes(self.bank_config)
