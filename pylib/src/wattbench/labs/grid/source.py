"""The mains as one converter sees it: volts at its pins, and evidence of what it has asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.front_end import FrontEnd
from wattbench.labs.grid.schedule import Schedule
from wattbench.labs.grid.segment import Segment

_NOTHING_V = 1e-12
"""A stimulus below this at the pin, such as the neutral current of a balanced load, needs no evidence."""


@dataclass
class Pin:
    """One input of a converter that is wired to the mains."""

    afe: str
    input_name: str
    channel: Channel
    front_end: FrontEnd
    ranges_v: Mapping[str, float]
    """For each input of the converter the largest magnitude that it turns into a code, as it is set at present."""

    @property
    def full_scale_v(self) -> float:
        """That of this input."""
        return self.ranges_v[self.input_name]


@dataclass
class Sampled:
    """What a converter has asked on one input since one change; samples asked anew count anew."""

    first_ns: int
    samples: int = 0
    clipped: int = 0
    """Samples at which the sensor itself was at its `clip_v`."""


class AfeSource:
    """The `AnalogSource` of one converter. Inputs that are not wired to the mains are at 0 V."""

    def __init__(self, schedule: Schedule, pins: list[Pin]) -> None:
        self.schedule = schedule
        self.pins = {pin.input_name: pin for pin in pins}
        self.evidence: dict[str, dict[int, Sampled]] = {pin.input_name: {} for pin in pins}
        """By input and time (ns) of the change from which on its channel is what it is."""

    def volts(self, input_name: str, times_s: FloatArray) -> FloatArray:
        """See `AnalogSource.volts`."""
        pin = self.pins.get(input_name)
        if pin is None or times_s.size == 0:
            return np.zeros_like(times_s)
        front_end = pin.front_end
        times_ns = np.rint(times_s * NS_PER_S).astype(np.int64)
        volts = front_end.pin_volts(front_end.line(self.schedule, pin.channel, times_s), times_ns)
        first = self.schedule.index_at(int(times_ns[0]) - front_end.delay_ns)
        last = self.schedule.index_at(int(times_ns[-1]) - front_end.delay_ns)
        for segment in self.schedule.segments[first : last + 1]:
            self._record(pin, segment, times_ns - front_end.delay_ns, volts)
        return volts

    def _record(self, pin: Pin, segment: Segment, line_ns: NDArray[np.int64], volts: FloatArray) -> None:
        start = int(np.searchsorted(line_ns, segment.start_ns)) if segment.start_ns else 0
        stop = line_ns.size if segment.end_ns is None else int(np.searchsorted(line_ns, segment.end_ns))
        if start < stop:
            first_ns = int(line_ns[start]) + pin.front_end.delay_ns
            sampled = self.evidence[pin.input_name].setdefault(segment.since[pin.channel], Sampled(first_ns))
            sampled.samples += stop - start
            if pin.front_end.clip_v < math.inf:
                sampled.clipped += int(np.count_nonzero(np.abs(volts[start:stop]) >= pin.front_end.clip_v))

    def change(self, schedule: Schedule, at_ns: int) -> None:
        """Go on with `schedule`, which is different at and after `at_ns`; the evidence from there on is void."""
        self.schedule = schedule
        for by_segment in self.evidence.values():
            for start_ns in [start for start in by_segment if start >= at_ns]:
                del by_segment[start_ns]

    def require_sampled(self, segment: Segment, now_ns: int) -> None:
        """Raise StimulusError if an input that carries something in `segment` was not sampled up to now, or clipped."""
        for pin in self.pins.values():
            since_ns = segment.since[pin.channel]
            sampled = self.evidence[pin.input_name].get(since_ns)
            content_v = abs(pin.front_end.gain) * segment.course(pin.channel).size
            if content_v > _NOTHING_V and (sampled is None or sampled.first_ns > now_ns):
                raise StimulusError(
                    f"The {pin.channel} set from {since_ns / NS_PER_S:.9g} s on was never sampled "
                    f"by {pin.afe} at {pin.input_name}: check that the firmware reads this converter."
                )
            if sampled is not None and sampled.clipped:
                raise StimulusError(
                    f"The {pin.channel} set from {since_ns / NS_PER_S:.9g} s on was clipped by its sensor at "
                    f"{pin.front_end.clip_v:.6g} V in {sampled.clipped} of {sampled.samples} samples, so nothing can "
                    f"be judged: inject less."
                )


def require_in_range(pin: Pin, segment: Segment) -> None:
    """Raise StimulusError if a segment drives `pin` beyond the range of its converter."""
    peak = pin.front_end.pin_peak(segment, pin.channel)
    if peak.magnitude <= pin.full_scale_v:
        return
    period = segment.course(pin.channel).period_turns
    after_s = (peak.at_turns - float(segment.start_turns % period)) % period / segment.frequency_hz
    at_s = segment.start_ns / NS_PER_S + pin.front_end.delay_us * 1e-6 + after_s
    unit, gain = pin.channel.unit, abs(pin.front_end.gain)
    in_line_units = (
        f" ({peak.magnitude / gain:.6g} of at most {pin.full_scale_v / gain:.6g} {unit} peak)" if gain else ""
    )
    raise StimulusError(
        f"The {pin.channel} set from {segment.start_ns / NS_PER_S:.9g} s peaks at {peak.magnitude:.6g} V on "
        f"{pin.afe} {pin.input_name} at {at_s:.9g} s, beyond the converter's {pin.full_scale_v:.6g} V"
        f"{in_line_units}: inject less."
    )
