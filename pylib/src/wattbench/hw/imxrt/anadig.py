"""Analogue block of the i.MX RT1170: oscillators, PLLs, regulators and their indirect registers.

IMXRT1170RM "Analog Introduction" and "PLL" chapters. Modelled: oscillators, ARM PLL, SYS_PLL1 to SYS_PLL3 and
their phase fractional dividers give exact frequencies; a loop locks at once. Regulators, references and body bias
are storage; audio and video PLL and the GPC set points are storage that is counted as not modelled.

Reset state: as the boot ROM hands over, SYS_PLL2 and SYS_PLL3 locked, every fractional divider gated.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import RegisterTable, load_table

CRYSTAL_HZ = 24_000_000
SYS_PLL2_RATIO = 22
SYS_PLL3_RATIO = 20
PFD_NUMERATOR = 18
ARM_POST_DIVIDERS = (2, 4, 8, 1)
PARTS = ("osc", "pll", "tempsensor", "pmu", "ldo_snvs", "ldo_snvs_dig", "misc")
AI_CTRL0, AI_NUMERATOR, AI_DENOMINATOR = 0x00, 0x20, 0x30
AI_READ = 1 << 16
RING_HELD, POWERED, ENABLED, BYPASSED = 1 << 13, 1 << 14, 1 << 15, 1 << 16


def _merged() -> RegisterTable:
    tables = [load_table("wattbench.hw.imxrt", f"anadig_{part}") for part in PARTS]
    registers = {key: register for table in tables for key, register in table.registers.items()}
    svd = ", ".join(table.svd for table in tables)
    return RegisterTable("anadig", svd, "Analogue block: seven register groups behind one base address", registers)


def _bit(value: int, number: int) -> bool:
    return bool(value >> number & 1)


@model("Wattbench.Anadig")
class Anadig(RegisterBlock):
    """Oscillators and PLLs at 0x40C84000; `source_hz` gives what the clock controller selects from."""

    size = 0x3C00
    table = _merged()
    state_names = ("fractions", "indirect")

    def __init__(self, host: Host, name: str, crystal_hz: int | Fraction = CRYSTAL_HZ) -> None:
        super().__init__(host, name)
        self.crystal_hz = Fraction(crystal_hz)
        self.fractions: dict[str, list[int]] = {}
        self.indirect: dict[str, dict[int, int]] = {}
        self._listeners: list[Callable[[], None]] = []
        self._start()

    def _start(self) -> None:
        self.fractions = {pll: self._written_fractions(pll) for pll in ("SYS_PLL2", "SYS_PLL3")}
        self.indirect = {"PLL_1G": {}, "PHY_LDO": {}}

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._start()
        self._changed()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each write that may change a frequency."""
        self._listeners.append(callback)

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()

    def source_hz(self, source: str) -> Fraction:
        """Frequency of a source named as in `clock_roots.toml` (`"OSC_24M"`, `"SYS_PLL3_PFD0"`, ...), 0 while off."""
        group, _, part = source.partition("_PFD")
        if part:
            return self._pfd_hz(group, int(part))
        return SOURCES[source](self)

    def _osc_24m_hz(self) -> Fraction:
        on = self["OSC_24M_CTRL"] & 1 << 4 and not _bit(self["OSC_24M_CTRL"], 7)
        return self.crystal_hz if on else Fraction(0)

    def _osc_16m_hz(self) -> Fraction:
        return Fraction(16_000_000 if _bit(self["OSC_16M_CTRL"], 1) else 0)

    def _osc_48m_hz(self) -> Fraction:
        return Fraction(48_000_000 if _bit(self["OSC_48M_CTRL"], 1) else 0)

    def _osc_48m_div2_hz(self) -> Fraction:
        return self._osc_48m_hz() / 2 if _bit(self["OSC_48M_CTRL"], 24) else Fraction(0)

    def _osc_400m_hz(self) -> Fraction:
        on = not _bit(self["OSC_400M_CTRL1"], 0) and _bit(self["OSC_400M_CTRL2"], 0)
        return Fraction(400_000_000 if on else 0)

    def _arm_pll_hz(self) -> Fraction:
        control = self["ARM_PLL_CTRL"]
        if not _bit(control, 14) or _bit(control, 30):
            return Fraction(0)
        if _bit(control, 17):
            return self.crystal_hz
        if not self._locked("ARM_PLL_CTRL"):
            return Fraction(0)
        return self.crystal_hz * (control & 0xFF) / 2 / ARM_POST_DIVIDERS[control >> 15 & 3]

    def _sys_pll1_hz(self) -> Fraction:
        control, loop = self["SYS_PLL1_CTRL"], self.indirect["PLL_1G"].get(AI_CTRL0, 0)
        if not _bit(control, 13) or _bit(control, 14):
            return Fraction(0)
        if loop & BYPASSED:
            return self.crystal_hz
        if not loop & ENABLED or not self._pll1_locked():
            return Fraction(0)
        numerator, denominator = (self.indirect["PLL_1G"].get(at, 0) for at in (AI_NUMERATOR, AI_DENOMINATOR))
        return self.crystal_hz * ((loop & 0x7F) + (Fraction(numerator, denominator) if denominator else 0))

    def _sys_pll1_part_hz(self, divider: int, bit: int) -> Fraction:
        return self._sys_pll1_hz() / divider if _bit(self["SYS_PLL1_CTRL"], bit) else Fraction(0)

    def _loop_hz(self, pll: str) -> Fraction:
        """Frequency inside SYS_PLL2 or SYS_PLL3, before the output gate."""
        register = f"{pll}_CTRL"
        if _bit(self[register], 16):
            return self.crystal_hz
        ratio = SYS_PLL2_RATIO if pll == "SYS_PLL2" else SYS_PLL3_RATIO
        return self.crystal_hz * ratio if self._locked(register) else Fraction(0)

    def _sys_pll_hz(self, pll: str) -> Fraction:
        control = self[f"{pll}_CTRL"]
        return self._loop_hz(pll) if _bit(control, 13) and not _bit(control, 30) else Fraction(0)

    def _sys_pll3_div2_hz(self) -> Fraction:
        return self._sys_pll_hz("SYS_PLL3") / 2 if _bit(self["SYS_PLL3_CTRL"], 3) else Fraction(0)

    def _pfd_hz(self, pll: str, number: int) -> Fraction:
        fraction = self.fractions[pll][number]
        if _bit(self[f"{pll}_PFD"], 8 * number + 7) or not fraction:
            return Fraction(0)
        return self._loop_hz(pll) * PFD_NUMERATOR / fraction

    def _written_fractions(self, pll: str) -> list[int]:
        return [self[f"{pll}_PFD"] >> 8 * number & 0x3F for number in range(4)]

    def _locked(self, register: str) -> bool:
        fields = self.table[register].fields
        return bool(self[register] & fields["POWERUP"].mask and not self[register] & fields["HOLD_RING_OFF"].mask)

    def _pll1_locked(self) -> bool:
        loop = self.indirect["PLL_1G"].get(AI_CTRL0, 0)
        return bool(loop & POWERED and not loop & RING_HELD)

    @on_read("OSC_24M_CTRL")
    def _read_osc_24m(self) -> int:
        value = self["OSC_24M_CTRL"]
        return value & ~(1 << 30) | (1 << 30 if _bit(value, 4) else 0)

    @on_read("ARM_PLL_CTRL")
    def _read_arm_pll(self) -> int:
        return self._with_lock("ARM_PLL_CTRL", self._locked("ARM_PLL_CTRL"))

    @on_read("SYS_PLL1_CTRL")
    def _read_sys_pll1(self) -> int:
        return self._with_lock("SYS_PLL1_CTRL", self._pll1_locked())

    @on_read("SYS_PLL2_CTRL")
    def _read_sys_pll2(self) -> int:
        return self._with_lock("SYS_PLL2_CTRL", self._locked("SYS_PLL2_CTRL"))

    @on_read("SYS_PLL3_CTRL")
    def _read_sys_pll3(self) -> int:
        return self._with_lock("SYS_PLL3_CTRL", self._locked("SYS_PLL3_CTRL"))

    def _with_lock(self, register: str, locked: bool) -> int:
        return self[register] & ~(1 << 29) | locked << 29

    @on_write(
        "OSC_48M_CTRL", "OSC_24M_CTRL", "OSC_400M_CTRL1", "OSC_400M_CTRL2", "OSC_16M_CTRL", "ARM_PLL_CTRL",
        "SYS_PLL1_CTRL", "SYS_PLL2_CTRL", "SYS_PLL3_CTRL", "SYS_PLL2_PFD", "SYS_PLL3_PFD",
    )  # fmt: skip
    def _write_clock(self, raw: int, old: int) -> None:
        self._changed()

    @on_write("SYS_PLL2_UPDATE")
    def _update_pll2(self, raw: int, old: int) -> None:
        self._update("SYS_PLL2", old)

    @on_write("SYS_PLL3_UPDATE")
    def _update_pll3(self, raw: int, old: int) -> None:
        self._update("SYS_PLL3", old)

    def _update(self, pll: str, old: int) -> None:
        """Each toggled PFDn_UPDATE bit takes the written fraction over and toggles PFDn_STABLE."""
        toggled = (self[f"{pll}_UPDATE"] ^ old) >> 1 & 0xF
        for number, fraction in enumerate(self._written_fractions(pll)):
            if toggled >> number & 1:
                self.fractions[pll][number] = fraction
                self[f"{pll}_PFD"] ^= 0x40 << 8 * number
        self._changed()

    @on_write("PMU_LDO_PLL")
    def _write_ldo_pll(self, raw: int, old: int) -> None:
        if (self["PMU_LDO_PLL"] ^ old) & 1 << 16:
            self._transfer("PHY_LDO", "VDDSOC_AI_CTRL", "VDDSOC_AI_WDATA", "VDDSOC_AI_RDATA")

    @on_write("VDDSOC2PLL_AI_CTRL_1G")
    def _write_pll_1g(self, raw: int, old: int) -> None:
        if (self["VDDSOC2PLL_AI_CTRL_1G"] ^ old) & 1 << 8:
            self["VDDSOC2PLL_AI_CTRL_1G"] ^= 1 << 9
            self._transfer("PLL_1G", "VDDSOC2PLL_AI_CTRL_1G", "VDDSOC2PLL_AI_WDATA_1G", "VDDSOC2PLL_AI_RDATA_1G")
            self._changed()

    def _transfer(self, target: str, control: str, data_in: str, data_out: str) -> None:
        """Move one word behind an analogue interface; addresses +4, +8, +12 set, clear and toggle bits of +0."""
        address, words = self[control] & 0xFF, self.indirect[target]
        base, action = address & ~0xC, address >> 2 & 3
        old, data = words.get(base, 0), self[data_in]
        if self[control] & AI_READ:
            self[data_out] = old
        else:
            words[base] = (data, old | data, old & ~data, old ^ data)[action]


SOURCES: dict[str, Callable[[Anadig], Fraction]] = {
    "OSC_RC_16M": Anadig._osc_16m_hz,
    "OSC_RC_48M": Anadig._osc_48m_hz,
    "OSC_RC_48M_DIV2": Anadig._osc_48m_div2_hz,
    "OSC_RC_400M": Anadig._osc_400m_hz,
    "OSC_24M": Anadig._osc_24m_hz,
    "ARM_PLL": Anadig._arm_pll_hz,
    "SYS_PLL1": Anadig._sys_pll1_hz,
    "SYS_PLL1_DIV2": lambda anadig: anadig._sys_pll1_part_hz(2, 25),
    "SYS_PLL1_DIV5": lambda anadig: anadig._sys_pll1_part_hz(5, 26),
    "SYS_PLL2": lambda anadig: anadig._sys_pll_hz("SYS_PLL2"),
    "SYS_PLL3": lambda anadig: anadig._sys_pll_hz("SYS_PLL3"),
    "SYS_PLL3_DIV2": Anadig._sys_pll3_div2_hz,
    "AUDIO_PLL": lambda anadig: Fraction(0),
    "VIDEO_PLL": lambda anadig: Fraction(0),
}
