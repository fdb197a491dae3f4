"""Robot keywords for metrology timing: what happens when inside the meter."""

from __future__ import annotations

from pathlib import Path

from robot.api import logger
from robot.api.deco import keyword, library

from wattbench.bench import Bench
from wattbench.core.clock import to_ns
from wattbench.core.errors import UsageError
from wattbench.labs.timing import (
    LEAST_INSTANCES,
    PARTS,
    Context,
    Finding,
    Load,
    Recorder,
    Recording,
    Series,
    cpu_load,
    deadline,
    deadline_holds,
    exception_load,
    jitter_stays_below,
    lies_within,
    load_by_function,
    load_by_partition,
    load_stays_below,
    measure,
    preemptions,
    stays_below,
    write_perfetto,
    write_vcd,
)
from wattbench.robot.results import Timed
from wattbench.robot.session import BenchLibrary, seconds

_TRACES = {".vcd": write_vcd, ".json": write_perfetto}


def _names(text: str) -> list[str]:
    """Names with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _ns(text: str) -> int:
    """A duration such as `500 us` or a plain number of seconds, in ns."""
    return to_ns(seconds(text))


@library
class Timing(BenchLibrary):
    """Judges the timing inside a meter by a trace of the machine; firmware needs no change, and runs not differently.

    `Start Timing Trace` begins to record at the points that the manifest names in its table ``[timing]``; then virtual
    time passes, and the other keywords judge what there is up to then. Where there is too little to judge, they fail
    and say what to do. Messages have the worst instance's virtual time and the code where the core was.

    Durations are in Robot's time format (``500 us``) or plain seconds. Quantities are:

    | ``sample period``, ``data ready to chip select``, ``data ready to dma`` | part ``samples`` |
    | ``buffer period``, ``buffer to consumer``, ``buffer to consumer end``, ``buffer slack`` | part ``buffers`` |
    | ``window period``, ``window latency``, ``window slack`` | part ``window`` |
    | ``zero crossing``: the firmware's stamp after the true crossing, less the manifest's delay | part ``crossings`` |
    | ``pulse period[active]``, ``pulse jitter[active]``, ``pulse latency[active]`` | part ``pulses`` |
    | ``interrupt latency``, ``interrupt latency[IRQ 6]``, ``interrupt time[IRQ 6]`` | part ``interrupts`` |
    | ``preemption[PendSV]``: how long others held it up | part ``interrupts`` |
    | ``function[name]``: from call to return, ``call period[name]`` | part ``functions`` |

    Interrupts go by their names in the manifest, by ``IRQ 6``, or by ``SysTick``, ``PendSV`` and their like.
    """

    def __init__(self) -> None:
        """A new library records nothing."""
        self._recorder: Recorder | None = None
        self._recorded: Recording | None = None
        self._bench: Bench | None = None

    @keyword
    def start_timing_trace(
        self,
        parts: str = ",".join(PARTS),
        wires: str = "",
        functions: str = "",
        variables: str = "",
        load_window: str = "10 ms",
    ) -> None:
        """Begins a new trace of the loaded product; one that runs is ended.

        ``parts`` are those of the quantities that are wanted, with commas. Each costs speed: ``samples`` is some
        64 000 records a virtual second at 8 kS/s, and a variable that is watched slows accesses to what lies beside
        it. More ``wires`` (``gpio3.28,led_status``), ``functions`` and ``variables`` can be named in the same way.
        The CPU load is counted in windows of ``load_window``.
        """
        self._end()
        bench = self.session.bench
        self._recorder = Recorder(
            bench,
            parts=_names(parts),
            wires=_names(wires),
            functions=_names(functions),
            variables=_names(variables),
            load_window_s=seconds(load_window),
        )
        self._bench, self._recorded = bench, None

    @keyword
    def stop_timing_trace(self) -> None:
        """Ends the trace; what it has recorded can be judged further on."""
        if self._recorder is None:
            raise UsageError("no timing trace runs; call the keyword `Start Timing Trace` before")
        recorder, self._recorder = self._recorder, None
        self._recorded = recorder.stop()
        logger.info(f"{len(self._recorded.records)} records in {self._recorded.duration_ns / 1e9:.6g} s")

    def _end(self) -> None:
        recorder, self._recorder, self._recorded = self._recorder, None, None
        if recorder is not None and self._bench is self.session.bench:
            recorder.cancel()

    def _recording(self) -> Recording:
        if self._recorded is not None:
            return self._recorded
        if self._recorder is None or self._bench is not self.session.bench:
            raise UsageError("there is no timing trace of this product; call the keyword `Start Timing Trace` first")
        return self._recorder.recording

    def _context(self) -> Context:
        return Context(self._recording(), lambda: self.session.grid, self.session.bench.pulse_constant)

    def _keep(self, finding: Finding, series: Series | None = None) -> None:
        """Log and record a finding, then fail if it did not pass."""
        logger.info(finding.text)
        figures = (0, 0.0, 0.0, 0.0, 0.0, [0.0], [0]) if series is None else _figures(series)
        self.session.record(
            Timed(
                self.session.test,
                finding.quantity,
                finding.unit,
                finding.judged,
                finding.found,
                finding.limit,
                finding.passed,
                finding.worst,
                *figures,
            )
        )
        finding.require()

    @keyword
    def latency_should_stay_below(self, quantity: str, limit: str, at_least: int = LEAST_INSTANCES) -> float:
        """Fails unless each instance of ``quantity`` is shorter than ``limit``; returns the longest in s.

        There must be ``at_least`` so many instances.
        """
        series = measure(self._context(), quantity)
        self._keep(stays_below(series, _ns(limit), at_least), series)
        return series.most_ns / 1e9

    @keyword
    def jitter_should_stay_below(self, quantity: str, limit: str, at_least: int = LEAST_INSTANCES) -> float:
        """Fails unless each instance of ``quantity`` is closer to the mean than ``limit``; returns the jitter in s."""
        series = measure(self._context(), quantity)
        self._keep(jitter_stays_below(series, _ns(limit), at_least), series)
        return series.jitter_ns / 1e9

    @keyword
    def timing_should_be_within(
        self, quantity: str, nominal: str, tolerance: str, at_least: int = LEAST_INSTANCES
    ) -> None:
        """Fails unless each instance of ``quantity`` lies within ``tolerance`` of ``nominal``."""
        series = measure(self._context(), quantity)
        self._keep(lies_within(series, _ns(nominal), _ns(tolerance), at_least), series)

    @keyword
    def deadline_should_hold(self, of: str, margin: str = "0", at_least: int = LEAST_INSTANCES) -> float:
        """Fails unless each ``buffer`` or ``window`` is worked off more than ``margin`` before its deadline.

        A buffer's deadline is the moment from which the DMA overwrites it, a window's is the end of the next one.
        Returns the least time that was left, in s.
        """
        series = deadline(self._context(), of)
        self._keep(deadline_holds(series, _ns(margin), at_least), series)
        return series.least_ns / 1e9

    @keyword
    def interrupt_latency_should_stay_below(
        self, limit: str, source: str = "", at_least: int = LEAST_INSTANCES
    ) -> float:
        """Fails unless each interrupt reaches its handler within ``limit`` of its line's rise.

        ``source`` is one interrupt, without it all count. Returns the longest latency in s. It is that of instructions
        and masks; the emulated core takes no time for stacking registers.
        """
        return self.latency_should_stay_below(
            f"interrupt latency[{source}]" if source else "interrupt latency", limit, at_least
        )

    @keyword
    def cpu_load_should_stay_below(self, limit: float, of: str = "", over: str = "") -> float:
        """Fails unless the load of each window ``over`` such a time is below ``limit`` [%]; returns the highest.

        ``of`` is a partition of the manifest, a function (``metrology_*``), a source file (``energy.c``) or a range of
        addresses; without it all that runs counts. Without ``over`` the whole trace is one window.
        """
        found: Load = cpu_load(self._recording(), of, _ns(over) if over else 0)
        self._keep(load_stays_below(found, limit))
        return found.worst.percent

    @keyword
    def timing_of(self, quantity: str) -> dict[str, float]:
        """Returns count, and mean, least, most, jitter and deviation in s of a quantity; nothing is judged."""
        series = measure(self._context(), quantity).require(1)
        logger.info(series.summary())
        return {
            "count": len(series),
            "mean": series.mean_ns / 1e9,
            "least": series.least_ns / 1e9,
            "most": series.most_ns / 1e9,
            "jitter": series.jitter_ns / 1e9,
            "deviation": series.deviation_ns / 1e9,
        }

    @keyword
    def cpu_load_by_function(self) -> dict[str, float]:
        """Returns the share of the time in percent of each function that ran, the most first."""
        return _logged(load_by_function(self._recording()))

    @keyword
    def cpu_load_by_partition(self) -> dict[str, float]:
        """Returns the share of the time in percent of each partition of the manifest, and of ``the rest``."""
        return _logged(load_by_partition(self._recording()))

    @keyword
    def cpu_load_by_exception(self) -> dict[str, float]:
        """Returns the share of the time in percent that each exception's handler took by itself, the most first."""
        return _logged(exception_load(self._recording()))

    @keyword
    def interrupt_preemptions(self) -> dict[str, int]:
        """Returns how often each exception interrupted another one or the threads, by ``interrupted < by``."""
        found = preemptions(self._recording())
        for item in found:
            logger.info(
                f"{item.by} interrupted {item.interrupted} {item.count} times, {item.longest_ns / 1000:.3f} us at most"
            )
        return {f"{item.interrupted} < {item.by}": item.count for item in found}

    @keyword
    def write_timing_trace(self, path: Path) -> None:
        """Writes the trace: a ``.vcd`` file for wave viewers, or a ``.json`` one for Perfetto (ui.perfetto.dev)."""
        if path.suffix not in _TRACES:
            raise UsageError(f"a timing trace is written as {' or '.join(_TRACES)}, not as `{path.name}`")
        _TRACES[path.suffix](self._recording(), path)


def _figures(series: Series) -> tuple[int, float, float, float, float, list[float], list[int]]:
    edges, counts = series.histogram()
    return (
        len(series), series.mean_ns, float(series.least_ns), float(series.most_ns), series.deviation_ns, edges, counts,
    )  # fmt: skip


def _logged(shares: dict[str, float]) -> dict[str, float]:
    for name, percent in shares.items():
        logger.info(f"{name}: {percent:.4g} %")
    return shares
