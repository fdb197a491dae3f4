"""Results of metrology as plain data, all that a report needs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import SourceError, StimulusError, UsageError, VerdictError

Origin = Literal["registers", "pulses"]


def error_percent(measured: float, injected: float) -> float:
    """Percentage error (IEC 62052-11): what was measured more than injected, in percent of the injected.

    Raises StimulusError where nothing was injected.
    """
    if injected == 0:
        raise StimulusError(
            "Nothing was injected, so there is no percentage error; inject the quantity that is judged."
        )
    return (measured - injected) / abs(injected) * 100


@dataclass(frozen=True)
class Measurement:
    """One judged point. `measured` and `injected` are in `unit`; the percentages refer to `injected`.

    `uncertainty_percent` is what the way of measuring itself may contribute (resolution, latency, jitter of edges).
    """

    point: str
    quantity: str
    unit: str
    measured: float
    injected: float
    limit_percent: float
    uncertainty_percent: float
    source: Origin
    from_ns: int
    to_ns: int
    error_percent: float = field(init=False)
    passed: bool = field(init=False)

    def __post_init__(self) -> None:
        error = error_percent(self.measured, self.injected)
        if not self.uncertainty_percent < self.limit_percent:
            raise UsageError(
                f"{self.point}: with an uncertainty of {self.uncertainty_percent:.3g} % the limit of "
                f"{self.limit_percent:.3g} % cannot be judged; measure longer."
            )
        object.__setattr__(self, "error_percent", error)
        object.__setattr__(self, "passed", abs(error) <= self.limit_percent)

    def __str__(self) -> str:
        return (
            f"{self.point}: {self.quantity} {self.measured:.9g} {self.unit} by {self.source}, injected "
            f"{self.injected:.9g} {self.unit} from {self.from_ns / NS_PER_S:.9g} s to {self.to_ns / NS_PER_S:.9g} s, "
            f"error {self.error_percent:+.4f} %, limit {self.limit_percent:g} %, "
            f"uncertainty {self.uncertainty_percent:.2g} %"
        )

    def require(self) -> Measurement:
        """Itself if it passed; raises VerdictError else."""
        if not self.passed:
            raise VerdictError(f"{self}: outside its limit.")
        return self


@dataclass(frozen=True)
class Series:
    """A quantity over virtual time for a plot: at each of `times_s` what was injected and what was measured."""

    name: str
    unit: str
    times_s: list[float]
    injected: list[float]
    measured: list[float]

    def __post_init__(self) -> None:
        if not len(self.times_s) == len(self.injected) == len(self.measured):
            raise UsageError(f"The series {self.name} needs an injected and a measured value for each time.")


@dataclass
class MeasurementLog:
    """All results of a run, in order."""

    measurements: list[Measurement] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether something was judged and all of it passed."""
        return bool(self.measurements) and all(measurement.passed for measurement in self.measurements)

    def add(self, result: Measurement | Series) -> None:
        """Keep a result."""
        if isinstance(result, Measurement):
            self.measurements.append(result)
        else:
            self.series.append(result)

    def write(self, path: Path) -> None:
        """Store as JSON; floats keep every digit."""
        path.write_text(json.dumps(asdict(self), indent=1, allow_nan=False) + "\n", encoding="utf-8")

    @staticmethod
    def read(path: Path) -> MeasurementLog:
        """What `write` stored. Errors and verdicts are judged anew from the figures; raises SourceError."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            measurements = [Measurement(**_arguments(Measurement, entry)) for entry in content["measurements"]]
            return MeasurementLog(measurements, [Series(**_arguments(Series, entry)) for entry in content["series"]])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SourceError(f"this is no log of measurements ({error}); run the measurement again", path) from error


def _arguments(cls: type[Measurement] | type[Series], entry: dict[str, Any]) -> dict[str, Any]:
    derived = {item.name for item in fields(cls) if not item.init}
    return {name: value for name, value in entry.items() if name not in derived}
