"""A target of plain Python objects."""

from enum import Enum
from pathlib import Path

import pytest

from wattbench.core.errors import FirmwareFileError, LockupError
from wattbench.monitor import Monitor
from wattbench.monitor.convert import OutputPath, TimeNs
from wattbench.monitor.printing import Byte, DoubleWord


class Mode(Enum):
    CONTINUOUS = 0
    SINGLE_STEP = 1


class Cpu:
    def __init__(self):
        self._vector_table_offset = 0
        self.performance_in_mips = 100
        self.is_halted = False
        self.mode = Mode.CONTINUOUS
        self.steps = []
        self.registers = {0: 7}

    @property
    def pc(self) -> int:
        return 0x1000

    @property
    def vector_table_offset(self) -> int:
        return self._vector_table_offset

    @vector_table_offset.setter
    def vector_table_offset(self, value: int) -> None:
        if value % 128:
            raise ValueError("a vector table starts at a multiple of 128")
        self._vector_table_offset = value

    def step(self, count: int = 1) -> None:
        self.steps.append(count)

    def lock_up(self) -> None:
        raise LockupError("locked up", pc=4)


class Bus:
    def __init__(self, cpu):
        self.cpu = cpu
        self.calls = []

    def load_elf(self, file: Path, use_virtual_address: bool = False, cpu: Cpu | None = None) -> None:
        if file.suffix != ".elf":
            raise FirmwareFileError(f"{file.name} is no ELF")
        self.calls.append((file, use_virtual_address, cpu))

    def read_double_word(self, address: int) -> DoubleWord:
        return DoubleWord(address + 1)

    def read_byte(self, address: int) -> Byte:
        return Byte(address & 0xFF)

    def read_bytes(self, address: int, count: int) -> bytes:
        return bytes(range(count))

    def tag(self, where: range, name: str, default: int = 0) -> None:
        self.calls.append((where, name, default))

    def fill(self, *values: int, scale: float = 1.0) -> None:
        self.calls.append((values, scale))

    def write_bytes(self, data: list[int], address: int) -> None:
        self.calls.append((data, address))

    def save_to(self, file: OutputPath) -> None:
        self.calls.append(file)


class Emulation:
    def __init__(self, target):
        self._target = target

    def run_for(self, duration: TimeNs) -> None:
        self._target.time_ns += duration


class Manager:
    def save(self, file: str) -> str:
        return f"saved {file}"


class FakeTarget:
    def __init__(self):
        self.machines, self.selected, self.time_ns, self.events = [], None, 0, []
        self.cpu = Cpu()
        self.bus = Bus(self.cpu)
        self.globals = {"emulation": Emulation(self), "EmulationManager": Manager()}

    def create_machine(self, name):
        self.machines.append(name)

    def remove_machine(self, name):
        self.machines.remove(name)

    def select_machine(self, name):
        self.selected = name

    def find(self, path):
        local = {"sysbus": self.bus, "sysbus.cpu": self.cpu, "sysbus.spi.part": self.cpu, "sysbus.spi": object()}
        return self.globals.get(path) or (local.get(path) if self.selected else None)

    def paths(self):
        return ["sysbus", "sysbus.cpu", "sysbus.spi", "sysbus.spi.part"] if self.selected else []

    def load_platform(self, path):
        self.events.append(("load", path))

    def start(self):
        self.events.append("start")

    def pause(self):
        self.events.append("pause")

    def now_ns(self):
        return self.time_ns

    def show_analyzer(self, path, kind):
        self.events.append(("analyzer", path, kind))

    def unmodelled(self):
        return ["2 x gpt1: write CR at PC 0x00000040 (main)"] if self.events else []

    def log(self, level, message):
        self.events.append(("log", level, message))

    def set_log_level(self, level, path):
        self.events.append(("level", level, path))


@pytest.fixture
def target():
    return FakeTarget()


@pytest.fixture
def monitor(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Monitor(target)


@pytest.fixture
def machine(monitor):
    monitor.execute("mach create")
    return monitor
