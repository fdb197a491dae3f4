"""The same programs on the native core and on QEMU's Cortex-M7: the same registers and logs.

Where QEMU 7.2 differs from the hardware on purpose or by simplification, programs here stay away from it:
- it has eight priority bits, so priorities keep to the four upper ones;
- it takes a derived exception of the same priority as the original one by number, ARMv7-M only if more urgent;
- returning without the Thumb bit to an address that is no multiple of four is UNALIGNED there, INVSTATE on hardware;
- a disabled sub-region of less than 1 KiB lets through what the next lower region allows to its whole 1 KiB page
  there; `test_core_mpu.py` compares those with an independent model;
- it has eight MPU regions, so that only those are used; AP value 4 is unpredictable on both.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from mpu_random import ACCESSES, memory_of, random_table
from program import LOG, Board
from test_core_exception_return import PHOENIX, RETURN
from test_core_exceptions import NESTED

QEMU = shutil.which("qemu-system-arm")
pytestmark = pytest.mark.skipif(QEMU is None, reason="qemu-system-arm is not installed (Debian: qemu-system-arm)")
LOG_SIZE = 0xC000


def in_qemu(assemble, source: str, folder: Path, loads: dict[int, bytes]) -> tuple[list[int], list[int]]:
    """R0 to R11, SP, LR and the log after the program's end under QEMU."""
    program = assemble(source, "stuck_in_qemu.s")
    command = [QEMU, "-M", "mps2-an500", "-nographic", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(program.path)]
    for address, data in loads.items():
        file = folder / f"{address:x}.bin"
        file.write_bytes(data)
        command += ["-device", f"loader,file={file},addr={address:#x},force-raw=on"]
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert len(done.stdout) == 56 + LOG_SIZE, (len(done.stdout), done.stderr.decode())
    registers = list(struct.unpack_from("<14I", done.stdout))
    (count,) = struct.unpack_from("<I", done.stdout, 56)
    return registers, list(struct.unpack_from(f"<{count}I", done.stdout, 60))


def on_core(assemble, source: str, loads: dict[int, bytes]) -> tuple[list[int], list[int]]:
    """The same on the native core."""
    one = Board(assemble(source), irqs=32)
    try:
        for address, data in loads.items():
            one.poke(address, data)
        one.run(20_000_000)
        assert one.reg("pc") == one.symbols["stuck"], hex(one.reg("pc"))
        names = " ".join(f"r{i}" for i in range(12)) + " sp lr"
        return one.regs(names), list(struct.unpack_from(f"<{one.word(LOG)}I", one.peek(LOG + 4, LOG_SIZE - 4)))
    finally:
        one.machine.close()


def compare(assemble, source: str, folder: Path, loads: dict[int, bytes] | None = None) -> list[int]:
    """Run both and judge; returns the log."""
    mine, theirs = on_core(assemble, source, loads or {}), in_qemu(assemble, source, folder, loads or {})
    for i, (a, b) in enumerate(zip(mine[1], theirs[1], strict=False)):
        assert a == b, f"log entry {i}: {a:#x} on the core, {b:#x} in QEMU"
    assert len(mine[1]) == len(theirs[1])
    assert [hex(v) for v in mine[0]] == [hex(v) for v in theirs[0]]
    return mine[1]


@pytest.mark.parametrize("priorities", ["0x40C080", "0x404080", "0x808080", "0x708080", "0x30C080", "0x90C0A0"])
@pytest.mark.parametrize("group", [0, 4, 5, 6, 7])
def test_nested_interrupts(assemble, tmp_path, priorities, group):
    source = NESTED.replace("{priorities}", priorities).replace("{aircr}", hex(0x05FA0000 | group << 8))
    assert len(compare(assemble, source, tmp_path)) == 5


@pytest.mark.parametrize(
    "inside",
    [
        "ldr lr, =0xFFFFFFF1", "ldr lr, =0xFFFFFFF0", "ldr lr, =0xFFFFFFFB", "nop",
        "ldr r0, [sp, #28]\n orr r0, #11\n str r0, [sp, #28]",
    ],
)  # fmt: skip
def test_exception_returns(assemble, tmp_path, inside):
    compare(assemble, RETURN.replace("{inside}", inside), tmp_path)


def test_phoenix_rtos_frames(assemble, tmp_path):
    setup = "ldr r0, =0x20004000\n msr psp, r0\n movs r0, #7\n msr control, r0\n isb"
    # From a privileged thread: the end of a program under QEMU needs privilege.
    source = PHOENIX.replace("user 0x20004000", setup.replace("#7", "#6")).replace("movs r3, #7", "movs r3, #6")
    assert len(compare(assemble, source, tmp_path)) == 4


@pytest.mark.parametrize("seed", range(12))
def test_random_mpu_configurations(assemble, tmp_path, seed):
    table, _ = random_table(random.Random(seed), smallest_sub_region=1024)
    log = compare(assemble, ACCESSES, tmp_path, memory_of(table))
    assert len(log) > 300


def random_script(dice: random.Random, length: int) -> str:
    """Operations on priorities, masks and pending bits, each followed by a barrier and a note."""
    lines = []
    for _ in range(length):
        value = dice.choice([0, 0x20, 0x40, 0x60, 0x80, 0xC0])
        lines += dice.choice(
            [
                [f"put ISPR, {1 << dice.randrange(8)}"],
                [f"put ISPR, {dice.randrange(256)}"],
                [f"put 0xE000E280, {dice.randrange(256)}"],
                [f"putb 0xE000E400+{dice.randrange(8)}, {value}"],
                [f"putb 0xE000ED22, {value}"],
                [f"movs r0, #{value}", "msr basepri, r0"],
                [f"movs r0, #{value}", "msr basepri_max, r0"],
                ["cpsid i"], ["cpsie i"], ["cpsie f"],
                ["put ICSR, 0x10000000"], ["put ICSR, 0x08000000"],
                [f"put 0xE000ED0C, {0x05FA0000 | dice.choice([0, 4, 5, 6, 7]) << 8:#x}"],
                [f"put 0xE000E180, {1 << dice.randrange(8)}"], [f"put ISER, {dice.randrange(256)}"],
            ]
        )  # fmt: skip
        lines += ["barrier", "logat ISPR", "mrs r0, ipsr", "log r0", "mrs r0, basepri", "log r0"]
    return "\n ".join(lines)


@pytest.mark.parametrize("seed", range(12))
def test_random_exception_sequences(assemble, tmp_path, seed):
    dice = random.Random(1000 + seed)
    source = (
        f"entry start\n put ISER, 0xFF\n {random_script(dice, 10)}\n movs r0, #0\n msr basepri, r0\n"
        " cpsie i\n isb\n done\n .ltorg\n"
    )
    for name in [f"irq{n}" for n in range(8)] + ["pendsv"]:
        source += f"""entry {name}
 push {{r4, lr}}
 log lr
 mrs r0, ipsr
 log r0
 ldr r0, =count_{name}
 ldr r1, [r0]
 adds r1, #1
 str r1, [r0]
 cmp r1, #2
 bhi.w 1f
 {random_script(dice, 2)}
1: pop {{r4, pc}}
 .ltorg
 .balign 4
count_{name}: .word 0
"""
    assert len(compare(assemble, source, tmp_path)) >= 30
