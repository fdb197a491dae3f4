"""The `.repl` platform language: text in, plain data out, and objects through an engine's factory."""

from wattbench.platform.description import Description, Element, InputPin, Interrupt
from wattbench.platform.merge import load_platform, parse_platform

__all__ = ["Description", "Element", "InputPin", "Interrupt", "load_platform", "parse_platform"]
