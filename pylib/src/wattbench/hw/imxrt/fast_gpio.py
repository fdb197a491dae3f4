"""Fast ports CM7_GPIO2 and CM7_GPIO3 of the i.MX RT1170 (reference manual, chapter GPIO and IOMUXC_GPR40 to GPR43).

A pin of GPIO2 or GPIO3 belongs to the port on the peripheral bus or to the fast port on the Cortex-M7's own bus. Both
have the same registers; the board is wired to the port on the peripheral bus.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import model
from wattbench.hw.imxrt.gpio import Gpio
from wattbench.hw.imxrt.iomuxc import IomuxcGpr

SELECTS = {2: ("GPR40", "GPR41"), 3: ("GPR42", "GPR43")}
"""Registers with the owner of pins 0 to 15 and 16 to 31, by port."""


@model("Wattbench.FastGpio")
class FastGpio(Gpio):
    """CM7_GPIO2 or CM7_GPIO3: `shared` is GPIO2 or GPIO3, `gpr` the IOMUXC_GPR block, `port` 2 or 3.

    Outputs `IRQ_LOW` and `IRQ_HIGH` (99, both ports); the pins are outputs of the shared port.
    """

    missing = ("the fast port's shorter access time",)
    example: ClassVar[Mapping[str, Any]] = {"port": 2}

    def __init__(self, host: Host, name: str, *, shared: Gpio, gpr: IomuxcGpr, port: int) -> None:
        """UsageError for a port other than 2 and 3."""
        if port not in SELECTS:
            raise UsageError(f"{name}: the fast ports are 2 and 3, there is no port {port}.")
        super().__init__(host, name)
        self._shared, self._gpr, self._selects = shared, gpr, SELECTS[port]
        shared.share_with(self)
        gpr.on_change(self._owners_written)

    def _owners_written(self) -> None:
        low, high = (self._gpr[name] & 0xFFFF for name in self._selects)
        self._shared.hand_over(high << 16 | low)

    def _drive(self) -> None:
        self._shared._drive()
        self._settle()
