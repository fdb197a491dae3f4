"""Clock controller of the i.MX RT1170: 79 clock roots, clock sources and gates (IMXRT1170RM "CCM").

A root divides one of eight sources; `clock_roots.toml` says which, and which gate (LPCG) stands between a root and the
block that runs from it alone. A new setting is in force at once, so the busy bits stay zero. Set points, domains and
access control are storage.

Reset state: every root at the reset value of its register, that is 24 MHz from the halved 48 MHz RC oscillator; the
boot ROM's own settings of the core and FlexSPI roots are not imitated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from fractions import Fraction
from importlib.resources import files
from typing import Any

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.core.toml_data import toml_data
from wattbench.hw.imxrt.aliased import AliasedBlock
from wattbench.hw.imxrt.anadig import Anadig

_TREE = toml_data(files("wattbench.hw.imxrt").joinpath("clock_roots.toml").read_text(encoding="utf-8"))
SOURCES: tuple[str, ...] = tuple(_TREE["sources"])
"""Name of clock source OSCPLLn; empty for inner nodes."""
ROOTS: dict[str, tuple[str, ...]] = {name: (*_TREE["common"], *rest) for name, rest in _TREE["roots"].items()}
"""The eight sources of each root, in the order of CLOCK_ROOTn."""
GATES: dict[str, int] = _TREE["gates"]
"""LPCG number by root."""
SOURCE_NUMBERS = {name: number for number, name in enumerate(SOURCES) if name}
ROOT_NAMES = tuple(ROOTS)
ROOT_NUMBERS = {name: number for number, name in enumerate(ROOTS)}
GATED = {gate: root for root, gate in GATES.items()}
"""Root by LPCG number."""
_MUXES = tuple(ROOTS.values())
ROOT_BITS = 0x0100_07FF
GROUP_BITS = 0x01FF_000F
OFF = 1 << 24
ON = 1
STARTED_AND_READY = 1 << 4 | 1 << 5
IN_USE = 1 << 28


@model("Wattbench.Ccm")
class Ccm(AliasedBlock):
    """Clock controller at 0x40CC0000; a `ClockSource` for every block with a clock root (`"LPUART1"`, `"GPT2"`)."""

    size = 0x8000
    table = load_table("wattbench.hw.imxrt", "ccm")
    missing = (
        "gates of blocks that share the clock of a bus (timers, FlexPWM, DMA, GPIO)",
        "the bus error of an access to a block whose gate is closed",
        "set points, domain and CPU low-power modes of roots, sources and gates",
        "access control (AUTHEN) and private registers by domain",
        "clocks on pins (CLKO1 and CLKO2)",
    )

    def __init__(self, host: Host, name: str, anadig: Anadig) -> None:
        super().__init__(host, name)
        self.anadig = anadig
        self._listeners: list[Callable[[], None]] = []
        self._asked: set[str] = set()
        self._told: dict[str, tuple[Fraction | int, Fraction | int]] = {}
        """The rates of roots that were ever asked for, in front of and behind the gate, as the listeners know them."""
        self._sources: dict[int, Fraction] = {}
        """The frequencies that those rates come from."""
        anadig.on_change(self._source_changed)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._told.clear()
        self._changed(self._asked)

    def restore(self, saved: dict[str, Any]) -> None:
        """See `Model.restore`."""
        super().restore(saved)
        self._told.clear()

    def rate_hz(self, root: str) -> Fraction | int:
        """Present frequency of a root at its block, exact; 0 while source, root or the block's gate is off."""
        self._asked.add(root)
        gate = GATES.get(root)
        return self.root_hz(root) if gate is None or self.gate_open(gate) else 0

    def root_hz(self, root: str) -> Fraction | int:
        """Present frequency of a root in front of gates, exact; 0 while the root or its source is off."""
        if root not in ROOT_NUMBERS:
            raise UsageError(f"{self.name} has no clock root {root!r}; roots are {', '.join(ROOTS)}")
        self._asked.add(root)
        return self._divided(ROOT_NUMBERS[root], self.source_hz)

    def _divided(self, number: int, source_hz: Callable[[int], Fraction]) -> Fraction | int:
        control = self[f"CLOCK_ROOT{number}_CONTROL"]
        if control & OFF:
            return 0
        hz = source_hz(SOURCE_NUMBERS[_MUXES[number][control >> 8 & 7]])
        return hz / ((control & 0xFF) + 1) if control & 0xFF else hz

    def source_hz(self, number: int) -> Fraction:
        """Present frequency of clock source OSCPLLn; 0 while it is off or an inner node."""
        on = self[f"OSCPLL{number}_DIRECT"] & ON and SOURCES[number]
        return self.anadig.source_hz(SOURCES[number]) if on else Fraction(0)

    def on_rate_change(self, callback: Callable[[], None]) -> None:
        """See `ClockSource.on_rate_change`."""
        self._listeners.append(callback)

    def gate_open(self, number: int) -> bool:
        """Whether clock gate LPCGn lets its block's clock through."""
        return bool(self[f"LPCG{number}_DIRECT"] & ON)

    def _changed(self, roots: Collection[str]) -> None:
        """Tell the listeners if one of `roots` has another rate than they know.

        Firmware that sets clocks up writes hundreds of times what changes no rate: nobody needs to hear of that.
        """
        if len(self._told) != len(self._asked):
            self._sources.clear()
            roots = self._asked
        rates = {root: self._rates(root) for root in roots if root in self._asked}
        if self._asked and all(self._told.get(root) == rate for root, rate in rates.items()):
            return
        self._told.update(rates)
        for listener in self._listeners:
            listener()

    def _rates(self, root: str) -> tuple[Fraction | int, Fraction | int]:
        """What `_told` has of a root; its source is noted."""
        hz, gate = self._divided(ROOT_NUMBERS[root], self._noted_source_hz), GATES.get(root)
        return hz, hz if gate is None or self.gate_open(gate) else 0

    def _noted_source_hz(self, number: int) -> Fraction:
        if number not in self._sources:
            self._sources[number] = self.source_hz(number)
        return self._sources[number]

    def _source_changed(self) -> None:
        """Some source may have another frequency."""
        all_told = len(self._told) == len(self._asked) > 0
        if all_told and all(self.source_hz(number) == hz for number, hz in self._sources.items()):
            return
        self._sources.clear()
        self._changed(self._asked)

    @on_write("CLOCK_ROOT{n}_CONTROL")
    def _write_root(self, number: int, raw: int, old: int) -> None:
        if self[f"CLOCK_ROOT{number}_CONTROL"] != old:
            self._changed((ROOT_NAMES[number],))

    @on_write("OSCPLL{n}_DIRECT")
    def _write_source(self, number: int, raw: int, old: int) -> None:
        if self[f"OSCPLL{number}_DIRECT"] != old:
            self._source_changed()

    @on_write("LPCG{n}_DIRECT")
    def _write_gate(self, number: int, raw: int, old: int) -> None:
        if self[f"LPCG{number}_DIRECT"] != old and number in GATED:
            self._changed((GATED[number],))

    @on_read("CLOCK_ROOT{n}_STATUS0")
    def _root_status(self, number: int) -> int:
        return self[f"CLOCK_ROOT{number}_CONTROL"] & ROOT_BITS

    @on_read("CLOCK_GROUP{n}_STATUS0")
    def _group_status(self, number: int) -> int:
        return self[f"CLOCK_GROUP{number}_CONTROL"] & GROUP_BITS

    @on_read("OSCPLL{n}_STATUS0")
    def _source_status(self, number: int) -> int:
        if not self[f"OSCPLL{number}_DIRECT"] & ON:
            return 0
        return ON | STARTED_AND_READY | (IN_USE if SOURCES[number] and self._selected(SOURCES[number]) else 0)

    def _selected(self, source: str) -> bool:
        controls = (self[f"CLOCK_ROOT{number}_CONTROL"] for number in range(len(_MUXES)))
        return any(
            not control & OFF and mux[control >> 8 & 7] == source for mux, control in zip(_MUXES, controls, strict=True)
        )

    @on_read("LPCG{n}_STATUS0")
    def _gate_status(self, number: int) -> int:
        return self[f"LPCG{number}_DIRECT"] & ON
