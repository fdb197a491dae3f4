"""Judge what a meter measured against the closed form of what was injected."""

from __future__ import annotations

import bisect
from collections.abc import Mapping

from wattbench.core.clock import NS_PER_S, to_ns
from wattbench.core.errors import UsageError, VerdictError
from wattbench.engines.engine import EdgeTap
from wattbench.labs.grid.channels import PHASES
from wattbench.labs.metrology.measurement import Measurement, Series, error_percent
from wattbench.labs.metrology.observe import MeterReader, Span, Truth, observe

SAMPLE_S = 125e-6
"""One sample at 8 kS/s: the jitter of pulses that firmware decides on sample by sample."""
_LATE_STEP_S = 0.0005
"""The energy of a time that bookings may be late is looked at in steps not longer than this."""


def judge_register(
    span: Span,
    truth: Truth,
    register: str,
    *,
    point: str,
    limit_percent: float,
    quantity: str = "active_import_wh",
    phase: str | None = None,
    hours_per_unit: float = 1.0,
    resolution: float = 0.0,
    latency_s: float = 0.0,
) -> Measurement:
    """Judge the advance of an energy register over a span.

    `quantity` is a field of `Injected` (of `PhaseInjected` with a `phase`); `hours_per_unit` are the Wh or varh of one
    unit of the register, `resolution` its step in that unit, `latency_s` how late it is at most.
    """
    measured = (_pick(register, span.after, phase) - _pick(register, span.before, phase)) * hours_per_unit
    injected = truth.injected(span.from_ns, span.to_ns).value(quantity, phase)
    doubt = resolution * hours_per_unit + _booked_late(span, truth, quantity, phase)
    if latency_s:
        late_ns = min(to_ns(latency_s), span.from_ns)
        doubt += abs(truth.injected(span.from_ns - late_ns, span.to_ns - late_ns).value(quantity, phase) - injected)
    return Measurement(
        point=point,
        quantity=quantity,
        unit=_unit(quantity),
        measured=measured,
        injected=injected,
        limit_percent=limit_percent,
        uncertainty_percent=abs(error_percent(injected + doubt, injected)),
        source="registers",
        from_ns=span.from_ns,
        to_ns=span.to_ns,
    )


def _booked_late(span: Span, truth: Truth, quantity: str, phase: str | None) -> float:
    """Energy that may have been booked at one end of the span and not at the other; its sign may change on the way."""
    late_ns = min(to_ns(span.jitter_s), span.from_ns)
    if not late_ns:
        return 0.0
    energies = [0.0]
    parts = -(-late_ns // to_ns(_LATE_STEP_S))
    for part in range(1, parts + 1):
        part_ns = -(-late_ns * part // parts)
        for end_ns in (span.from_ns, span.to_ns):
            energies.append(truth.injected(end_ns - part_ns, end_ns).value(quantity, phase))
    return max(energies) - min(energies)


def measure_energy(
    bench: MeterReader,
    truth: Truth,
    register: str,
    duration_s: float,
    *,
    point: str,
    limit_percent: float,
    quantity: str = "active_import_wh",
    phase: str | None = None,
    hours_per_unit: float = 1.0,
    resolution: float = 0.0,
    latency_s: float = 0.0,
    settle_s: float = 0.1,
) -> Measurement:
    """`observe` one register and `judge_register` it."""
    span = observe(bench, truth, [register], duration_s, settle_s=settle_s)
    return judge_register(
        span,
        truth,
        register,
        point=point,
        limit_percent=limit_percent,
        quantity=quantity,
        phase=phase,
        hours_per_unit=hours_per_unit,
        resolution=resolution,
        latency_s=latency_s,
    )


def judge_pulses(
    tap: EdgeTap,
    truth: Truth,
    from_ns: int,
    until_ns: int,
    *,
    point: str,
    limit_percent: float,
    per_kilo_hour: float,
    quantity: str = "active_import_wh",
    jitter_s: float = SAMPLE_S,
) -> Measurement:
    """Judge the pulses of a test output that begin from `from_ns` to `until_ns`, by the time stamps of their edges.

    n pulses stand for n - 1 times the energy of one (`per_kilo_hour` is the meter's constant in imp/kWh or
    imp/kvarh), injected between the first edge and the last. Firmware drives an edge up to `jitter_s` after the energy
    was full. Raises VerdictError with fewer than two pulses.
    """
    edges_ns = rising_edges(tap, from_ns, until_ns)
    if len(edges_ns) < 2:
        raise VerdictError(
            f"{point}: the meter gave {len(edges_ns)} pulses from {from_ns / NS_PER_S:.9g} s to "
            f"{until_ns / NS_PER_S:.9g} s, two at least are needed; look for load and constant, or measure longer."
        )
    first_ns, last_ns = edges_ns[0], edges_ns[-1]
    injected = truth.injected(first_ns, last_ns).value(quantity)
    jitter_ns = to_ns(jitter_s)
    doubts = [abs(injected) * jitter_ns / (last_ns - first_ns)]
    for edge_ns in (first_ns, last_ns):
        if jitter_ns and edge_ns >= jitter_ns:
            doubts.append(abs(truth.injected(edge_ns - jitter_ns, edge_ns).value(quantity)))
    return Measurement(
        point=point,
        quantity=quantity,
        unit=_unit(quantity),
        measured=(len(edges_ns) - 1) * 1000 / per_kilo_hour,
        injected=injected,
        limit_percent=limit_percent,
        uncertainty_percent=abs(error_percent(injected + max(doubts), injected)),
        source="pulses",
        from_ns=first_ns,
        to_ns=last_ns,
    )


def measure_energy_by_pulses(
    bench: MeterReader,
    truth: Truth,
    kind: str,
    duration_s: float,
    *,
    point: str,
    limit_percent: float,
    per_kilo_hour: float,
    quantity: str = "active_import_wh",
    jitter_s: float = SAMPLE_S,
    settle_s: float = 0.1,
) -> Measurement:
    """Run for `duration_s` and `judge_pulses` of output `kind` that fell into it."""
    tap = bench.pulses(kind)
    span = observe(bench, truth, [], duration_s, settle_s=settle_s)
    return judge_pulses(
        tap,
        truth,
        span.from_ns,
        span.to_ns,
        point=point,
        limit_percent=limit_percent,
        per_kilo_hour=per_kilo_hour,
        quantity=quantity,
        jitter_s=jitter_s,
    )


def rising_edges(tap: EdgeTap, from_ns: int, until_ns: int) -> list[int]:
    """Virtual times from `from_ns` to `until_ns`, both included, at which a wire went high."""
    times_ns = tap.times_ns
    start, stop = bisect.bisect_left(times_ns, from_ns), bisect.bisect_right(times_ns, until_ns)
    return [time_ns for time_ns, level in zip(times_ns[start:stop], tap.levels[start:stop], strict=True) if level]


def judge_reading(
    bench: MeterReader,
    truth: Truth,
    register: str,
    window_s: float,
    *,
    point: str,
    limit_percent: float,
    quantity: str,
    phase: str | None = None,
    scale: float = 1.0,
    resolution: float = 0.0,
) -> Measurement:
    """Judge a momentary register (RMS, power, frequency) as it reads now against the truth of the last `window_s`.

    `scale` is the quantity's unit per unit of the register, `resolution` the register's step.
    """
    to, window_ns = bench.now_ns, to_ns(window_s)
    if not 0 < window_ns <= to:
        raise UsageError(f"{point}: a window of {window_s} s does not fit before {to / NS_PER_S:.9g} s.")
    injected = truth.injected(to - window_ns, to).value(quantity, phase)
    return Measurement(
        point=point,
        quantity=quantity,
        unit=_unit(quantity),
        measured=_pick(register, {register: bench.register(register)}, phase) * scale,
        injected=injected,
        limit_percent=limit_percent,
        uncertainty_percent=abs(error_percent(injected + resolution / 2 * scale, injected)),
        source="registers",
        from_ns=to - window_ns,
        to_ns=to,
    )


def record(
    bench: MeterReader,
    truth: Truth,
    register: str,
    duration_s: float,
    step_s: float,
    *,
    quantity: str,
    phase: str | None = None,
    scale: float = 1.0,
) -> Series:
    """Run for `duration_s` and note every `step_s` a momentary register beside the truth of the step before it."""
    steps = round(duration_s / step_s) if step_s > 0 else 0
    if steps < 1:
        raise UsageError(
            f"A series needs a step above 0 s that fits into its duration, not {step_s} in {duration_s} s."
        )
    times_s, injected, measured = [], [], []
    for _ in range(steps):
        from_ns = bench.now_ns
        bench.run_for(step_s)
        times_s.append(bench.now_ns / NS_PER_S)
        injected.append(truth.injected(from_ns, bench.now_ns).value(quantity, phase))
        measured.append(_pick(register, {register: bench.register(register)}, phase) * scale)
    return Series(quantity if phase is None else f"{quantity} {phase}", _unit(quantity), times_s, injected, measured)


def _pick(register: str, readings: Mapping[str, list[float]], phase: str | None) -> float:
    """The value for a phase, or the only one; energies of several phases are not added silently."""
    values = readings[register]
    if len(values) == 1:
        return values[0]
    if phase in PHASES and PHASES.index(phase) < len(values):
        return values[PHASES.index(phase)]
    raise UsageError(f"The register {register} has {len(values)} values; say for which phase of {', '.join(PHASES)}.")


_UNITS = {"wh": "Wh", "varh": "varh", "vah": "VAh", "w": "W", "var": "var", "va": "VA", "v": "V", "a": "A", "hz": "Hz"}


def _unit(quantity: str) -> str:
    """The unit that a quantity carries at the end of its name; none for a power factor."""
    return _UNITS.get(quantity.rpartition("_")[2], "")
