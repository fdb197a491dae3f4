"""Random MPU set-ups and accesses to their edges, the program that carries them out, and a model of PMSAv7."""

from __future__ import annotations

import random
import struct

TABLE, TARGET, TARGET_SIZE = 0x20020000, 0x20010000, 0x10000
MEM_MANAGE = 4
READ, WRITE, EXECUTE = 1, 2, 4

# One record of the table: what to access and how; 0xFFFFFFFF ends it. Config records set a region or MPU_CTRL.
ACCESSES = """
entry start
 enable_faults
 ldr r7, =0x20020000
again:
 ldrd r5, r6, [r7], #8
 cmp r5, #0xFF
 beq stuck
 cmp r5, #0x80
 beq set_region
 cmp r5, #0x81
 beq set_control
 ldr r10, =after
 ldr r0, =0x47704770
 tbb [pc, r5]
table:
 .byte (a0-table)/2, (a1-table)/2, (a2-table)/2, (a3-table)/2, (a4-table)/2, (a5-table)/2
 .byte (a6-table)/2, (a7-table)/2, (a8-table)/2, (a9-table)/2, (a10-table)/2, (a11-table)/2
a0: ldr r1, [r6]
 b after
a1: str r0, [r6]
 b after
a2: ldrb r1, [r6]
 b after
a3: strb r0, [r6]
 b after
a4: ldrt r1, [r6]
 b after
a5: strt r0, [r6]
 b after
a6: ldrbt r1, [r6]
 b after
a7: strht r0, [r6]
 b after
a8: orr r1, r6, #1
 blx r1
 b after
a9: ldrd r1, r2, [r6]
 b after
a10: stmia r6, {r0, r1, r2}
 b after
a11: ldrh r1, [r6]
after:
 b again
set_region:
 ldr r0, =MPU_RBAR
 ldr r1, [r7], #4
 strd r6, r1, [r0]
 b again
set_control:
 ldr r0, =MPU_CTRL
 str r6, [r0]
 dsb
 isb
 b again
entry mem
entry bus
entry usage
 log r7
 mrs r0, ipsr
 ldr r1, =CFSR
 ldr r2, [r1]
 orr r0, r0, r2, lsl #8
 log r0
 ldr r0, [r1, #12]
 tst r2, #0x80
 it eq
 moveq r0, #0
 log r0
 str r2, [r1]
 ldr r0, [sp, #24]
 log r0
 str r10, [sp, #24]
 ldr r0, [sp, #28]
 bic r0, #0x06000000
 bic r0, #0xFC00
 str r0, [sp, #28]
 bx lr
.ltorg
"""


def random_region(dice: random.Random, number: int, smallest_sub_region: int) -> tuple[int, int]:
    """RBAR and RASR of some region in the target area."""
    log2 = dice.choice([5, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13, 16])
    base = TARGET + (dice.randrange(TARGET_SIZE) >> log2 << log2)
    ap, xn, srd = dice.choice([0, 1, 2, 3, 3, 5, 6, 7]), dice.random() < 0.3, dice.choice([0, 0, dice.randrange(255)])
    enable = dice.random() < 0.9
    return base | 16 | number, xn << 28 | ap << 24 | (srd << 8 if (1 << log2) // 8 >= smallest_sub_region else 0) | (
        log2 - 1
    ) << 1 | enable


def edges(regions: list[tuple[int, int]], dice: random.Random) -> int:
    """An address at the edge of something."""
    rbar, rasr = dice.choice(regions)
    size = 2 << (rasr >> 1 & 31)
    part = max(size // 8, 32) if size >= 256 else size
    address = (rbar & ~31) + dice.randrange(0, size + 1, part) + dice.choice([-32, -4, 0, 4, 28])
    return min(max(address, TARGET), TARGET + TARGET_SIZE - 16) & ~3


# For each access of the program: bytes from its address, what it needs, whether as privileged code.
KINDS = [
    (4, READ, True), (4, WRITE, True), (1, READ, True), (1, WRITE, True), (4, READ, False), (4, WRITE, False),
    (1, READ, False), (2, WRITE, False), (2, EXECUTE, True), (8, READ, True), (12, WRITE, True), (2, READ, True),
]  # fmt: skip


def permissions(regions: list[tuple[int, int]], address: int, privileged: bool) -> int:
    """ARMv7-M B3.5.3 as a plain search, with PRIVDEFENA set."""
    for rbar, rasr in reversed(regions):
        size = 2 << (rasr >> 1 & 31)
        into = address - (rbar & ~31)
        if not rasr & 1 or not 0 <= into < size:
            continue
        if size >= 256 and rasr >> 8 & 255 and (rasr >> 8 & 255) >> into * 8 // size & 1:
            continue
        ap = rasr >> 24 & 7
        allowed = ([0, 3, 3, 3, 0, 1, 1, 1] if privileged else [0, 0, 1, 3, 0, 0, 1, 1])[ap]
        return allowed | (EXECUTE if allowed & READ and not rasr >> 28 & 1 else 0)
    return READ | WRITE | EXECUTE if privileged else 0


def expected_fault(regions: list[tuple[int, int]], kind: int, address: int) -> list[int]:
    """Exception and CFSR as the program logs them, then MMFAR; empty for an access that is allowed."""
    size, need, privileged = KINDS[kind]
    for at in range(address, address + size, 4):
        if not permissions(regions, at, privileged) & need:
            return [MEM_MANAGE | 0x01 << 8, 0] if need == EXECUTE else [MEM_MANAGE | 0x82 << 8, at]
    return []


def random_table(dice: random.Random, smallest_sub_region: int = 32) -> tuple[list[int], dict[int, list[int]]]:
    """The program's table, and for each address behind a refused access in it what has to be logged."""
    table: list[int] = []
    faults: dict[int, list[int]] = {}
    for _ in range(24):
        table += [0x81, 0]
        regions = [random_region(dice, n, smallest_sub_region) for n in range(8)]
        for rbar, rasr in regions:
            table += [0x80, rbar, rasr]
        table += [0x81, 5]
        for _ in range(40):
            kind, address = dice.randrange(12), edges(regions, dice)
            table += [kind, address]
            if fault := expected_fault(regions, kind, address):
                faults[TABLE + 4 * len(table)] = fault
    return [*table, 0xFF, 0], faults


def memory_of(table: list[int]) -> dict[int, bytes]:
    """What the program expects in memory: the table, and BX LR everywhere in the target area."""
    return {TABLE: struct.pack(f"<{len(table)}I", *table), TARGET: b"\x70\x47" * (TARGET_SIZE // 2)}
