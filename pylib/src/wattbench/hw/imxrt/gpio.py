"""GPIO port of 32 pins with two interrupts (i.MX RT1170 reference manual, chapter GPIO)."""

from __future__ import annotations

from collections.abc import Callable

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model, RegisterBlock, model, on_read, on_write
from wattbench.core.registers import load_table

FULL = 0xFFFF_FFFF
LOW_LEVEL, HIGH_LEVEL, RISING, FALLING = range(4)


@model("Wattbench.Gpio")
class Gpio(RegisterBlock):
    """One GPIO port.

    Outputs: `0` to `31`, the pads as the port and the board's pull-ups drive them, `IRQ_LOW` for pins 0 to 15 and
    `IRQ_HIGH` for 16 to 31. Inputs 0 to 31 are what the board drives; a pad that is an output shows its own level.
    """

    table = load_table("wattbench.hw.imxrt", "gpio")
    size = 0x4000
    timeless = ("DR", "PSR")
    state_names = ("_driven", "_pads", "_away")

    def __init__(self, host: Host, name: str, *, pull_ups: int = 0) -> None:
        """`pull_ups` has a one for each pad that the board pulls high while nothing drives it."""
        super().__init__(host, name)
        self.pull_ups = pull_ups
        self._driven = self._pads = pull_ups
        self._away = 0
        """Pins that belong to the other port of the same pads."""
        self._fast: Gpio | None = None
        self._pins = [self.output(pin) for pin in range(32)]
        for pin, line in enumerate(self._pins):
            line.level = bool(pull_ups >> pin & 1)
        self._irq_low, self._irq_high = self.output("IRQ_LOW"), self.output("IRQ_HIGH")

    def reset(self) -> None:
        """See `Model.reset`; what the board drives stays."""
        super().reset()
        self._drive()
        self["ISR"] = 0
        self._update_irq()

    def attach(self, child: Model, point: int | None) -> None:
        """Hang a part on pin `point`: its `IRQ` output, if it has one, drives the pin; else the pin drives its input 0.

        Without a point the part only lives here, and its wires are drawn elsewhere.
        """
        if point is None:
            return
        if not 0 <= point < 32:
            raise UsageError(f"{self.name} has pins 0 to 31; {child.name} cannot hang on pin {point}.")
        if "IRQ" in child.outputs:
            child.outputs["IRQ"].connect(self._input(point))
        else:
            self._pins[point].connect(lambda level: child.on_input(0, level))

    def _input(self, pin: int) -> Callable[[bool], None]:
        return lambda level: self.on_input(pin, level)

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: the board drives pad `number`."""
        if not 0 <= number < 32:
            raise TypeError(f"{self.name} has no pin {number}")
        self._driven = self._driven & ~(1 << number) | level << number
        self._settle()
        if self._fast is not None:
            self._fast.on_input(number, level)

    def share_with(self, fast: Gpio) -> None:
        """Let `fast` have those pins of this port's pads that `hand_over` gives it."""
        self._fast, fast._away = fast, FULL
        fast._driven = self._driven

    def hand_over(self, pins: int) -> None:
        """From now on exactly `pins` belong to the port that shares the pads."""
        if self._fast is not None and pins != self._away:
            self._away, self._fast._away = pins, FULL & ~pins
            self._drive()
            self._fast._settle()

    def _drive(self) -> None:
        """Give the port's drivers to the lines, then look at the pads."""
        direction, data = self["GDIR"], self["DR"]
        if self._fast is not None:
            direction = direction & ~self._away | self._fast["GDIR"] & self._away
            data = data & ~self._away | self._fast["DR"] & self._away
        levels = data & direction | self.pull_ups & ~direction
        for pin, line in enumerate(self._pins):
            if line.level != bool(levels >> pin & 1):
                line.set(not line.level)
        self._settle()

    def _settle(self) -> None:
        """Take over the pads' levels and see what has happened on those that changed."""
        direction, old = self["GDIR"], self._pads
        self._pads = (self["DR"] & direction | self._driven & ~direction) & ~self._away
        changed = self._pads ^ old
        if not changed:
            return
        events = changed & self["EDGE_SEL"]
        for pin in range(32):
            if changed >> pin & 1 and self._condition(pin) == (RISING if self._pads >> pin & 1 else FALLING):
                events |= 1 << pin
        self["ISR"] |= events | self._held(changed)
        self._update_irq()

    def _condition(self, pin: int) -> int:
        return self["ICR1" if pin < 16 else "ICR2"] >> 2 * (pin % 16) & 3

    def _held(self, pins: int) -> int:
        """Those of `pins` whose level condition holds now."""
        result = 0
        for pin in range(32):
            if pins & ~self["EDGE_SEL"] & 1 << pin:
                wanted = HIGH_LEVEL if self._pads >> pin & 1 else LOW_LEVEL
                result |= (self._condition(pin) == wanted) << pin
        return result

    def _update_irq(self) -> None:
        pending = self["ISR"] & self["IMR"]
        self._irq_low.set(bool(pending & 0xFFFF))
        self._irq_high.set(bool(pending >> 16))

    @on_read("DR")
    def _dr_read(self) -> int:
        direction = self["GDIR"]
        return self["DR"] & direction | self._pads & ~direction

    @on_read("PSR")
    def _psr_read(self) -> int:
        return self._pads

    @on_write("DR", "GDIR")
    def _levels_written(self, raw: int, old: int) -> None:
        self._drive()

    @on_write("DR_SET")
    def _set_written(self, raw: int, old: int) -> None:
        self["DR"] |= raw
        self._drive()

    @on_write("DR_CLEAR")
    def _clear_written(self, raw: int, old: int) -> None:
        self["DR"] &= ~raw
        self._drive()

    @on_write("DR_TOGGLE")
    def _toggle_written(self, raw: int, old: int) -> None:
        self["DR"] ^= raw
        self._drive()

    @on_write("ICR1")
    def _icr1_written(self, raw: int, old: int) -> None:
        self._look(0xFFFF)

    @on_write("ICR2")
    def _icr2_written(self, raw: int, old: int) -> None:
        self._look(0xFFFF_0000)

    @on_write("EDGE_SEL", "IMR")
    def _mask_written(self, raw: int, old: int) -> None:
        self._look(FULL)

    @on_write("ISR")
    def _isr_written(self, raw: int, old: int) -> None:
        self._look(raw)

    def _look(self, pins: int) -> None:
        self["ISR"] |= self._held(pins)
        self._update_irq()
