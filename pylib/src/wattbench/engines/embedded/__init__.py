"""The default engine: Unicorn and our native core, installed by pip."""

from wattbench.engines.embedded.engine import EmbeddedEngine
from wattbench.engines.embedded.session import Session, open_monitor

__all__ = ["EmbeddedEngine", "Session", "open_monitor"]
