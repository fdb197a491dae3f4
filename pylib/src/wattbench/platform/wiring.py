"""Connecting outputs to inputs: several drivers of one input meet in an OR gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from wattbench.core.errors import WattbenchError
from wattbench.core.names import did_you_mean
from wattbench.core.wires import DmaRequest, Line
from wattbench.platform.description import Element, InputPin, Interrupt

DESTINATION_MISSING = 11
NO_RECEIVER = 12
SOURCE_MISSING = 13
SOURCE_NOT_NUMBERED = 14
AMBIGUOUS_DEFAULT = 15
NO_LOCAL_RECEIVER = 18
PIN_MISSING = 43


class OrGate:
    """An output that is high while any of its inputs is."""

    def __init__(self, inputs: Sequence[Line]) -> None:
        self.inputs, self.output = tuple(inputs), Line()
        for line in self.inputs:
            line.connect(self._changed)

    def _changed(self, level: bool) -> None:
        self.output.set(level or any(line.level for line in self.inputs))

    def restored(self) -> None:
        """Take the inputs' levels over without telling anybody."""
        self.output.level = any(line.level for line in self.inputs)


@dataclass
class _Input:
    receiver: Any
    pin: InputPin
    lines: list[Line] = field(default_factory=list)


def connect(wired: Sequence[tuple[Element, Any]], objects: Mapping[str, Any]) -> list[OrGate]:
    """Connect the interrupts of elements and their objects; returns the gates that were needed.

    Raises SourceError E11 to E15, E18 and E43.
    """
    inputs: dict[tuple[int, int], _Input] = {}
    for element, source in wired:
        for interrupt in element.interrupts:
            line = _output(element, source, interrupt)
            for pin in interrupt.targets:
                receiver = _receiver(pin, objects)
                inputs.setdefault((id(receiver), pin.number), _Input(receiver, pin)).lines.append(line)
    gates = []
    for item in inputs.values():
        line = item.lines[0]
        if len(item.lines) > 1:
            if any(isinstance(each, DmaRequest) for each in item.lines):
                raise item.pin.position.error(
                    NO_RECEIVER, f"`{item.pin.receiver}` input {item.pin.number} takes one DMA request, not several"
                )
            gates.append(OrGate(item.lines))
            line = gates[-1].output
        _attach(line, item.receiver, item.pin)
    return gates


def _output(element: Element, source: Any, interrupt: Interrupt) -> Line:
    outputs: Mapping[str | int, Line] = getattr(source, "outputs", {})
    name = element.name or element.type
    key = interrupt.source
    if key is None:
        key = getattr(source, "default_output", None)
        if key is None and len(outputs) == 1:
            key = next(iter(outputs))
        if key is None:
            raise interrupt.position.error(
                AMBIGUOUS_DEFAULT, f"`{name}` has no default output; name one of {_list(outputs)}"
            )
    if key in outputs:
        return outputs[key]
    if isinstance(key, int):
        pins = [pin for pin in outputs if isinstance(pin, int)]
        if not pins:
            raise interrupt.position.error(SOURCE_NOT_NUMBERED, f"the outputs of `{name}` are not numbered")
        raise interrupt.position.error(PIN_MISSING, f"`{name}` has no output {key}; it has {_list(pins)}")
    hint = did_you_mean(key, [item for item in outputs if isinstance(item, str)])
    raise interrupt.position.error(SOURCE_MISSING, f"`{name}` has no output `{key}`{hint}; it has {_list(outputs)}")


def _receiver(pin: InputPin, objects: Mapping[str, Any]) -> Any:
    if pin.receiver not in objects:
        hint = did_you_mean(pin.receiver, objects)
        raise pin.position.error(DESTINATION_MISSING, f"`{pin.receiver}` is not declared{hint}")
    receiver = objects[pin.receiver]
    if pin.local is not None:
        find: Callable[[int], Any] | None = getattr(receiver, "get_local_receiver", None)
        if find is None:
            raise pin.position.error(NO_LOCAL_RECEIVER, f"`{pin.receiver}` has no local receivers (`#{pin.local}`)")
        receiver = find(pin.local)
    if not hasattr(receiver, "on_input") and not hasattr(receiver, "connect_input"):
        raise pin.position.error(NO_RECEIVER, f"`{pin.receiver}` has no inputs")
    return receiver


def _attach(line: Line, receiver: Any, pin: InputPin) -> None:
    try:
        if hasattr(receiver, "connect_input"):
            receiver.connect_input(pin.number, line)
        else:
            line.connect(partial(receiver.on_input, pin.number))
    except (TypeError, ValueError, LookupError, WattbenchError) as error:
        raise pin.position.error(NO_RECEIVER, f"`{pin.receiver}` does not take input {pin.number}: {error}") from error


def _list(outputs: Mapping[str | int, Line] | list[int]) -> str:
    """The names of outputs; runs of pin numbers as a range."""
    numbers = sorted(item for item in outputs if isinstance(item, int))
    names = [item for item in outputs if isinstance(item, str)]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        names.append(f"{numbers[0]}-{numbers[-1]}")
    else:
        names += map(str, numbers)
    return ", ".join(names) or "none"
