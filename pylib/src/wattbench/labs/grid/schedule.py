"""What the mains does in virtual time: changes at exact instants, and the segments between them."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.labs.grid.channels import NEUTRAL, PHASES, QUANTITIES, Change, Channel, ChannelState
from wattbench.labs.grid.segment import Segment

SegmentFunction = Callable[[Segment, FloatArray, NDArray[np.int64]], FloatArray]


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
            states, ramp, swing = dict(last.states), last.ramp, last.swing
            frequency_hz = last.frequency_hz if ramp is None else ramp.hz_at(change.at_ns)
            since = {**last.since, **dict.fromkeys(_touched(change, states), change.at_ns)}
            if change.channel is None:
                frequency_hz = change.fields.get("frequency_hz", frequency_hz)
                ramp, swing = change.fields.get("ramp", ramp), change.fields.get("swing", swing)
            else:
                states[change.channel] = _applied(states[change.channel], change)
            if change.at_ns == last.start_ns:
                segments.pop()
            else:
                segments[-1] = dataclasses.replace(last, end_ns=change.at_ns)
            start_turns = last.turns_at(change.at_ns)
            segments.append(Segment(change.at_ns, None, frequency_hz, start_turns, states, since, ramp, swing))
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
        return self.evaluate(lambda segment, at_s, at_ns: segment.value(channel, at_s, at_ns), times_s)

    def evaluate(self, function: SegmentFunction, times_s: FloatArray) -> FloatArray:
        """A function of segment and virtual times (s and ns) at ascending times, each with the segment it lies in."""
        times_ns = np.rint(times_s * NS_PER_S).astype(np.int64)
        first, last = self.index_at(int(times_ns[0])), self.index_at(int(times_ns[-1]))
        if first == last:
            return function(self.segments[first], times_s, times_ns)
        cuts = [*np.searchsorted(times_ns, self._starts[first + 1 : last + 1]), times_ns.size]
        result, start = np.empty_like(times_s), 0
        for segment, stop in zip(self.segments[first : last + 1], cuts, strict=True):
            if start < stop:
                result[start:stop] = function(segment, times_s[start:stop], times_ns[start:stop])
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


def _applied(state: ChannelState, change: Change) -> ChannelState:
    updated = dict(change.fields)
    if "harmonics" in updated:
        merged = {**state.harmonics, **updated["harmonics"]}
        updated["harmonics"] = {order: harmonic for order, harmonic in merged.items() if harmonic.ratio != 0}
    if "only_harmonics" in updated:
        updated["harmonics"] = updated.pop("only_harmonics")
    alive = tuple(transient for transient in state.transients if transient.end_ns > change.at_ns)
    updated["transients"] = (*alive, *updated.get("transients", ()))
    return dataclasses.replace(state, **updated)
