"""Judgements of timing, each with the worst instance's virtual time and PC; none is made for want of instances."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench.core.errors import VerdictError
from wattbench.labs.timing.load import Load
from wattbench.labs.timing.series import LEAST_INSTANCES, Series, duration


@dataclass(frozen=True)
class Finding:
    """A judgement: what was `found` against its `limit`, both in `unit` (ns or %)."""

    quantity: str
    judged: str
    """`longest`, `jitter`, `deviation from nominal`, `least slack` or `load`."""
    found: float
    limit: float
    unit: str
    passed: bool
    worst: str
    """The worst instance in words."""
    text: str

    def require(self) -> Finding:
        """Itself if it passed; raises VerdictError else."""
        if not self.passed:
            raise VerdictError(self.text)
        return self


def _finding(series: Series, judged: str, found: float, limit_ns: float, *, passed: bool, number: int) -> Finding:
    worst = series.describe(number)
    sentence = f"{series.name}: {judged} {duration(found)}, limit {duration(limit_ns)}"
    if series.faults:
        worst = "; ".join(series.faults)
    text = f"{sentence}; the worst is {worst}; {series.summary()}"
    return Finding(series.name, judged, found, limit_ns, "ns", passed and not series.faults, worst, text)


def stays_below(series: Series, limit_ns: float, at_least: int = LEAST_INSTANCES) -> Finding:
    """Whether every instance is below a limit, one that is too early as well; raises StimulusError for too few."""
    series.require(at_least)
    early = -series.least_ns > series.most_ns
    most, number = (-series.least_ns, series.shortest) if early else (series.most_ns, series.longest)
    return _finding(series, "longest", most, limit_ns, passed=most < limit_ns, number=number)


def jitter_stays_below(series: Series, limit_ns: float, at_least: int = LEAST_INSTANCES) -> Finding:
    """Whether every instance lies closer to the mean than a limit."""
    series.require(at_least)
    jitter = series.jitter_ns
    return _finding(series, "jitter", jitter, limit_ns, passed=jitter < limit_ns, number=series.farthest)


def lies_within(series: Series, nominal_ns: float, tolerance_ns: float, at_least: int = LEAST_INSTANCES) -> Finding:
    """Whether every instance lies within a tolerance of a nominal value."""
    series.require(at_least)
    low, high = series.least_ns - nominal_ns, series.most_ns - nominal_ns
    off, number = (high, series.longest) if high >= -low else (-low, series.shortest)
    judged = f"deviation from {duration(nominal_ns)}"
    return _finding(series, judged, off, tolerance_ns, passed=off <= tolerance_ns, number=number)


def deadline_holds(slack: Series, margin_ns: float = 0.0, at_least: int = LEAST_INSTANCES) -> Finding:
    """Whether every instance has more than a margin left up to its deadline; `slack` is what is left."""
    slack.require(at_least)
    least = slack.least_ns
    finding = _finding(slack, "least slack", least, margin_ns, passed=least > margin_ns, number=slack.shortest)
    late = int((slack.values_ns <= margin_ns).sum())
    text = f"{slack.name}: the deadline was missed {late} times of {len(slack)}, worst {finding.worst}; {finding.text}"
    return finding if finding.passed else Finding(**{**vars(finding), "text": text})


def load_stays_below(load: Load, limit_percent: float) -> Finding:
    """Whether the load of each window is below a limit."""
    worst = load.worst
    text = (
        f"CPU load of {load.of}: {worst.percent:.4g} % at most, {load.mean_percent:.4g} % in the mean, limit "
        f"{limit_percent:g} %; the worst window is {load.describe()}"
    )
    passed = worst.percent < limit_percent
    quantity = f"CPU load of {load.of}"
    return Finding(quantity, "load", worst.percent, limit_percent, "%", passed, load.describe(), text)
