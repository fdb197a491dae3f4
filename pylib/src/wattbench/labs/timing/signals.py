"""Samples, windows and functions: periods of what comes again and again, and latencies from one thing to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench.core.errors import StimulusError, UsageError
from wattbench.engines.trace import Records, TraceKind
from wattbench.labs.timing.recording import Recording, ticks_to_ns
from wattbench.labs.timing.series import Series, Times, instant


def need(recording: Recording, *keys: str) -> None:
    """Raise UsageError where the timing points do not say what a measurement is made of."""
    missing = [key for key in keys if not getattr(recording.points, key)]
    if missing:
        raise UsageError(
            f"the timing points do not say {', '.join(f'`{key}`' for key in missing)}; "
            "name it in the table [timing] of the manifest (docs/timing.md)"
        )


def series(
    recording: Recording, name: str, records: Records, values_ns: Times, *, hint: str, faults: tuple[str, ...] = ()
) -> Series:
    """A series whose instances are at the times and PCs of records."""
    times = np.array(records["time_ns"], np.int64)
    pcs, place = np.array(records["pc"], np.uint32), recording.code.place
    return Series(name, *recording.span, times, values_ns, pcs, faults=faults, place=place, hint=hint)


def period(recording: Recording, name: str, records: Records, *, hint: str) -> Series:
    """The distances of each record from the one before it."""
    return series(recording, name, records[1:], np.diff(records["time_ns"]), hint=hint)


def sample_period(recording: Recording) -> Series:
    """From one data-ready to the next."""
    need(recording, "data_ready")
    points = recording.points
    hint = f"does the converter convert, and is `{points.data_ready}` its data-ready?"
    edges = recording.edges(points.data_ready, points.data_ready_edge)
    return period(recording, "sample period", edges, hint=hint)


def answer(recording: Recording, name: str, causes: Records, effects: Records, what: str) -> Series:
    """From each cause to the first effect before the next cause; a cause without one is a fault."""
    at, then = causes["time_ns"], effects["time_ns"]
    following = np.searchsorted(then, at, "left")
    limits = np.append(at[1:], recording.ended_ns + 1)
    answered = following < len(then)
    answered[answered] = then[following[answered]] < limits[answered]
    late = ~answered
    if len(late):
        late[-1] = False  # its answer may lie behind the end
    missed = causes[late]
    faults: tuple[str, ...] = ()
    if len(missed):
        faults = (f"{len(missed)} of {len(causes)} {what}, first at {instant(int(missed[0]['time_ns']))}",)
    found = causes[answered]
    values = then[following[answered]] - found["time_ns"]
    hint = f"of {len(causes)} occasions none was answered" if len(causes) else "let more virtual time pass"
    return series(recording, name, effects[following[answered]], np.array(values, np.int64), faults=faults, hint=hint)


def data_ready_to_chip_select(recording: Recording) -> Series:
    """From data-ready to the select that begins the sample's transfer."""
    need(recording, "data_ready", "chip_select")
    points = recording.points
    causes = recording.edges(points.data_ready, points.data_ready_edge)
    effects = recording.edges(points.chip_select, points.chip_select_edge)
    what = "samples were not fetched before the next one"
    return answer(recording, "data ready to chip select", causes, effects, what)


def data_ready_to_dma(recording: Recording) -> Series:
    """From data-ready to the DMA channel's minor loop that answers it."""
    need(recording, "data_ready", "dma_start")
    causes = recording.edges(recording.points.data_ready, recording.points.data_ready_edge)
    effects = recording.channel(TraceKind.SERVICE, recording.points.dma_start)
    return answer(recording, "data ready to dma", causes, effects, "samples started no DMA before the next one")


def window_period(recording: Recording) -> Series:
    """From one publication of a measurement window to the next."""
    need(recording, "window")
    return period(recording, "window period", recording.stores(recording.points.window), hint=_window_hint(recording))


def _window_hint(recording: Recording) -> str:
    variable = recording.points.window
    return f"does the meter measure, and does it write `{variable}` once a window? Let more windows pass"


def window_latency(recording: Recording) -> Series:
    """From the end of a window to its publication.

    The end is the zero crossing whose stamp was written last before the publication. A firmware without stamps is
    held against its own pace: how much later than the earliest publications a window comes.
    """
    need(recording, "window")
    writes = recording.stores(recording.points.window)
    if recording.points.crossing and recording.points.crossing in recording.addresses:
        stamps, stamps_ns = crossing_stamps(recording)
        number = np.searchsorted(stamps["time_ns"], writes["time_ns"], "right") - 1
        writes, number = writes[number >= 0], number[number >= 0]
        values = writes["time_ns"] - stamps_ns[number]
    elif len(writes) > 2:
        pace = float(np.median(np.diff(writes["time_ns"])))
        late = writes["time_ns"] - writes["time_ns"][0] - pace * np.arange(len(writes))
        values = np.rint(late - late.min()).astype(np.int64)
    else:
        values = np.zeros(len(writes), np.int64)
    return series(recording, "window latency", writes, values, hint=_window_hint(recording))


def crossing_stamps(recording: Recording) -> tuple[Records, NDArray[np.int64]]:
    """The stores of zero-crossing stamps, and the virtual times that the stamps mean."""
    need(recording, "crossing", "timebase", "timebase_hz")
    points, anchor = recording.points, recording.anchor
    if anchor is None:
        raise StimulusError("the firmware's time base was not read, so its stamps mean nothing; record it anew")
    stores = recording.stores(points.crossing)
    return stores, ticks_to_ns(stores["value"], anchor, points.timebase_hz, points.timebase_bits)


def function_time(recording: Recording, function: str) -> Series:
    """From call to return of a function, interruptions included."""
    calls = recording.calls(function)
    returns = calls[calls["kind"] == TraceKind.RETURN]
    values = np.array(returns["time_ns"] - returns["since_ns"], np.int64)
    hint = f"is `{function}` called, and does it return?"
    return series(recording, f"function[{function}]", returns, values, hint=hint)


def function_period(recording: Recording, function: str) -> Series:
    """From one call of a function to the next."""
    calls = recording.calls(function)
    begun = calls[calls["kind"] == TraceKind.CALL]
    return period(recording, f"call period[{function}]", begun, hint=f"is `{function}` called?")
