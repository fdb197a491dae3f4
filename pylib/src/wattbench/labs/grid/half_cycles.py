"""Urms(1/2) in closed form: exact edges from the oscillator, exact integrals of the square between them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.integrate import integral
from wattbench.labs.grid.reference.half_cycles import HalfCycles
from wattbench.labs.grid.schedule import Schedule

_SHORTEST_TURNS = 0.25
"""An edge nearer than this to the one before is that of a jump in phase, and no half cycle lies between them."""
_RECORDING_RATE_HZ = 16000.0


def edges_ns(schedule: Schedule, channel: Channel, from_ns: int, to_ns: int) -> list[int]:
    """Zero crossings of a channel's fundamental, as it is set, rising and falling, also while its voltage is off."""
    found: list[int] = []
    for segment, start_ns, end_ns in schedule.between(from_ns, to_ns):
        lead = Fraction(segment.states[channel].angle_deg) / 360
        start, end = (segment.turns_at(time_ns) + lead for time_ns in (start_ns, end_ns))
        halves = np.arange(math.ceil(2 * start), math.floor(2 * end) + 1)
        turns = np.array([float(Fraction(int(half), 2) - lead - segment.start_turns) for half in halves])
        for after_s in segment.seconds_at(turns).tolist() if turns.size else ():
            time_ns = segment.start_ns + round(after_s * NS_PER_S)
            shortest_ns = _SHORTEST_TURNS / segment.highest_hz * NS_PER_S
            if not found or time_ns - found[-1] > shortest_ns:
                found.append(time_ns)
    return found


def half_cycles(schedule: Schedule, phase: str, from_ns: int, to_ns: int, *, nominal_hz: float) -> HalfCycles:
    """Urms(1/2) of a phase voltage between two virtual times. Noise counts in expectation.

    The cycles of a recording are those of its samples, as nobody knows a closed form of them.
    """
    channel = Channel(phase, "voltage")
    spans = list(schedule.between(from_ns, to_ns))
    if any(segment.states[channel].played is not None for segment, _, _ in spans):
        count = math.floor((to_ns - from_ns) / NS_PER_S * _RECORDING_RATE_HZ)
        times_s = from_ns / NS_PER_S + np.arange(count) / _RECORDING_RATE_HZ
        values = schedule.value(channel, times_s)
        return HalfCycles.of_samples(values, _RECORDING_RATE_HZ, start_s=from_ns / NS_PER_S, nominal_hz=nominal_hz)
    edges = edges_ns(schedule, channel, from_ns, to_ns)
    if len(edges) < 3:
        raise StimulusError(
            f"Between {from_ns / NS_PER_S} s and {to_ns / NS_PER_S} s is no whole cycle of the {channel}."
        )
    squares = np.zeros(len(edges) - 1)
    starts = np.array(edges)
    for segment, start_ns, end_ns in schedule.between(edges[0], edges[-1]):
        course, noise = segment.course(channel), segment.noise(channel)
        first = max(0, int(np.searchsorted(starts, start_ns, side="right")) - 1)
        for place in range(first, len(edges) - 1):
            span = max(start_ns, edges[place]), min(end_ns, edges[place + 1])
            if span[0] >= end_ns:
                break
            if span[0] < span[1]:
                squares[place] += integral(segment, course, course, span)
                squares[place] += noise.rms**2 * (span[1] - span[0]) / NS_PER_S
    return HalfCycles.of_edges(starts / NS_PER_S, squares)
