"""The limits for a meter's clock, each with its standard and certainty; `limits.toml` is their only place."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

REFERENCE_C = 23.0
"""Temperature at which the error of a clock is judged."""


@dataclass(frozen=True)
class ClockLimit:
    """A limit of a clock in `unit`; `certainty` is V (checked) or M (from memory)."""

    standard: str
    clause: str
    certainty: str
    meaning: str
    limit: float
    unit: str


LIMITS: dict[str, ClockLimit] = {
    name: ClockLimit(**entry)
    for name, entry in tomllib.loads(
        files("wattbench.labs.timekeeping").joinpath("limits.toml").read_text(encoding="utf-8")
    ).items()
}
