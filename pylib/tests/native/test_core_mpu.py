"""PMSAv7 memory protection (ARMv7-M B3.5): which access is refused, at exactly which address."""

import random

import pytest
from mpu_random import ACCESSES, memory_of, random_table
from mpu_regions import CODE_ALL, DACC, NONE, PRIVILEGED, RAM, RO, RO_PRIV, RO_USER, RW, STACKS, rasr

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
