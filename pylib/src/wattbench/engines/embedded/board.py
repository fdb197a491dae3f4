"""One machine with everything on it: built from platform descriptions, reset, saved and restored as a whole."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from wattbench.core.errors import MonitorError, UsageError
from wattbench.core.host import Host
from wattbench.core.model import Model
from wattbench.core.wires import Line
from wattbench.engines.embedded import native, twins
from wattbench.engines.embedded.bus import SystemBus
from wattbench.engines.embedded.cpu import CortexM, Dwt, Nvic
from wattbench.engines.embedded.machine import Machine
from wattbench.hw.imxrt.empty_space import EmptySpace
from wattbench.platform import load_platform, parse_platform
from wattbench.platform.build import build
from wattbench.platform.description import Description
from wattbench.platform.factory import Built, Placement, Platform

ERASED_FLASH = 0xFF


class MappedMemory:
    """`Memory.MappedMemory` and `Memory.ArrayMemory`: RAM."""

    read_only, fill = False, 0

    def __init__(self, host: Machine, name: str, *, size: int) -> None:
        """`size` in bytes, whole 4 KiB pages."""
        self.name, self.size = name, size
        self.memory = native.Memory(size)
        self.clear()

    def clear(self) -> None:
        """Contents after the first power-on."""
        self.memory.clear(self.fill)

    def reset(self) -> None:
        """Memories keep their contents over a reset."""


class FlashMemory(MappedMemory):
    """`Wattbench.FlashMemory`: cells for execution in place, erased when new; the CPU cannot write them."""

    read_only, fill = True, ERASED_FLASH


ENGINE_TYPES: dict[str, Callable[..., Any]] = {
    "CPU.CortexM": CortexM,
    "IRQControllers.NVIC": Nvic,
    "Miscellaneous.DWT": Dwt,
    "Memory.MappedMemory": MappedMemory,
    "Memory.ArrayMemory": MappedMemory,
    "Wattbench.FlashMemory": FlashMemory,
}


def import_models() -> None:
    """Enter every model of wattbench into the catalogue."""
    package = importlib.import_module("wattbench.hw")
    for module in pkgutil.walk_packages(package.__path__, "wattbench.hw."):
        importlib.import_module(module.name)


class Board:
    """A machine as the Monitor's `machine` object. It is the `Factory` of its platform."""

    def __init__(self, name: str, *, native_twins: bool = True) -> None:
        """Without `native_twins` every block runs as its Python model, for comparison."""
        import_models()
        self.name, self._native_twins = name, native_twins
        self.machine = Machine()
        self.platform = Platform({"machine": self})
        self.sysbus = SystemBus(self.machine, self.platform.placements)
        self.platform.objects["sysbus"] = self.sysbus
        self.powered = True
        self.run_init: Callable[[Built], None] = lambda built: None
        self.run_preinit: Callable[[Description], None] = lambda description: None
        self.after_reset: Callable[[], None] = lambda: None
        self.search: Callable[[], Sequence[Path]] = tuple
        self._reset_is_noted = False
        self.machine.on_reset_request(self._reset_requested)

    # Factory

    def find_type(self, type_name: str) -> Callable[..., Any] | None:
        """See `Factory.find_type`."""
        found = ENGINE_TYPES.get(type_name)
        if found is None and self._native_twins:
            found = twins.native_twin(type_name)
        return found

    def host(self, name: str) -> Host:
        """See `Factory.host`."""
        return self.machine

    def place(self, placement: Placement) -> None:
        """See `Factory.place`."""
        device = placement.device
        views = native.EVERYONE if placement.cpu is None else 1 << placement.cpu.number
        if getattr(device, "on_core_bus", False):
            return
        if isinstance(device, MappedMemory):
            self.machine.map_memory(placement.start, placement.size, device.memory, device.read_only, views)
        elif isinstance(device, EmptySpace):
            self.machine.map_nothing(placement.start, placement.size, views)
        elif hasattr(device, "map_native"):
            device.map_native(placement.start, placement.size, views)
        else:
            self.machine.map_target(placement.start, placement.size, device, views)

    # Members for the Monitor

    def load_platform_description(self, path: Path) -> None:
        """Load a `.repl` file."""
        self._build(load_platform(path, self.search(), self.platform.objects))

    def load_platform_description_from_string(self, text: str) -> None:
        """Load a description given as text."""
        self._build(parse_platform(text, search=self.search(), existing=self.platform.objects))

    def _build(self, description: Description) -> None:
        self.run_preinit(description)
        built = build(description, self, self.platform)
        for name in built.names:
            item = self.platform.objects[name]
            if hasattr(item, "reset") and not isinstance(item, CortexM):
                item.reset()
            if isinstance(getattr(item, "reset_request", None), Line):
                item.reset_request.connect(self._device_asks_for_reset, announce=False)
        self.run_init(built)

    @property
    def cores(self) -> list[CortexM]:
        """All cores in the order of their creation."""
        return [item for item in self.platform.objects.values() if isinstance(item, CortexM)]

    def models(self) -> Iterator[tuple[str, Any]]:
        """All models by name: everything that has a state beside cores and memories."""
        for name, item in self.platform.objects.items():
            if isinstance(item, Model) or hasattr(item, "map_native"):
                yield name, item

    def model(self, name: str) -> Any:
        """The object `name` (`lpspi1` or `sysbus.lpspi1`); raises UsageError."""
        key = name.rpartition(".")[2]
        if key not in self.platform.objects:
            known = ", ".join(key for key in self.platform.objects if key not in ("machine", "sysbus"))
            raise UsageError(f"the platform has no `{name}`; it has {known or 'nothing yet'}")
        return self.platform.objects[key]

    def start_cores(self) -> None:
        """Before each run: cores that were never started leave reset."""
        if not self.powered:
            return
        cores = self.cores
        if not cores:
            raise MonitorError("the machine has no CPU; load a platform first")
        for core in cores:
            core.start()

    def _device_asks_for_reset(self, level: bool) -> None:
        if level:
            self._reset_is_noted = True
            self.machine.request_reset()

    def _reset_requested(self) -> None:
        """The core's SYSRESETREQ, or a device that has noted its cause already."""
        if not self._reset_is_noted:
            asking = self.cores[self.machine.stop_core()].cpu_type
            cause = "m4_sysresetreq" if asking.startswith("cortex-m4") else "m7_sysresetreq"
            for _, item in self.models():
                if hasattr(item, "note_reset"):
                    item.note_reset(cause)
        self._reset_is_noted = False
        self.reset()

    def reset(self) -> None:
        """The chip's reset: cores and its blocks begin anew; memories and parts outside keep what they have.

        The Monitor's macro `reset` follows.
        """
        for core in self.cores:
            core.reset()
        for _, item in self.models():
            if item.on_chip:
                item.reset()
        self.after_reset()
        self.start_cores()

    def power_off(self) -> None:
        """Supply gone: cores stand still, volatile memories are lost."""
        for core in self.cores:
            core.hold()
        for _, item in self.models():
            (getattr(item, "power_off", None) or item.reset)()
        for item in self.platform.objects.values():
            if isinstance(item, MappedMemory) and not item.read_only:
                item.clear()
        self.powered = False

    def power_on(self) -> None:
        """Supply back."""
        self.powered = True
        for _, item in self.models():
            item.reset()

    # State

    def save(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "machine": self.machine.save(),
            "models": {name: item.save() for name, item in self.models()},
            "cores": [core.save() for core in self.cores],
            "powered": self.powered,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave, on a machine built the same way."""
        if saved["models"].keys() != dict(self.models()).keys():
            raise UsageError("the saved state belongs to another platform")
        self.machine.restore(saved["machine"])
        for name, item in self.models():
            item.restore(saved["models"][name])
        for core, state in zip(self.cores, saved["cores"], strict=True):
            core.restore(state)
        self.platform.restored()
        self.powered = saved["powered"]
