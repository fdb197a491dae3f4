"""Analogue block of the i.MX RT1064: PLLs, phase dividers, regulators and oscillators (reference manual, "CCM", "PMU").

CCM_ANALOG, PMU, USB_ANALOG, TEMPMON and XTALOSC24M share one base address. PLLs and their dividers give exact
frequencies and lock at once. Regulators are good while they are on. Reset state: as the register descriptions say, with
every PLL bypassed to the crystal; what the boot ROM changes is not imitated.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from wattbench.core.host import Host
from wattbench.core.model import model, on_read
from wattbench.core.registers import Register, load_table
from wattbench.hw.imxrt.aliased import AliasedBlock

TABLE = load_table("wattbench.hw.imxrt106x", "analog")
CRYSTAL_HZ = 24_000_000
PFD_NUMERATOR = 18
ETHERNET_HZ = 25_000_000
ENABLE, BYPASS, LOCK = 1 << 13, 1 << 16, 1 << 31
SWITCH = 1 << 12
"""POWERDOWN, which switches off; of the USB PLLs POWER, which switches on."""
POST_DIVIDERS = (4, 2, 1, 1)
LAST_DIVIDERS = (1, 2, 1, 4)
PFDS = {"PLL2": ("PFD_528", "PLL_SYS"), "PLL3": ("PFD_480", "PLL_USB1")}


@model("Wattbench.CcmAnalog106x")
class CcmAnalog106x(AliasedBlock):
    """PLLs and oscillators at 0x400D8000; `source_hz` gives what the clock controller selects from."""

    size = 0x1000
    table = TABLE
    missing = (
        "lock time, spread spectrum, the second USB PLL as a clock",
        "reference clocks of the Ethernet ports on their pins",
        "supplies that fail, brown-out, temperature measurement, USB detection",
    )

    def __init__(self, host: Host, name: str, crystal_hz: int | Fraction = CRYSTAL_HZ) -> None:
        super().__init__(host, name)
        self.crystal_hz = Fraction(crystal_hz)
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each write that may change a frequency."""
        self._listeners.append(callback)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _store(self, index: int, register: Register, number: int, raw: int, lanes: int) -> None:
        super()._store(index, register, number, raw, lanes)
        self._tell()

    def _value(self, index: int, register: Register, number: int) -> int:
        """PLLs show their lock, phase dividers that they run, regulators that they are good."""
        value = super()._value(index, register, number)
        name = register.name.removesuffix("_SET").removesuffix("_CLR").removesuffix("_TOG")
        if "LOCK" in register.fields:
            return value & ~LOCK | (LOCK if self.runs(name) else 0)
        for number_ in range(4 if name.startswith("PFD_") else 0):
            stable, off = (register[f"PFD{number_}_{what}"].mask for what in ("STABLE", "CLKGATE"))
            value = value & ~stable | (0 if value & off else stable)
        for field in register.fields.values():
            if field.name.startswith("OK_"):
                value = field.put(value, value & register["ENABLE_LINREG"].mask)
        return value

    def runs(self, pll: str) -> bool:
        """Whether a PLL (`"PLL_ARM"`) is on."""
        on_is_set = pll.startswith("PLL_USB")
        return bool(self[pll] & SWITCH) == on_is_set

    def _pll_hz(self, pll: str, ratio: Fraction | int) -> Fraction:
        """Frequency inside a PLL, 0 while it is off."""
        if self[pll] & BYPASS:
            return self.crystal_hz
        return self.crystal_hz * ratio if self.runs(pll) else Fraction(0)

    def _fraction(self, pll: str) -> Fraction:
        numerator, denominator = self[f"{pll}_NUM"], self[f"{pll}_DENOM"]
        return Fraction(numerator, denominator) if denominator else Fraction(0)

    def _inside_hz(self, pll: str) -> Fraction:
        select = TABLE[pll]["DIV_SELECT"].get(self[pll])
        if pll == "PLL_ARM":
            return self._pll_hz(pll, Fraction(select, 2))
        if pll in ("PLL_AUDIO", "PLL_VIDEO"):
            hz = self._pll_hz(pll, select + self._fraction(pll))
            misc, fields = self["MISC2"], TABLE["MISC2"]
            if self[pll] & BYPASS:
                return hz
            if pll == "PLL_VIDEO":
                last = fields["VIDEO_DIV"].get(misc)
            else:
                last = fields["AUDIO_DIV_MSB"].get(misc) << 1 | fields["AUDIO_DIV_LSB"].get(misc)
            return hz / POST_DIVIDERS[TABLE[pll]["POST_DIV_SELECT"].get(self[pll])] / LAST_DIVIDERS[last]
        ratio = Fraction(22 if select else 20)
        return self._pll_hz(pll, ratio + (self._fraction(pll) if pll == "PLL_SYS" else 0))

    def source_hz(self, source: str) -> Fraction:
        """Frequency of `OSC_24M`, `PLL_ARM`, `PLL2` to `PLL5`, `PLL6_25M`, or a phase divider as `PLL2_PFD0`.

        It is 0 while the source is off.
        """
        if source == "OSC_24M":
            off = self["MISC0"] & TABLE["MISC0"]["XTAL_24M_PWD"].mask
            return Fraction(0) if off else self.crystal_hz
        if source == "PLL6_25M":
            on = self["PLL_ENET"] & TABLE["PLL_ENET"]["ENET_25M_REF_EN"].mask
            return self._pll_hz("PLL_ENET", Fraction(ETHERNET_HZ) / self.crystal_hz) if on else Fraction(0)
        group, _, part = source.partition("_PFD")
        if part:
            register, pll = PFDS[group]
            fields, value = TABLE[register], self[register]
            divider = fields[f"PFD{part}_FRAC"].get(value)
            if value & fields[f"PFD{part}_CLKGATE"].mask or not divider:
                return Fraction(0)
            return self._inside_hz(pll) * PFD_NUMERATOR / divider
        pll = {"PLL2": "PLL_SYS", "PLL3": "PLL_USB1", "PLL4": "PLL_AUDIO", "PLL5": "PLL_VIDEO"}.get(source, source)
        return self._inside_hz(pll) if self[pll] & ENABLE else Fraction(0)

    @on_read("MISC0")
    def _read_misc0(self) -> int:
        fields, value = TABLE["MISC0"], self["MISC0"]
        stable = value & fields["OSC_XTALOK_EN"].mask and not value & fields["XTAL_24M_PWD"].mask
        return fields["OSC_XTALOK"].put(value, bool(stable))

    @on_read("LOWPWR_CTRL")
    def _read_low_power(self) -> int:
        off = self["MISC0"] & TABLE["MISC0"]["XTAL_24M_PWD"].mask
        return TABLE["LOWPWR_CTRL"]["XTALOSC_PWRUP_STAT"].put(self["LOWPWR_CTRL"], not off)
