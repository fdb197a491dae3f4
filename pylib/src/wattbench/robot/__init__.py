"""Robot Framework keyword libraries: thin, typed, documented.

Import them as `wattbench.robot.Emulation`, `wattbench.robot.Grid`, `wattbench.robot.Metering`,
`wattbench.robot.ClassTable` and `wattbench.robot.Timing`. They are loaded when they are asked for, so that reports can
read results without loading an engine.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wattbench.robot.classtable import ClassTable
    from wattbench.robot.emulation import Emulation
    from wattbench.robot.grid import Grid
    from wattbench.robot.metering import Metering
    from wattbench.robot.timing import Timing

__all__ = ["ClassTable", "Emulation", "Grid", "Metering", "Timing"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{name.lower()}"), name)
