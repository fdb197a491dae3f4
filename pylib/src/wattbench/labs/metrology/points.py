"""The points of a type test as plain data: what is injected, what is judged, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wattbench.labs.grid.front_end import REFERENCE_C
from wattbench.labs.metrology.factors import UNITY, Factor
from wattbench.labs.metrology.measurement import Origin
from wattbench.labs.metrology.standards import Limit

Kind = Literal[
    "accuracy", "influence", "starting", "no_load", "constant", "repeatability", "quadrants", "steadiness"
]  # fmt: skip
Verdict = Literal["passed", "failed", "undecided", "not run"]
UNCERTAINTY_PART = 0.2
"""A measurement may be uncertain by this part of its limit."""


@dataclass(frozen=True)
class Load:
    """What the mains does at a point. The current flows in all phases, or in one if `phase` names it."""

    voltage_v: float
    current_a: float
    frequency_hz: float
    factor: Factor = UNITY
    phase: str = ""
    missing: tuple[str, ...] = ()
    """Phases without voltage; their currents stay."""
    waveform: str = "sine"
    export: bool = False
    temperature_c: float = REFERENCE_C
    """Of the sensors."""

    @property
    def where(self) -> str:
        """The phases with current, for people."""
        return f"{self.phase} only" if self.phase else "balanced"


@dataclass(frozen=True)
class Point:
    """One independent test. `limits` holds one for each class of its standard, `limit` the one that is asked for."""

    name: str
    kind: Kind
    title: str
    load: Load
    limit: Limit
    limits: tuple[Limit, ...]
    quantity: str = "active_import_wh"
    subject: str = ""
    """The influence quantity by the name that its standard gives it."""
    condition: str = ""
    """What differs from the reference conditions, for people."""
    reference: Load | None = None
    """What an influence is compared with."""
    needed_uncertainty: float = 0.0
    """In percent; a fifth of the limit."""
    runs: int = 1
    """Measurements of a repeatability test."""
    duration_s: float = 0.0
    """Of a test without load or of steadiness, or the longest time of a starting test."""
    pulses: int = 0
    """So many a starting test waits for, and at most so many a test without load allows."""
    blocked: str = ""
    """Why the point cannot be run; empty if it can."""


@dataclass(frozen=True)
class Reading:
    """One measurement of a load: its error in percent, and how uncertain the way of measuring is."""

    source: Origin
    error_percent: float
    uncertainty_percent: float
    measured: float
    injected: float
    unit: str
    from_ns: int
    to_ns: int


@dataclass(frozen=True)
class Result:
    """What came out at a point. `value` is in `unit`: an error, a variation, a spread, a number of pulses."""

    point: Point
    verdict: Verdict
    reason: str
    value: float | None = None
    uncertainty: float = 0.0
    unit: str = "%"
    readings: tuple[Reading, ...] = ()
    virtual_s: float = 0.0
    booted: str = ""
    """Digest of the booted meter from which the point began."""
    by_class: Mapping[str, Verdict] = field(default_factory=dict)
    """The verdict with the limit of each class."""

    @property
    def passed(self) -> bool:
        """Whether the point ran and its limit is certainly kept."""
        return self.verdict == "passed"


def decide(value: float, uncertainty: float, limit: float) -> Verdict:
    """Passed or failed only if no value within the uncertainty says otherwise (ISO 14253-1)."""
    if abs(value) + uncertainty <= limit:
        return "passed"
    return "failed" if abs(value) - uncertainty > limit else "undecided"
