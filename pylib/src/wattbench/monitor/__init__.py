"""The Monitor language: commands, variables, macros and scripts; the engine behind it is a `Target`."""

from wattbench.monitor.monitor import Monitor
from wattbench.monitor.target import Target

__all__ = ["Monitor", "Target"]
