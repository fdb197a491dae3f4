"""What the mains does in virtual time: changes at exact instants, and the stationary segments between them.

Convention (IEC 61557-12, IEC 62053-23; consumer's view): currents count positive towards the load. The current of a
phase lags its voltage by `angle_deg`: u = sqrt(2) U sin(x), i = sqrt(2) I sin(x - angle). An inductive load has a
positive angle: active and reactive energy are both imported, quadrant I. Capacitive: quadrant IV; a reversed
inductive load: quadrant III. The phase sequence is L1, L2 (-120 deg), L3 (-240 deg). The neutral's current is the sum
of the phase currents, counted from the load back to the source, unless a current is set for N.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.labs.grid.noise import NO_NOISE, Noise
from wattbench.labs.grid.waveform import Sinusoids, Tone, Waveform

PHASES = ("L1", "L2", "L3")
NEUTRAL = "N"
FUNDAMENTAL = Fraction(1)
QUANTITIES = ("voltage", "current")


class Channel(NamedTuple):
    """One quantity of the mains: phase L1, L2, L3 or N; quantity voltage or current."""

    phase: str
    quantity: str

    def __str__(self) -> str:
        return f"{self.quantity} of {self.phase}"

    @property
    def unit(self) -> str:
        """V or A."""
        return "V" if self.quantity == "voltage" else "A"


@dataclass(frozen=True)
class Harmonic:
    """A harmonic (or, with a broken order, interharmonic) of a channel.

    `ratio` is relative to the RMS of the fundamental; with `phase_deg` 0 it goes through zero upwards where the
    fundamental of the same channel does.
    """

    ratio: float
    phase_deg: float = 0.0


@dataclass(frozen=True)
class ChannelState:
    """Everything that is set for one channel; `None` as the RMS of the neutral's current: the sum of the phases."""

    rms: float | None = 0.0
    angle_deg: float = 0.0
    """Of a voltage: its lead on the oscillator. Of a current: its lag on the voltage of its phase."""
    dc: float = 0.0
    noise: Noise = NO_NOISE
    reversed: bool = False
    """Both connections swapped: everything but the noise changes its sign."""
    is_open: bool = False
    """The circuit is open: nothing but 0."""
    harmonics: Mapping[Fraction, Harmonic] = field(default_factory=dict)

    def tones(self, angle_deg: float) -> list[Tone]:
        """Fundamental and harmonics with the fundamental at `angle_deg` on the oscillator."""
        amplitude = math.sqrt(2) * (self.rms or 0.0) * (-1 if self.reversed else 1)
        phase = angle_deg / 360
        return [
            Tone(FUNDAMENTAL, amplitude, phase),
            *(
                Tone(order, amplitude * harmonic.ratio, float(order) * phase + harmonic.phase_deg / 360)
                for order, harmonic in self.harmonics.items()
            ),
        ]


@dataclass(frozen=True)
class Change:
    """At `at_ns` these fields of a channel's state get new values (`channel` None: `frequency_hz`).

    `harmonics` is merged by order, a harmonic of ratio 0 is taken away.
    """

    at_ns: int
    channel: Channel | None
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Segment:
    """A stretch of time in which nothing changes, with the oscillator's phase at its start."""

    start_ns: int
    end_ns: int | None
    frequency_hz: float
    start_turns: Fraction
    states: Mapping[Channel, ChannelState]
    since: Mapping[Channel, int]
    """For each channel the time (ns) of the last change that makes it what it is here."""

    @cached_property
    def _waveforms(self) -> dict[Channel, Waveform]:
        return {}

    def waveform(self, channel: Channel) -> Waveform:
        """The closed form of a channel, without its noise."""
        if channel not in self._waveforms:
            self._waveforms[channel] = self._build(channel)
        return self._waveforms[channel]

    def _build(self, channel: Channel) -> Waveform:
        state = self.states[channel]
        if state.is_open:
            return Sinusoids()
        if state.rms is None:
            parts = [
                part for phase in PHASES if isinstance(part := self.waveform(Channel(phase, "current")), Sinusoids)
            ]
            return Sinusoids((tone for part in parts for tone in part.tones), sum(part.dc for part in parts))
        angle_deg = state.angle_deg
        if channel.quantity == "current":
            angle_deg = self.states[Channel(channel.phase, "voltage")].angle_deg - angle_deg
        return Sinusoids(state.tones(angle_deg), -state.dc if state.reversed else state.dc)

    def noise(self, channel: Channel) -> Noise:
        """The noise on a channel."""
        state = self.states[channel]
        return NO_NOISE if state.is_open else state.noise

    def turns_at(self, time_ns: int) -> Fraction:
        """The oscillator's exact phase at a virtual time."""
        return self.start_turns + Fraction(self.frequency_hz) * (time_ns - self.start_ns) / NS_PER_S

    def value(self, channel: Channel, times_s: FloatArray, times_ns: NDArray[np.int64]) -> FloatArray:
        """The channel at virtual times of this segment (given in both units), in V or A."""
        waveform = self.waveform(channel)
        start = float(self.start_turns % waveform.period_turns)
        values = waveform.value((times_s - self.start_ns / NS_PER_S) * self.frequency_hz + start)
        noise = self.noise(channel)
        return values + noise.value(times_ns) if noise.rms else values


class Schedule:
    """All changes, past and future. It never changes itself: `with_changes` gives a new one."""

    def __init__(self, segments: list[Segment], changes: tuple[Change, ...] = ()) -> None:
        """`segments` without a gap from 0 on, the last one open; `changes` those that made them, by time."""
        self.segments, self.changes = segments, changes
        self._starts = [segment.start_ns for segment in segments]

    @staticmethod
    def idle(frequency_hz: float) -> Schedule:
        """No voltage and no current from power-on."""
        states = {Channel(phase, quantity): ChannelState() for phase in (*PHASES, NEUTRAL) for quantity in QUANTITIES}
        for number, phase in enumerate(PHASES):
            states[Channel(phase, "voltage")] = ChannelState(angle_deg=-120.0 * number)
        states[Channel(NEUTRAL, "current")] = ChannelState(rms=None)
        return Schedule([Segment(0, None, frequency_hz, Fraction(0), states, dict.fromkeys(states, 0))])

    def with_changes(self, new: list[Change]) -> Schedule:
        """The same with more changes; of one field the last in time counts, then the last given."""
        if not new:
            return self
        changes = tuple(sorted((*self.changes, *new), key=lambda change: change.at_ns))
        first_ns = min(change.at_ns for change in new)
        keep = bisect.bisect_right(self._starts, first_ns)
        segments = self.segments[:keep]
        # Changes at the very start of the last kept segment are carried out again, so that the order of giving holds.
        position = bisect.bisect_left(changes, first_ns, key=lambda change: change.at_ns)
        for change in changes[position:]:
            last = segments[-1]
            states, frequency_hz = dict(last.states), last.frequency_hz
            since = {**last.since, **dict.fromkeys(_touched(change, states), change.at_ns)}
            if change.channel is None:
                frequency_hz = change.fields["frequency_hz"]
            else:
                states[change.channel] = _applied(states[change.channel], change.fields)
            if change.at_ns == last.start_ns:
                segments.pop()
            else:
                segments[-1] = dataclasses.replace(last, end_ns=change.at_ns)
            start_turns = last.turns_at(change.at_ns)
            segments.append(Segment(change.at_ns, None, frequency_hz, start_turns, states, since))
        return Schedule(segments, changes)

    def index_at(self, time_ns: int) -> int:
        """Number of the segment that holds a virtual time; what lies before 0 belongs to the first."""
        return max(0, bisect.bisect_right(self._starts, time_ns) - 1)

    def between(self, from_ns: int, to_ns: int) -> Iterator[tuple[Segment, int, int]]:
        """The segments that make up a range, each with the part of it that counts."""
        for segment in self.segments[self.index_at(from_ns) :]:
            if segment.start_ns >= to_ns:
                return
            end_ns = to_ns if segment.end_ns is None else min(to_ns, segment.end_ns)
            if (start_ns := max(from_ns, segment.start_ns)) < end_ns:
                yield segment, start_ns, end_ns

    def value(self, channel: Channel, times_s: FloatArray) -> FloatArray:
        """A channel at ascending virtual times, noise included. Edges act at the nearest nanosecond."""
        times_ns = np.rint(times_s * NS_PER_S).astype(np.int64)
        first, last = self.index_at(int(times_ns[0])), self.index_at(int(times_ns[-1]))
        if first == last:
            return self.segments[first].value(channel, times_s, times_ns)
        cuts = [*np.searchsorted(times_ns, self._starts[first + 1 : last + 1]), times_ns.size]
        result, start = np.empty_like(times_s), 0
        for segment, stop in zip(self.segments[first : last + 1], cuts, strict=True):
            if start < stop:
                result[start:stop] = segment.value(channel, times_s[start:stop], times_ns[start:stop])
                start = stop
        return result


def _touched(change: Change, states: Mapping[Channel, ChannelState]) -> set[Channel]:
    """The channels whose course a change alters: a current moves with the angle of its voltage, N with the sum."""
    if change.channel is None:
        return set(states)
    touched = {change.channel}
    if "angle_deg" in change.fields:
        touched.add(Channel(change.channel.phase, "current"))
    neutral = Channel(NEUTRAL, "current")
    if states[neutral].rms is None and any(channel.quantity == "current" for channel in touched):
        touched.add(neutral)
    return touched


def _applied(state: ChannelState, fields: Mapping[str, Any]) -> ChannelState:
    updated = dict(fields)
    if "harmonics" in updated:
        merged = {**state.harmonics, **updated["harmonics"]}
        updated["harmonics"] = {order: harmonic for order, harmonic in merged.items() if harmonic.ratio != 0}
    return dataclasses.replace(state, **updated)
