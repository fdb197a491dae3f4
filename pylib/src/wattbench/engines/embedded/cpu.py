"""The objects of a core as a `.repl` names them: CPU, NVIC and DWT, all living in the native core."""

from __future__ import annotations

from functools import partial
from typing import Any

import unicorn.arm_const as arm

from wattbench.core.errors import MonitorError, UsageError
from wattbench.core.wires import Line
from wattbench.engines.embedded import native
from wattbench.engines.embedded.machine import Machine

DEFAULT_MIPS = 100
"""As in Renode: one instruction takes 10 ns unless the platform says otherwise."""

SYSTICK_REFERENCE_HZ = 100_000
"""The external SysTick reference of the i.MX RT117x (reference manual, Arm Cortex-M7 platform: 100 kHz)."""

REGISTERS = {
    **{f"R{n}": getattr(arm, f"UC_ARM_REG_R{n}") for n in range(13)},
    "SP": arm.UC_ARM_REG_SP,
    "LR": arm.UC_ARM_REG_LR,
    "PC": arm.UC_ARM_REG_PC,
    "XPSR": arm.UC_ARM_REG_XPSR,
    "MSP": arm.UC_ARM_REG_MSP,
    "PSP": arm.UC_ARM_REG_PSP,
    "CONTROL": arm.UC_ARM_REG_CONTROL,
    "PRIMASK": arm.UC_ARM_REG_PRIMASK,
    "BASEPRI": arm.UC_ARM_REG_BASEPRI,
    "FAULTMASK": arm.UC_ARM_REG_FAULTMASK,
}
RENODE_INDICES = {**{n: f"R{n}" for n in range(13)}, 13: "SP", 14: "LR", 15: "PC", 25: "XPSR"}


class Nvic:
    """`IRQControllers.NVIC`: the interrupt inputs of one core."""

    size = 0x1000
    on_core_bus = True

    def __init__(
        self, host: Machine, name: str, *, systick_frequency: int = 72_000_000, priority_mask: int = 0xFF
    ) -> None:
        """`systickFrequency` is the core's clock in Hz; `priorityMask` has ones for the priority bits there are."""
        self._machine, self.name = host, name
        self.systick_frequency, self.priority_mask = systick_frequency, priority_mask
        self.outputs = {"IRQ": Line()}
        self.default_output = "IRQ"
        self.core: int | None = None

    def connect_input(self, number: int, line: Any) -> None:
        """Interrupt `number` follows `line`."""
        if self.core is None:
            raise ValueError(f"`{self.name}` belongs to no CPU")
        if hasattr(line, "connect_irq"):
            line.connect_irq(self.core, number)
        else:
            line.connect(partial(self.on_input, number), announce=line.level)

    def on_input(self, number: int, level: bool) -> None:
        """Interrupt `number` changes to `level`."""
        if number < 0:
            self._machine.lib.wb_nmi(self._machine.handle, self.core)
            return
        self._machine.lib.wb_irq(self._machine.handle, self.core, number, level)


class Dwt:
    """`Miscellaneous.DWT`: the native core has it; the `.repl` only says that the chip does."""

    size = 0x1000
    on_core_bus = True

    def __init__(self, host: Machine, name: str, *, frequency: int = 0) -> None:
        """`frequency` is that of the core and need not be given."""
        self.name, self.frequency = name, frequency


class CortexM:
    """`CPU.CortexM`: one core of the native core."""

    size = 0

    def __init__(
        self,
        host: Machine,
        name: str,
        *,
        cpu_type: str,
        nvic: Nvic,
        number_of_mpu_regions: int = 8,
        interrupts: int = 218,
    ) -> None:
        """`interrupts` is how many external interrupts the NVIC has."""
        if cpu_type not in native.CORE_TYPES:
            known = ", ".join(f"`{known}`" for known in native.CORE_TYPES)
            raise UsageError(f"the embedded engine runs {known}, not `{cpu_type}`")
        self._machine, self.name, self.cpu_type = host, name, cpu_type
        self.outputs: dict[str | int, Line] = {}
        self._mips = DEFAULT_MIPS
        self.number = host.lib.wb_core_new(
            host.handle,
            native.CORE_TYPES[cpu_type],
            self._mips,
            nvic.systick_frequency,
            SYSTICK_REFERENCE_HZ,
            number_of_mpu_regions,
            nvic.priority_mask,
            interrupts,
        )
        if self.number < 0:
            raise ValueError("the machine takes no further core")
        host.core_names.append(name)
        self.recognises_idle_loops = host.recognises_idle_loops
        nvic.core = self.number
        self._vector_table = 0
        self._wait_points: list[int] = []
        self._first_pc: int | None = None
        self._first_sp: int | None = None
        self.started = self._halted = self._unreleased = False

    def on_input(self, number: int, level: bool) -> None:
        """The NVIC's request line; the native core carries it itself."""

    def start(self) -> None:
        """Leave reset before the first run: stack pointer and PC from the vector table unless they were set."""
        if self.started or self._halted or self._unreleased:
            return
        self._machine.lib.wb_core_reset(self._machine.handle, self.number, self._vector_table)
        if self._first_pc is not None:
            self._machine.lib.wb_core_jump(self._machine.handle, self.number, self._first_pc)
        if self._first_sp is not None:
            self._write("SP", self._first_sp)
        self.started = True
        self._machine.lib.wb_core_hold(self._machine.handle, self.number, 0)

    def hold_until_release(self) -> None:
        """Into reset, until `release`: for a core that another one starts. See `core.cores.ReleasedCore`."""
        self.hold()
        self._unreleased = True

    def release(self, vector_table: int) -> None:
        """Let the core go, from the vector table at this address."""
        self._vector_table, self._unreleased = vector_table, False
        self.start()

    def hold(self) -> None:
        """Into reset; `start` begins anew."""
        self._machine.lib.wb_core_hold(self._machine.handle, self.number, 1)
        self.started = False

    def reset(self) -> None:
        """Begin anew from the vector table at the next run."""
        self.hold()

    def _write(self, name: str, value: int) -> None:
        self._machine.lib.wb_register_write(self._machine.handle, self.number, REGISTERS[name], value)

    def _read(self, name: str) -> int:
        return int(self._machine.lib.wb_register_read(self._machine.handle, self.number, REGISTERS[name]))

    # What the Monitor shows

    @property
    def performance_in_mips(self) -> int:
        """Million instructions per virtual second."""
        return self._mips

    @performance_in_mips.setter
    def performance_in_mips(self, value: int) -> None:
        if not 1 <= value <= 10_000:
            raise ValueError(f"PerformanceInMips must be 1 to 10000, not {value}")
        self._mips = value
        self._machine.lib.wb_core_speed(self._machine.handle, self.number, value)

    @property
    def vector_table_offset(self) -> int:
        """Where the core finds its vectors when it leaves reset."""
        return self._vector_table

    @vector_table_offset.setter
    def vector_table_offset(self, value: int) -> None:
        self._vector_table = value

    @property
    def pc(self) -> int:
        """Program counter."""
        return self._machine.look(self.number).pc if self.started else self._first_pc or 0

    @pc.setter
    def pc(self, value: int) -> None:
        if self.started:
            self._machine.lib.wb_core_jump(self._machine.handle, self.number, value)
        else:
            self._first_pc = value

    @property
    def sp(self) -> int:
        """Stack pointer in use."""
        return self._read("SP") if self.started else self._first_sp or 0

    @sp.setter
    def sp(self, value: int) -> None:
        if self.started:
            self._write("SP", value)
        else:
            self._first_sp = value

    @property
    def is_halted(self) -> bool:
        """Whether the core is kept from running."""
        return self._halted

    @is_halted.setter
    def is_halted(self, value: bool) -> None:
        self._halted = value
        if self.started:
            self._machine.lib.wb_core_hold(self._machine.handle, self.number, value)

    @property
    def executed_instructions(self) -> int:
        """Instructions since power-on, exact."""
        return int(self._machine.look(self.number).icount)

    @property
    def is_asleep(self) -> bool:
        """Whether it waits in WFI or WFE or at a wait point."""
        return bool(self._machine.look(self.number).asleep)

    @property
    def recognises_idle_loops(self) -> bool:
        """Whether loops that change nothing are passed over up to the next event; no time or result depends on it."""
        return self._recognises_idle_loops

    @recognises_idle_loops.setter
    def recognises_idle_loops(self, value: bool) -> None:
        self._recognises_idle_loops = value
        self._machine.lib.wb_core_recognise_loops(self._machine.handle, self.number, value)

    @property
    def slept_ns(self) -> int:
        """Virtual ns since reset that the core slept or ran a loop that changed nothing and an interrupt could end.

        What two moments' values differ by, over the time between them, is the core's idle share.
        """
        return int(self._machine.look(self.number).slept_ns)

    # Wait points: for firmware whose idle loop has no WFI

    @property
    def wait_points(self) -> list[int]:
        """The addresses at which the core sleeps as in WFI, in the order in which they were added."""
        return list(self._wait_points)

    def add_wait_point(self, address: int) -> None:
        """Let the core sleep whenever it comes to the instruction at `address`, until an interrupt would wake a WFI.

        After it woke it passes the place once, so that the firmware looks once at what it waits for before it sleeps
        again. A point inside an IT block has no effect. Raises ValueError when there is no room for more.
        """
        address &= ~1
        if address in self._wait_points:
            return
        if self._machine.lib.wb_core_wait_point(self._machine.handle, self.number, address, 1):
            raise ValueError(f"`{self.name}` takes no further wait point beside its {len(self._wait_points)}")
        self._wait_points.append(address)

    def remove_wait_point(self, address: int) -> None:
        """Let the core run through `address` again; raises ValueError where there is no wait point."""
        address &= ~1
        if address not in self._wait_points:
            raise ValueError(f"`{self.name}` has no wait point at 0x{address:08X}")
        self._machine.lib.wb_core_wait_point(self._machine.handle, self.number, address, 0)
        self._wait_points.remove(address)

    def get_register(self, register: int | str) -> int:
        """A register by name (`R0`, `SP`, `CONTROL`, ...) or by Renode's number."""
        name = _register_name(register)
        return self.pc if name == "PC" else self._read(name)

    def set_register(self, register: int | str, value: int) -> None:
        """Set a register by name or by Renode's number."""
        name = _register_name(register)
        if name == "PC":
            self.pc = value
        else:
            self._write(name, value)

    def get_registers_values(self) -> list[list[str]]:
        """All registers as a table."""
        return [["Name", "Value"]] + [[name, f"0x{self.get_register(name):08X}"] for name in REGISTERS]

    def save(self) -> dict[str, Any]:
        """What the native core does not hold."""
        return {
            "started": self.started,
            "halted": self._halted,
            "unreleased": self._unreleased,
            "vectors": self._vector_table,
            "first": (self._first_pc, self._first_sp),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave."""
        self.started, self._halted = saved["started"], saved["halted"]
        self._unreleased = saved["unreleased"]
        self._vector_table = saved["vectors"]
        self._first_pc, self._first_sp = saved["first"]


def _register_name(register: int | str) -> str:
    name = RENODE_INDICES.get(register) if isinstance(register, int) else register.upper()
    if name not in REGISTERS:
        raise MonitorError(f"there is no register `{register}`; known are {', '.join(REGISTERS)}")
    return name
