"""SysTick and the cycle counter: exact over any time (ARMv7-M B3.3, C1.8)."""

import itertools

import pytest

TICKS = """
entry start
 put 0xE000E014, {reload}
 put 0xE000E018, 0
 put 0xE000E010, {csr}
1: wfi
 b 1b
entry tick
 ldr r0, =0x40000000
 str r4, [r0]
 add r4, #1
 bx lr
.ltorg
"""


@pytest.mark.parametrize("hz", [996_000_000, 399_999_999, 24_000_000])
def test_periods_are_exact_over_a_long_time(board, hz):
    reload = hz // 1000 - 1
    one = board(TICKS.format(reload=reload, csr=7), hz=hz)
    one.run(30_000_000_000)
    start = one.device.accesses[0][0]
    times = [access[0] for access in one.device.accesses]
    assert one.reg("r4") == len(times)
    for count in (1, 999, len(times) - 1):
        assert abs(times[count] - start - count * (reload + 1) * 1e9 / hz) <= 2


def test_the_reference_clock(board):
    one = board(TICKS.format(reload=99, csr=3), reference_hz=100_000).run(10_500_000)
    assert one.reg("r4") == 10


def test_the_counter_counts_down_reloads_and_sets_countflag(board):
    source = """
entry start
 put 0xE000E014, 99
 put 0xE000E018, 5
 logat 0xE000E018
 put 0xE000E010, 5
 ldr r7, =0xE000E018
 ldr r4, [r7]
 .rept 20
 nop
 .endr
 ldr r5, [r7]
 ldr r8, [r7, #-8]
 .rept 200
 nop
 .endr
 ldr r9, [r7, #-8]
 ldr r10, [r7, #-8]
 done
.ltorg
"""
    one = board(source, mips=1000).run()
    assert one.log() == [0]
    assert one.reg("r4") - one.reg("r5") == 21
    assert one.regs("r8 r9 r10") == [5, 0x10005, 5]


def test_current_value_is_exact_at_each_read(board):
    source = (
        "entry start\n put 0xE000E014, 999\n put 0xE000E018, 0\n put 0xE000E010, 5\n"
        " ldr r7, =0xE000E018\n ldr r6, =0x20010000\n"
    )
    source += " mov r5, #64\n1: ldr r4, [r7]\n str r4, [r6], #4\n subs r5, #1\n bne 1b\n wfi\n .ltorg"
    one = board(source, mips=1000).run()
    values = one.words(0x20010000, 64)
    assert {a - b for a, b in itertools.pairwise(values)} == {4}


def test_stopping_keeps_the_value_and_a_write_of_cvr_clears(board):
    source = """
entry start
 put 0xE000E014, 999
 put 0xE000E018, 0
 put 0xE000E010, 5
 .rept 50
 nop
 .endr
 put 0xE000E010, 4
 ldr r0, =0xE000E018
 ldr r4, [r0]
 nop
 ldr r5, [r0]
 str r5, [r0]
 ldr r6, [r0]
 put 0xE000E010, 5
 nop
 ldr r0, =0xE000E018
 ldr r7, [r0]
 done
.ltorg
"""
    one = board(source, mips=1000).run()
    r4, r5, r6, r7 = one.regs("r4 r5 r6 r7")
    assert r4 == r5
    assert 900 < r4 < 999
    assert (r6, r7) == (0, 997)


def test_no_tick_without_tickint_and_none_with_reload_zero(board):
    assert board(TICKS.format(reload=99, csr=5)).run(1_000_000).reg("r4") == 0
    assert board(TICKS.format(reload=0, csr=7)).run(1_000_000).reg("r4") == 0


def test_cyccnt(board):
    source = """
entry start
 put 0xE000EDFC, 0x01000000
 put 0xE0001004, 100
 put 0xE0001000, 1
 ldr r7, =0xE0001004
 ldr r4, [r7]
 .rept 30
 nop
 .endr
 ldr r5, [r7]
 put 0xE0001000, 0
 ldr r6, [r7]
 nop
 ldr r8, [r7]
 ldr r9, [r7, #-4]
 done
.ltorg
"""
    one = board(source, mips=1000, hz=2_000_000_000).run()
    r4, r5, r6, r8 = one.regs("r4 r5 r6 r8")
    assert r5 - r4 == 2 * 31
    assert r6 == r8
    assert one.reg("r9") & 1 == 0


def test_cyccnt_runs_while_the_core_sleeps_and_wraps(board):
    source = """
entry start
 put 0xE000EDFC, 0x01000000
 put 0xE0001004, 0xFFFFFFF0
 put 0xE0001000, 1
 put ISER, 1
 wfi
 ldr r0, =0xE0001004
 ldr r4, [r0]
 done
entry irq0
 bx lr
.ltorg
"""
    one = board(source, hz=1_000_000_000)
    one.at(1_000_000, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(1_100_000)
    assert abs(one.reg("r4") - 1_000_000) < 100
