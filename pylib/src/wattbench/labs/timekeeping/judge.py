"""Judge a clock's rate, and periods of load profile and demand against what was injected in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import StimulusError, UsageError, VerdictError
from wattbench.labs.grid.quantities import Injected
from wattbench.labs.timekeeping.meter_clock import NS_PER_MS, MeterClock
from wattbench.labs.timekeeping.rate import Rate
from wattbench.labs.timekeeping.records import ProfileRecord

QUANTITIES = ("active_import_wh", "active_export_wh", "reactive_import_varh", "reactive_export_varh")
DEMANDS = {
    "active_import": "active_import_wh",
    "active_export": "active_export_wh",
    "reactive_import": "reactive_import_varh",
    "reactive_export": "reactive_export_varh",
}
STAMP_NS = NS_PER_MS // 2
"""What the rounding of a stamp to milliseconds leaves open."""
NOTHING = 1e-6
"""Energy (Wh, varh) that counts as none."""


class Truth(Protocol):
    """What this needs of the grid."""

    def injected(self, from_ns: int, to_ns: int) -> Injected:
        """The closed form between two virtual times."""


@dataclass(frozen=True)
class ClockVerdict:
    """A clock's error in `unit` against its limit; the uncertainty is the measurement's own."""

    quantity: str
    unit: str
    error: float
    limit: float
    uncertainty: float
    detail: str = ""
    passed: bool = field(init=False)

    def __post_init__(self) -> None:
        if not self.uncertainty < self.limit:
            raise UsageError(
                f"with an uncertainty of {self.uncertainty:.3g} {self.unit} the limit of {self.limit:g} {self.unit} "
                f"cannot be judged; measure longer"
            )
        object.__setattr__(self, "passed", abs(self.error) <= self.limit)

    def __str__(self) -> str:
        return (
            f"{self.quantity} {self.error:+.4f} {self.unit}, limit {self.limit:g} {self.unit}, uncertainty "
            f"{self.uncertainty:.2g} {self.unit}" + (f" ({self.detail})" if self.detail else "")
        )


def judge_rate(rate: Rate, limit_s_per_day: float, quantity: str = "clock error") -> ClockVerdict:
    """A rate against a limit in s/day."""
    return ClockVerdict(quantity, "s/day", rate.s_per_day, limit_s_per_day, rate.uncertainty_s_per_day, str(rate))


def judge_temperature(
    rates: Mapping[float, Rate], reference_c: float, limit_s_per_day_k: float
) -> dict[float, ClockVerdict]:
    """The change of a clock's rate per kelvin between the reference temperature and each other one."""
    if reference_c not in rates or len(rates) < 2:
        raise UsageError(f"the influence of temperature needs the rate at {reference_c:g} degrees and at another one")
    reference, verdicts = rates[reference_c], {}
    for celsius, rate in rates.items():
        if celsius == reference_c:
            continue
        kelvin = abs(celsius - reference_c)
        change = (rate.s_per_day - reference.s_per_day) / kelvin
        doubt = (rate.uncertainty_s_per_day + reference.uncertainty_s_per_day) / kelvin
        verdicts[celsius] = ClockVerdict(
            f"clock at {celsius:g} degrees Celsius", "s/day/K", change, limit_s_per_day_k, doubt, str(rate)
        )
    return verdicts


@dataclass(frozen=True)
class PeriodVerdict:
    """Energy of a period between two records against the closed form, in Wh or varh."""

    record: ProfileRecord
    from_ns: int
    to_ns: int
    quantity: str
    measured: float
    injected: float
    limit: float
    uncertainty: float

    @property
    def error(self) -> float:
        """What was recorded more than injected."""
        return self.measured - self.injected

    @property
    def passed(self) -> bool:
        """Whether the error is within its limit."""
        return abs(self.error) <= self.limit

    def __str__(self) -> str:
        return (
            f"record {self.record.number} of {self.record.end}: {self.quantity} {self.measured:.9g}, injected "
            f"{self.injected:.9g} from {self.from_ns / NS_PER_S:.6f} s to {self.to_ns / NS_PER_S:.6f} s, error "
            f"{self.error:+.3g}, limit {self.limit:.3g}, uncertainty {self.uncertainty:.2g}"
        )


def judge_profile(
    records: Sequence[ProfileRecord], clock: MeterClock, truth: Truth, limit_percent: float, allowance_s: float = 0.0
) -> list[PeriodVerdict]:
    """Judge the energies between each two records that follow each other, at the virtual times of their stamps.

    The limit is in percent of the largest of the injected energies: an active load has a little reactive energy too.
    `allowance_s` is a time whose energy may be missing, such as that of a start without power's registers. Raises
    StimulusError where nothing at all was injected, VerdictError for numbers that do not follow each other.
    """
    if len(records) < 2:
        raise StimulusError("periods are judged between two records; the load profile gave fewer")
    verdicts: list[PeriodVerdict] = []
    at_ns = 0
    instants = [at_ns := clock.instant_ns(record.utc_ms, at_ns) for record in records]
    for (before, after), (from_ns, to_ns) in zip(pairwise(records), pairwise(instants), strict=True):
        if after.number != before.number + 1:
            raise VerdictError(f"record {after.number} follows record {before.number} in the load profile")
        injected = {name: truth.injected(from_ns, to_ns).value(name, None) for name in QUANTITIES}
        highest_w = max(_highest_power(truth, quantity, from_ns, to_ns) for quantity in QUANTITIES)
        doubt = highest_w * 2 * STAMP_NS / NS_PER_S / 3600 if _odd(before) or _odd(after) else 0.0
        largest = max(map(abs, injected.values()))
        limit = largest * limit_percent / 100 + highest_w * allowance_s / 3600 + doubt + NOTHING
        for quantity, expected in injected.items():
            measured = after.quantity(quantity) - before.quantity(quantity)
            verdicts.append(PeriodVerdict(after, from_ns, to_ns, quantity, measured, expected, limit, doubt))
    if not any(abs(verdict.injected) > NOTHING for verdict in verdicts):
        raise StimulusError("nothing was injected in the recorded periods, so they say nothing")
    return verdicts


def _odd(record: ProfileRecord) -> bool:
    """Whether a stamp is rounded: boundaries are whole seconds, settings of the clock are not."""
    return record.utc_ms % 1000 != 0


def _highest_power(truth: Truth, quantity: str, from_ns: int, to_ns: int, parts: int = 8) -> float:
    """The highest mean power of a quantity in a part of a stretch, in W or var."""
    edges = [from_ns + (to_ns - from_ns) * part // parts for part in range(parts + 1)]
    hours = [(end - begin) / NS_PER_S / 3600 for begin, end in pairwise(edges)]
    return max(
        abs(truth.injected(begin, end).value(quantity, None)) / length if length else 0.0
        for (begin, end), length in zip(pairwise(edges), hours, strict=True)
    )


def demand_truth(truth: Truth, from_ns: int, to_ns: int, period_s: float) -> dict[str, float]:
    """Demands in W and var of the energy injected in a stretch, over the length of a period."""
    injected = truth.injected(from_ns, to_ns)
    return {name: injected.value(quantity, None) * 3600 / period_s for name, quantity in DEMANDS.items()}
