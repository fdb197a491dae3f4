"""The grid lab: mains waveforms in closed form, the sensors in front of the converters, and what was injected."""

from wattbench.labs.grid.front_end import FrontEnd, FrontEndDescription
from wattbench.labs.grid.grid import AfeModel, Grid, GridBench, GridState
from wattbench.labs.grid.noise import Noise
from wattbench.labs.grid.truth import Injected, PhaseInjected

__all__ = [
    "AfeModel",
    "FrontEnd",
    "FrontEndDescription",
    "Grid",
    "GridBench",
    "GridState",
    "Injected",
    "Noise",
    "PhaseInjected",
]
