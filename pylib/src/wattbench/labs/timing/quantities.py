"""Quantities by the names that keywords and reports use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from wattbench.core.errors import UsageError
from wattbench.core.names import did_you_mean
from wattbench.labs.timing import buffers, interrupts, signals, truth
from wattbench.labs.timing.recording import Recording
from wattbench.labs.timing.series import Series, duration
from wattbench.labs.timing.truth import Mains

NS_PER_US, NS_PER_MS = 1000, 1_000_000


class Context(NamedTuple):
    """What a quantity is measured from."""

    recording: Recording
    mains: Callable[[], Mains]
    per_kilo_hour: Callable[[str], float]
    """Pulses of a LED per kWh or kvarh."""


def _pulse(measure: Callable[[Recording, Mains, str, float], Series]) -> Callable[[Context, str], Series]:
    def measured(context: Context, of: str) -> Series:
        kind = of or "active"
        return measure(context.recording, context.mains(), kind, context.per_kilo_hour(kind))

    return measured


PLAIN: dict[str, Callable[[Context], Series]] = {
    "sample period": lambda context: signals.sample_period(context.recording),
    "data ready to chip select": lambda context: signals.data_ready_to_chip_select(context.recording),
    "data ready to dma": lambda context: signals.data_ready_to_dma(context.recording),
    "buffer period": lambda context: buffers.buffer_period(context.recording),
    "buffer to consumer": lambda context: buffers.buffer_to_consumer(context.recording),
    "buffer to consumer end": lambda context: buffers.buffer_to_consumer_end(context.recording),
    "buffer slack": lambda context: buffers.buffer_slack(context.recording),
    "window period": lambda context: signals.window_period(context.recording),
    "window latency": lambda context: signals.window_latency(context.recording),
    "window slack": lambda context: window_slack(context.recording),
    "zero crossing": lambda context: truth.crossing_error(context.recording, context.mains()),
}
"""Quantities without a parameter."""

OF: dict[str, Callable[[Context, str], Series]] = {
    "pulse period": lambda context, of: truth.pulse_period(context.recording, of or "active"),
    "pulse jitter": _pulse(truth.pulse_jitter),
    "pulse latency": _pulse(truth.pulse_latency),
    "interrupt latency": lambda context, of: interrupts.interrupt_latency(context.recording, of),
    "interrupt time": lambda context, of: interrupts.interrupt_time(context.recording, of),
    "preemption": lambda context, of: interrupts.preemption(context.recording, _given("preemption", of)),
    "function": lambda context, of: signals.function_time(context.recording, _given("function", of)),
    "call period": lambda context, of: signals.function_period(context.recording, _given("call period", of)),
}
"""Quantities of something: `interrupt latency[IRQ 6]`."""

SLACK = {"buffer": "buffer slack", "window": "window slack"}
"""Deadlines, and the quantity that is left up to them."""


def _given(name: str, of: str) -> str:
    if not of:
        raise UsageError(f"say whose {name} is meant, such as `{name}[name]`")
    return of


def measure(context: Context, quantity: str) -> Series:
    """A quantity by its name, with `[what]` behind it where it is one of something; raises UsageError."""
    name, bracket, rest = quantity.strip().partition("[")
    name = name.strip().lower()
    if bracket and not rest.endswith("]"):
        raise UsageError(f"`{quantity}` has no closing bracket")
    of = rest.removesuffix("]").strip()
    if name in OF:
        return OF[name](context, of)
    if name in PLAIN and not bracket:
        return PLAIN[name](context)
    known = [*PLAIN, *OF]
    hint = did_you_mean(name, known)
    raise UsageError(f"there is no timing quantity `{quantity}`{hint}; there are {', '.join(known)}")


def deadline(context: Context, of: str) -> Series:
    """What is left up to the deadline of the `buffer` or the `window`."""
    if of not in SLACK:
        raise UsageError(f"there is no deadline of `{of}`{did_you_mean(of, SLACK)}; there are {', '.join(SLACK)}")
    return measure(context, SLACK[of])


def window_slack(recording: Recording) -> Series:
    """How long before the end of the next window a window was published."""
    latency = signals.window_latency(recording)
    period_ns = recording.points.window_period_ms * NS_PER_MS
    if not period_ns:
        signals.need(recording, "window_period_ms")
    notes = {number: f"published {duration(value)} after its end" for number, value in enumerate(latency.values_ns)}
    return replace(latency, name="window slack", values_ns=(period_ns - latency.values_ns).astype("int64"), notes=notes)
