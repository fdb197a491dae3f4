"""A push button on a pin."""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import Model, model


@model("Miscellaneous.Button")
class Button(Model):
    """Output `IRQ` is high while it is pressed (low with `invert`). A reset of the board does not release it."""

    on_chip = False
    default_output = "IRQ"

    def __init__(self, host: Host, name: str, *, invert: bool = False) -> None:
        """`invert`: the output is low while the button is pressed."""
        super().__init__(host, name)
        self.invert = invert
        self._contact = self.output("IRQ")
        self._contact.level = invert

    @property
    def pressed(self) -> bool:
        """Whether the button is pressed."""
        return self._contact.level != self.invert

    def press(self) -> None:
        """Press and hold."""
        self._contact.set(not self.invert)

    def release(self) -> None:
        """Let go."""
        self._contact.set(self.invert)

    def toggle(self) -> None:
        """Press it if it is released, and the other way round."""
        self._contact.set(not self._contact.level)

    def press_and_release(self) -> None:
        """Both edges at the present instant."""
        self.press()
        self.release()
