"""Three phases that are not alike: symmetrical components, the phase sequence, a neutral that is lost."""

from __future__ import annotations

import cmath
import math
from fractions import Fraction
from typing import Any

from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import (
    FUNDAMENTAL,
    NEUTRAL,
    PHASES,
    QUANTITIES,
    Change,
    Channel,
    ChannelState,
    Harmonic,
)
from wattbench.labs.grid.settable import Settable, Time, finite
from wattbench.labs.grid.waveforms.shapes import FULL

_TURN = cmath.rect(1.0, 2 * math.pi / 3)


def _polar(value: complex) -> tuple[float, float]:
    """Magnitude and angle in degrees; rounded, as the arc tangent may differ in its last bit between hosts."""
    return abs(value), round(math.degrees(cmath.phase(value)), 12)


class Symmetry(Settable):
    """See `Grid`: what is between the phases."""

    def set_unbalance(
        self,
        voltage_v: float,
        negative_percent: float = 0.0,
        zero_percent: float = 0.0,
        *,
        negative_deg: float = 0.0,
        zero_deg: float = 0.0,
        at: Time = None,
    ) -> None:
        """Set the three voltages by their symmetrical components (IEC 61000-4-30).

        `voltage_v` is the positive sequence, the others are in percent of it and in degrees ahead of it, all in L1.
        """
        finite("An unbalance", voltage_v, negative_percent, zero_percent, negative_deg, zero_deg)
        positive = complex(voltage_v)
        negative = cmath.rect(voltage_v * negative_percent / 100, math.radians(negative_deg))
        zero = cmath.rect(voltage_v * zero_percent / 100, math.radians(zero_deg))
        at_ns, changes = self._at_ns(at), []
        for number, phase in enumerate(PHASES):
            rms, angle = _polar(zero + positive * _TURN ** (-number) + negative * _TURN**number)
            channel = self._wired(Channel(phase, "voltage"))
            changes.append(Change(at_ns, channel, {"rms": rms, "angle_deg": angle, "ramp": None}))
        self._change(changes)

    def reverse_sequence(self, at: Time = None) -> None:
        """Swap the angles of L2 and L3; the currents go with their voltages."""
        at_ns = self._at_ns(at)
        two, three = Channel("L2", "voltage"), Channel("L3", "voltage")
        angles = {channel: self._state_at(channel, at_ns).angle_deg for channel in (two, three)}
        self._change(
            [
                Change(at_ns, two, {"angle_deg": angles[three]}),
                Change(at_ns, three, {"angle_deg": angles[two]}),
            ]
        )

    def lose_neutral(self, at: Time = None) -> None:
        """Cut the neutral between the source and the meter: the star point of the loads floats.

        The loads are taken as impedances R + jX by U / I of the fundamental, as they are set at that time (Millman's
        theorem, order by order: an inductance grows with the order, a capacitance falls). What is set later is not
        moved again. Currents have to be sines, voltages sines and harmonics.
        """
        at_ns = self._at_ns(at)
        voltages, loads = {}, {}
        for phase in PHASES:
            voltage, current = (self._linear(Channel(phase, quantity), at_ns) for quantity in ("voltage", "current"))
            voltages[phase] = _phasors(voltage)
            if not voltages[phase][FUNDAMENTAL]:
                raise StimulusError(f"Losing the neutral needs a voltage on {phase} to know the load's impedance.")
            lagging = cmath.rect(current.rms or 0.0, math.radians(voltage.angle_deg - current.angle_deg))
            loads[phase] = 0j if current.is_open else lagging / voltages[phase][FUNDAMENTAL]
        if not any(loads.values()):
            raise StimulusError("Losing the neutral needs a load: without a current the star point has no place.")
        found: dict[Channel, dict[Fraction, complex]] = {
            Channel(phase, quantity): {} for phase in PHASES for quantity in QUANTITIES
        }
        for order in sorted({order for phasors in voltages.values() for order in phasors}):
            admittances = {phase: _admittance(loads[phase], order) for phase in PHASES}
            source = {phase: voltages[phase].get(order, 0j) for phase in PHASES}
            star = sum(admittances[phase] * source[phase] for phase in PHASES) / sum(admittances.values())
            for phase in PHASES:
                found[Channel(phase, "voltage")][order] = source[phase] - star
                found[Channel(phase, "current")][order] = admittances[phase] * (source[phase] - star)
        changes = [Change(at_ns, channel, _fields(channel, phasors)) for channel, phasors in found.items()]
        if self._has(Channel(NEUTRAL, "current")):
            changes.append(Change(at_ns, Channel(NEUTRAL, "current"), {"is_open": True}))
        self._change(changes)

    def _linear(self, channel: Channel, at_ns: int) -> ChannelState:
        """The state of a channel that linear loads can have."""
        state = self._state_at(channel, at_ns)
        distorted = state.harmonics and channel.quantity == "current"
        if distorted or state.shape != FULL or state.factors or state.dc or state.played is not None:
            allowed = "sines" if channel.quantity == "current" else "sines and harmonics"
            raise StimulusError(f"Losing the neutral is worked out for {allowed}; the {channel} is something else.")
        return state


def _phasors(voltage: ChannelState) -> dict[Fraction, complex]:
    """RMS phasor of each order against the oscillator."""
    rms, angle_deg = voltage.rms or 0.0, voltage.angle_deg
    found = {FUNDAMENTAL: cmath.rect(rms, math.radians(angle_deg))}
    for order, harmonic in voltage.harmonics.items():
        found[order] = cmath.rect(rms * harmonic.ratio, math.radians(float(order) * angle_deg + harmonic.phase_deg))
    return found


def _admittance(load: complex, order: Fraction) -> complex:
    """That of a load at an order, from its admittance at the fundamental."""
    if not load:
        return 0j
    impedance = 1 / load
    factor = float(order) if impedance.imag > 0 else 1 / float(order)
    return 1 / complex(impedance.real, impedance.imag * factor)


def _fields(channel: Channel, phasors: dict[Fraction, complex]) -> dict[str, Any]:
    """Magnitude, angle and harmonics of a channel; the angle of a current to its voltage stays that of its load."""
    rms, angle_deg = _polar(phasors[FUNDAMENTAL])
    harmonics = {}
    for order, phasor in phasors.items():
        if order != FUNDAMENTAL and rms:
            magnitude, phase_deg = _polar(phasor)
            harmonics[order] = Harmonic(magnitude / rms, round(phase_deg - float(order) * angle_deg, 12))
    fields = {"rms": rms, "only_harmonics": harmonics}
    return fields if channel.quantity == "current" else {**fields, "angle_deg": angle_deg}
