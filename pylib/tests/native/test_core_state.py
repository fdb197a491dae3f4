"""Saving and restoring in the middle of anything, code that changes, several cores."""

import pytest
from test_core_counting import MIXED, NAMES


def snapshot_continues(board, source, times, end, prepare=lambda one: None, **options):
    """Run to the end from each time's snapshot, on the same and on a new machine: the same state in the end."""
    for time_ns in times:
        whole = board(source, **options)
        prepare(whole)
        whole.run(time_ns)
        whole.run(end)
        first = board(source, **options)
        prepare(first)
        first.run(time_ns)
        saved, before = first.machine.save(), first.digest()
        first.run(end)
        first.machine.restore(saved)
        assert first.digest() == before
        second = board(source, **options)
        prepare(second)
        second.machine.restore(saved)
        assert second.digest() == before
        for one in (first, second):
            one.run(end)
            assert one.regs(NAMES) == whole.regs(NAMES), time_ns
            assert one.digest() == whole.digest(), time_ns


def test_anywhere_in_a_busy_program(board):
    snapshot_continues(board, MIXED, [0, 1, 17, 2_003, 2_010, 9_999, 50_000], 100_000)


def test_asleep(board):
    source = (
        "entry start\n put 0xE000E014, 9999\n put 0xE000E010, 7\n1: wfi\n add r5, #1\n b 1b\n"
        "entry tick\n add r4, #1\n bx lr\n .ltorg"
    )
    snapshot_continues(board, source, [500, 10_000, 10_020, 55_000], 200_000)


UNPRIVILEGED = """
entry start
 enable_fpu
 region 14, 0, 0x0300001F
 region 15, 0x20000000, 0x03000023
 region 0, 0x20010000, 0x01000009
 mpu_on 0
 put 0xE000E014, 999
 put 0xE000E010, 7
 movs r0, #0x40
 msr basepri, r0
 putb 0xE000ED23, 0x20
 user 0x20004000
1: vmov s0, r4
 add r4, #1
 push {r4}
 pop {r6}
 b 1b
entry tick
 add r5, #1
 vmov s0, r5
 ldr r0, =0x20010000
 str r5, [r0]
 bx lr
.ltorg
"""


def test_in_an_unprivileged_thread_and_in_its_handlers(board):
    one = board(UNPRIVILEGED).run(50_000)
    assert one.reg("r5") == 49
    assert one.word(0x20010000) == 49
    snapshot_continues(board, UNPRIVILEGED, [900, 1_005, 1_010, 1_015, 1_020, 7_777], 50_000)


def test_restore_changes_code_back(board):
    source = "entry start\n1: bl patch\n b 1b\n .balign 64\npatch: add r4, #1\n bx lr"
    one = board(source).run(1000)
    saved = one.machine.save()
    one.poke(one.symbols["patch"], bytes.fromhex("04f16404"))  # add.w r4, r4, #100
    before = one.reg("r4")
    one.run(2000)
    assert (one.reg("r4") - before) % 100 == 0
    assert one.reg("r4") > before
    one.machine.restore(saved)
    start = one.reg("r4")
    one.run(2000)
    assert 0 < one.reg("r4") - start < 200


@pytest.mark.parametrize("by", ["store", "host"])
def test_changed_code_is_run_and_counted_anew(board, by):
    source = """
entry start
 ldr r6, =0x20010000
 ldr r0, =0x47703401
 str r0, [r6]
 orr r7, r6, #1
 blx r7
 ldr r0, =0x40000000
 str r0, [r0]
 ldr r0, =0x47703402
 STORE
 barrier
 blx r7
 wfi
.ltorg
"""
    one = board(source.replace("STORE", "str r0, [r6]" if by == "store" else "nop"), mips=1000)
    if by == "host":
        one.device.on_write = lambda offset: one.machine.bus_write(0x20010000, (0x47703402).to_bytes(4, "little"))
    one.run(1000)
    assert one.reg("r4") == 3
    assert one.view().icount == 17


TWO = """
entry start
 ldr r6, =0x20010000
 mov r4, #0
1: add r4, #1
 str r4, [r6]
 sev
2: ldr r5, [r6, #4]
 cmp r5, r4
 bne 2b
 cmp r4, #20
 bne 1b
 wfi
entry start1
 ldr r6, =0x20010000
1: wfe
 ldr r4, [r6]
 str r4, [r6, #4]
 add r5, #1
 b 1b
.ltorg
"""


def test_two_cores_share_memory_and_wake_each_other(board):
    one = board(TWO, cores=2).run(2_000_000)
    assert one.words(0x20010000, 2) == [20, 20]
    assert (one.view(0).asleep, one.view(1).asleep) == (1, 1)
    assert one.reg("r5", 1) >= 20
    assert one.view(0).icount < 20 * (2 * 2500 + 100)  # cores that both spin take turns of 5 us


def test_sev_wakes_the_other_core_at_its_own_time(board):
    source = """
entry start
 ldr r0, =10000
1: subs r0, #1
 bne 1b
 sev
1: add r4, #1
 b 1b
entry start1
 wfe
 ldr r0, =0x40000000
 str r0, [r0]
 wfi
.ltorg
"""
    one = board(source, cores=2, mips=1000).run(100_000)
    assert abs(one.device.accesses[0][0] - 20_004) <= 3


def test_an_interrupt_for_another_core_wakes_it_at_once(board):
    source = """
entry start
 .rept 100
 nop
 .endr
 ldr r0, =0x40000000
 str r0, [r0]
1: b 1b
entry start1
 put ISER, 1
 wfi
 wfi
entry irq0
 ldr r0, =0x40000004
 str r0, [r0]
 wfi
.ltorg
"""
    one = board(source, cores=2, mips=1000)
    one.device.on_write = lambda offset: one.irq(0, 1, core=1) if offset == 0 else None
    one.run(100_000)
    assert [a[2] for a in one.device.accesses] == [0, 4]
    assert one.device.accesses[1][0] - one.device.accesses[0][0] < 8


def test_two_cores_give_the_same_state_each_time(board):
    assert len({board(TWO, cores=2).run(500_000).digest() for _ in range(3)}) == 1


def test_two_cores_restore(board):
    snapshot_continues(board, TWO, [300, 1_000], 100_000, cores=2)


def test_a_held_core_does_not_run_until_released(board):
    one = board("entry start\n1: add r4, #1\n b 1b\nentry start1\n1: add r4, #1\n b 1b", cores=2)
    one.lib.wb_core_hold(one.handle, 1, 1)
    one.run(10_000)
    assert one.reg("r4", 1) == 0
    one.lib.wb_core_hold(one.handle, 1, 0)
    one.run(20_000)
    assert abs(one.reg("r4", 1) - 2500) < 10
    assert abs(one.reg("r4", 0) - 5000) < 10
