"""The waveforms that limits name, and what of the grid lab makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wattbench.labs.grid import Grid

Apply = Callable[[Any, Sequence[str]], None]
"""Turns the sines of a grid into the waveform on some phases; the grid's newer methods are asked for by name."""


@dataclass(frozen=True)
class Waveform:
    """How a named waveform is made. `power` is its active power as part of that of the sine it is made from."""

    needs: str
    """The method of the grid that it needs."""
    apply: Apply
    power: float = 1.0
    pattern_cycles: int = 1
    """Cycles after which it repeats; energy comes unevenly within them."""
    balanced: bool = True
    """Whether three phases with it give a power that does not swing."""


def _sine(grid: Any, phases: Sequence[str]) -> None:
    pass


def _reversed_sequence(grid: Any, phases: Sequence[str]) -> None:
    for number, phase in enumerate(phases):
        grid.set_phase(phase, voltage_angle_deg=120.0 * number)


def _fifth_harmonic(grid: Any, phases: Sequence[str]) -> None:
    for phase in phases:
        grid.add_harmonic(phase, "voltage", 5, 10.0)
        grid.add_harmonic(phase, "current", 5, 40.0)


def _phase_fired(grid: Any, phases: Sequence[str]) -> None:
    for phase in phases:
        grid.fire_current(phase, 90.0)


def _burst(grid: Any, phases: Sequence[str]) -> None:
    for phase in phases:
        grid.burst_current(phase, 2, 2)


def _half_wave(grid: Any, phases: Sequence[str]) -> None:
    for phase in phases:
        grid.rectify_current(phase)


WAVEFORMS = {
    "sine": Waveform("set_phase", _sine),
    "reversed_sequence": Waveform("set_phase", _reversed_sequence),
    "fifth_harmonic": Waveform("add_harmonic", _fifth_harmonic, 1.04, balanced=False),
    "phase_fired_90": Waveform("fire_current", _phase_fired, 0.5, balanced=False),
    "burst_2_2": Waveform("burst_current", _burst, 0.5, pattern_cycles=4, balanced=False),
    "half_wave": Waveform("rectify_current", _half_wave, 0.5, balanced=False),
}
OUTSIDE = {
    "magnetic_induction": "the emulation has no magnetic fields",
    "radio_frequency_field": "the emulation has no RF fields",
    "fast_transients": "the emulation has no common-mode transients",
    "temperature": "the emulated sensors have no temperature coefficient, so nothing would differ from 23 °C",
}
"""Influences that no waveform makes, and why they cannot be run."""


def blocked(name: str) -> str:
    """Why a waveform cannot be injected, empty if it can."""
    if name in OUTSIDE:
        return OUTSIDE[name]
    if name not in WAVEFORMS:
        return f"there is no waveform `{name}`; there are {', '.join(WAVEFORMS)}"
    needs = WAVEFORMS[name].needs
    return "" if hasattr(Grid, needs) else f"the grid lab has no {needs} yet, which the waveform {name} needs"
