"""A meter's power supply with its supervisor: mains in, a warning to the processor, energy stored for a while.

When the input fails, `PGOOD` falls after `warning_ms`; the rails hold for `hold_up_ms` after the failure. The part only
says when they end (`rails_end_ns`): whoever runs the machine cuts its power there.
"""

from __future__ import annotations

from fractions import Fraction

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model, model


@model("Wattbench.PowerSupply")
class PowerSupply(Model):
    """Output `PGOOD`: high while the input is good. `fail` and `recover` are the input's."""

    on_chip = False
    default_output = "PGOOD"
    state_names = ("present", "rails_end_ns")

    def __init__(self, host: Host, name: str, *, hold_up_ms: float = 50, warning_ms: float = 10) -> None:
        """Raises UsageError where the warning would come after the rails have ended."""
        super().__init__(host, name)
        self.hold_up_ns, self.warning_ns = (round(Fraction(ms) * NS_PER_S / 1000) for ms in (hold_up_ms, warning_ms))
        if not 0 <= self.warning_ns <= self.hold_up_ns:
            raise UsageError(f"{name}: warningMs has to be from 0 to holdUpMs, not {warning_ms} of {hold_up_ms}.")
        self.present = True
        """Whether the input is there."""
        self.rails_end_ns: int | None = None
        """When the rails end, None while the input is there."""
        self._good = self.output("PGOOD")
        self._good.level = True
        self._warning = self.timer("warning", self._warn)

    def reset(self) -> None:
        """See `Model.reset`: the rails are up again, the input as it is."""
        super().reset()
        self.rails_end_ns = None if self.present else self.host.now_ns() + self.hold_up_ns
        self._good.set(self.present)

    def power_off(self) -> None:
        """The rails have ended."""
        self._warning.cancel()
        self._good.set(False)

    def fail(self) -> None:
        """The input goes away now."""
        if self.present:
            self.present = False
            now_ns = self.host.now_ns()
            self.rails_end_ns = now_ns + self.hold_up_ns
            self._warning.arm(now_ns + self.warning_ns)

    def recover(self) -> None:
        """The input is back."""
        self.present, self.rails_end_ns = True, None
        self._warning.cancel()
        self._good.set(True)

    def _warn(self) -> None:
        self._good.set(False)
