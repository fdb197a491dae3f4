"""IOMUXC: what the pads are connected to (i.MX RT1170 reference manual, chapters IOMUXC and IOMUXC GPR).

`pad_inputs.toml` lists which pads can feed which input of a block, so firmware that forgets a function or an input
choice can be found. Electrical settings are storage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import ClassVar

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.names import did_you_mean
from wattbench.core.registers import Register, load_table
from wattbench.core.toml_data import toml_data

PACKAGE = "wattbench.hw.imxrt"
GPIO_MODE = 5
MUX = "SW_MUX_CTL_PAD_"
_INPUTS = toml_data(files(PACKAGE).joinpath("pad_inputs.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class PadInput:
    """An input of a block: the register that chooses among `pads`, empty where there is one; pads with functions."""

    select: str
    pads: tuple[tuple[str, int], ...]


def pad_inputs(block: str) -> dict[str, PadInput]:
    """Inputs that pads of a block (`iomuxc`, `iomuxc_lpsr`) feed, by signal such as `LPUART1_RXD`."""
    found = {}
    for signal, (select, *pads) in _INPUTS.get(block, {}).items():
        parted = (pad.split(":") for pad in pads)
        found[signal] = PadInput(select, tuple((pad, int(function)) for pad, function in parted))
    return found


class PadMux(RegisterBlock):
    """A mux of pads. For each pad an output of its name (`GPIO_AD_29`) is high while the pad's function is GPIO.

    That is function 5, the ports of the CM7 (GPIO1 to GPIO6, GPIO13); function 10, the pin of another port, is not.
    For each input of a block that is known an output of its name (`LPUART1_RXD`) is high while a pad feeds it.
    """

    size = 0x4000
    inputs: ClassVar[dict[str, PadInput]] = {}
    missing = (
        "pulls that give an unconnected input its level, open drain, drive strength and slew rate",
        "blocks that do not hear a pad whose function is another (known as outputs such as LPUART1_RXD)",
        "protection of registers from the other core (DWP)",
    )

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._mux = self.table["SW_MUX_CTL_PAD_{n}"]
        self._pads = [self.output(pad) for pad in self._mux.names]
        self._signals: dict[str, list[str]] = {}
        """Inputs of blocks that a register has a say in, by its name."""
        for signal, entry in self.inputs.items():
            self.output(signal)
            for register in [entry.select] * bool(entry.select) + [f"{MUX}{pad}" for pad, _ in entry.pads]:
                self._signals.setdefault(register, []).append(signal)
        self._drive_all()

    def pad_of(self, signal: str) -> str:
        """The pad that feeds an input such as `LPUART1_RXD`, empty while none does; ValueError for unknown inputs."""
        if signal not in self.inputs:
            raise ValueError(f"{self.name} knows no input `{signal}`{did_you_mean(signal, self.inputs)}")
        entry = self.inputs[signal]
        if entry.select:
            choice = self[entry.select]
            pads = entry.pads[choice : choice + 1]
        else:
            pads = entry.pads
        mode = self._mux["MUX_MODE"]
        return next((pad for pad, function in pads if mode.get(self[f"{MUX}{pad}"]) == function), "")

    def _store(self, index: int, register: Register, number: int, raw: int, lanes: int) -> None:
        super()._store(index, register, number, raw, lanes)
        for signal in self._signals.get(self._offsets[index][0], ()):
            self._route(signal)

    def _route(self, signal: str) -> None:
        self.outputs[signal].set(bool(self.pad_of(signal)))

    def _drive_all(self) -> None:
        for number in range(len(self._pads)):
            self._drive(number)
        for signal in self.inputs:
            self._route(signal)

    def _drive(self, number: int) -> None:
        mode = self._mux["MUX_MODE"].get(self[self._mux.name_of(number)])
        self._pads[number].set(mode == GPIO_MODE)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._drive_all()

    @on_write("SW_MUX_CTL_PAD_{n}")
    def _mux_written(self, number: int, raw: int, old: int) -> None:
        self._drive(number)


@model("Wattbench.Iomuxc")
class Iomuxc(PadMux):
    """Main pads: EMC_B1, EMC_B2, AD, SD_B1, SD_B2, DISP_B1, DISP_B2."""

    table = load_table(PACKAGE, "iomuxc")
    inputs = pad_inputs("iomuxc")


@model("Wattbench.IomuxcLpsr")
class IomuxcLpsr(PadMux):
    """Pads of the low-power domain."""

    table = load_table(PACKAGE, "iomuxc_lpsr")
    inputs = pad_inputs("iomuxc_lpsr")


@model("Wattbench.IomuxcSnvs")
class IomuxcSnvs(PadMux):
    """Pads of the battery domain."""

    table = load_table(PACKAGE, "iomuxc_snvs")


@model("Wattbench.IomuxcGpr")
class IomuxcGpr(RegisterBlock):
    """General purpose registers: the banks of FlexRAM, and the port that a pin of GPIO2 or GPIO3 belongs to."""

    table = load_table(PACKAGE, "iomuxc_gpr")
    size = 0x4000
    missing = ("general purpose settings other than FlexRAM banks, fast GPIO and the direction of clock pins",)

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._listeners: list[Callable[[], None]] = []

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._changed()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each write to a setting that has an effect."""
        self._listeners.append(callback)

    @on_write("GPR16", "GPR17", "GPR18", "GPR40", "GPR41", "GPR42", "GPR43")
    def _setting_written(self, raw: int, old: int) -> None:
        self._changed()

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()


@model("Wattbench.IomuxcLpsrGpr")
class IomuxcLpsrGpr(RegisterBlock):
    """General purpose registers of the low-power domain, stored without effect."""

    table = load_table(PACKAGE, "iomuxc_lpsr_gpr")
    _low, _high = table["GPR0"]["CM4_INIT_VTOR_LOW"], table["GPR1"]["CM4_INIT_VTOR_HIGH"]

    def vector_table(self) -> int:
        """Where the Cortex-M4 finds its vectors when it leaves reset; see `core.cores.VectorTableSource`."""
        return self["GPR0"] & self._low.mask | self._high.get(self["GPR1"]) << 16

    size = 0x4000


@model("Wattbench.IomuxcSnvsGpr")
class IomuxcSnvsGpr(RegisterBlock):
    """General purpose registers of the battery domain, stored without effect."""

    table = load_table(PACKAGE, "iomuxc_snvs_gpr")
    size = 0x4000
