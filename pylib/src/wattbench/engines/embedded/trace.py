"""Traces of a machine of the native core: `engines.trace` over pylib/native/src/trace.h."""

from __future__ import annotations

import ctypes as c
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from wattbench.core.errors import UsageError
from wattbench.core.wires import Line, SpiPort
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins.dma import NativeEdma
from wattbench.engines.embedded.twins.lines import NativeLine
from wattbench.engines.embedded.twins.lpspi import NativeLpspi
from wattbench.engines.trace import RECORD, Records, TraceKind, TraceRequest
from wattbench.hw.imxrt.edma import Edma

CHIP_SELECTS = ("PCS0", "PCS1", "PCS2", "PCS3")
EXCEPTIONS, SLEEPS = 1, 2
"""`kinds` of wb_trace_start"""
_CHANNELS = 32
_NUMBERED = (TraceKind.EDGE, TraceKind.SERVICE, TraceKind.MAJOR)


class TraceSources:
    """Wires and channels of one machine that traces can follow. Python models are listened to once for all traces."""

    def __init__(self, machine: Machine, model: Callable[[str], Any], models: Callable[[], Mapping[str, Any]]) -> None:
        """`model` finds an object of the platform by name and raises UsageError; `models` are all of them."""
        self._machine, self._model, self._models = machine, model, models
        self._numbers: dict[tuple[TraceKind, str], int] = {}
        self._heard: set[tuple[TraceKind, str]] = set()
        self._undo: list[Callable[[], None]] = []

    def forget(self) -> None:
        """No wire and no channel belongs to a trace any more."""
        self._numbers.clear()
        for action in self._undo:
            action()
        self._undo.clear()

    def _teller(self, kind: TraceKind, name: str) -> Callable[[int], None]:
        """Tell the trace of a Python model's event, as long as one wants to know."""
        machine, numbers, key = self._machine, self._numbers, (kind, name)

        def tell(value: int) -> None:
            number = numbers.get(key, 0)
            if number:
                machine.lib.wb_trace_tell(machine.handle, kind, number, value)

        return tell

    def follow_wire(self, name: str, number: int) -> None:
        """Let the trace have the edges of a wire under a number from 1 on."""
        line, spi, pcs = self._find_wire(name)
        key = (TraceKind.EDGE, name)
        if isinstance(spi, NativeLpspi):
            self._machine.lib.wb_lpspi_trace(spi.handle, pcs, number)
            self._undo.append(partial(self._machine.lib.wb_lpspi_trace, spi.handle, pcs, 0))
            return
        if isinstance(line, NativeLine):
            self._machine.lib.wb_trace_line(self._machine.handle, line.number, number)
            return
        self._numbers[key] = number
        if key in self._heard:
            return
        self._heard.add(key)
        tell = self._teller(*key)
        if isinstance(line, Line):
            line.connect(lambda level: tell(int(level)), announce=False)
        else:
            spi.port.listen_select(lambda chosen, asserted: tell(int(asserted)) if chosen == pcs else None)

    def _find_wire(self, name: str) -> tuple[Any, Any, int]:
        """The wire's line, or its SPI controller and which of its selects it is."""
        models = self._models()
        if name.rpartition(".")[2] in models:
            base, output = name.rpartition(".")[2], None
        else:
            base, _, text = name.rpartition(".")
            output = int(text) if text.isdecimal() else text
        found = self._model(base or name)
        outputs = getattr(found, "outputs", {})
        chosen = getattr(found, "default_output", None) if output is None else output
        if chosen in outputs:
            return outputs[chosen], None, 0
        is_controller = isinstance(found, NativeLpspi) or isinstance(getattr(found, "port", None), SpiPort)
        if chosen in CHIP_SELECTS and is_controller:
            return None, found, CHIP_SELECTS.index(str(chosen))
        known = [str(key) for key in outputs]
        raise UsageError(f"there is no wire `{name}`; `{base}` has {', '.join(known) or 'no outputs'}")

    def follow_channels(self, majors: Sequence[str], services: Sequence[str]) -> None:
        """Let the trace have ends of major loops, and minor loops, each under its place in the list from 1 on."""
        major_numbers = {self._find_channel(name): n for n, name in enumerate(majors, 1)}
        service_numbers = {self._find_channel(name): n for n, name in enumerate(services, 1)}
        for engine, channel in {**major_numbers, **service_numbers}:
            numbers = major_numbers.get((engine, channel), 0), service_numbers.get((engine, channel), 0)
            dma = self._model(engine)
            if isinstance(dma, NativeEdma):
                self._machine.lib.wb_edma_trace(dma.handle, channel, *numbers)
                self._undo.append(partial(self._machine.lib.wb_edma_trace, dma.handle, channel, 0, 0))
                continue
            for kind, number in zip((TraceKind.MAJOR, TraceKind.SERVICE), numbers, strict=True):
                self._follow_python_channel(dma, kind, f"{engine}.{channel}", channel, number)

    def _follow_python_channel(self, dma: Edma, kind: TraceKind, name: str, channel: int, number: int) -> None:
        self._numbers[kind, name] = number
        if (kind, name) in self._heard:
            return
        self._heard.add((kind, name))
        tell = self._teller(kind, name)
        if kind == TraceKind.MAJOR:
            dma.on_major.append(lambda served, destination: tell(destination) if served == channel else None)
        else:
            dma.on_minor.append(lambda served: tell(served) if served == channel else None)

    def _find_channel(self, name: str) -> tuple[str, int]:
        engine, _, text = name.rpartition(".")
        if not engine or not text.isdecimal() or int(text) >= _CHANNELS:
            raise UsageError(f"`{name}` is no DMA channel; write such as `edma0.6`, channels are 0 to {_CHANNELS - 1}")
        if not isinstance(self._model(engine), NativeEdma | Edma):
            raise UsageError(f"`{engine}` is no DMA engine whose channels can be traced")
        return engine.rpartition(".")[2], int(text)


class NativeTrace:
    """See `engines.trace.TraceTap`. Making one begins it; a machine has one at a time."""

    def __init__(self, machine: Machine, sources: TraceSources, request: TraceRequest, mips: Sequence[int]) -> None:
        """Raises UsageError for what cannot be traced; nothing runs differently then."""
        self._machine, self._sources = machine, sources
        self.request, self.mips = request, tuple(mips)
        self.runs = True
        """Whether it was not stopped yet."""
        self._began_ns = machine.now_ns()
        kinds = EXCEPTIONS * request.exceptions | SLEEPS * request.sleep
        if machine.lib.wb_trace_start(machine.handle, request.limit, kinds):
            raise UsageError("there is no memory for a trace")
        try:
            self._ask()
        except BaseException:
            self.stop()
            raise

    def _ask(self) -> None:
        lib, handle, request = self._machine.lib, self._machine.handle, self.request
        for name in request.wires:
            if request.wires.count(name) > 1:
                raise UsageError(f"the wire `{name}` is asked for twice in one trace")
        for number, name in enumerate(request.wires, 1):
            self._sources.follow_wire(name, number)
        self._sources.follow_channels(request.dma, request.dma_services)
        for address in request.functions:
            if lib.wb_trace_function(handle, address):
                raise UsageError(f"a trace follows 256 functions at most, not {len(request.functions)}")
        for address, size in request.stores:
            if size < 1 or lib.wb_trace_watch(handle, address, size):
                raise UsageError(f"a trace watches 256 variables of at least a byte, not {len(request.stores)}")
        if request.load_window_ns:
            starts = (0, *request.load_boundaries)
            if list(starts) != sorted(set(starts)):
                raise UsageError("the boundaries of a load must be above 0 and ascend")
            if lib.wb_trace_load(handle, (c.c_uint32 * len(starts))(*starts), len(starts), request.load_window_ns):
                raise UsageError("there is no memory to count the load")

    @property
    def began_ns(self) -> int:
        """See `TraceTap.began_ns`."""
        return self._began_ns

    def restored(self) -> None:
        """The machine went back to an earlier state; its native side has dropped what lies after that."""
        self._began_ns = min(self._began_ns, self._machine.now_ns())

    @property
    def lost(self) -> int:
        """See `TraceTap.lost`."""
        return int(self._machine.lib.wb_trace_lost(self._machine.handle))

    def records(self) -> Records:
        """See `TraceTap.records`."""
        lib, handle = self._machine.lib, self._machine.handle
        lib.wb_trace_flush(handle)
        count = int(lib.wb_trace_count(handle))
        if not count:
            return np.empty(0, RECORD)
        buffer = (c.c_char * (count * RECORD.itemsize)).from_address(lib.wb_trace_records(handle))
        records: Records = np.frombuffer(bytes(buffer), RECORD).copy()
        records["source"][np.isin(records["kind"], _NUMBERED)] -= 1
        load = records["kind"] == TraceKind.LOAD
        records["source"][load] -= 1  # bucket 0 lies below the first boundary: it becomes BELOW_BOUNDARIES
        records = records[np.argsort(records["time_ns"], kind="stable")]
        return records

    def stop(self) -> None:
        """See `TraceTap.stop`."""
        self.runs = False
        self._machine.lib.wb_trace_stop(self._machine.handle)
        self._sources.forget()
