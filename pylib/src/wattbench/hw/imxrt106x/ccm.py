"""Clock controller of the i.MX RT1064 (reference manual, "CCM"): buses, roots by `clock_roots.toml`, and gates.

A new setting is in force at once, so nothing is ever in progress. Low-power modes are storage.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from importlib.resources import files

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read
from wattbench.core.registers import Register, load_table
from wattbench.core.toml_data import toml_data
from wattbench.hw.imxrt106x.analog import CcmAnalog106x

TABLE = load_table("wattbench.hw.imxrt106x", "ccm")
_TREE = toml_data(files("wattbench.hw.imxrt106x").joinpath("clock_roots.toml").read_text(encoding="utf-8"))
ROOTS, BLOCKS = _TREE["roots"], _TREE["blocks"]
BUSES = ("ARM", "AHB", "IPG")
UNDIVIDED = ("PLL6_25M",)
"""Sources that blocks take as they are."""
PRE_PERIPHERAL = ("PLL2", "PLL2_PFD2", "PLL2_PFD0", "ARM")


@model("Wattbench.Ccm106x")
class Ccm106x(RegisterBlock):
    """Clock controller at 0x400FC000; a `ClockSource` for buses (`"IPG"`), roots (`"UART"`), blocks (`"LPUART1"`)."""

    size = 0x4000
    table = TABLE
    missing = (
        "clocks of blocks that are not modelled, and on pins",
        "low-power modes, interrupts of the clock controller",
        "the bus error of an access to a block whose gate is closed",
    )

    def __init__(self, host: Host, name: str, analog: CcmAnalog106x) -> None:
        super().__init__(host, name)
        self.analog = analog
        self._listeners: list[Callable[[], None]] = []
        analog.on_change(self._tell)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._tell()

    def on_rate_change(self, callback: Callable[[], None]) -> None:
        """See `ClockSource.on_rate_change`."""
        self._listeners.append(callback)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _store(self, index: int, register: Register, number: int, raw: int, lanes: int) -> None:
        before = self.values[index]
        super()._store(index, register, number, raw, lanes)
        if self.values[index] != before:
            self._tell()

    def _field(self, place: str) -> int:
        register, _, field = place.partition(".")
        return TABLE[register][field].get(self[register])

    def gate_open(self, register: int, number: int) -> bool:
        """Whether clock gate `number` of CCGR`register` lets its clock through while the core runs."""
        return bool(self[f"CCGR{register}"] >> 2 * number & 1)

    def rate_hz(self, root: str) -> Fraction | int:
        """Present frequency of a bus, of a root, or of a root at a block, 0 while something in between is off."""
        if root in BLOCKS:
            name, register, number = BLOCKS[root]
            return self._hz(name) if self.gate_open(register, number) else 0
        if root not in ROOTS and root not in BUSES and root not in UNDIVIDED:
            known = ", ".join((*BUSES, *ROOTS, *UNDIVIDED, *BLOCKS))
            raise UsageError(f"{self.name} has no clock root {root!r}; roots are {known}")
        return self._hz(root)

    def _hz(self, clock: str) -> Fraction:
        match clock:
            case "ARM":
                return self.analog.source_hz("PLL_ARM") / (self._field("CACRR.ARM_PODF") + 1)
            case "AHB":
                return self._peripheral_hz() / (self._field("CBCDR.AHB_PODF") + 1)
            case "IPG":
                return self._hz("AHB") / (self._field("CBCDR.IPG_PODF") + 1)
            case "PLL3_SW":
                return self.analog.source_hz("OSC_24M" if self._field("CCSR.PLL3_SW_CLK_SEL") else "PLL3")
            case "PLL3_DIV6" | "PLL3_DIV8":
                return self._hz("PLL3_SW") / int(clock[-1])
            case "SEMC_PRE":
                if not self._field("CBCDR.SEMC_CLK_SEL"):
                    return self._peripheral_hz()
                return self.analog.source_hz("PLL3_PFD1" if self._field("CBCDR.SEMC_ALT_CLK_SEL") else "PLL2_PFD2")
        if clock not in ROOTS:
            return self.analog.source_hz(clock)
        entry = ROOTS[clock]
        choice = self._field(entry["select"])
        if choice >= len(entry["sources"]):
            return Fraction(0)
        hz = self._hz(entry["sources"][choice])
        for divider in entry["dividers"]:
            hz /= self._field(divider) + 1
        return hz

    def _peripheral_hz(self) -> Fraction:
        """The clock in front of AHB."""
        if not self._field("CBCDR.PERIPH_CLK_SEL"):
            return self._hz(PRE_PERIPHERAL[self._field("CBCMR.PRE_PERIPH_CLK_SEL")])
        second = ("PLL3_SW", "OSC_24M", "PLL2")
        choice = self._field("CBCMR.PERIPH_CLK2_SEL")
        hz = self._hz(second[choice]) if choice < len(second) else Fraction(0)
        return hz / (self._field("CBCDR.PERIPH_CLK2_PODF") + 1)

    @on_read("CSR")
    def _read_status(self) -> int:
        return TABLE["CSR"]["COSC_READY"].put(self["CSR"], self.analog.source_hz("OSC_24M") != 0)
