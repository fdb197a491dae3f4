"""Power quality (IEC 61000-4-30): limits of the classes, the lab's reference values, and the judge of a firmware."""

from wattbench.labs.power_quality.classes import Limit, PerformanceClass, performance_class
from wattbench.labs.power_quality.finding import Finding, finding
from wattbench.labs.power_quality.judge import (
    HalfCycleReadings,
    judge_events,
    judge_half_cycles,
    judge_harmonics,
    judged_events,
)
from wattbench.labs.power_quality.meter import QualityMeter
from wattbench.labs.power_quality.reference import Doubted, Reference

__all__ = [
    "Doubted",
    "Finding",
    "HalfCycleReadings",
    "Limit",
    "PerformanceClass",
    "QualityMeter",
    "Reference",
    "finding",
    "judge_events",
    "judge_half_cycles",
    "judge_harmonics",
    "judged_events",
    "performance_class",
]
