"""A current transformer: it takes its magnetising current from what it passes on, and saturates.

Referred to the primary the secondary sees i - m, and the flux obeys dm/dt = (i - m) / tau below the knee. That is a
first-order high-pass: a lead of atan(1 / (w tau)), less for harmonics, and no DC. Above the knee the inductance is
smaller by `residual`, so m shoots up until the flux comes down again. A direct current has to come back as the mean of
m, which drives any core without a gap over its knee (IEC 62053-21, DC and even harmonics).

Here are the steady state and the way to it; `magnetising.py` puts them on the course of a current. A saturating core
is followed in steps of 1/4096 cycle with the exact exponential in each regime and straight lines between samples of the
current; the crossing of the knee is located within the step. Halving the step changes m by less than 5e-4 of its peak.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.waveform import Peak, Sinusoids, Tone, Waveform, sin_turns

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


_MOST_TONES = 12
"""Of more of them a table is made, with straight lines between its points: within 3e-7 of the magnetising current."""
_LONGEST_TURNS = 50
_MOST_PERIODS = 400
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
        linear = self.linear(waveform, hertz)
        if self.knee_a < math.inf and linear.peak().magnitude > self.knee_a:
            return self._saturated(waveform, hertz)
        if len(linear.tones) <= _MOST_TONES:
            return linear
        turns = np.arange(STEPS_PER_TURN * linear.period_turns) / STEPS_PER_TURN
        return Table(linear.value(turns), linear.period_turns)

    def linear(self, waveform: Waveform, hertz: float) -> Sinusoids:
        """The same below the knee, order by order.

        Of a cut current to the 50th, above which m is below 1/50 of the lead's sine of it.
        """
        tones, dc = [], 0.0
        for order in waveform.orders:
            phasor = waveform.phasor(order)
            if order == 0:
                dc = phasor.real
                continue
            passed = phasor / (1 + 2j * math.pi * float(order) * hertz * self.tau_s)
            tones.append(Tone(order, math.sqrt(2) * abs(passed), _turns(passed)))
        return Sinusoids(tones, dc)

    def linear_at(self, waveform: Waveform, turns: FloatArray, hertz: FloatArray) -> FloatArray:
        """The same at phases of an oscillator whose frequency moves, as if it had each of them for long."""
        result = np.zeros_like(turns)
        for order in waveform.orders:
            phasor = waveform.phasor(order)
            if order == 0:
                result += phasor.real
                continue
            slip = 2 * math.pi * float(order) * self.tau_s * hertz
            share = math.sqrt(2) / (1 + slip * slip)
            at = float(order) * turns
            result += share * (phasor.real + slip * phasor.imag) * sin_turns(at)
            result += share * (phasor.imag - slip * phasor.real) * sin_turns(at + 0.25)
        return result

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
