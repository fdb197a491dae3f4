"""Twin of the GPT."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from wattbench.core.clock import ClockInput, ClockSource, root_of
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.binding import library
from wattbench.engines.embedded.twins.twin import Clocked
from wattbench.hw.imxrt.gpt import CHANNELS, Gpt


class NativeGpt(Clocked):
    """Twin of `Gpt`."""

    table, size, type_name, default_output = Gpt.table, Gpt.size, Gpt.type_name, "IRQ"

    def __init__(
        self,
        host: Machine,
        name: str,
        *,
        clocks: ClockSource | None = None,
        clock_root: str = "",
        frequency: int = 24_000_000,
    ) -> None:
        """See `Gpt`."""
        super().__init__(
            host, name, library().wb_gpt_new(host.handle), ClockInput(clocks, root_of(clock_root, name), frequency)
        )
        self.line("IRQ", partial(self.lib.wb_gpt_line, self.handle, 0))
        for channel in CHANNELS:
            self.line(channel, partial(self.lib.wb_gpt_line, self.handle, channel))
        self._reclock()

    def set_clock(self, hz: Fraction) -> None:
        """See `Clocked`."""
        self.lib.wb_gpt_clock(self.handle, hz.numerator, hz.denominator)

    def on_input(self, number: int, level: bool) -> None:
        """See `Gpt.on_input`."""
        if number not in (1, 2):
            raise TypeError(f"{self.name} has capture inputs 1 and 2, not {number}")
        self.lib.wb_gpt_input(self.handle, number, level)

    def feature(self, number: int, which: int) -> str:
        """See `Twin`."""
        return "clock from a pin (CLKSRC 3)"
