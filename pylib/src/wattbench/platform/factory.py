"""What the builder needs from an engine, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from wattbench.core.host import Host
from wattbench.platform.source import Position
from wattbench.platform.syntax import Statement
from wattbench.platform.wiring import OrGate


@dataclass(frozen=True)
class Placement:
    """`device` answers on the system bus at `size` bytes from `start`; with `cpu` only to that core.

    A bus access to `start` reaches the device at `offset`.
    """

    name: str
    device: Any
    start: int
    size: int
    position: Position = field(compare=False, repr=False)
    cpu: Any = None
    offset: int = 0

    @property
    def end(self) -> int:
        """First address after it."""
        return self.start + self.size


class Factory(Protocol):
    """An engine's part in building a platform."""

    def find_type(self, type_name: str) -> Callable[..., Any] | None:
        """A type of the engine's own (`CPU.CortexM`, `Memory.MappedMemory`, ...), None to use the model catalogue.

        It is called as `type(host, name, **attributes)` like a model, and its instances have what a `Model` has as far
        as a description uses it: `outputs`, `default_output`, `on_input`, `attach`, `size`.
        """

    def host(self, name: str) -> Host:
        """The host for the object `name`."""

    def place(self, placement: Placement) -> None:
        """Put a device on the system bus; raises ValueError with the reason where that cannot be."""


@dataclass
class Platform:
    """The objects of one machine by name, kept over several loads.

    An engine starts it with the objects that every machine has (`sysbus`, `machine`).
    """

    objects: dict[str, Any]
    placements: list[Placement] = field(default_factory=list)
    gates: list[OrGate] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """The full path of an object: its parents' names and its own with dots (`sysbus.lpspi1.ade_l1`)."""
        parent = self.parents.get(name)
        return name if parent is None else f"{self.path(parent)}.{name}"

    def paths(self) -> list[str]:
        """The full paths of all objects."""
        return [self.path(name) for name in self.objects]

    def find(self, path: str) -> Any | None:
        """The object at a full path, None where there is none."""
        name = path.rpartition(".")[2]
        return self.objects[name] if name in self.objects and self.path(name) == path else None

    def restored(self) -> None:
        """For the engine after it restored all models: wires that are computed from others follow."""
        for gate in self.gates:
            gate.restored()


@dataclass(frozen=True)
class ScriptLine:
    """A Monitor statement `<name> <text>` about `target`; inline objects have no name."""

    target: Any
    name: str
    text: str
    position: Position


@dataclass(frozen=True)
class Built:
    """What one load has made: names in the order of creation, `init` lines to run now, `reset` statements to keep."""

    names: tuple[str, ...]
    init: tuple[ScriptLine, ...]
    reset: Mapping[str, tuple[Statement, ...]]
