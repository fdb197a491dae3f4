"""SEMC, the controller of external memories of the i.MX RT1170 (IMXRT1170RM "SEMC"): no memory is attached.

Reset and commands answer, so that a driver can set it up; reads and writes by command are counted as not modelled. The
windows are storage: a board with an SDRAM gives the platform a memory of its own at that address.
"""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "semc")
MCR, INTR, IPCMD, DLLCR, LOCKS = (TABLE[name] for name in ("MCR", "INTR", "IPCMD", "DLLCR", "STS13"))
KEY = 0xA55A
TRANSFERS = {0x8: "read", 0x9: "write"}
SDRAM_COMMANDS = range(0xA, 0x10)


@model("Wattbench.Semc")
class Semc(RegisterBlock):
    """A SEMC without memories."""

    size = 0x4000
    table = TABLE
    default_output = "IRQ"
    missing = ("memories and their times: only the set-up of a driver is answered",)

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.irq = self.output("IRQ")

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._drive()

    @on_write("MCR")
    def _write_module(self, raw: int, old: int) -> None:
        if raw & MCR["SWRST"].mask:
            kept = self["MCR"] & MCR["MDIS"].mask
            self.reset()
            self["MCR"] = self["MCR"] & ~MCR["MDIS"].mask | kept

    @on_write("IPCMD")
    def _run_command(self, raw: int, old: int) -> None:
        command = IPCMD["CMD"].get(self["IPCMD"])
        self["IPCMD"] &= IPCMD["CMD"].mask
        if raw >> 16 != KEY or self["MCR"] & MCR["MDIS"].mask:
            return
        if command not in SDRAM_COMMANDS:
            self.host.unmodelled(self.name, f"command 0x{command:X} ({TRANSFERS.get(command, 'of a flash')})")
        self["INTR"] |= INTR["IPCMDDONE"].mask
        self._drive()

    @on_read("STS13")
    def _read_locks(self) -> int:
        locked = bool(self["DLLCR"] & DLLCR["DLLEN"].mask)
        return LOCKS["REFLOCK"].put(LOCKS["SLVLOCK"].put(self["STS13"], locked), locked)

    @on_write("INTR", "INTEN")
    def _write_interrupts(self, raw: int, old: int) -> None:
        self._drive()

    def _drive(self) -> None:
        self.irq.set(bool(self["INTR"] & self["INTEN"]))
