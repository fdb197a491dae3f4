"""The grid lab: mains waveforms in closed form, the sensors in front of the converters, and what was injected."""

from wattbench.labs.grid.front_end import FrontEnd, FrontEndDescription
from wattbench.labs.grid.grid import Grid, GridState
from wattbench.labs.grid.noise import Noise
from wattbench.labs.grid.quantities import Injected, PhaseInjected
from wattbench.labs.grid.wiring import AfeModel, GridBench

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
