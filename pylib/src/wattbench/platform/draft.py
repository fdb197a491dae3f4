"""One element while it grows: the checks inside an entry, and the merging of entries of the same name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from wattbench.platform import syntax
from wattbench.platform.description import Element, InputPin, Interrupt
from wattbench.platform.source import SYNTAX_ERROR, Position

IRQ_ARITY = 8
NAME_USED_TWICE = 9
IRQ_SOURCE_USED_TWICE = 16
SCRIPT_USED_TWICE = 19

Key = str | int | None


class Draft:
    """Attributes by name, interrupts by source, scripts by kind; a later entry's word wins over an earlier one's."""

    def __init__(self, variable: str, type_name: str | None, position: Position) -> None:
        self.variable, self.type, self.position = variable, type_name, position
        self.name = variable.partition("@")[0]
        self.registrations: tuple[syntax.Registration, ...] | None = None
        self._assignments: dict[str, syntax.Assignment] = {}
        self._interrupts: dict[Key, Interrupt] = {}
        self._scripts: dict[str, tuple[syntax.Statement, ...]] = {}

    def add(self, attributes: Sequence[syntax.Attribute]) -> None:
        """Take in the attributes of one entry; raises SourceError E08, E09, E16 or E19."""
        names: set[str] = set()
        sources: set[Key] = set()
        for attribute in attributes:
            if isinstance(attribute, syntax.Assignment):
                self._once(attribute.name, names, attribute.position, NAME_USED_TWICE, "attribute")
                self._assign(attribute)
            elif isinstance(attribute, syntax.Script):
                self._once(attribute.kind, names, attribute.position, SCRIPT_USED_TWICE, "section")
                earlier = self._scripts.get(attribute.kind, ()) if attribute.add else ()
                self._scripts[attribute.kind] = (*earlier, *attribute.statements)
            else:
                found = _interrupts(attribute)
                for key in dict.fromkeys(item.source for item in found):
                    what = "interrupt source" if key is not None else "default interrupt source"
                    self._once(key, sources, attribute.position, IRQ_SOURCE_USED_TWICE, what)
                self._interrupts |= {item.source: item for item in found}

    @staticmethod
    def _once(key: Key, used: set[Any], position: Position, code: int, what: str) -> None:
        if key in used:
            label = f" `{key}`" if key is not None else ""
            raise position.error(code, f"the {what}{label} stands twice in this entry")
        used.add(key)

    def _assign(self, assignment: syntax.Assignment) -> None:
        for value in walk(assignment.value):
            if isinstance(value, syntax.NewObject):
                inline_element(value)
        if isinstance(assignment.value, syntax.NoneValue):
            self._assignments.pop(assignment.name, None)
        else:
            self._assignments[assignment.name] = assignment

    def script(self, kind: str) -> tuple[syntax.Statement, ...]:
        """The statements of a script section, as merged so far."""
        return self._scripts.get(kind, ())

    def element(self) -> Element:
        """The finished element."""
        interrupts = tuple(item for item in self._interrupts.values() if item.targets)
        return Element(
            self.variable, self.name, self.type, self.position, dict(self._assignments), self.registrations,
            interrupts, self.script("init"), self.script("reset"),
        )  # fmt: skip


def _interrupts(wiring: syntax.Wiring) -> list[Interrupt]:
    """The single interrupts of one line; every destination has as many pins as there are sources (E08)."""
    sources: tuple[Key, ...] = wiring.sources or (None,)
    for destination in wiring.destinations:
        if len(destination.pins) != len(sources):
            raise destination.position.error(
                IRQ_ARITY, f"{len(sources)} interrupt sources cannot drive {len(destination.pins)} destination pins"
            )
    targets: dict[Key, list[InputPin]] = {source: [] for source in sources}
    for destination in wiring.destinations:
        for source, pin in zip(sources, destination.pins, strict=True):
            targets[source].append(InputPin(destination.name, destination.local, pin, destination.position))
    if len(targets) != len(sources):
        raise wiring.position.error(IRQ_SOURCE_USED_TWICE, "an interrupt source stands twice in this list")
    return [Interrupt(source, tuple(pins), wiring.position) for source, pins in targets.items()]


def inline_element(new: syntax.NewObject) -> Element:
    """The element of a `new Type {...}`; it has no name, is not registered and has no `reset` or `preinit`."""
    for attribute in new.attributes:
        if isinstance(attribute, syntax.Script) and attribute.kind != "init":
            raise attribute.position.error(SYNTAX_ERROR, f"an inline object cannot have a `{attribute.kind}` section")
    draft = Draft("", new.type, new.position)
    draft.add(new.attributes)
    return draft.element()


def walk(value: syntax.Value) -> list[syntax.Value]:
    """The value and all values in its lists and dicts (not those inside inline objects)."""
    if isinstance(value, syntax.ListValue):
        return [value, *chain.from_iterable(map(walk, value.items))]
    if isinstance(value, syntax.DictValue):
        return [value, *chain.from_iterable(map(walk, chain.from_iterable(value.items)))]
    return [value]
