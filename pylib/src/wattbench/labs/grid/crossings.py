"""True zero crossings of the mains in closed form: those of a voltage's fundamental."""

from __future__ import annotations

import cmath
import math
from fractions import Fraction

import numpy as np

from wattbench.core.analog import FloatArray
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError
from wattbench.labs.grid.channels import Channel
from wattbench.labs.grid.schedule import Schedule

_FUNDAMENTAL = Fraction(1)


def rising_crossings(schedule: Schedule, channel: Channel, from_ns: int, to_ns: int) -> FloatArray:
    """Virtual times in ns at which the fundamental of a channel goes through zero upwards; none where it is not there.

    Raises StimulusError for a recording that is played, which has no closed form.
    """
    found = []
    for segment, start_ns, end_ns in schedule.between(from_ns, to_ns):
        course = segment.course(channel)
        if course.is_recorded:
            raise StimulusError(f"the {channel} plays a recording, so its zero crossings have no closed form")
        phasor = segment.waveform(channel).phasor(_FUNDAMENTAL)
        if phasor == 0:
            continue
        begin = float(segment.turns_at(start_ns) - segment.start_turns)
        end = float(segment.turns_at(end_ns) - segment.start_turns)
        # value ~ sin(2 pi (start_turns + turns) + arg): upwards where that is a whole turn.
        offset = (-cmath.phase(phasor) / (2 * math.pi) - float(segment.start_turns % 1)) % 1.0
        turns = offset + np.arange(math.ceil(begin - offset), math.ceil(end - offset), dtype=np.float64)
        found.append(segment.start_ns + segment.seconds_at(turns) * NS_PER_S)
    return np.concatenate(found) if found else np.empty(0)
