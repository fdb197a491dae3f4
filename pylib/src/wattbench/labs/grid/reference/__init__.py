"""Reference values of power quality from samples, by the definitions of IEC 61000-4-30, 4-7 and 4-15."""

from wattbench.labs.grid.reference.cycles import Crossings, crossings, frequency_hz
from wattbench.labs.grid.reference.flicker import instantaneous_flicker, long_term, short_term
from wattbench.labs.grid.reference.spectrum import Spectrum, thd_percent, unbalance_percent
from wattbench.labs.grid.reference.windows import Window, aggregate, analyse, half_cycle_rms

__all__ = [
    "Crossings",
    "Spectrum",
    "Window",
    "aggregate",
    "analyse",
    "crossings",
    "frequency_hz",
    "half_cycle_rms",
    "instantaneous_flicker",
    "long_term",
    "short_term",
    "thd_percent",
    "unbalance_percent",
]
