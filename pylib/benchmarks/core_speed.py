"""How fast the native core is: instructions, slices, device accesses, exceptions. Run it; it prints one line each.

Every figure stands beside a ratio to bare Unicorn on the same code in the same run, so that a busy host shows.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import unicorn
from unicorn import arm_const

from wattbench.core.host import BusTarget
from wattbench.engines.embedded.twins import NativeGpt
from wattbench.hw.imxrt.gpt import Gpt

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "native"))
programs = importlib.import_module("program")

FP = """
entry start
 enable_fpu
 vmov.f64 d0, #1.0
 vmov.f64 d1, #0.5
 vmov.f64 d4, #2.0
 ldr r7, =0x20001000
 vstr d1, [r7]
1: vldr d2, [r7]
 vmul.f64 d3, d0, d1
 vadd.f64 d2, d2, d3
 vsub.f64 d2, d2, d4
 vstr d2, [r7]
 add r4, #1
 tst r4, #7
 bne 1b
 vabs.f64 d2, d2
 b 1b
.ltorg
"""
INTEGER = "entry start\n1: add r4, #1\n eor r5, r4\n add r6, r5\n lsrs r7, r6, #3\n b 1b"
READ = (
    "entry start\n ldr r6, ={address:#x}\n1: ldr r4, [r6]\n ldr r4, [r6]\n ldr r4, [r6]\n ldr r4, [r6]\n b 1b\n .ltorg"
)
TICKING = "entry start\n put 0xE000E014, {reload}\n put 0xE000E010, 5\n1: add r4, #1\n b 1b\n .ltorg"
SVC = "entry start\n1: svc #0\n b 1b\nentry svc\n bx lr"

TICK = """
entry start
 ldr r8, =0x400EC000
 movs r0, #0
 str r0, [r8]
 movw r0, #0x7002
 str r0, [r8, #4]
 movw r0, #0x77A
 str r0, [r8]
 movw r0, #0x77B
 str r0, [r8]
 movs r0, #0x22
 str r0, [r8, #12]
 ldr r0, [r8, #0x24]
 add r0, #1000
 str r0, [r8, #0x14]
 put ISER, 1
 ldr r6, =0x20001000
 movs r4, #0
{loop}
look: push {{r4, lr}}
 ldr r0, [r6]
 pop {{r4, pc}}
entry irq0
 push {{r4, lr}}
 ldr r0, =0x400EC000
 ldr r1, [r0, #8]
 ldr r2, [r0, #0x14]
 add r2, #1000
 str r2, [r0, #0x14]
 movs r1, #2
 str r1, [r0, #8]
 ldr r1, [r0, #8]
 ldr r3, [r0, #0x24]
 ldr r2, [r0, #0x24]
 ldr r1, [r0, #8]
 ldr r3, [r0, #0x24]
 add r3, #1000
 str r3, [r0, #0x14]
 movs r1, #2
 str r1, [r0, #8]
 ldr r1, [r0, #8]
 ldr r2, [r0, #0x24]
 ldr r3, [r0, #0x14]
 ldr r0, =0x20001000
 ldr r1, [r0]
 add r1, #1
 str r1, [r0]
 dsb
 pop {{r4, pc}}
.ltorg
"""
"""A tick of 1 ms from compare channel 2 of a GPT at 1 MHz with 15 accesses of its registers, as Phoenix-RTOS has it."""
WAITS = {
    "wait point": "wait: bl look\n b wait",
    "WFI": "1: wfi\n bl look\n b 1b",
    "flag": "1: ldr r0, [r6]\n cmp r0, r4\n beq 1b\n mov r4, r0\n b 1b",
    "flag in calls": "1: bl look\n b 1b",
}


class Null:
    """A device that does nothing, to see the way to it."""

    def read(self, offset: int, size: int) -> int:
        """Zero."""
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        """Nothing."""


def assemble(source: str) -> Any:
    """Build a program as the tests do."""
    with tempfile.TemporaryDirectory() as folder:
        return programs.link(source, "stuck_here.s", Path(folder))


def timed(action: Callable[[], object], seconds: float = 0.4) -> float:
    """Processor seconds of one call, from as many as fit; the best of three rounds."""
    action()
    best = 1e9
    for _ in range(3):
        count, start = 0, time.process_time()
        while time.process_time() - start < seconds / 3:
            action()
            count += 1
        best = min(best, (time.process_time() - start) / count)
    return best


def bare_mips(source: str, per_round: int, rounds: int) -> float:
    """The same code on Unicorn without any hook; `per_round` instructions from the label to the last branch."""
    head, _, tail = source.rpartition(" b 1b")
    program = assemble(f"{head} subs r8, #1\n bne 1b\n.global end\nend: nop\n{tail}")
    uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
    uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
    uc.mem_map(0, 0x10000)
    uc.mem_map(0x20000000, 0x40000)
    uc.mem_map(0xE0000000, 0x100000)
    for address, data in program.segments:
        uc.mem_write(address, data)
    uc.reg_write(arm_const.UC_ARM_REG_SP, 0x20008000)

    def run() -> None:
        uc.reg_write(arm_const.UC_ARM_REG_R8, rounds)
        uc.emu_start(program.symbols["start"] | 1, program.symbols["end"])

    return per_round * rounds / timed(run) / 1e6


class Speed:
    """A machine that goes on and on."""

    def __init__(self, source: str, device: BusTarget | None = None, *, changing: bool = False) -> None:
        """`changing` says that the loop is none of those that change nothing, so that it may be looked for."""
        self.program = assemble(source)
        self.board = programs.Board(self.program)
        self.board.lib.wb_core_recognise_loops(self.board.handle, 0, changing)
        if device is not None:
            self.board.machine.map_target(0x41000000, 0x1000, device, 1)
        self.board.run(10_000)

    def host_ns_per_instruction(self, virtual_ns: int = 20_000_000) -> float:
        """Host time over instructions."""
        board = self.board

        def on() -> None:
            board.machine.run_to(board.machine.now_ns() + virtual_ns)

        before = board.view().icount
        on()
        done = board.view().icount - before
        return timed(on) / done * 1e9


def times_real_time(loop: str, *, twin: bool, recognised: bool = True) -> float:
    """Virtual seconds per second of a program that only waits for the tick."""
    board = programs.Board(assemble(TICK.format(loop=loop)), mips=100)
    timer = (NativeGpt if twin else Gpt)(board.machine, "gpt1")
    if twin:
        timer.map_native(0x400EC000, timer.size, 1)
        timer.outputs["IRQ"].connect_irq(0, 0)
    else:
        board.machine.map_target(0x400EC000, timer.size, timer, 1)
        timer.outputs["IRQ"].connect(lambda level: board.irq(0, level))
    timer.reset()
    board.lib.wb_core_recognise_loops(board.handle, 0, recognised)
    if "wait" in board.symbols:
        board.lib.wb_core_wait_point(board.handle, 0, board.symbols["wait"], 1)
    span_ns = 100_000_000 if recognised else 10_000_000
    before = board.run(20_000_000).word(0x20001000)
    board.run(40_000_000)
    if board.word(0x20001000) != before + 20:
        raise SystemExit("the idle program did not see its ticks")
    cost = timed(lambda: board.run(board.machine.now_ns() + span_ns))
    board.machine.close()
    return span_ns / 1e9 / cost


def main() -> None:
    """Print the figures."""
    for name, source, per_round, rounds in (
        ("FP kernel", FP, 8 * 8 + 3, 50_000),
        ("integer loop", INTEGER, 6, 5_000_000),
    ):
        mips, bare = 1000 / Speed(source, changing=True).host_ns_per_instruction(), bare_mips(source, per_round, rounds)
        print(f"{name:28} {mips:8.0f} MIPS, {mips / bare:.2f} of bare Unicorn ({bare:.0f})")
    plain = Speed(TICKING.format(reload=0xFFFFFF)).host_ns_per_instruction()
    ticking = Speed(TICKING.format(reload=199)).host_ns_per_instruction(2_000_000)
    print(f"{'slice between two events':28} {(ticking - plain) * 100 / 1000:8.2f} us over its instructions")
    for name, address in (
        ("native register (SysTick)", 0xE000E018),
        ("native register (SCB)", 0xE000ED08),
        ("Python register", 0x41000000),
    ):
        cost = Speed(READ.format(address=address), Null()).host_ns_per_instruction(2_000_000) * 5 / 4
        print(f"{name:28} {cost / 1000:8.3f} us a read")
    for name, loop in WAITS.items():
        native, python = (times_real_time(loop, twin=twin) for twin in (True, False))
        print(f"{'idle by ' + name:28} {native:8.0f} x real time, {python:.0f} x with a GPT in Python", end="")
        spinning = times_real_time(loop, twin=True, recognised=False)
        print(f", {spinning:.1f} x turn by turn" if "flag" in name else "")
    print(f"{'SVC entry and return':28} {Speed(SVC).host_ns_per_instruction(1_000_000) * 3 / 1000:8.2f} us")


if __name__ == "__main__":
    main()
