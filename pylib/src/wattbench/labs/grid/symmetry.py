"""Three phases that are not alike: symmetrical components, the phase sequence, a neutral that is lost."""

from __future__ import annotations

import cmath
import math
from typing import Any

from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import NEUTRAL, PHASES, Change, Channel, ChannelState
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

        The loads are taken as impedances U / I of the fundamental, as they are set at that time (Millman's theorem);
        what is set later is not moved again. Voltages and currents have to be sines.
        """
        at_ns = self._at_ns(at)
        voltages, admittances = {}, {}
        for phase in PHASES:
            states = [self._sine(Channel(phase, quantity), at_ns) for quantity in ("voltage", "current")]
            voltage = cmath.rect(states[0].rms or 0.0, math.radians(states[0].angle_deg))
            current = cmath.rect(states[1].rms or 0.0, math.radians(states[0].angle_deg - states[1].angle_deg))
            if states[1].is_open:
                current = 0j
            if voltage == 0:
                raise StimulusError(f"Losing the neutral needs a voltage on {phase} to know the load's impedance.")
            voltages[phase], admittances[phase] = voltage, current / voltage
        total = sum(admittances.values())
        if total == 0:
            raise StimulusError("Losing the neutral needs a load: without a current the star point has no place.")
        star = sum(admittances[phase] * voltages[phase] for phase in PHASES) / total
        changes = []
        for phase in PHASES:
            voltage = voltages[phase] - star
            rms, angle = _polar(voltage)
            fields: dict[str, Any] = {"rms": rms, "angle_deg": angle}
            changes.append(Change(at_ns, Channel(phase, "voltage"), fields))
            changes.append(Change(at_ns, Channel(phase, "current"), {"rms": abs(admittances[phase] * voltage)}))
        if self._has(Channel(NEUTRAL, "current")):
            changes.append(Change(at_ns, Channel(NEUTRAL, "current"), {"is_open": True}))
        self._change(changes)

    def _sine(self, channel: Channel, at_ns: int) -> ChannelState:
        state = self._state_at(channel, at_ns)
        if state.harmonics or state.shape != FULL or state.factors or state.dc or state.played is not None:
            raise StimulusError(f"Losing the neutral is worked out for sines; the {channel} is none.")
        return state
