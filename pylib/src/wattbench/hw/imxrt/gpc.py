"""General power controller of the i.MX RT1170 (IMXRT1170RM "GPC"): CPU modes, set points, standby.

A change of set point that software asks for is granted and done at once, if the core's own mapping allows it. What a
set point would change (clocks, voltages, domains) stays as it is, and each change is counted as not modelled. The
power mode of a core follows its sleep signal, input 0.
"""

from __future__ import annotations

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

PACKAGE = "wattbench.hw.imxrt"
SLEEPING = 0
CORES = 2
ALL_SET_POINTS = 0xFFFF
RUN = 0


@model("Wattbench.GpcSetPoint")
class GpcSetPoint(RegisterBlock):
    """Set points of the whole chip, at 0x40C02000; the controllers of the cores ask it for a change."""

    size = 0x800
    table = load_table(PACKAGE, "gpc_set_point")
    state_names = ("requested", "granted", "present", "previous")
    missing = ("what a set point changes in the chip", "priorities and the set points allowed by the other core")

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.requested, self.granted = [0] * CORES, [0] * CORES
        self.present, self.previous = 0, 0

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self.requested, self.granted = [0] * CORES, [0] * CORES
        self.present = self.previous = 0

    def request(self, core: int, set_point: int, allowed: bool) -> None:
        """Core `core` asks for `set_point`, which it is entered into if `allowed`."""
        self.requested[core] = set_point
        if not allowed:
            return
        self.granted[core] = set_point
        if set_point != self.present:
            self.previous, self.present = self.present, set_point
            self.host.unmodelled(self.name, f"change to set point {set_point}")

    @on_read("SP_CPU_REQ")
    def _requests(self) -> int:
        asked = sum(set_point << 4 * core for core, set_point in enumerate(self.requested))
        return asked | sum(set_point << 16 + 4 * core for core, set_point in enumerate(self.granted))

    @on_read("SP_SYS_STAT")
    def _state(self) -> int:
        return ALL_SET_POINTS | self.present << 16 | self.present << 20 | self.previous << 24


@model("Wattbench.GpcCpuMode")
class GpcCpuMode(RegisterBlock):
    """Power controller of one core, at 0x40C00000 (core 0, the Cortex-M7) or 0x40C00800 (core 1, the Cortex-M4).

    Input 0 is the core's sleep signal. Output `IRQ` (117): a set point was refused.
    """

    size = 0x800
    table = load_table(PACKAGE, "gpc_cpu_mode")
    default_output = "IRQ"
    state_names = ("mode", "previous_mode")
    missing = (
        "clocks, memories and domains that stop in WAIT, STOP and SUSPEND",
        "interrupts that are kept from waking the core (CM_IRQ_WAKEUP_MASK) and their status",
        "set points at sleep and wake-up, and standby",
        "the steps of a change of mode and the time it takes",
    )
    _set_point = table["CM_SP_CTRL"].fields
    _interrupt = table["CM_INT_CTRL"].fields

    def __init__(self, host: Host, name: str, *, set_points: GpcSetPoint, core: int = 0) -> None:
        """`core` is 0 for the Cortex-M7, 1 for the Cortex-M4; UsageError for any other."""
        if core not in range(CORES):
            raise UsageError(f"{name}: core is 0 (Cortex-M7) or 1 (Cortex-M4), not {core}.")
        super().__init__(host, name)
        self.set_points, self.core = set_points, core
        self.mode, self.previous_mode = RUN, RUN
        self.irq = self.output("IRQ")

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self.mode = self.previous_mode = RUN
        self._drive()

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`."""
        if number != SLEEPING:
            super().on_input(number, level)
        target = self.table["CM_MODE_CTRL"]["CPU_MODE_TARGET"].get(self["CM_MODE_CTRL"])
        mode = target if level else RUN
        if mode != self.mode:
            self.previous_mode, self.mode = self.mode, mode

    @on_read("CM_MODE_STAT")
    def _mode_status(self) -> int:
        return self.mode | self.previous_mode << 2

    @on_write("CM_SP_CTRL")
    def _set_point_written(self, raw: int, old: int) -> None:
        run = self._set_point["CPU_SP_RUN_EN"].mask
        if not self["CM_SP_CTRL"] & run:
            return
        self["CM_SP_CTRL"] &= ~run
        wanted = self._set_point["CPU_SP_RUN"].get(self["CM_SP_CTRL"])
        allowed = bool(self["CM_RUN_MODE_MAPPING"] >> wanted & 1)
        self.set_points.request(self.core, wanted, allowed)
        if not allowed:
            self["CM_INT_CTRL"] |= self._interrupt["SP_REQ_NOT_ALLOWED_SOFT_INT"].mask
            self._drive()

    @on_read("CM_SP_STAT")
    def _set_point_status(self) -> int:
        points = self.set_points
        return points.present | points.previous << 4 | points.requested[self.core] << 8

    @on_write("CM_INT_CTRL")
    def _interrupts_written(self, raw: int, old: int) -> None:
        self._drive()

    def _drive(self) -> None:
        control = self["CM_INT_CTRL"]
        refused = control & self._interrupt["SP_REQ_NOT_ALLOWED_SOFT_INT"].mask
        self.irq.set(bool(refused and control & self._interrupt["SP_REQ_NOT_ALLOWED_SOFT_INT_EN"].mask))


@model("Wattbench.GpcStandby")
class GpcStandby(RegisterBlock):
    """Standby of the whole chip, at 0x40C02800: storage, the chip never enters standby."""

    size = 0x800
    table = load_table(PACKAGE, "gpc_standby")
    missing = ("standby of the chip",)
