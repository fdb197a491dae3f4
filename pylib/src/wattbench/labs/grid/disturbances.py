"""What happens to a mains over time: ramps, modulation, flicker, dips, swells, interruptions, transients."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import numpy as np

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError, UsageError
from wattbench.labs.grid.channels import Change, Channel
from wattbench.labs.grid.oscillator import FrequencyRamp, FrequencySwing
from wattbench.labs.grid.settable import Settable, Time, finite, positive_ns
from wattbench.labs.grid.waveforms.factors import Modulation, Ramp
from wattbench.labs.grid.waveforms.transient import Transient

Duration = float | int | str | Fraction


class Disturbances(Settable):
    """See `Grid`: what happens over time. A `phase` of None stands for all measured phases."""

    def ramp_phase(
        self,
        phase: str | None,
        voltage_v: float | None = None,
        current_a: float | None = None,
        *,
        duration_s: Duration,
        at: Time = None,
    ) -> None:
        """Take the RMS of voltage or current (harmonics along with it) in a straight line to a new value."""
        from_ns = self._at_ns(at)
        to_ns = from_ns + positive_ns(duration_s, "A ramp")
        changes = []
        for name in self._phases(phase):
            for quantity, target in (("voltage", voltage_v), ("current", current_a)):
                if target is not None:
                    changes += self._ramp(Channel(name, quantity), float(target), from_ns, to_ns)
        if not changes:
            raise UsageError("A ramp needs a voltage or a current to go to.")
        self._change(sorted(changes, key=lambda change: change.at_ns))

    def _ramp(self, channel: Channel, target: float, from_ns: int, to_ns: int) -> list[Change]:
        state = self._state_at(channel, from_ns)
        finite(f"A ramp of the {channel}", target)
        if state.rms is None or target < 0:
            raise StimulusError(f"The {channel} needs an RMS of its own, from 0 on, to be ramped from {state.rms}.")
        now = state.rms
        if state.ramp is not None:
            now *= float(state.ramp.value(np.array([from_ns / NS_PER_S]))[0])
        top = max(target, now)
        if top == 0:
            return []
        ramp = Ramp(from_ns, to_ns, now / top, target / top)
        begin = Change(from_ns, channel, {"rms": top, "ramp": ramp, "is_open": False})
        return [begin, Change(to_ns, channel, {"rms": target, "ramp": None})]

    def ramp_frequency(self, frequency_hz: float, *, duration_s: Duration, at: Time = None) -> None:
        """Take the frequency of all phases in a straight line to a new value; the phase angle is its integral."""
        from_ns = self._at_ns(at)
        to_ns = from_ns + positive_ns(duration_s, "A ramp of the frequency")
        finite("A ramp of the frequency", frequency_hz)
        if frequency_hz <= 0:
            raise StimulusError(f"The mains needs a frequency above 0 Hz, not {frequency_hz}.")
        segment = self._segment_at(from_ns)
        now_hz = segment.frequency_hz if segment.ramp is None else segment.ramp.hz_at(from_ns)
        ramp = FrequencyRamp(from_ns, to_ns, now_hz, float(frequency_hz))
        self._change(
            [
                Change(from_ns, None, {"frequency_hz": now_hz, "ramp": ramp}),
                Change(to_ns, None, {"frequency_hz": float(frequency_hz), "ramp": None}),
            ]
        )

    def swing_frequency(self, deviation_hz: float, rate_hz: float, at: Time = None) -> None:
        """Let the frequency of all phases swing by `deviation_hz` to both sides, `rate_hz` times a second (0: end)."""
        at_ns = self._at_ns(at)
        swing = FrequencySwing(deviation_hz, rate_hz, at_ns) if deviation_hz else None
        self._change([Change(at_ns, None, {"swing": swing})])

    def modulate(
        self,
        phase: str | None,
        quantity: str,
        depth_percent: float,
        rate_hz: float,
        *,
        form: Literal["sine", "square"] = "sine",
        at: Time = None,
    ) -> None:
        """Modulate the amplitude of a channel by `depth_percent` to both sides, `rate_hz` times a second (0: end)."""
        at_ns = self._at_ns(at)
        modulation = Modulation(depth_percent / 100, rate_hz, at_ns, form) if depth_percent else None
        channels = [Channel(name, quantity) for name in self._phases(phase)]
        self._set_all(channels, Fraction(at_ns, NS_PER_S), modulation=modulation)

    def flicker(self, phase: str | None, change_percent: float, changes_per_minute: float, at: Time = None) -> None:
        """Change the voltage up and down by `change_percent` of its mean, so often a minute (IEC 61000-4-15)."""
        self.modulate(phase, "voltage", change_percent / 2, changes_per_minute / 120, form="square", at=at)

    def dip(
        self,
        phase: str | None,
        residual_percent: float,
        duration_s: Duration,
        *,
        angle_deg: float | None = None,
        at: Time = None,
    ) -> None:
        """Bring the voltage to `residual_percent` for a time: a dip, above 100 a swell, 0 an interruption.

        With `angle_deg` it begins at the first time from `at` on at which the phase's own fundamental has that angle.
        """
        finite("A dip", residual_percent)
        if residual_percent < 0:
            raise StimulusError(f"A dip leaves from 0 % on, not {residual_percent}.")
        length_ns = positive_ns(duration_s, "A dip")
        changes = []
        for name in self._phases(phase):
            channel = self._wired(Channel(name, "voltage"))
            from_ns = self._at_ns(at) if angle_deg is None else self._angle_ns(name, angle_deg, self._at_ns(at))
            changes += [
                Change(from_ns, channel, {"level": residual_percent / 100}),
                Change(from_ns + length_ns, channel, {"level": 1.0}),
            ]
        self._change(sorted(changes, key=lambda change: change.at_ns))

    def interrupt(self, phase: str | None, duration_s: Duration, at: Time = None) -> None:
        """Take the voltage away for a time."""
        self.dip(phase, 0.0, duration_s, at=at)

    def add_transient(
        self,
        phase: str,
        quantity: str,
        peak: float,
        decay_s: float,
        *,
        rise_s: float = 0.0,
        ring_hz: float = 0.0,
        at: Time = None,
    ) -> None:
        """Add a surge or a ringing of `peak` V or A that fades with the time constant `decay_s`; see `Transient`."""
        at_ns, channel = self._at_ns(at), self._wired(Channel(phase, quantity))
        transient = Transient(at_ns, float(peak), float(decay_s), float(rise_s), float(ring_hz))
        # The empty change at its end gives the channel its plain, fast form back.
        self._change([Change(at_ns, channel, {"transients": (transient,)}), Change(transient.end_ns, channel, {})])

    def time_of_angle(self, phase: str, angle_deg: float, at: Time = None) -> Fraction:
        """The first virtual time (s) from `at` on at which the voltage of a phase has an angle (0: upward zero)."""
        return Fraction(self._angle_ns(phase, angle_deg, self._at_ns(at)), NS_PER_S)

    def _angle_ns(self, phase: str, angle_deg: float, at_ns: int) -> int:
        finite("An angle", angle_deg)
        segment = self._segment_at(at_ns)
        state = segment.states[self._wired(Channel(phase, "voltage"))]
        wanted = (Fraction(angle_deg) - Fraction(state.angle_deg)) / 360
        turns = wanted + -((wanted - segment.turns_at(at_ns)) // 1)
        after_s = float(segment.seconds_at(np.array([float(turns - segment.start_turns)]))[0])
        found_ns = segment.start_ns + round(after_s * NS_PER_S)
        if segment.end_ns is not None and found_ns > segment.end_ns:
            return self._angle_ns(phase, angle_deg, segment.end_ns)
        return max(found_ns, at_ns)
