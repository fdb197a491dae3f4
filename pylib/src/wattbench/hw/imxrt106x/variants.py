"""Blocks of the i.MX RT1064 that behave as on the i.MX RT1170 with some registers other than there."""

from __future__ import annotations

from typing import ClassVar

from wattbench.core.clock import ClockSource, root_of
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.cmp import Comparator
from wattbench.hw.imxrt.enc import Enc
from wattbench.hw.imxrt.enet import EnetBlock
from wattbench.hw.imxrt.flexspi import FlexSpi
from wattbench.hw.imxrt.rtwdog import Rtwdog
from wattbench.hw.imxrt.semc import Semc
from wattbench.hw.imxrt.snvs import SnvsBlock
from wattbench.hw.imxrt.usb import Usb
from wattbench.hw.imxrt.usbphy import UsbTransceiver
from wattbench.hw.imxrt.usdhc import UsdhcBlock
from wattbench.hw.imxrt.xbar import XbarA, XbarB, load_signals

PACKAGE = "wattbench.hw.imxrt106x"
SIGNALS = load_signals(PACKAGE)
DENIALS = 0x7777_7777
"""Bits of a protection register that keep somebody from a peripheral; the eighth allows buffers."""


@model("Wattbench.Rtwdog106x")
class Rtwdog106x(Rtwdog):
    """The watchdog RTWDOG: it comes out of reset unlocked, with 1024 clocks to go."""

    table = load_table(PACKAGE, "rtwdog")


@model("Wattbench.FlexSpi106x")
class FlexSpi106x(FlexSpi):
    """A FlexSPI without error correction and key unwrapping."""

    table = load_table(PACKAGE, "flexspi")


@model("Wattbench.Dcdc106x")
class Dcdc106x(RegisterBlock):
    """The converter of the core supply: storage, with an output that is always in range."""

    table = load_table(PACKAGE, "dcdc")
    size = 0x4000
    missing = ("supply voltages",)


@model("Wattbench.Usb106x")
class Usb106x(Usb):
    """A USB controller with other reset values and another trip wire of its queues."""

    table = load_table(PACKAGE, "usb")


@model("Wattbench.UsbPhy106x")
class UsbPhy106x(UsbTransceiver):
    """A USB PHY: its PLL and the comparators of the supply are in the analogue block."""

    size = 0x1000
    table = load_table(PACKAGE, "usbphy")


@model("Wattbench.XbarA106x")
class XbarA106x(XbarA):
    """The crossbar between blocks and pads, with 88 inputs and 132 outputs."""

    table = load_table(PACKAGE, "xbara")
    signals = SIGNALS


@model("Wattbench.XbarB106x")
class XbarB106x(XbarB):
    """A crossbar in front of an AOI, with 58 inputs."""

    table = load_table(PACKAGE, "xbarb")
    signals = SIGNALS


@model("Wattbench.FlexRam106x")
class FlexRam106x(RegisterBlock):
    """The controller of FlexRAM: storage. How the banks are shared out is in the IOMUXC's registers."""

    table = load_table(PACKAGE, "flexram")
    size = 0x4000
    default_output = "IRQ"
    missing = ("wait states, status and interrupt of accesses outside the banks",)

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.output("IRQ")


@model("Wattbench.Aipstz")
class Aipstz(RegisterBlock):
    """A bridge to peripherals: everybody may access them all, so what grants that is enough, and other is counted."""

    table = load_table(PACKAGE, "aipstz")
    size = 0x4000
    missing = ("protection: every access is let through", "buffered writes")

    @on_write("OPACR", "OPACR1", "OPACR2", "OPACR3", "OPACR4")
    def _protect(self, raw: int, old: int) -> None:
        if raw & DENIALS:
            self.host.unmodelled(self.name, "protection of peripherals", f"value 0x{raw:X}")


@model("Wattbench.Enet106x")
class Enet106x(EnetBlock):
    """ENET and ENET2: 10 and 100 Mbit/s over MII or RMII. Clocks: the IPG bus, and for time stamps PLL6's 25 MHz."""

    table = load_table(PACKAGE, "enet")
    bus_root = "IPG"

    def __init__(
        self, host: Host, name: str, *, clocks: ClockSource | None = None, frequency: int = 25_000_000
    ) -> None:
        """`clocks` or `frequency` [Hz] gives the clocks of MDIO and of the time stamps."""
        self.timer_root = root_of("", name)
        super().__init__(host, name, 2048, clocks, frequency)


@model("Wattbench.Usdhc106x")
class Usdhc106x(UsdhcBlock):
    """A uSDHC without a card and without the HS400 mode."""

    table = load_table(PACKAGE, "usdhc")


@model("Wattbench.Semc106x")
class Semc106x(Semc):
    """A SEMC without memories, with fewer windows."""

    table = load_table(PACKAGE, "semc")


@model("Wattbench.UsbNonCore106x")
class UsbNonCore106x(RegisterBlock):
    """Registers around both USB controllers, whose own come first: settings without effect where nothing is there."""

    table = load_table(PACKAGE, "usbnc")
    interleaved = ("USBNC1", "USBNC2")
    """The peripherals of the SVD that it is, whose registers lie between each other's."""
    first = 0x800
    size = 0x3800
    missing = ("wake-up, overcurrent",)

    def read(self, offset: int, size: int) -> int:
        """See `RegisterBlock.read`; the block stands at its first register."""
        return super().read(self.first + offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        """See `RegisterBlock.write`."""
        super().write(self.first + offset, size, value)


@model("Wattbench.Cmp106x")
class Cmp106x(Comparator):
    """A comparator with registers of a byte each and a converter of 6 bits."""

    table = load_table(PACKAGE, "cmp")
    size = 0x8
    places: ClassVar[dict[str, tuple[str, str]]] = {
        name: (register.name, name) for register in table.registers.values() for name in register.fields
    } | {"INVT": ("CR1", "INV"), "FPR": ("FPR", "FILT_PER")}

    @on_write("CR0", "CR1", "FPR", "SCR", "DACCR", "MUXCR")
    def _write_control(self, raw: int, old: int) -> None:
        self._settings_written()


@model("Wattbench.Enc106x")
class Enc106x(Enc):
    """A quadrature decoder without measurement of times."""

    table = load_table(PACKAGE, "enc")
    missing = ()


@model("Wattbench.Snvs106x")
class Snvs106x(SnvsBlock):
    """SNVS with one tamper pin and no detectors of its own but for the power glitch pattern, which is storage."""

    table = load_table(PACKAGE, "snvs")
    last_tamper = 1
