"""The laboratory of clocks: rate, temperature, setting, periods and records over them, failures of power."""

from wattbench.labs.timekeeping.climate import (
    crystal_error_ppm,
    set_clock_temperature,
    set_crystal_error,
    stop_converters,
)
from wattbench.labs.timekeeping.judge import (
    ClockVerdict,
    PeriodVerdict,
    demand_truth,
    judge_profile,
    judge_rate,
    judge_temperature,
)
from wattbench.labs.timekeeping.limits import LIMITS, REFERENCE_C, ClockLimit
from wattbench.labs.timekeeping.meter_clock import Epoch, MeterClock, parse_utc, utc_text
from wattbench.labs.timekeeping.power import cut_power, interrupt_power, measure_reserve, return_power
from wattbench.labs.timekeeping.rate import Rate, measure_rate, rate_of
from wattbench.labs.timekeeping.records import Event, ProfileRecord, Status, read_events, read_profile

__all__ = [
    "LIMITS",
    "REFERENCE_C",
    "ClockLimit",
    "ClockVerdict",
    "Epoch",
    "Event",
    "MeterClock",
    "PeriodVerdict",
    "ProfileRecord",
    "Rate",
    "Status",
    "crystal_error_ppm",
    "cut_power",
    "demand_truth",
    "interrupt_power",
    "judge_profile",
    "judge_rate",
    "judge_temperature",
    "measure_rate",
    "measure_reserve",
    "parse_utc",
    "rate_of",
    "read_events",
    "read_profile",
    "return_power",
    "set_clock_temperature",
    "set_crystal_error",
    "stop_converters",
    "utc_text",
]
