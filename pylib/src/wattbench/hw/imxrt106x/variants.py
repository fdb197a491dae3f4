"""Blocks of the i.MX RT1064 that behave as on the i.MX RT1170 with some registers other than there."""

from __future__ import annotations

from wattbench.core.model import RegisterBlock, model
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.flexspi import FlexSpi
from wattbench.hw.imxrt.rtwdog import Rtwdog

PACKAGE = "wattbench.hw.imxrt106x"


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
