"""Reference values of power quality from samples, by the definitions of IEC 61000-4-30, 4-7 and 4-15."""

from wattbench.labs.grid.reference.aggregation import Aggregates, Interval, aggregates, flagged
from wattbench.labs.grid.reference.cycles import (
    Crossings,
    crossings,
    frequency_hz,
    starts_of_windows,
    ten_second_frequencies,
)
from wattbench.labs.grid.reference.events import Thresholds, VoltageEvent, voltage_events
from wattbench.labs.grid.reference.flicker import instantaneous_flicker, long_term, short_term
from wattbench.labs.grid.reference.half_cycles import HalfCycles
from wattbench.labs.grid.reference.rapid_changes import RapidChange, rapid_changes
from wattbench.labs.grid.reference.spectrum import Spectrum, thd_percent, unbalance_percent
from wattbench.labs.grid.reference.windows import Window, aggregate, analyse, half_cycle_rms

__all__ = [
    "Aggregates",
    "Crossings",
    "HalfCycles",
    "Interval",
    "RapidChange",
    "Spectrum",
    "Thresholds",
    "VoltageEvent",
    "Window",
    "aggregate",
    "aggregates",
    "analyse",
    "crossings",
    "flagged",
    "frequency_hz",
    "half_cycle_rms",
    "instantaneous_flicker",
    "long_term",
    "rapid_changes",
    "short_term",
    "starts_of_windows",
    "ten_second_frequencies",
    "thd_percent",
    "unbalance_percent",
    "voltage_events",
]
