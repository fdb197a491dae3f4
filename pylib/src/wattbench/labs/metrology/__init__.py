"""The metrology judge: what a meter measured against what was injected."""

from wattbench.labs.metrology.judge import (
    judge_pulses,
    judge_reading,
    judge_register,
    measure_energy,
    measure_energy_by_pulses,
    record,
)
from wattbench.labs.metrology.measurement import Measurement, MeasurementLog, Series, error_percent
from wattbench.labs.metrology.observe import MeterReader, Span, Truth, observe

__all__ = [
    "Measurement",
    "MeasurementLog",
    "MeterReader",
    "Series",
    "Span",
    "Truth",
    "error_percent",
    "judge_pulses",
    "judge_reading",
    "judge_register",
    "measure_energy",
    "measure_energy_by_pulses",
    "observe",
    "record",
]
