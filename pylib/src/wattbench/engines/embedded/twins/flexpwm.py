"""Twin of the FlexPWM."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from wattbench.core.clock import ClockInput, ClockSource
from wattbench.core.wires import Line
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.binding import library
from wattbench.engines.embedded.twins.lines import NativeLine, NativeRequest
from wattbench.engines.embedded.twins.twin import Clocked
from wattbench.hw.imxrt.flexpwm import INPUT_NAMES, FlexPwm, trigger_names
from wattbench.hw.imxrt.flexpwm_counters import SUBMODULES


class NativeFlexPwm(Clocked):
    """Twin of `FlexPwm`."""

    table, size, type_name = FlexPwm.table, FlexPwm.size, FlexPwm.type_name

    def __init__(
        self,
        host: Machine,
        name: str,
        clocks: ClockSource | None = None,
        clock_root: str = "BUS",
        frequency: int = 24_000_000,
    ) -> None:
        """See `FlexPwm`."""
        super().__init__(host, name, library().wb_flexpwm_new(host.handle), ClockInput(clocks, clock_root, frequency))
        for number in range(2 * SUBMODULES):
            self.outputs[number] = NativeRequest(host, self.lib.wb_flexpwm_request(self.handle, number))
        for number in range(SUBMODULES):
            self.line(f"IRQ{number}", partial(self.lib.wb_flexpwm_line, self.handle, number))
        self.line("FAULT", partial(self.lib.wb_flexpwm_line, self.handle, SUBMODULES))
        triggers = [trigger for number in range(SUBMODULES) for trigger in trigger_names(number)]
        for number, trigger in enumerate(triggers, SUBMODULES + 1):
            self.line(trigger, partial(self.lib.wb_flexpwm_line, self.handle, number))

    def set_clock(self, hz: Fraction) -> None:
        """See `Clocked`."""
        self.lib.wb_flexpwm_clock(self.handle, hz.numerator, hz.denominator)

    def connect_input(self, number: int, line: Line | NativeLine) -> None:
        """Let `line` drive an input; a native line does so without Python."""
        if isinstance(line, NativeLine) and self.lib.wb_flexpwm_connect(self.handle, number, line.number):
            return
        line.connect(partial(self.on_input, number))

    def on_input(self, number: int, level: bool) -> None:
        """See `FlexPwm.on_input`."""
        if number >= len(INPUT_NAMES) * SUBMODULES:
            raise TypeError(f"{self.name} ({self.type_name}) has no input {number}")
        self.lib.wb_flexpwm_input(self.handle, number, level)

    def feature(self, number: int, which: int) -> str:
        """See `Twin`."""
        return f"SM{which}DMAEN with CAPTDE above 1"
