"""The bench: one object that ties platform, firmware and engine together."""

from __future__ import annotations

import hashlib
import importlib
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from wattbench.bench.access_watch import AccessWatch
from wattbench.bench.code_map import CodeMap
from wattbench.bench.console import Console
from wattbench.bench.descriptions import (
    Booking,
    ClockDescription,
    FrontEndDescription,
    PulseOutput,
    RegisterDescription,
)
from wattbench.bench.firmware_file import firmware_file
from wattbench.bench.manifest import Manifest, read_manifest
from wattbench.bench.observation import Observation, lines_of
from wattbench.bench.products import find_manifest
from wattbench.core.clock import to_ns
from wattbench.core.errors import FirmwareFileError, LimitError, UsageError
from wattbench.engines.embedded import EmbeddedEngine
from wattbench.engines.engine import EdgeTap, Engine
from wattbench.engines.trace import TraceRequest, TraceTap

WRITE_STEP_NS, WRITE_LIMIT_NS = 1_000, 10_000_000
"""How often and how long a register is looked at that is just being written."""


def _renode(**options: Any) -> Engine:
    """The second engine, which is imported by those who ask for it only."""
    engine: Engine = importlib.import_module("wattbench.engines.renode.engine").RenodeEngine(**options)
    return engine


ENGINES: dict[str, Callable[..., Engine]] = {"embedded": EmbeddedEngine, "renode": _renode}


def code_address(engine: Engine, place: str) -> int:
    """The address of `name`, `name+0x10` or `0x1234`; raises UsageError or FirmwareFileError."""
    name, _, distance = place.partition("+")
    try:
        return int(place, 0) if place[0].isdecimal() else engine.symbol(name.strip()) + int(distance or "0", 0)
    except ValueError as error:
        raise UsageError(f"`{place}` is no place in code; it is a symbol, `symbol+0x10` or an address") from error


class Bench:
    """A running product. Times given are virtual seconds (numbers or exact text such as `"0.1"`)."""

    def __init__(self, manifest: Manifest, engine: Engine, sha256: str = "") -> None:
        self.manifest, self.engine, self._sha256 = manifest, engine, sha256
        self.accesses = AccessWatch(engine, manifest.accepted)

    @classmethod
    def load(
        cls, product: str | Path, engine: str = "embedded", image: str | Path | None = None, **options: Any
    ) -> Bench:
        """Build the board of a product (its name or the path of a manifest) and load its firmware.

        `image` is an ELF or a flash image instead of the manifest's; `engine` is `embedded` or `renode`, `options` go
        to it. Raises UsageError, SourceError, FirmwareFileError or, where Renode is missing, SetupError; nothing runs
        yet.
        """
        if engine not in ENGINES:
            raise UsageError(f"there is no engine `{engine}`; this version has {', '.join(ENGINES)}")
        manifest = read_manifest(find_manifest(product))
        if image is not None:
            if not Path(image).is_file():
                raise FirmwareFileError(f"there is no firmware {image} to load instead of the manifest's")
            manifest = replace(manifest, file=Path(image).resolve(), parts=())
        with firmware_file(manifest) as file:
            sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
            made = ENGINES[engine](**options)
            try:
                made.run_script(manifest.platform, {"bin": f"@{file}"})
                for path in manifest.symbols:
                    made.execute(f"sysbus LoadSymbolsFrom @{path}")
                made.limit_awake(round(manifest.awake_ms * 1_000_000))
                made.wait_at([code_address(made, place) for place in manifest.waits])
            except BaseException:
                made.close()
                raise
        return cls(manifest, made, sha256)

    def close(self) -> None:
        """Give the machine up."""
        self.engine.close()

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        verdict = self.accesses.verdict() if self.accesses.fails and kind is None else None
        self.close()
        if verdict is not None:
            raise verdict

    # Running

    @property
    def now_ns(self) -> int:
        """Virtual time in ns since power-on."""
        return self.engine.now_ns

    @property
    def now_s(self) -> float:
        """Virtual time in seconds since power-on."""
        return self.engine.now_ns / 1e9

    def run_for(self, seconds: float | str) -> None:
        """Let virtual time pass."""
        self.run_to_ns(self.now_ns + to_ns(seconds))

    def run_to_ns(self, time_ns: int) -> None:
        """Run until a virtual time, whoever asks for a stop in between."""
        while self.now_ns < time_ns:
            self.engine.run_to(time_ns)

    def run_until(self, condition: Callable[[], bool], limit_s: float | str, step_s: float | str = "0.001") -> None:
        """Run until `condition()` holds, looked at every `step_s`; raises LimitError after `limit_s`."""
        end_ns, step_ns = self.now_ns + to_ns(limit_s), to_ns(step_s)
        while not condition():
            if self.now_ns >= end_ns:
                raise LimitError(f"the awaited condition did not come within {limit_s} s", time_ns=self.now_ns)
            self.run_to_ns(min(self.now_ns + step_ns, end_ns))

    def boot(self, limit_s: float = 5.0) -> None:
        """Run until the console says what the manifest calls ready."""
        self.console.wait_for_line(self.manifest.console.ready, limit_s)

    def execute(self, command: str) -> str:
        """Carry out one Monitor command."""
        return self.engine.execute(command)

    # What no model does

    def fail_on_unmodelled_access(self) -> None:
        """From now on firmware must not use what no model does, but for what its manifest accepts.

        `check_unmodelled_accesses` judges that, and so do the end of a `with` block and the fixture `bench`.
        """
        self.accesses.fail_from_now_on()

    def check_unmodelled_accesses(self) -> None:
        """Raise UnmodelledAccessError if firmware has used what no model does and its manifest does not accept."""
        verdict = self.accesses.verdict()
        if verdict is not None:
            raise verdict

    # What can be seen

    @cached_property
    def console(self) -> Console:
        """The firmware's shell."""
        console = self.manifest.console
        return Console(self.engine, self.engine.uart(console.uart), console.prompt)

    def model(self, name: str) -> Any:
        """The Python object of a model of the platform."""
        return self.engine.model(name)

    @property
    def front_ends(self) -> dict[str, FrontEndDescription]:
        """How each phase reaches its converter."""
        return dict(self.manifest.front_ends)

    def register(self, name: str) -> list[float]:
        """The numbers of a register of the manifest, in its unit; `active_import[total]` or `[0]` is one of them."""
        base, _, element = name.removesuffix("]").partition("[")
        entry = self.manifest.register(base)
        self._wait_for_writer(entry)
        raw = self.engine.read_memory(self.engine.symbol(entry.symbol), entry.size * entry.count)
        values = [value * entry.scale for value in struct.unpack(entry.format, raw)]
        return [values[entry.index(element)]] if element else values

    def _wait_for_writer(self, entry: RegisterDescription) -> None:
        """Let a firmware that is just writing the register come to an end with it."""
        if not entry.sequence:
            return
        address, limit_ns = self.engine.symbol(entry.sequence), self.now_ns + WRITE_LIMIT_NS
        while self.engine.read_memory(address, 1)[0] & 1:
            if self.now_ns >= limit_ns:
                raise LimitError(f"the firmware does not finish writing {entry.symbol}", time_ns=self.now_ns)
            self.run_to_ns(self.now_ns + WRITE_STEP_NS)

    def number(self, name: str) -> float:
        """The single number of a register or element; raises UsageError if there are several."""
        values = self.register(name)
        if len(values) != 1:
            entry = self.manifest.register(name)
            raise UsageError(
                f"the register {name} has {entry.count} numbers; ask for one, such as {name}[{entry.first}]"
            )
        return values[0]

    def resolution(self, name: str) -> float:
        """The step of a register in its unit, 0 for a floating-point one."""
        return self.manifest.register(name.partition("[")[0]).resolution

    @property
    def settle_s(self) -> float:
        """How long after a change of the mains the momentary registers show all of it."""
        return self.manifest.metrology.settle_ms / 1000

    @property
    def booking(self) -> Booking:
        """How the energy registers advance."""
        return self.manifest.metrology.booking

    @property
    def clock(self) -> ClockDescription:
        """How the meter keeps time; raises UsageError for one that does not."""
        if self.manifest.clock is None:
            raise UsageError(f"{self.manifest.name} keeps no time: {self.manifest.path.name} has no table [clock]")
        return self.manifest.clock

    @property
    def clock_output(self) -> EdgeTap:
        """The edges of the clock's test output: it rises at each full second of the meter."""
        return self.engine.edges(self.clock.output)

    def pulse_constant(self, kind: str) -> float:
        """Flashes of a metrology LED per kWh or kvarh; raises UsageError if there is none."""
        return self._pulse_output(kind).per_kilo_hour

    def trace(self, request: TraceRequest) -> TraceTap:
        """Begin to record what happens inside the machine, with exact times; no time and no result depends on it.

        `labs.timing` measures with it. Raises UsageError for what there is not, and where a trace runs already.
        """
        return self.engine.trace(request)

    def code_address(self, place: str) -> int:
        """The address of `name`, `name+0x10` or `0x1234`; raises UsageError or FirmwareFileError."""
        return code_address(self.engine, place)

    @cached_property
    def code(self) -> CodeMap:
        """Functions and source lines of the firmware's ELF files."""
        manifest = self.manifest
        return CodeMap([*([manifest.file] if manifest.file else []), *manifest.symbols])

    def read_symbol(self, name: str, size: int = 4) -> bytes:
        """`size` bytes at a symbol."""
        return self.engine.read_memory(self.engine.symbol(name), size)

    def pulses(self, kind: str) -> EdgeTap:
        """The edges of a metrology LED (`active`, `reactive`)."""
        return self.engine.edges(self._pulse_output(kind).led)

    def _pulse_output(self, kind: str) -> PulseOutput:
        if kind not in self.manifest.pulses:
            raise UsageError(f"{self.manifest.name} has no {kind} pulses; it has {', '.join(self.manifest.pulses)}")
        return self.manifest.pulses[kind]

    def observe(self) -> Observation:
        """Console, pulses and registers up to now."""
        edges = {kind: self.pulses(kind) for kind in self.manifest.pulses}
        return Observation(
            lines_of(self.engine.uart(self.manifest.console.uart)),
            {
                kind: [time_ns / 1e9 for time_ns, level in zip(tap.times_ns, tap.levels, strict=True) if level]
                for kind, tap in edges.items()
            },
            {name: self.register(name) for name in self.manifest.registers},
            {name: register.unit for name, register in self.manifest.registers.items()},
            self.now_ns / 1e9,
        )

    def firmware_sha256(self) -> str:
        """SHA-256 of the firmware file or flash image."""
        return self._sha256

    # State

    def save(self) -> Any:
        """The whole bench as plain data."""
        return {"engine": self.engine.save(), "console": self.console.position}

    def restore(self, state: Any) -> None:
        """Back to what `save` gave."""
        self.engine.restore(state["engine"])
        self.console.position = state["console"]

    def digest(self) -> str:
        """SHA-256 over all UART bytes, edges with their times, and memory."""
        return self.engine.digest()
