"""Exact instruction counts, exact times, deadlines, and runs that do not depend on how they are cut."""

import pytest

LOOP = """
entry start
 ldr r0, =1000
1: subs r0, #1
 bne 1b
 wfi
.ltorg
"""
# Straight code, calls, IT blocks, conditional branches, wide and narrow, loads and stores, FP, SVC, SysTick.
MIXED = """
entry start
 enable_fpu
 put 0xE000E014, 1999
 put 0xE000E010, 7
 ldr r7, =0x20001000
 vmov.f64 d0, #1.0
 vmov.f64 d1, #1.0
loop:
 add r4, #1
 tst r4, #3
 ite eq
 addeq r5, #1
 subne r5, #2
 str r5, [r7], #4
 ldr r6, [r7, #-4]
 ldr r0, =0x20003000
 cmp r7, r0
 it hs
 ldrhs r7, =0x20001000
 vadd.f64 d0, d0, d1
 bl work
 tst r4, #15
 bne loop
 svc #0
 b loop
work:
 mul r6, r6, r4
 bx lr
entry svc
 add r8, #1
 bx lr
entry tick
 add r9, #1
 vsqrt.f64 d2, d0
 bx lr
.ltorg
"""
NAMES = "r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 sp lr pc xpsr control fpscr s0 s1 s2 s3 s4 s5 s31"


def test_a_loop_is_counted_exactly_and_asleep_is_not_counted(board):
    one = board(LOOP).run(1_000_000)
    view = one.view()
    assert (view.asleep, view.icount) == (1, 1 + 2 * 1000 + 1)
    assert one.machine.now_ns() == 1_000_000


@pytest.mark.parametrize("slice_ns", [1, 7, 100, 1_000, 33_333])
def test_cutting_a_run_into_slices_changes_nothing(board, slice_ns):
    end = 40_000 if slice_ns < 100 else 400_000
    whole, cut = board(MIXED).run(end), board(MIXED)
    for time_ns in range(slice_ns, end, slice_ns):
        cut.run(time_ns)
    cut.run(end)
    assert whole.view().icount >= end * 500 // 1000
    assert whole.reg("r8") > 10
    assert whole.reg("r9") == end // 2000 - 1
    assert cut.regs(NAMES) == whole.regs(NAMES)
    assert cut.digest() == whole.digest()


def test_time_follows_the_count(board):
    one = board(MIXED, mips=300).run(1_000_000)
    view = one.view()
    assert view.time_ns == view.icount * 1000 // 300
    assert 0 <= view.time_ns - 1_000_000 < 300
    assert one.machine.now_ns() == view.time_ns


def test_a_device_sees_the_time_of_each_instruction_inside_a_block(board):
    source = """
entry start
 ldr r0, =0x40000000
 ldr r1, [r0]
 nop
 str r1, [r0, #4]
 nop
 nop
 ldrb r2, [r0, #9]
 strh r2, [r0, #14]
 wfi
.ltorg
"""
    one = board(source, mips=1000).run(1000)
    assert one.device.accesses == [
        (1, "r", 0, 4, 0), (3, "w", 4, 4, 0), (6, "r", 9, 1, 0), (7, "w", 14, 2, 0),
    ]  # fmt: skip


def test_the_callback_knows_pc_and_count_of_its_instruction(board):
    source = "entry start\n ldr r0, =0x40000000\n nop\nfirst: ldr r1, [r0]\n nop\nhere: ldr r2, [r0, #4]\n wfi\n .ltorg"
    one, seen = board(source), []
    one.device.on_read = lambda offset: seen.append((one.view().pc, one.view().icount))
    one.run(1000)
    assert seen == [(one.symbols["first"], 2), (one.symbols["here"], 4)]


def test_what_is_due_before_an_access_fires_before_it(board):
    source = "entry start\n ldr r0, =0x40000000\n" + " nop\n" * 50 + " ldr r4, [r0]\n wfi\n .ltorg"
    one = board(source, mips=1000)
    one.at(30, lambda: one.device.values.update({0: one.machine.now_ns()}))
    one.run(1000)
    assert one.reg("r4") == 30
    assert one.device.accesses[0][0] == 51


def test_an_alarm_fires_at_exactly_its_time_and_interrupts_at_the_next_block(board):
    one = board("entry start\n put ISER, 1\n1: add r4, #1\n b 1b\nentry irq0\n mov r5, r4\n wfi\n .ltorg", mips=1000)
    seen = []
    one.at(1001, lambda: (seen.append(one.machine.now_ns()), one.irq(0, 1)))
    one.run(5000)
    assert seen == [1001]
    assert one.reg("r5") == (1001 - 3 + 1) // 2


def test_an_alarm_set_by_an_access_cuts_the_running_slice(board):
    source = (
        "entry start\n ldr r0, =0x40000000\n str r0, [r0]\n put ISER, 1\n1: add r4, #1\n b 1b\n"
        "entry irq0\n wfi\n .ltorg"
    )
    one, seen = board(source, mips=1000), []
    one.device.on_write = lambda offset: one.at(101, lambda: (seen.append(one.machine.now_ns()), one.irq(0, 1)))
    one.run(1_000_000)
    assert seen == [101]
    assert one.reg("r4") in (48, 49)


def test_an_aborted_instruction_is_not_counted(board):
    source = (
        "entry start\n enable_faults\n ldr r0, =0x50000000\n nop\n ldr r1, [r0]\n nop\n nop\nentry bus\n wfi\n .ltorg"
    )
    one = board(source, mips=1000).run(1000)
    assert one.view().icount == 3 + 2 + 1


def test_stop_requests_end_the_run_at_once(board):
    one = board("entry start\n ldr r0, =0x40000000\n str r0, [r0]\n1: b 1b\n .ltorg")
    one.device.on_write = lambda offset: one.machine.request_stop()
    one.run(1_000_000)
    assert one.machine.now_ns() < 100
