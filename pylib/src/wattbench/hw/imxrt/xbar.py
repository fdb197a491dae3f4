"""XBARA and XBARB: crossbars, whose outputs each follow one input at once.

Source: i.MX RT1170 reference manual, chapters XBARA and XBARB. `xbar_signals.toml` says which signal has which number.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import ClassVar

from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, model, on_write
from wattbench.core.registers import load_table
from wattbench.core.toml_data import toml_data
from wattbench.core.wires import DmaRequest

KINDS = ("xbara", "xbarb")
HIGH_INPUT = 1
EDGE_OUTPUTS = range(4)
LONGEST_LOOP = 32
"""Changes of one output within one change of an input, after which the wires are taken for an oscillating loop."""
_TABLE_A = load_table("wattbench.hw.imxrt", "xbara")
_CONTROL = _TABLE_A["CTRL{n}"]


def _numbered(listed: dict[str, list[int]]) -> dict[int, str]:
    names = {}
    for name, numbers in listed.items():
        first, count, start = numbers if len(numbers) > 1 else (numbers[0], 1, 0)
        for place in range(count):
            names[first + place] = name.replace("{n}", str(start + place))
    return names


@dataclass(frozen=True)
class Signals:
    """What hangs on the crossbars of a chip: names of inputs and outputs by number, for both kinds of crossbar.

    Other numbers are reserved. No model drives an input whose name starts with one of `undriven`.
    """

    inputs: dict[str, dict[int, str]]
    outputs: dict[str, dict[int, str]]
    undriven: tuple[str, ...]


def load_signals(package: str) -> Signals:
    """The signals of a chip from `xbar_signals.toml` in its package."""
    data = toml_data(files(package).joinpath("xbar_signals.toml").read_text(encoding="utf-8"))
    inputs, outputs = ({kind: _numbered(data[kind][way]) for kind in KINDS} for way in ("inputs", "outputs"))
    return Signals(inputs, outputs, tuple(data["undriven"]))


SIGNALS = load_signals("wattbench.hw.imxrt")
INPUTS, OUTPUTS = SIGNALS.inputs, SIGNALS.outputs


class Crossbar(RegisterBlock):
    """Inputs and outputs are the numbers of the signals; reserved ones are low."""

    size = 0x4000
    state_names = ("_levels",)
    signals: ClassVar[Signals] = SIGNALS

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._inputs = self.signals.inputs[self.table.block]
        self._count = 2 * self.table["SEL{n}"].count
        self._levels = [number == HIGH_INPUT for number in range(1 << self.table["SEL{n}"]["EVEN"].width)]
        self._lines = [self.output(number) for number in range(self._count)]
        self._depth = 0

    def reset(self) -> None:
        """See `Model.reset`; levels at the inputs stay."""
        super().reset()
        for number in range(self._count):
            self._drive(number)

    def _selected(self, number: int) -> int:
        """Input that output `number` follows."""
        fields = self.table["SEL{n}"]
        return fields["ODD" if number % 2 else "EVEN"].get(self[f"SEL{number // 2}"])

    def on_input(self, number: int, level: bool) -> None:
        """See `Model.on_input`: signal `number`."""
        if number not in self._inputs or number <= HIGH_INPUT:
            raise TypeError(f"{self.name} has no signal at input {number}")
        self._levels[number] = level
        for output in range(self._count):
            if self._selected(output) == number:
                self._drive(output)

    def _drive(self, number: int) -> None:
        level = self._levels[self._selected(number)]
        if level == self._lines[number].level:
            return
        if self._depth == LONGEST_LOOP:
            self.host.log(logging.ERROR, self.name, f"output {number} is part of a loop that oscillates; it stays")
            return
        self._depth += 1
        self._lines[number].set(level)
        self._depth -= 1
        self._changed(number, level)

    def _changed(self, number: int, level: bool) -> None:
        """An output has changed."""

    @on_write("SEL{n}")
    def _write_select(self, n: int, raw: int, old: int) -> None:
        for number in (2 * n, 2 * n + 1):
            source = self._selected(number)
            signal = self._inputs.get(source, "")
            if self[f"SEL{n}"] != old and (not signal or signal.startswith(self.signals.undriven)):
                self.host.unmodelled(self.name, f"output {number} from input {source} ({signal or 'reserved'})")
            self._drive(number)


@model("Wattbench.XbarB")
class XbarB(Crossbar):
    """A crossbar in front of an AOI. Inputs and outputs by number."""

    table = load_table("wattbench.hw.imxrt", "xbarb")
    missing = ("ends of DMA transfers as signals",)


@model("Wattbench.XbarA")
class XbarA(Crossbar):
    """The crossbar between blocks and pads. Inputs and outputs by number; `4` to `40` are pads XBAR_INOUT.

    Outputs 0 to 3 detect edges: `IRQ01` and `IRQ23` are their interrupts, `DMA0` to `DMA3` their DMA requests, whose
    acknowledge clears the flag.
    """

    table = _TABLE_A
    missing = ("ends of DMA transfers as signals", "direction of pads by IOMUXC_GPR")

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._irqs = [self.output("IRQ01"), self.output("IRQ23")]
        self._requests = [DmaRequest() for _ in EDGE_OUTPUTS]
        for number, line in enumerate(self._requests):
            line.acknowledged = partial(self._served, number)
            self.output(f"DMA{number}", line)

    def reset(self) -> None:
        """See `Model.reset`."""
        super().reset()
        self._show()

    def _field(self, number: int, name: str) -> int:
        half = "ODD" if number % 2 else "EVEN"
        return _CONTROL[f"{name}_{half}"].get(self[f"CTRL{number // 2}"])

    def _changed(self, number: int, level: bool) -> None:
        if number in EDGE_OUTPUTS and self._field(number, "EDGE") & (1 if level else 2):
            self[f"CTRL{number // 2}"] |= _CONTROL["STS_ODD" if number % 2 else "STS_EVEN"].mask
            self._show()

    def _served(self, number: int) -> None:
        self[f"CTRL{number // 2}"] &= ~_CONTROL["STS_ODD" if number % 2 else "STS_EVEN"].mask
        self._show()

    @on_write("CTRL{n}")
    def _write_control(self, n: int, raw: int, old: int) -> None:
        self._show()

    def _show(self) -> None:
        wanted = [False, False]
        for number in EDGE_OUTPUTS:
            seen = bool(self._field(number, "STS"))
            wanted[number // 2] |= seen and bool(self._field(number, "IEN"))
            self._requests[number].set(seen and bool(self._field(number, "DEN")))
        for line, level in zip(self._irqs, wanted, strict=True):
            line.set(level)
