"""IOMUXC: what the pads are connected to (i.MX RT1170 reference manual, chapters IOMUXC and IOMUXC GPR)."""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table

PACKAGE = "wattbench.hw.imxrt"
GPIO_MODE = 5


class PadMux(RegisterBlock):
    """A mux of pads. For each pad an output of its name (`GPIO_AD_29`) is high while the pad's function is GPIO.

    That is function 5, the ports of the CM7 (GPIO1 to GPIO6, GPIO13); function 10, the pin of another port, is not.
    """

    size = 0x4000

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._mux = self.table["SW_MUX_CTL_PAD_{n}"]
        self._pads = [self.output(pad) for pad in self._mux.names]
        self._drive_all()

    def _drive_all(self) -> None:
        for number in range(len(self._pads)):
            self._drive(number)

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


@model("Wattbench.IomuxcLpsr")
class IomuxcLpsr(PadMux):
    """Pads of the low-power domain."""

    table = load_table(PACKAGE, "iomuxc_lpsr")


@model("Wattbench.IomuxcSnvs")
class IomuxcSnvs(PadMux):
    """Pads of the battery domain."""

    table = load_table(PACKAGE, "iomuxc_snvs")


@model("Wattbench.IomuxcGpr")
class IomuxcGpr(RegisterBlock):
    """General purpose registers, stored without effect."""

    table = load_table(PACKAGE, "iomuxc_gpr")
    size = 0x4000


@model("Wattbench.IomuxcLpsrGpr")
class IomuxcLpsrGpr(RegisterBlock):
    """General purpose registers of the low-power domain, stored without effect."""

    table = load_table(PACKAGE, "iomuxc_lpsr_gpr")
    size = 0x4000


@model("Wattbench.IomuxcSnvsGpr")
class IomuxcSnvsGpr(RegisterBlock):
    """General purpose registers of the battery domain, stored without effect."""

    table = load_table(PACKAGE, "iomuxc_snvs_gpr")
    size = 0x4000
