"""FlexCAN of the i.MX RT1064 (reference manual, "CAN", "CANFD"): two classic controllers and one with CAN FD."""

from __future__ import annotations

from wattbench.core.model import model
from wattbench.core.registers import Register, load_table
from wattbench.hw.imxrt.flexcan import Flexcan

CLASSIC = load_table("wattbench.hw.imxrt106x", "flexcan")
STATUS_BITS = sum(field.mask for field in CLASSIC["ESR1"].fields.values())
ABSENT = ("CBT", "FDCTRL", "FDCBT", "FDCRC")
"""Registers of CAN FD and of its bit timing. What they steer is off for want of MCR.FDEN and CBT.BTF."""


@model("Wattbench.FlexCan106x")
class Flexcan106x(Flexcan):
    """CAN1 and CAN2: frames of the classic format."""

    table = CLASSIC
    hidden_ram = ()

    def __getitem__(self, name: str) -> int:
        return 0 if name in ABSENT else super().__getitem__(name)

    def __setitem__(self, name: str, value: int) -> None:
        if name not in ABSENT:
            super().__setitem__(name, value)

    def _value(self, index: int, register: Register, number: int) -> int:
        """Flags that the common behaviour sets but this version lacks do not show."""
        value = super()._value(index, register, number)
        return value & STATUS_BITS if register.name == "ESR1" else value


@model("Wattbench.FlexCanFd106x")
class FlexcanFd106x(Flexcan):
    """CAN3: CAN FD with the registers that it shares with other chips."""

    table = load_table("wattbench.hw.imxrt106x", "flexcan_fd")
    hidden_ram = ((0x480, 0x880), (0x980, 0xAE0), (0xF28, 0x1000))
    missing = (*Flexcan.missing, "the second set of FD registers: finer bit timing, receive FIFO, time stamps")
