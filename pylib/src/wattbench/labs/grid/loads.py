"""Loads that are no sines, and the harmonic mixes of the standards."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files

from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import QUANTITIES, Channel, Harmonic
from wattbench.labs.grid.settable import Settable, Time
from wattbench.labs.grid.waveforms.shapes import FULL, Burst, HalfWave, PhaseFired, Shape, Square


@cache
def mixes() -> Mapping[str, Mapping[str, Mapping[Fraction, Harmonic]]]:
    """Harmonic mixes by name and quantity."""
    text = files("wattbench.labs.grid").joinpath("mixes.toml").read_text(encoding="utf-8")
    return {
        name: {
            quantity: {Fraction(order): Harmonic(percent / 100, deg) for order, percent, deg in mix[quantity]}
            for quantity in QUANTITIES
        }
        for name, mix in tomllib.loads(text).items()
    }


class Loads(Settable):
    """See `Grid`: what the loads make of the sine."""

    def set_shape(self, phase: str, quantity: str, shape: Shape, at: Time = None) -> None:
        """Cut the sine and the harmonics of a channel; see `waveforms.shapes`."""
        self._set_all([Channel(phase, quantity)], at, shape=shape)

    def fire_current(self, phase: str, from_deg: float, to_deg: float = 180.0, at: Time = None) -> None:
        """Let the current flow from `from_deg` to `to_deg` of each of its half cycles only."""
        self.set_shape(phase, "current", PhaseFired(from_deg, to_deg), at)

    def rectify_current(self, phase: str, *, positive: bool = True, at: Time = None) -> None:
        """Let only the positive (or negative) half cycles of the current flow."""
        self.set_shape(phase, "current", HalfWave(positive), at)

    def burst_current(self, phase: str, on_cycles: int = 2, off_cycles: int = 2, at: Time = None) -> None:
        """Let the current flow for `on_cycles` whole cycles, then not for `off_cycles`."""
        self.set_shape(phase, "current", Burst(on_cycles, off_cycles), at)

    def set_square(self, phase: str, quantity: str, at: Time = None) -> None:
        """Make the fundamental of a channel a square wave of the same RMS value."""
        self.set_shape(phase, quantity, Square(), at)

    def restore_sine(self, phase: str, quantity: str, at: Time = None) -> None:
        """End what `set_shape` and its like began."""
        self.set_shape(phase, quantity, FULL, at)

    def set_mix(self, phase: str, name: str, at: Time = None) -> None:
        """Give voltage and current of a phase the harmonics of a standard's test, and no others.

        There are `none`, `fifth` (IEC 62053-21), `quadriform` and `peaked` (OIML R46).
        """
        if name not in mixes():
            raise StimulusError(f"There is no mix of harmonics {name!r}; there are {', '.join(mixes())}.")
        for quantity in QUANTITIES:
            self._set_all([Channel(phase, quantity)], at, only_harmonics=dict(mixes()[name][quantity]))
