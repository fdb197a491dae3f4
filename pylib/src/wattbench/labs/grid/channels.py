"""The channels of the mains, and everything that can be set for one of them.

Convention (IEC 61557-12, IEC 62053-23; consumer's view): currents count positive towards the load. The current of a
phase lags its voltage by `angle_deg`: u = sqrt(2) U sin(x), i = sqrt(2) I sin(x - angle). An inductive load has a
positive angle: active and reactive energy are both imported, quadrant I. Capacitive: quadrant IV; a reversed
inductive load: quadrant III. The phase sequence is L1, L2 (-120 deg), L3 (-240 deg). The neutral's current is the sum
of the phase currents, counted from the load back to the source, unless a current is set for N.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from wattbench.labs.grid.course import Played
from wattbench.labs.grid.noise import NO_NOISE, Noise
from wattbench.labs.grid.waveform import Tone
from wattbench.labs.grid.waveforms.factors import Factor, Level, Modulation, Ramp
from wattbench.labs.grid.waveforms.shapes import FULL, Shape
from wattbench.labs.grid.waveforms.transient import Transient

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
    shape: Shape = FULL
    """What the load leaves of the sine and its harmonics."""
    level: float = 1.0
    """Factor on all of the above, as in a dip."""
    ramp: Ramp | None = None
    modulation: Modulation | None = None
    transients: tuple[Transient, ...] = ()
    """Added to all of the above while they last."""
    played: Played | None = None
    """A recording in the place of all of the above but `level` and the transients, while it lasts."""

    @property
    def factors(self) -> tuple[Factor, ...]:
        """What the waveform is multiplied with."""
        level = (Level(self.level),) if self.level != 1.0 else ()
        return (*level, *(factor for factor in (self.ramp, self.modulation) if factor is not None))

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
    """At `at_ns` these fields of a channel's state get new values.

    `harmonics` is merged by order, a harmonic of ratio 0 is taken away (`only_harmonics` replaces all of them);
    `transients` are added to those that are still there. `channel` None: `frequency_hz`, `ramp` and `swing` of the
    oscillator.
    """

    at_ns: int
    channel: Channel | None
    fields: Mapping[str, Any]
