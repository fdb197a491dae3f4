"""Take the power away from a meter and give it back."""

from __future__ import annotations

from typing import Any, Protocol

from wattbench.bench.descriptions import ClockDescription
from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import UsageError
from wattbench.engines.engine import Engine
from wattbench.labs.timekeeping.meter_clock import MeterClock
from wattbench.labs.timekeeping.rate import RTC_PERIOD_NS, Rate


class PowerBench(Protocol):
    """What this needs of a bench."""

    engine: Engine

    @property
    def now_ns(self) -> int:
        """Virtual time."""

    @property
    def clock(self) -> ClockDescription:
        """How the meter keeps time."""

    def model(self, name: str) -> Any:
        """A model of the platform."""

    def run_to_ns(self, time_ns: int) -> None:
        """Let virtual time pass."""

    def boot(self, limit_s: float = 5.0) -> None:
        """Run until the firmware is ready."""


def cut_power(bench: PowerBench, *, warned: bool = True) -> None:
    """The supply's input fails now. With `warned` the rails hold as long as the supply's model says; else they end now.

    Afterwards the machine is off. Raises UsageError for a warning that the board's supply cannot give.
    """
    if bench.clock.supply:
        supply = bench.model(bench.clock.supply)
        supply.fail()
        if warned:
            bench.run_to_ns(supply.rails_end_ns)
    elif warned:
        raise UsageError("the manifest names no supply in [clock], so nothing warns the meter; cut its power unwarned")
    bench.engine.power_off()


def return_power(bench: PowerBench, boot_limit_s: float = 5.0) -> None:
    """The input is back: the machine starts, and is ready at the end."""
    if bench.clock.supply:
        bench.model(bench.clock.supply).recover()
    bench.engine.power_on()
    bench.boot(boot_limit_s)


def interrupt_power(bench: PowerBench, duration_s: float | str, *, warned: bool = True) -> None:
    """Cut the power, return it `duration_s` after its input failed, and wait until the meter is ready again."""
    end_ns = bench.now_ns + to_ns(duration_s)
    cut_power(bench, warned=warned)
    if end_ns < bench.now_ns:
        raise UsageError(
            f"the supply outlasts an interruption of {duration_s} s, so the meter would not notice; make it longer"
        )
    bench.run_to_ns(end_ns)
    return_power(bench)


def measure_reserve(bench: PowerBench, clock: MeterClock, duration_s: float | str) -> Rate:
    """The rate of the clock over `duration_s` without power: its last full second before, and the first one after.

    A period of the 32 kHz crystal at either end is the uncertainty, as the meter finds its clock again by whole ones.
    """
    from_ns, before = clock.last_full_second()
    interrupt_power(bench, duration_s)
    clock.mark()
    until_ns, after = clock.last_full_second()
    seconds = after - before
    error_ppm = (seconds * NS_PER_S / (until_ns - from_ns) - 1) * 1e6
    return Rate(seconds, from_ns, until_ns, error_ppm, 2 * RTC_PERIOD_NS)
