"""Write the C source of the tables of tables.h.

Usage: make_tables.py tables_data.c
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

CORRELATION_STEPS = 1024
SPECTRUM_STEPS = 2048
PHASES, TAPS = 64, 8
KAISER_BETA = 4.1
"""For 46 dB with eight taps: flat to 0.31 of the sample rate, so up to the 50th harmonic of 50 Hz at 8 kHz."""


def bessel(x: float) -> float:
    """Modified Bessel function of order 0, by its series."""
    total, term, number = 1.0, 1.0, 0
    while term > total * 1e-17:
        number += 1
        term *= (x / 2 / number) ** 2
        total += term
    return total


def weights(phase: int) -> list[float]:
    """Of the samples around a point that is `phase` / PHASES of a sample behind the fourth of them."""
    result = []
    for tap in range(TAPS):
        distance = phase / PHASES - (tap - (TAPS // 2 - 1))
        x = math.pi * distance
        inside = max(0.0, 1.0 - (distance / (TAPS / 2)) ** 2)
        window = bessel(KAISER_BETA * math.sqrt(inside)) / bessel(KAISER_BETA)
        result.append((math.sin(x) / x if x else 1.0) * window)
    # A direct voltage stays what it is at every phase.
    return [value / sum(result) for value in result]


def rows(values: list[str], count: int = 12) -> str:
    """Values as lines of C."""
    return "\n".join(f"    {', '.join(values[at : at + count])}," for at in range(0, len(values), count))


def main() -> None:
    """Command line."""
    half_step = [math.sin(2 * math.pi * (k + 0.5) / CORRELATION_STEPS) for k in range(CORRELATION_STEPS * 5 // 4)]
    whole_step = [math.sin(2 * math.pi * k / SPECTRUM_STEPS) for k in range(SPECTRUM_STEPS * 5 // 4)]
    filters = ["{" + ", ".join(f"{value:.9e}f" for value in weights(phase)) + "}" for phase in range(PHASES)]
    text = f"""#include "tables.h"

int16_t correlation_sine[] = {{
{rows([str(round(32767 * value)) for value in half_step])}
}};
_Static_assert(sizeof correlation_sine == CORRELATION_STEPS * 5 / 4 * sizeof(int16_t), "correlation_sine");

float spectrum_sine[] = {{
{rows([f"{value:.9e}f" for value in whole_step], 6)}
}};
_Static_assert(sizeof spectrum_sine == SPECTRUM_STEPS * 5 / 4 * sizeof(float), "spectrum_sine");

float resampling_filters[][RESAMPLING_TAPS] = {{
{rows(filters, 1)}
}};
_Static_assert(sizeof resampling_filters == RESAMPLING_PHASES * RESAMPLING_TAPS * sizeof(float), "filters");
"""
    Path(sys.argv[1]).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
