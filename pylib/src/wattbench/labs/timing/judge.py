"""Judgements of timing: each fails with the worst instance's virtual time and PC, and none passes for want of instances."""

from __future__ import annotations

from wattbench.core.errors import VerdictError
from wattbench.labs.timing.load import Load
from wattbench.labs.timing.series import LEAST_INSTANCES, Series, duration



def _check_faults(series: Series) -> None:
    if series.faults:
        raise VerdictError(f"{series.name}: {'; '.join(series.faults)}")


def stays_below(series: Series, limit_ns: float, at_least: int = LEAST_INSTANCES) -> str:
    """Every instance is below a limit; returns the finding, raises VerdictError or StimulusError."""
    series.require(at_least)
    _check_faults(series)
    finding = f"{series.name}: {duration(series.most_ns)} at most, limit {duration(limit_ns)}"
    if series.most_ns >= limit_ns:
        raise VerdictError(f"{finding}; the longest is {series.describe(series.longest)}; {series.summary()}")
    return f"{finding}; {series.summary()}"


def jitter_stays_below(series: Series, limit_ns: float, at_least: int = LEAST_INSTANCES) -> str:
    """No instance lies farther from the mean than a limit."""
    series.require(at_least)
    _check_faults(series)
    finding = f"{series.name}: jitter {duration(series.jitter_ns)}, limit {duration(limit_ns)}"
    if series.jitter_ns >= limit_ns:
        raise VerdictError(
            f"{finding}; farthest from the mean of {duration(series.mean_ns)} is {series.describe(series.farthest)}"
        )
    return f"{finding}; {series.summary()}"


def lies_within(series: Series, nominal_ns: float, tolerance_ns: float, at_least: int = LEAST_INSTANCES) -> str:
    """Every instance lies within a tolerance of a nominal value."""
    series.require(at_least)
    _check_faults(series)
    low, high = series.least_ns - nominal_ns, series.most_ns - nominal_ns
    worst = series.longest if high >= -low else series.shortest
    off = max(abs(low), abs(high))
    finding = (
        f"{series.name}: {duration(off)} at most from {duration(nominal_ns)}, tolerance {duration(tolerance_ns)}"
    )
    if off > tolerance_ns:
        raise VerdictError(f"{finding}; the worst is {series.describe(worst)}; {series.summary()}")
    return f"{finding}; {series.summary()}"


def deadline_holds(slack: Series, margin_ns: float = 0.0, at_least: int = LEAST_INSTANCES) -> str:
    """Every instance has more than a margin left up to its deadline; `slack` is what is left."""
    slack.require(at_least)
    _check_faults(slack)
    finding = f"{slack.name}: {duration(slack.least_ns)} at least are left, margin {duration(margin_ns)}"
    if slack.least_ns <= margin_ns:
        late = int((slack.values_ns <= margin_ns).sum())
        raise VerdictError(
            f"{finding}; the deadline was missed {late} times of {len(slack)}, worst {slack.describe(slack.shortest)}"
        )
    return f"{finding}; {slack.summary()}"


def load_stays_below(load: Load, limit_percent: float) -> str:
    """The load of each window is below a limit."""
    finding = (
        f"CPU load of {load.of}: {load.worst.percent:.4g} % at most, {load.mean_percent:.4g} % in the mean, "
        f"limit {limit_percent:g} %"
    )
    if load.worst.percent >= limit_percent:
        raise VerdictError(f"{finding}; the worst window is {load.describe()}")
    return finding
