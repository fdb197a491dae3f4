"""The machine that the test programs run on, and what they leave behind."""

from __future__ import annotations

import ctypes as c
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from elftools.elf.elffile import ELFFile
from unicorn import arm_const

from wattbench.engines.embedded import native
from wattbench.engines.embedded.machine import Machine

HERE = Path(__file__).parent
CODE, ROM, RAM, DEVICE, LOG = 0x0, 0x30000000, 0x20000000, 0x40000000, 0x20030000
CODE_SIZE, RAM_SIZE, ROM_SIZE = 0x10000, 0x40000, 0x1000
MIPS = 500
TRACED = "WATTBENCH_TEST_TRACE" in os.environ
"""Whether each machine is traced: test_core_trace.py runs these tests again so, in a child."""


class Program:
    """A linked image: what to load, and where its labels are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            self.segments = [(s["p_paddr"], s.data()) for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
            table = elf.get_section_by_name(".symtab")
            self.symbols = {s.name: s["st_value"] & ~1 for s in table.iter_symbols()}


def link(source: str, end: str, folder: Path) -> Program:
    """Assemble a program and link it with the vector table and what happens at its end."""
    name = hashlib.sha256((source + end).encode()).hexdigest()[:16]
    text, image = folder / f"{name}.s", folder / f"{name}.elf"
    text.write_text(f'.include "macros.inc"\n{source}\n')
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m7"]
    command += ["-nostdlib", f"-I{HERE}", f"-Wa,-I{HERE}", f"-Wl,-T,{HERE / 'program.ld'}"]
    done = subprocess.run([*command, str(HERE / end), str(text), "-o", str(image)], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return Program(image)


class Recorder:
    """A register block that remembers each access with its time."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.accesses = machine, []
        self.values: dict[int, int] = {}
        self.on_write = self.on_read = lambda offset: None

    def read(self, offset: int, size: int) -> int:
        self.accesses.append((self.machine.now_ns(), "r", offset, size, 0))
        self.on_read(offset)
        return self.values.get(offset, 0)

    def write(self, offset: int, size: int, value: int) -> None:
        self.accesses.append((self.machine.now_ns(), "w", offset, size, value))
        self.on_write(offset)


class Board:
    """One or more cores with code memory at 0, RAM at 0x20000000, ROM at 0x30000000 and a device at 0x40000000."""

    def __init__(
        self,
        program: Program,
        *,
        cores: int = 1,
        mips: int = MIPS,
        irqs: int = 64,
        hz: int = 1_000_000_000,
        reference_hz: int = 100_000,
        kinds: Sequence[str] = (),
        mpu_regions: int = 16,
    ) -> None:
        """`kinds` are the types of the cores, `cortex-m7` each unless given."""
        self.program, self.symbols = program, program.symbols
        self.machine = Machine()
        self.lib, self.handle = self.machine.lib, self.machine.handle
        for base, size, read_only in ((CODE, CODE_SIZE, 0), (RAM, RAM_SIZE, 0), (ROM, ROM_SIZE, 1)):
            self.machine.map_memory(base, size, native.Memory(size), bool(read_only), native.EVERYONE)
        self.device = Recorder(self.machine)
        self.machine.map_target(DEVICE, 0x1000, self.device, native.EVERYONE)
        for address, data in program.segments:
            self.poke(address, data)
        for number in range(cores):
            kind = native.CORE_TYPES[kinds[number] if kinds else "cortex-m7"]
            made = self.lib.wb_core_new(self.handle, kind, mips, hz, reference_hz, mpu_regions, 0xF0, irqs)
            assert made == number
        self.machine.core_names = [f"core{number}" for number in range(cores)]
        for number in range(cores):
            self.lib.wb_core_reset(self.handle, number, 0)
            if number:
                self.lib.wb_core_jump(self.handle, number, self.symbols[f"start{number}"])
            self.lib.wb_core_hold(self.handle, number, 0)
        if TRACED:
            self.trace()

    def trace(self, watched: int = RAM_SIZE) -> None:
        """Begin a trace of everything: exceptions, sleep, stores to all RAM, load, calls of all labels."""
        assert self.lib.wb_trace_start(self.handle, 1 << 16, 3) == 0
        assert self.lib.wb_trace_watch(self.handle, RAM, watched) == 0
        for address in {address for address in self.symbols.values() if address < CODE_SIZE}:
            self.lib.wb_trace_function(self.handle, address)
        starts = (c.c_uint32 * 3)(0, 0x200, 0x300)
        assert self.lib.wb_trace_load(self.handle, starts, 3, 1000) == 0

    def run(self, until_ns: int = 100_000) -> Board:
        """Run to a virtual time."""
        self.machine.run_to(until_ns)
        return self

    def reg(self, name: str, core: int = 0) -> int:
        """A CPU register by its name."""
        return self.lib.wb_register_read(self.handle, core, getattr(arm_const, f"UC_ARM_REG_{name.upper()}"))

    def regs(self, names: str, core: int = 0) -> list[int]:
        """Several, separated by spaces."""
        return [self.reg(name, core) for name in names.split()]

    def peek(self, address: int, size: int) -> bytes:
        """Memory."""
        buffer = c.create_string_buffer(size)
        assert self.lib.wb_memory_read(self.handle, address, buffer, size) == 0
        return buffer.raw

    def poke(self, address: int, data: bytes) -> None:
        """Write memory."""
        assert self.lib.wb_memory_write(self.handle, address, data, len(data)) == 0

    def word(self, address: int) -> int:
        """One word of memory."""
        return int.from_bytes(self.peek(address, 4), "little")

    def words(self, address: int, count: int) -> list[int]:
        """Words of memory."""
        return [self.word(address + 4 * i) for i in range(count)]

    def log(self) -> list[int]:
        """What the program wrote with its `log` macro."""
        return self.words(LOG + 4, self.word(LOG))

    def irq(self, number: int, level: int, core: int = 0) -> None:
        """Drive an interrupt input."""
        self.lib.wb_irq(self.handle, core, number, level)

    def at(self, time_ns: int, action) -> None:
        """Do something at a virtual time."""
        self.machine.timer(action, "test").arm(time_ns)

    def view(self, core: int = 0) -> native.CoreView:
        """The core at a glance."""
        return self.machine.look(core)

    def state(self) -> bytes:
        """Everything that decides how the machine goes on."""
        saved = self.machine.save()
        return saved["native"] + b"".join(saved["memories"].values())

    def digest(self) -> str:
        """SHA-256 of it."""
        return hashlib.sha256(self.state()).hexdigest()
