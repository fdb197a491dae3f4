"""The crystals of a meter, what is wrong with them, and how warm it is."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Protocol

from wattbench.bench.descriptions import ClockDescription, FrontEndDescription
from wattbench.core.errors import UsageError
from wattbench.core.names import did_you_mean

STANDSTILL_US = 10**15
"""A reset that outlasts every test."""
CRYSTALS = ("rtc", "processor", "converters")

Number = float | int | str | Fraction


class CrystalBench(Protocol):
    """What this needs of a bench."""

    @property
    def clock(self) -> ClockDescription:
        """How the meter keeps time."""

    @property
    def front_ends(self) -> Mapping[str, FrontEndDescription]:
        """Its converters."""

    def model(self, name: str) -> Any:
        """A model of the platform."""


def _exact(value: Number, what: str) -> Fraction:
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(f"`{value}` is no number of {what}") from error


def _named(bench: CrystalBench, key: str) -> Any:
    name = getattr(bench.clock, key)
    if not name:
        raise UsageError(f"the manifest does not say which model is the clock's `{key}`; add it to its table [clock]")
    return bench.model(name)


def _converters(bench: CrystalBench) -> list[Any]:
    names = dict.fromkeys(description.afe for description in bench.front_ends.values())
    if not names:
        raise UsageError("the manifest names no converters; add the tables [front_end.l1] and so on")
    return [bench.model(name) for name in names]


def set_crystal_error(bench: CrystalBench, crystal: str, ppm: Number) -> None:
    """Make a crystal fast by `ppm` from now on: `rtc` (32 kHz), `processor` (24 MHz) or `converters` (all of them).

    The RTC's is the error at its turnover temperature.
    """
    exact = _exact(ppm, "ppm")
    if abs(exact) > 100_000:
        raise UsageError(f"a crystal is not wrong by {ppm} ppm; up to 100000 are possible")
    if crystal == "rtc":
        _named(bench, "rtc").rtc_error_ppm = exact
    elif crystal == "processor":
        _named(bench, "oscillator").crystal_error_ppm = exact
    elif crystal == "converters":
        for converter in _converters(bench):
            converter.crystal_error_ppm = exact
    else:
        raise UsageError(f"there is no crystal `{crystal}`{did_you_mean(crystal, CRYSTALS)}; {', '.join(CRYSTALS)} are")


def set_clock_temperature(bench: CrystalBench, celsius: Number) -> None:
    """Bring the RTC's crystal, and the processor's die where the platform has its sensor, to a temperature."""
    exact = _exact(celsius, "degrees Celsius")
    if not -60 <= exact <= 125:
        raise UsageError(f"a meter is tested from -60 to 125 degrees Celsius, not at {celsius}")
    _named(bench, "rtc").rtc_temperature_c = exact
    if bench.clock.oscillator:
        oscillator = bench.model(bench.clock.oscillator)
        if hasattr(oscillator, "temperature"):
            oscillator.temperature = float(exact)


def crystal_error_ppm(bench: CrystalBench) -> float:
    """How much the RTC's crystal is fast now, with its temperature."""
    return float(_named(bench, "rtc").crystal_error_ppm)


def stop_converters(bench: CrystalBench) -> None:
    """Hold the converters in reset, as without their supply: no samples come, and hours pass in seconds.

    Only for what does not depend on the metering; a test goes back by restoring a saved state.
    """
    for converter in _converters(bench):
        if not hasattr(converter, "reset_duration_us"):
            raise UsageError(f"{converter.name} cannot be held in reset")
        usual = converter.reset_duration_us
        converter.reset_duration_us = STANDSTILL_US
        converter.reset()
        # The next reset is as ever.
        converter.reset_duration_us = usual
