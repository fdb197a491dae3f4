"""A bench as the metrology lab reads it, with what the manifest knows about reading it."""

from __future__ import annotations

from wattbench.bench import Bench
from wattbench.core.errors import UsageError
from wattbench.engines.engine import EdgeTap


class Meter:
    """The meter on a bench. `active_import[0]` is one number of the manifest's register `active_import`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @property
    def now_ns(self) -> int:
        """Virtual time."""
        return self._bench.now_ns

    @property
    def settle_s(self) -> float:
        """How long the meter needs after a change of the mains until it registers all of it."""
        return self._bench.manifest.metrology.settle_ms / 1000

    def run_for(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._bench.run_for(seconds)

    def register(self, name: str) -> list[float]:
        """The numbers of a register, or the one that is asked for; raises UsageError."""
        return self._bench.register(name)

    def number(self, name: str) -> float:
        """The single number of a register; raises UsageError if there are several."""
        values = self.register(name)
        if len(values) != 1:
            raise UsageError(f"the register {name} has {len(values)} elements; ask for one, such as {name}[0]")
        return values[0]

    def resolution(self, name: str) -> float:
        """The step of a register in its unit, 0 for a floating-point one."""
        return self._bench.manifest.register(name.partition("[")[0]).resolution

    def pulses(self, kind: str) -> EdgeTap:
        """The edges of a test output."""
        return self._bench.pulses(kind)

    def constant(self, kind: str) -> float:
        """The constant of a test output in imp/kWh or imp/kvarh; raises UsageError if there is none."""
        self._bench.pulses(kind)
        return self._bench.manifest.pulses[kind].per_kilo_hour
