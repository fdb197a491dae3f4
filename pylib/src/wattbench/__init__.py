"""wattbench: an emulation test bench for electricity-meter firmware."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattbench.bench import Bench

__all__ = ["Bench"]


def __getattr__(name: str) -> object:
    if name == "Bench":
        from wattbench.bench import Bench  # noqa: PLC0415  # importing wattbench alone must stay light

        return Bench
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
