"""The waveforms that limits name, and what of the grid lab makes them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wattbench.core.errors import UsageError
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


def _half_wave(grid: Any, phases: Sequence[str]) -> None:
    for phase in phases:
        grid.rectify_current(phase)


def _mix(name: str) -> Apply:
    def apply(grid: Any, phases: Sequence[str]) -> None:
        for phase in phases:
            grid.set_mix(phase, name)

    return apply


def _fired(from_deg: int) -> Waveform:
    """The current flows from an angle of each half cycle on."""

    def apply(grid: Any, phases: Sequence[str]) -> None:
        for phase in phases:
            grid.fire_current(phase, float(from_deg))

    left = math.radians(180 - from_deg)
    return Waveform("fire_current", apply, (left - math.sin(2 * left) / 2) / math.pi, balanced=False)


def _burst(on_cycles: int, off_cycles: int) -> Waveform:
    """The current flows for some whole cycles, then not for some."""

    def apply(grid: Any, phases: Sequence[str]) -> None:
        for phase in phases:
            grid.burst_current(phase, on_cycles, off_cycles)

    cycles = on_cycles + off_cycles
    return Waveform("burst_current", apply, on_cycles / cycles, pattern_cycles=cycles, balanced=False)


WAVEFORMS = {
    "sine": Waveform("set_phase", _sine),
    "reversed_sequence": Waveform("set_phase", _reversed_sequence),
    "fifth_harmonic": Waveform("add_harmonic", _fifth_harmonic, 1.04, balanced=False),
    "half_wave": Waveform("rectify_current", _half_wave, 0.5, balanced=False),
    "quadriform": Waveform("set_mix", _mix("quadriform"), 0.98, balanced=False),
    "peaked": Waveform("set_mix", _mix("peaked"), 0.98, balanced=False),
}
"""Those without numbers in their name; see `waveform` for the others."""
_FAMILIES: dict[str, Callable[..., Waveform]] = {r"phase_fired_(\d+)": _fired, r"burst_(\d+)_(\d+)": _burst}
OUTSIDE = {
    "magnetic_induction": "the emulation has no magnetic fields: test it on a sample of the meter",
    "radio_frequency_field": "the emulation has no RF fields: test it on a sample of the meter",
    "fast_transients": "the emulation has no common-mode transients: test it on a sample of the meter",
}
"""Influences that no waveform makes, and why they cannot be run."""


def waveform(name: str) -> Waveform:
    """A waveform by its name: one of `WAVEFORMS`, `phase_fired_DEGREES`, `burst_ON_OFF`; raises UsageError."""
    if name in WAVEFORMS:
        return WAVEFORMS[name]
    for pattern, make in _FAMILIES.items():
        if found := re.fullmatch(pattern, name):
            numbers = [int(text) for text in found.groups()]
            if all(numbers) and (make is not _fired or numbers[0] < 180):
                return make(*numbers)
    raise UsageError(
        f"there is no waveform `{name}`; there are {', '.join(WAVEFORMS)}, phase_fired_90 and burst_2_2 with other "
        f"degrees (1 to 179) and cycles, and what an emulation has not: {', '.join(OUTSIDE)}"
    )


def blocked(name: str) -> str:
    """Why a waveform cannot be injected, empty if it can."""
    if name in OUTSIDE:
        return OUTSIDE[name]
    needs = waveform(name).needs
    return "" if hasattr(Grid, needs) else f"the grid lab has no {needs} yet, which the waveform {name} needs"
