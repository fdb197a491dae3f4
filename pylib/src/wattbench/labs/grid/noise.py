"""White noise that is a pure function of seed and virtual time, however it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.core.analog import FloatArray

PEAK_SIGMAS = 6.0
"""No value is further from zero than this many times the RMS."""

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_GOLDEN = 0x9E37_79B9_7F4A_7C15


def _mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The output permutation of the SplitMix64 generator (Steele, Lea, Flood 2014)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return words ^ (words >> np.uint64(31))


@dataclass(frozen=True)
class Noise:
    """White noise of `rms` in the unit of its channel; two of the same seed are the same noise.

    The value at an integer nanosecond is the sum of twelve uniform numbers hashed from it: normal to the eye,
    variance one, never beyond six sigma (so that a range can be checked before the run), the same bits on any host.
    """

    rms: float = 0.0
    seed: int = 0

    def value(self, times_ns: NDArray[np.int64]) -> FloatArray:
        """Noise at each virtual time."""
        start = _mix(np.array([self.seed & _MASK], dtype=np.uint64))
        counters = times_ns.astype(np.uint64) * np.uint64(3) + start
        total = np.zeros(times_ns.shape, dtype=np.uint64)
        for part in range(3):
            word = _mix((counters + np.uint64(part)) * np.uint64(_GOLDEN))
            for shift in (0, 16, 32, 48):
                total += (word >> np.uint64(shift)) & np.uint64(0xFFFF)
        return self.rms * ((total.astype(np.float64) + 6) / 65536 - 6)


NO_NOISE = Noise()
