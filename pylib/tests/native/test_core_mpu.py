"""PMSAv7 memory protection (ARMv7-M B3.5): which access is refused, at exactly which address."""

import random

import pytest
from mpu_random import ACCESSES, memory_of, random_table

from wattbench.core.errors import LockupError
from wattbench.engines.embedded import native

DACC, IACC = 0x82, 1
RW, RO_USER, PRIVILEGED, RO, RO_PRIV, NONE = 3, 2, 1, 6, 5, 0
RAM = 0x20010000


def rasr(size, ap, srd=0, xn=0):
    """Attributes of an enabled region of `size` bytes."""
    return xn << 28 | ap << 24 | srd << 8 | (size.bit_length() - 2) << 1 | 1


# Reads and writes of the addresses in `table`, then an end mark; each refused access logs CFSR, MMFAR and is skipped.
PROBE = """
entry start
 enable_faults
 {regions}
 mpu_on {flags}
 {mode}
 ldr r7, =table
 mov r5, #0
again:
 ldr r6, [r7], #4
 cmp r6, #-1
 beq stuck
 lsl r5, #1
 nop
 {read}
 nop
 orr r5, #1
1: lsl r5, #1
 nop
 {write}
 nop
 orr r5, #1
1: b again
entry mem
 push {{r4, lr}}
 tst lr, #4
 ite eq
 addeq r4, sp, #8
 mrsne r4, psp
 ldr r0, =CFSR
 ldr r1, [r0]
 str r1, [r0]
 log r1
 logat 0xE000ED34
 ldr r0, [r4, #24]
 add r0, #{skip}
 str r0, [r4, #24]
 pop {{r4, pc}}
.ltorg
 .balign 4
table: .word {table}, -1
"""
CODE_ALL, STACKS = "region 8, 0, 0x0300001F", "region 9, 0x20000000, 0x0300001F\n region 10, 0x20030000, 0x0300001F"


def probe(
    board, regions, addresses, *, flags=0, user=False, read="ldrb r0, [r6]", write="strb r0, [r6]", privileged=""
):
    """Bits per address, read then write, and the log of faults."""
    text = "\n".join(f" region {n}, {base:#x}, {attributes:#x}" for n, base, attributes in regions)
    wide = ".w" in read or "t r0" in read
    source = PROBE.format(
        regions=f"{CODE_ALL}\n {STACKS}\n{text}", flags=flags, mode="user 0x20004000" if user else privileged,
        table=", ".join(f"{a:#x}" for a in addresses), read=read, write=write, skip=(4 if wide else 2) + 2 + 4,
    )  # fmt: skip
    one = board(source).run(1_000_000)
    assert one.reg("pc") == one.symbols["stuck"], hex(one.reg("pc"))
    bits = format(one.reg("r5"), f"0{2 * len(addresses)}b")
    return [bits[i : i + 2] for i in range(0, len(bits), 2)], one.log()


@pytest.mark.parametrize(
    ("ap", "privileged", "user"),
    [(0, "00", "00"), (1, "11", "00"), (2, "11", "10"), (3, "11", "11"),
     (4, "00", "00"), (5, "10", "00"), (6, "10", "10"), (7, "10", "10")],
)  # fmt: skip
def test_access_permissions(board, ap, privileged, user):
    for size in (32, 1024):  # by exact check, and by Unicorn's own TLB
        region = [(0, RAM, rasr(size, ap))]
        assert probe(board, region, [RAM])[0] == [privileged]
        assert probe(board, region, [RAM], user=True)[0] == [user]


def test_refused_accesses_report_their_exact_address_inside_a_split_page(board):
    regions = [(0, RAM, rasr(32, RW)), (1, RAM + 96, rasr(32, RW))]
    addresses = [RAM, RAM + 31, RAM + 32, RAM + 95, RAM + 96, RAM + 127, RAM + 128]
    bits, log = probe(board, regions, addresses)
    assert bits == ["11", "11", "00", "00", "11", "11", "00"]
    refused = [RAM + 32, RAM + 95, RAM + 128]
    assert log == [value for address in refused for _ in range(2) for value in (DACC, address)]


@pytest.mark.parametrize("log2", [8, 9, 10, 12, 13, 14])
def test_sub_regions(board, log2):
    size, part = 1 << log2, (1 << log2) // 8
    addresses = [RAM + part * i + edge for i in range(8) for edge in (0, part - 1)]
    bits, _ = probe(board, [(0, RAM, rasr(size, RW, srd=0b01100101))], addresses)
    assert bits == [b for i in range(8) for b in [("00" if 0b01100101 >> i & 1 else "11")] * 2]


def test_sub_regions_do_not_exist_below_256_bytes(board):
    assert probe(board, [(0, RAM, rasr(128, RW, srd=0xFF))], [RAM, RAM + 127, RAM + 128])[0] == ["11", "11", "00"]


def test_the_highest_region_wins_and_a_disabled_sub_region_lets_the_next_through(board):
    regions = [(0, RAM, rasr(4096, RO)), (1, RAM + 256, rasr(256, RW, srd=0b10)), (2, RAM + 512, rasr(32, NONE))]
    addresses = [RAM, RAM + 256, RAM + 288, RAM + 320, RAM + 511, RAM + 512, RAM + 544]
    assert probe(board, regions, addresses)[0] == ["10", "11", "10", "11", "11", "00", "10"]


def test_the_background_region(board):
    for flags, user, expected in ((0, False, "00"), (4, False, "11"), (4, True, "00"), (0, True, "00")):
        assert probe(board, [], [RAM], flags=flags, user=user)[0] == [expected], (flags, user)


def test_a_region_base_is_taken_as_a_multiple_of_its_size(board):
    assert probe(board, [(0, RAM + 0x60, rasr(256, RW))], [RAM, RAM + 255, RAM + 256])[0] == ["11", "11", "00"]


def test_ldrt_and_strt_access_as_unprivileged_code(board):
    for size in (32, 1024):
        for ap, expected in ((PRIVILEGED, "00"), (RO_USER, "10"), (RW, "11")):
            bits, log = probe(board, [(0, RAM, rasr(size, ap))], [RAM + 4], read="ldrt r0, [r6]", write="strt r0, [r6]")
            assert bits == [expected], (size, ap)
            assert log[1::2] == [RAM + 4] * expected.count("0")
    assert probe(board, [(0, RAM, rasr(32, RO_PRIV))], [RAM], read="ldrbt r0, [r6]", write="strht r0, [r6]")[0] == [
        "00"
    ]


def test_an_access_over_the_edge_of_a_granule_needs_both(board):
    one = board(f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(32, RW):#x}
 mpu_on 0
 ldr r6, ={RAM + 30:#x}
 ldrh r4, [r6]
bad: ldr r4, [r6]
 done
entry mem
 logat CFSR
 logat 0xE000ED34
 ldr r4, [sp, #24]
 done
.ltorg
""").run()
    assert one.log()[0] == DACC
    assert one.log()[1] in (RAM + 30, RAM + 32)
    assert one.reg("r4") == one.symbols["bad"]


def test_ldm_and_strd_fault_at_the_exact_word_with_the_base_kept(board):
    for code, address in (
        ("ldm r6!, {r0-r3}", RAM + 32),
        ("strd r0, r1, [r6, #4]!", RAM + 32),
        ("push {r0-r3}", RAM + 24),
    ):
        fix = "mov r8, sp\n mov sp, r6\n" if "push" in code else ""
        base = {"l": RAM + 24, "s": RAM + 24, "p": RAM + 40}[code[0]]
        regions = rasr(32, RW)
        one = board(f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, {(RAM if base < RAM + 32 else RAM + 32):#x}, {regions:#x}
 mpu_on 0
 ldr r6, ={base:#x}
 {fix}
bad: {code}
 done
entry mem
entry hard
 ldr sp, =0x20008000
 logat CFSR
 logat 0xE000ED34
 done
.ltorg
""").run()
        log = one.log()
        assert log[0] & DACC == DACC, code
        assert log[1] == address, code
        assert one.reg("r6") == base


EXECUTE = """
entry start
 enable_faults
 {setup}
 mpu_on {flags}
 mov r4, #0
 b go
 .balign 1024
go:
 .rept 14
 add r4, #1
 .endr
 .balign 32
never:
 add r4, #100
 done
 .balign 256
entry mem
 logat CFSR
 ldr r5, [sp, #24]
 done
entry hard
 logat 0xE000ED2C
 ldr r5, [sp, #24]
 done
.ltorg
"""


@pytest.mark.parametrize("shift", [0, 2])
def test_code_that_falls_into_an_execute_never_granule_stops_at_its_edge(board, shift):
    """With `shift` the last instruction reaches over the edge by a halfword."""
    text = EXECUTE.format(setup=f"{CODE_ALL}\n {STACKS}\n ldr r0, =MPU_RBAR\n ldr r1, =never+0x1F\n str r1, [r0]\n"
                          f" put MPU_RASR, {rasr(32, RW, xn=1):#x}", flags=0)  # fmt: skip
    if shift:
        text = text.replace(
            " .rept 14\n add r4, #1\n .endr", " nop\n .rept 7\n add.w r4, r4, #1\n .endr\nedge: add.w r4, r4, #1"
        )
        text = text.replace(" .balign 32\nnever:\n", " .set never, go + 32\n nop\n")
    one = board(text).run()
    assert one.log() == [IACC]
    assert one.reg("r4") == (14 if not shift else 7)
    assert one.reg("r5") == one.symbols["never"] - shift


def test_jumping_into_an_execute_never_page(board):
    source = f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(1024, RW, xn=1):#x}
 region 1, {RAM + 1024:#x}, {rasr(1024, RO):#x}
 region 2, {RAM + 2048:#x}, {rasr(1024, RO_PRIV):#x}
 mpu_on 0
 ldr r0, ={RAM + 1025:#x}
 blx r0
 ldr r0, ={RAM + 2049:#x}
 blx r0
 ldr r0, ={RAM + 1:#x}
 blx r0
 done
entry mem
 logat CFSR
 ldr r4, [sp, #24]
 done
.ltorg
"""
    one = board(source)
    for page in range(3):
        one.poke(RAM + 1024 * page, bytes.fromhex("01357047"))  # adds r5, #1; bx lr
    one.run()
    assert one.log() == [IACC]
    assert one.regs("r4 r5") == [RAM, 2]


def test_execution_needs_read_permission_of_the_mode(board):
    source = f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(1024, PRIVILEGED):#x}
 mpu_on 0
 ldr r0, ={RAM + 1:#x}
 blx r0
 user 0x20004000
 ldr r0, ={RAM + 1:#x}
 blx r0
 done
entry mem
 logat CFSR
 mrs r0, psp
 ldr r4, [r0, #24]
 done
.ltorg
"""
    one = board(source)
    one.poke(RAM, bytes.fromhex("01357047"))
    one.run()
    assert one.log() == [IACC]
    assert one.regs("r4 r5") == [RAM, 1]


def test_a_region_can_make_a_device_area_executable_but_never_the_system_area(board):
    source = f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, 0x40001000, {rasr(4096, RW):#x}
 region 1, 0xE0200000, {rasr(4096, RW):#x}
 mpu_on 0
 ldr r0, =0x40001001
 blx r0
 ldr r0, =0xE0200001
 blx r0
 done
entry mem
 logat CFSR
 ldr r4, [sp, #24]
 done
.ltorg
"""
    one = board(source)
    for base in (0x40001000, 0xE0200000):
        one.machine.map_memory(base, 0x1000, native.Memory(0x1000), False, 1)
        one.poke(base, bytes.fromhex("01357047"))
    one.run()
    assert one.log() == [IACC]
    assert one.regs("r4 r5") == [0xE0200000, 1]


@pytest.mark.parametrize(("flags", "allowed"), [(0, 1), (2, 0)])
@pytest.mark.parametrize("size", [32, 1024])
def test_hfnmiena_decides_whether_the_mpu_holds_in_hard_fault(board, flags, allowed, size):
    source = f"""
entry start
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(size, NONE):#x}
 mpu_on {flags}
 ldr r6, ={RAM:#x}
 .inst.n 0xDE00
 done
entry hard
 str r6, [r6]
 movs r5, #1
 done
.ltorg
"""
    one = board(source)
    if allowed:
        assert one.run().reg("r5") == 1
    else:
        with pytest.raises(LockupError, match="DACCVIOL"):
            one.run()


@pytest.mark.parametrize("size", [32, 1024])
def test_faultmask_bypasses_the_mpu_only_as_long_as_it_is_set(board, size):
    source = f"""
entry start
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(size, NONE):#x}
 mpu_on 0
 ldr r6, ={RAM:#x}
 cpsid f
 str r6, [r6]
 ldr r4, [r6]
 cpsie f
 movs r5, #1
 ldr r7, [r6]
 movs r5, #2
 done
entry hard
 logat CFSR
 done
.ltorg
"""
    one = board(source).run()
    assert one.regs("r4 r5 r7") == [RAM, 1, 0]
    assert one.log() == [DACC]


def test_changing_a_region_takes_effect_for_pages_already_used(board):
    source = f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(1024, RW):#x}
 mpu_on 0
 ldr r6, ={RAM:#x}
 str r6, [r6]
 put 0xE000ED98, 0
 put MPU_RASR, {rasr(1024, RO):#x}
 barrier
 ldr r4, [r6]
 str r0, [r6]
 done
entry mem
 logat CFSR
 logat 0xE000ED34
 done
.ltorg
"""
    one = board(source).run()
    assert one.log() == [DACC, RAM]
    assert one.reg("r4") == RAM


def test_registers_aliases_and_limits(board):
    source = """
entry start
 logat 0xE000ED90
 put 0xE000ED98, 3
 put 0xE000ED9C, 0x20000000
 put 0xE000EDA0, 0xFFFFFFFF
 put 0xE000EDA4, 0x20001015
 put 0xE000EDA8, 0x0300001F
 put 0xE000EDAC, 0x20002016
 put 0xE000EDB4, 0x20003017
 logat 0xE000ED98
 logat 0xE000ED9C
 put 0xE000ED98, 3
 logat 0xE000ED9C
 logat 0xE000EDA0
 put 0xE000ED98, 5
 logat 0xE000ED9C
 logat 0xE000EDA0
 logat 0xE000EDA8
 put 0xE000ED98, 16
 logat 0xE000ED98
 put 0xE000ED94, 0xFFFFFFFE
 logat 0xE000ED94
 done
.ltorg
"""
    log = board(source).run().log()
    assert log == [
        16 << 8,
        7,
        0x20003007,
        0x20000003,
        0x1737FF3F & 0x173FFF3F | 0x80000,
        0x20001005,
        0x0300001F,
        0x0300001F,
        5,
        6,
    ]


def test_stacking_and_unstacking_obey_the_mpu(board):
    source = f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(1024, PRIVILEGED):#x}
 putb 0xE000ED1F, 0x40
 mpu_on 0
 ldr r0, ={RAM + 512:#x}
 msr psp, r0
 movs r0, #3
 msr control, r0
 isb
 svc #0
 done
entry mem
 logat CFSR
 mov r4, lr
 mrs r5, psp
 put CFSR, 0xFF
 ldr lr, =0xFFFFFFFD
 tst r6, #1
 bne stuck
 movs r6, #1
 bx lr
entry svc
 movs r7, #1
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.log() == [1 << 4, 1 << 3]
    assert one.reg("r7") == 1
    assert one.regs("r4 r5") == [0xFFFFFFFD, RAM + 512 - 32]


def test_a_vector_table_is_read_past_the_mpu(board):
    source = (
        f"entry start\n enable_faults\n region 0, 0, {rasr(0x400, RW):#x}\n"
        f" region 2, 0, {rasr(32, NONE):#x}\n {STACKS}\n mpu_on 4\n svc #0\n done\nentry svc\n"
        " movs r4, #1\n bx lr\n .ltorg"
    )
    assert board(source).run().reg("r4") == 1


@pytest.mark.parametrize("seed", range(8))
def test_random_set_ups_against_a_model(board, seed):
    table, faults = random_table(random.Random(100 + seed))
    one = board(ACCESSES)
    for address, data in memory_of(table).items():
        one.poke(address, data)
    log = one.run(20_000_000).log()
    assert one.reg("pc") == one.symbols["stuck"]
    assert {log[i]: log[i + 1 : i + 3] for i in range(0, len(log), 4)} == faults
    assert len(faults) > 150
