"""Wait points: places in firmware without WFI at which the core sleeps."""

import pytest
from test_core_state import snapshot_continues

from wattbench.core.errors import LimitError

POLLING = """
entry start
 put ISER, 1
 ldr r6, =0x20001000
 movs r5, #0
poll: ldr r4, [r6]
 add r7, #1
 cmp r4, r5
 beq poll
 mov r5, r4
 b poll
entry irq0
 ldr r0, =0x20001000
 ldr r1, [r0]
 add r1, #1
 str r1, [r0]
 bx lr
.ltorg
"""


def pulse(one, *times_ns, number=0):
    for time_ns in times_ns:
        one.at(time_ns, lambda: (one.irq(number, 1), one.irq(number, 0)))


def wait_at(one, *labels, add=1):
    for label in labels:
        assert one.lib.wb_core_wait_point(one.handle, 0, one.symbols[label], add) == 0
    return one


def test_the_core_sleeps_there_until_an_interrupt_and_time_jumps(board):
    one = wait_at(board(POLLING), "poll")
    pulse(one, 700_000)
    one.run(700_000 - 1)
    assert (one.view().asleep, one.view().pc, one.regs("r5 r7")) == (1, one.symbols["poll"], [0, 0])
    one.run(701_000)
    assert (one.view().asleep, one.regs("r5 r7")) == (1, [1, 1])
    assert one.view().icount < 30


def test_each_interrupt_gives_one_look_at_what_is_waited_for(board):
    one = wait_at(board(POLLING), "poll")
    pulse(one, 10_000, 20_000, 30_000)
    one.run(40_000)
    assert one.regs("r5 r7") == [3, 3]


def test_without_it_the_loop_spins(board):
    one = board(POLLING)
    pulse(one, 10_000)
    one.run(20_000)
    assert one.reg("r5") == 1
    assert one.reg("r7") > 1000


MIDDLE = "entry start\n put ISER, 1\n1: add r4, #1\n add r5, #1\nhere: add r6, #1\n b 1b\nentry irq0\n bx lr\n .ltorg"


def test_in_the_middle_of_a_block(board):
    one = wait_at(board(MIDDLE), "here")
    pulse(one, 1000, 2000)
    one.run(900)
    assert one.regs("r4 r5 r6") == [1, 1, 0]
    assert (one.view().icount, one.view().pc) == (5, one.symbols["here"])
    one.run(3000)
    assert one.regs("r4 r5 r6") == [3, 3, 2]


def test_added_and_removed_after_the_code_was_translated(board):
    one = board(MIDDLE).run(1000)
    assert one.reg("r6") > 50
    wait_at(one, "here").run(1100)
    before = one.reg("r6")
    pulse(one, 2000)
    one.run(5000)
    assert (one.view().asleep, one.reg("r6")) == (1, before + 1)
    wait_at(one, "here", add=0)
    pulse(one, 6000)
    one.run(7000)
    assert one.reg("r6") > before + 50


def test_added_while_the_core_runs(board):
    one = board(MIDDLE)
    one.at(1000, lambda: wait_at(one, "here"))
    one.run(9000)
    assert one.view().asleep == 1
    assert one.reg("r6") < 200


def test_a_masked_interrupt_wakes_and_is_not_taken(board):
    source = (
        "entry start\n cpsid i\n put ISER, 1\n1: add r4, #1\nhere: add r6, #1\n cmp r6, #3\n bne 1b\n done\n"
        "entry irq0\n add r5, #1\n bx lr\n .ltorg"
    )
    one = wait_at(board(source), "here")
    pulse(one, 1000)
    one.run(999)
    assert (one.view().asleep, one.reg("r4")) == (1, 1)
    one.run(2000)  # it stays pending: no sleep any more
    assert one.regs("r4 r5 r6") == [3, 0, 3]


def test_a_disabled_interrupt_does_not_wake(board):
    one = wait_at(board(POLLING), "poll")
    pulse(one, 1000, number=3)
    one.run(5000)
    assert (one.view().asleep, one.reg("r7")) == (1, 0)


def test_a_point_in_an_it_block_has_no_effect(board):
    source = """
entry start
 movs r0, #1
1: cmp r0, #1
 ittet eq
 addeq r4, #1
here: addeq r5, #1
 addne r6, #1
 addeq r7, #1
 b 1b
"""
    plain, pointed = board(source).run(5000), wait_at(board(source), "here").run(5)
    pointed.run(5000)
    assert pointed.regs("r4 r5 r6 r7") == plain.regs("r4 r5 r6 r7")
    assert pointed.view().icount == plain.view().icount


TWO_THREADS = """
entry start
 put ISER, 1
 ldr r6, =0x20001000
 ldr r0, =0x20004000
 msr psp, r0
 ldr r1, =other + 1
 sub r0, #32
 str r1, [r0, #24]
 mov r2, #0x01000000
 str r2, [r0, #28]
 str r0, [r6]
 movs r0, #2
 msr control, r0
 isb
 ldr r0, =0x20003000
 mov sp, r0
1: add r4, #1
first: add r5, #1
 b 1b
other: add r8, #1
second: add r9, #1
 b other
entry irq0
 mrs r0, psp
 ldr r1, [r6]
 str r0, [r6]
 msr psp, r1
 bx lr
.ltorg
"""


def test_threads_that_take_turns_keep_their_own_turn_to_pass(board):
    one = wait_at(board(TWO_THREADS), "first", "second")
    pulse(one, *range(1000, 5000, 1000))
    one.run(1500)
    assert one.regs("r4 r5 r8 r9") == [1, 0, 1, 0]
    one.run(2500)  # the first one passes now: it woke at 1000
    assert one.regs("r4 r5 r8 r9") == [2, 1, 1, 0]
    one.run(3500)
    assert one.regs("r4 r5 r8 r9") == [2, 1, 2, 1]


def test_the_turn_to_pass_is_saved(board):
    # Alarms of the test itself are no part of a snapshot, so SysTick wakes here.
    source = TWO_THREADS.replace("put ISER, 1", "put 0xE000E014, 999\n put 0xE000E010, 7").replace("irq0", "tick")
    snapshot_continues(
        board, source, [500, 1000, 1010, 1500, 2002, 2500], 10_000, lambda one: wait_at(one, "first", "second")
    )


def test_the_awake_limit_counts_from_the_last_time_that_it_slept(board):
    one = wait_at(board(POLLING), "poll")
    one.lib.wb_core_awake_limit(one.handle, 0, 5_000)
    pulse(one, *range(10_000, 100_000, 10_000))
    one.run(100_000)
    wait_at(one, "poll", add=0)
    pulse(one, 110_000)
    with pytest.raises(LimitError):
        one.run(200_000)
    assert 115_000 <= one.machine.now_ns() < 115_100


def test_there_is_room_for_64(board):
    one = board(POLLING)
    points = [one.lib.wb_core_wait_point(one.handle, 0, 0x8000 + 2 * n, 1) for n in range(65)]
    assert points == [0] * 64 + [-1]
    assert one.lib.wb_core_wait_point(one.handle, 0, 0x8000, 1) == 0  # there already
    assert one.lib.wb_core_wait_point(one.handle, 0, 0x8000, 0) == 0
    assert one.lib.wb_core_wait_point(one.handle, 0, 0x9000, 1) == 0
