"""A current transformer: it takes its magnetising current from what it passes on, and saturates.

Referred to the primary the secondary sees i - m, and the flux obeys dm/dt = (i - m) / tau below the knee. That is a
first-order high-pass: a lead of atan(1 / (w tau)), less for harmonics, and no DC. Above the knee the inductance is
smaller by `residual`, so m shoots up until the flux comes down again. A direct current has to come back as the mean of
m, which drives any core without a gap over its knee (IEC 62053-21, DC and even harmonics).

The flux goes on over a change of the current. Below the knee its difference to the new steady state decays with tau, in
closed form; where it comes over the knee on the way, it is followed step by step from the change until it repeats.
Steps of 1/4096 cycle with the exact exponential in each regime and straight lines between samples of the current; the
crossing of the knee is located within the step. Halving the step changes m by less than 5e-4 of its peak.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.segment import Segment
from wattbench.labs.grid.waveform import Peak, Sinusoids, Tone, Waveform

STEPS_PER_TURN = 4096


class Periodical(Protocol):
    """What a sensor has to know of a periodic quantity."""

    @property
    def period_turns(self) -> int:
        """Whole turns after which it repeats."""

    def value(self, turns: FloatArray) -> FloatArray:
        """Value at each phase."""

    def peak(self, offset: float = 0.0) -> Peak:
        """Peak of |value + offset|."""


_LONGEST_TURNS = 50
_MOST_PERIODS = 400
_NO_OFFSET = 1e-9
"""A difference to the steady state below this part of an ampere, or of the flux, is none."""
_SETTLED = 1e-6
"""A period that moves the flux by less than this, in A or parts of the knee, is the last one that is followed."""


@dataclass(frozen=True)
class CurrentTransformer:
    """Leads by `lead_deg` at `nominal_hz`; its core's knee is at a magnetising current of `knee_a` (primary, peak)."""

    lead_deg: float
    nominal_hz: float = 50.0
    knee_a: float = math.inf
    residual: float = 0.002

    def __post_init__(self) -> None:
        if not (0 < self.lead_deg < 45 and 0 < self.nominal_hz < math.inf):
            raise StimulusError(
                f"A current transformer leads by more than 0 and less than 45 degrees at a frequency above 0 Hz, not "
                f"{self.lead_deg} at {self.nominal_hz} Hz."
            )
        if not (self.knee_a > 0 and 0 < self.residual <= 1):
            raise StimulusError(
                f"The knee of a current transformer lies above 0 A, and above it remains a part of the inductance, "
                f"not {self.knee_a} A and {self.residual}."
            )

    @property
    def tau_s(self) -> float:
        """Time constant below the knee."""
        return 1 / (2 * math.pi * self.nominal_hz * math.tan(math.radians(self.lead_deg)))

    def magnetising(self, waveform: Waveform, hertz: float) -> Periodical:
        """The magnetising current in the steady state under a periodic current at a mains frequency."""
        linear = self._linear(waveform, hertz)
        if linear.peak().magnitude <= self.knee_a:
            return linear
        return self._saturated(waveform, hertz)

    def _linear(self, waveform: Waveform, hertz: float) -> Sinusoids:
        """Order by order; of a cut current to the 50th, above which m is below 1/50 of the lead's sine of it."""
        tones, dc = [], 0.0
        for order in waveform.orders:
            phasor = waveform.phasor(order)
            if order == 0:
                dc = phasor.real
                continue
            passed = phasor / (1 + 2j * math.pi * float(order) * hertz * self.tau_s)
            tones.append(Tone(order, math.sqrt(2) * abs(passed), _turns(passed)))
        return Sinusoids(tones, dc)

    def _saturated(self, waveform: Waveform, hertz: float) -> Table:
        turns = waveform.period_turns
        if turns > _LONGEST_TURNS:
            raise StimulusError(
                f"A saturating current transformer needs a current that repeats within {_LONGEST_TURNS} cycles, "
                f"not {turns}; choose other interharmonics or no knee."
            )
        points = STEPS_PER_TURN * turns
        current = waveform.value(np.arange(points) / STEPS_PER_TURN).tolist()
        step_s = 1 / (STEPS_PER_TURN * hertz)
        start, best = 0.0, math.inf
        # The map from m at the start of a period to m at its end is contracting and piecewise smooth: secant steps.
        low, low_miss = start, self._period(current, step_s, start)[-1] - start
        start = low + low_miss
        values: list[float] = []
        for _ in range(_MOST_PERIODS):
            values = self._period(current, step_s, start)
            miss = values[-1] - start
            best = abs(miss)
            if best <= 1e-10 * max(1.0, self.knee_a):
                break
            slope = (miss - low_miss) / (start - low) if start != low else -1.0
            low, low_miss = start, miss
            start = start - miss / slope if slope < -1e-6 else start + miss
        else:
            raise StimulusError(
                f"The flux of the current transformer finds no steady state; it misses by {best:.3g} A."
            )
        return Table(np.array([start, *values[:-1]]), turns)

    def settling(self, current: list[float], hertz: float, m: float) -> list[float]:
        """m from a start value on, in steps, until it repeats from one period of `current` to the next."""
        result, step_s = [m], 1 / (STEPS_PER_TURN * hertz)
        for _ in range(_MOST_PERIODS):
            values = self._period(current, step_s, result[-1])
            miss = values[-1] - result[-1]
            result += values
            if abs(miss) <= _SETTLED * max(1.0, self.knee_a if self.knee_a < math.inf else 0.0):
                break
        return result

    def _period(self, current: list[float], step_s: float, m: float) -> list[float]:
        """m after each step of one period."""
        knee, result = self.knee_a, []
        ahead = [*current[1:], current[0]]
        for here, there in zip(current, ahead, strict=True):
            left_s, at = step_s, here
            slope = (there - here) / step_s
            for _ in range(4):
                above = abs(m) > knee or (abs(m) == knee and (at - m) * m > 0)
                tau = self.tau_s * (self.residual if above else 1.0)
                # Exact under i = at + slope t: m = i - slope tau + (m0 - at + slope tau) exp(-t / tau).
                rest = m - at + slope * tau
                after = at + slope * (left_s - tau) + rest * math.exp(-left_s / tau)
                if (abs(after) > knee) == above:
                    m = after
                    break
                target = math.copysign(knee, m if above else after)
                share = (target - m) / (after - m) if after != m else 1.0
                used_s = min(max(share, 1e-9), 1.0) * left_s
                m, at, left_s = target, at + slope * used_s, left_s - used_s
                if left_s <= 0:
                    break
            result.append(m)
        return result


def _turns(phasor: complex) -> float:
    """Phase of a phasor; rounded, as the arc tangent may differ in its last bit between hosts."""
    return round(cmath.phase(phasor) / (2 * math.pi), 13)


class Table:
    """Values over whole turns with straight lines between them. A `Periodical`."""

    def __init__(self, values: FloatArray, turns: int) -> None:
        self._values = np.concatenate([values, values[:1]])
        self._steps = values.size
        self.period_turns = turns

    def value(self, turns: FloatArray) -> FloatArray:
        """Value at each phase."""
        place = (turns / self.period_turns - np.floor(turns / self.period_turns)) * self._steps
        low = np.minimum(place.astype(np.int64), self._steps - 1)
        rest = place - low
        return np.asarray(self._values[low] * (1 - rest) + self._values[low + 1] * rest)

    def peak(self, offset: float = 0.0) -> Peak:
        """Peak of |table + offset|."""
        magnitudes = np.abs(self._values + offset)
        place = int(magnitudes.argmax())
        return Peak(float(magnitudes[place]), place / self._steps * self.period_turns)


@dataclass(frozen=True)
class Magnetising:
    """The magnetising current from the start of a segment on: what is left of the flux before it, and the steady state.

    Either `offset_a` decays from the start on, or `early` has the values of the first steps, with the steady state
    after them.
    """

    steady: Periodical
    tau_s: float
    offset_a: float = 0.0
    early: FloatArray | None = None

    def value(self, segment: Segment, times_s: FloatArray) -> FloatArray:
        """Value at ascending virtual times in the segment."""
        after_s = times_s - segment.start_ns / NS_PER_S
        result = self.steady.value(segment.turns_after(after_s, self.steady.period_turns))
        if self.offset_a:
            result = result + self.offset_a * np.exp(-after_s / self.tau_s)
        if self.early is not None:
            places = after_s * (segment.frequency_hz * STEPS_PER_TURN)
            inside = places < self.early.size - 1
            result[inside] = np.interp(places[inside], np.arange(self.early.size), self.early)
        return np.asarray(result)


def magnetising_current(
    segments: Sequence[Segment], segment: Segment, channel: Channel, transformer: CurrentTransformer
) -> Magnetising:
    """What a transformer takes from a channel in a segment, one of `segments`; the first one is as it always was.

    Raises StimulusError where a segment has no steady state.
    """
    flux_a: float | None = None
    found: Magnetising | None = None
    for each in segments:
        key = (channel, transformer, "flux")
        if key not in each.kept:
            each.kept[key] = _from_flux(each, channel, transformer, flux_a)
        found = each.kept[key]
        if each is segment or each.end_ns is None:
            break
        flux_a = float(found.value(each, np.array([each.end_ns / NS_PER_S]))[0])
    assert found is not None
    return found


def _from_flux(
    segment: Segment, channel: Channel, transformer: CurrentTransformer, flux_a: float | None
) -> Magnetising:
    """What comes of a magnetising current of `flux_a` at the start of a segment; None: nothing but the steady state."""
    steady = steady_magnetising(segment, channel, transformer)
    if flux_a is None:
        return Magnetising(steady, transformer.tau_s)
    start = segment.turns_after(np.zeros(1), steady.period_turns)
    offset_a = flux_a - float(steady.value(start)[0])
    if abs(offset_a) < _NO_OFFSET * max(1.0, abs(flux_a)):
        return Magnetising(steady, transformer.tau_s)
    if isinstance(steady, Sinusoids) and steady.peak().magnitude + abs(offset_a) <= transformer.knee_a:
        return Magnetising(steady, transformer.tau_s, offset_a)
    waveform, turns = segment.waveform(channel), steady.period_turns
    phases = float(start[0]) + np.arange(STEPS_PER_TURN * turns) / STEPS_PER_TURN
    early = transformer.settling(waveform.value(phases).tolist(), segment.frequency_hz, flux_a)
    return Magnetising(steady, transformer.tau_s, early=np.array(early))


def steady_magnetising(segment: Segment, channel: Channel, transformer: CurrentTransformer) -> Periodical:
    """The steady state of a channel in a segment; raises StimulusError where there is none."""
    key = (channel, transformer)
    if key not in segment.kept:
        course = segment.course(channel)
        if course.is_recorded or any(part.factors for part in course.parts) or not segment.is_steady:
            raise StimulusError(
                f"A current transformer is modelled in its steady state, but the {channel} set from "
                f"{segment.start_ns / 1e9:.9g} s is ramped, modulated or recorded: take a shunt there."
            )
        segment.kept[key] = transformer.magnetising(segment.waveform(channel), segment.frequency_hz)
    found: Periodical = segment.kept[key]
    return found
