"""A light-emitting diode on a pin."""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import Model, model


@model("Miscellaneous.LED")
class Led(Model):
    """Input 0 drives it. Output `State` is high while it shines, for taps and optical heads."""

    on_chip = False
    default_output = "State"

    def __init__(self, host: Host, name: str, *, invert: bool = False) -> None:
        """`invert`: it shines while the input is low."""
        super().__init__(host, name)
        self.invert = invert
        self._light = self.output("State")
        self._light.level = invert

    @property
    def state(self) -> bool:
        """Whether it shines."""
        return self._light.level

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`."""
        if number != 0:
            raise TypeError(f"{self.name} has input 0 only, not {number}")
        self._light.set(level != self.invert)
