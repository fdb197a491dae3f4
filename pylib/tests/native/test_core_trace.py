"""Traces of the native core: exact records, and nothing that changes because of them."""

from __future__ import annotations

import ctypes as c
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from program import RAM, TRACED, Board

from wattbench.engines.trace import RECORD, UNKNOWN_NS, Row, TraceKind, rows

if TRACED:
    pytest.skip("machines are traced already", allow_module_level=True)

EXCEPTIONS, SLEEPS = 1, 2
NS_PER_INSTRUCTION = 2
HERE = Path(__file__).parent


def begin(one: Board, kinds: int = 0, limit: int = 1 << 16) -> Board:
    assert one.lib.wb_trace_start(one.handle, limit, kinds) == 0
    return one


def seen(one: Board, *kinds: TraceKind) -> list[Row]:
    one.lib.wb_trace_flush(one.handle)
    count = int(one.lib.wb_trace_count(one.handle))
    if not count:
        return []
    buffer = (c.c_char * (count * RECORD.itemsize)).from_address(one.lib.wb_trace_records(one.handle))
    return [row for row in rows(np.frombuffer(bytes(buffer), RECORD)) if not kinds or row.kind in kinds]


TWO_INTERRUPTS = """
entry start
 put ISER, 3
 putb 0xE000E400, 0x20
 putb 0xE000E401, 0x40
 movs r4, #0
1: add r4, #1
 b 1b
entry irq0
 movs r5, #1
 bx lr
entry irq1
 mov r6, #200
2: subs r6, #1
 bne 2b
 bx lr
.ltorg
"""


def test_an_interrupt_has_its_rise_its_entry_and_who_it_interrupted(board):
    one = begin(board(TWO_INTERRUPTS), EXCEPTIONS)
    one.at(5_001, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(10_000)
    enter, leave = seen(one)
    assert (enter.kind, enter.value, enter.since_ns, enter.source) == (TraceKind.ENTER, 16, 5_001, 0)
    assert 5_001 <= enter.time_ns < 5_001 + 3 * NS_PER_INSTRUCTION
    assert one.symbols["start"] < enter.pc < one.symbols["irq0"]
    assert (leave.kind, leave.value, leave.source) == (TraceKind.LEAVE, 16, 0)
    assert leave.time_ns - enter.time_ns == 2 * NS_PER_INSTRUCTION
    assert leave.pc == one.symbols["irq0"]


def test_preemption_and_tail_chaining(board):
    one = begin(board(TWO_INTERRUPTS), EXCEPTIONS)
    one.at(5_000, lambda: (one.irq(1, 1), one.irq(1, 0)))
    one.at(5_100, lambda: (one.irq(0, 1), one.irq(0, 0)))  # preempts
    one.at(5_200, lambda: (one.irq(1, 1), one.irq(1, 0)))  # waits for the end of the same one
    one.run(10_000)
    records = seen(one)
    kinds = [(row.kind, row.value, row.source) for row in records]
    enter, leave = TraceKind.ENTER, TraceKind.LEAVE
    assert kinds == [(enter, 17, 0), (enter, 16, 17), (leave, 16, 17), (leave, 17, 0), (enter, 17, 0), (leave, 17, 0)]
    assert records[4].time_ns == records[3].time_ns, "tail-chained: no time between"
    assert records[4].since_ns == 5_200
    assert records[4].pc > one.symbols["irq1"], "the handler that it waited for"


def test_a_mask_shows_as_latency(board):
    source = TWO_INTERRUPTS.replace(
        " movs r4, #0\n", " movs r4, #0\n cpsid i\n mov r7, #1000\n3: subs r7, #1\n bne 3b\n cpsie i\n"
    )
    one = begin(board(source), EXCEPTIONS)
    one.at(500, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(10_000)
    enter = seen(one, TraceKind.ENTER)[0]
    assert enter.since_ns == 500
    assert enter.time_ns - 500 > 3_000
    assert enter.pc < one.symbols["irq0"]


def test_an_interrupt_that_is_enabled_late_has_waited_since_then(board):
    source = "entry start\n mov r7, #1000\n1: subs r7, #1\n bne 1b\n put ISER, 1\n2: b 2b\nentry irq0\n bx lr\n .ltorg"
    one = board(source)
    begin(one, EXCEPTIONS)
    one.at(100, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(10_000)
    enter = seen(one, TraceKind.ENTER)[0]
    assert 4_000 < enter.since_ns <= enter.time_ns < enter.since_ns + 10 * NS_PER_INSTRUCTION


def test_what_was_pending_before_has_no_known_wait(board):
    one = board(TWO_INTERRUPTS).run(1_000)
    one.irq(0, 1)
    one.irq(0, 0)
    begin(one, EXCEPTIONS).run(2_000)
    assert seen(one, TraceKind.ENTER)[0].since_ns == UNKNOWN_NS


def test_a_level_that_stays_pends_again_at_the_handlers_end(board):
    one = begin(board(TWO_INTERRUPTS), EXCEPTIONS)
    one.at(5_000, lambda: one.irq(1, 1))
    one.at(5_900, lambda: one.irq(1, 0))
    one.run(10_000)
    records = seen(one)
    assert [row.kind for row in records] == [TraceKind.ENTER, TraceKind.LEAVE] * 2
    assert records[2].since_ns == records[1].time_ns


CALLS = """
entry start
 ldr sp, =0x20008000
 movs r0, #3
 bl outer
 movs r0, #5
 bl outer
 svc #0
 done
outer: push {r4, lr}
 mov r4, r0
 add r0, #1
 bl inner
 pop {r4, pc}
inner: subs r0, #1
 bne inner
 movs r0, #7
 bx lr
entry svc
 mov r0, #9
 bx lr
.ltorg
"""


def test_calls_and_returns_with_argument_and_result(board):
    one = begin(board(CALLS))
    for name in ("outer", "svc"):
        one.lib.wb_trace_function(one.handle, one.symbols[name] | 1)
    one.run(10_000)
    outer, svc = one.symbols["outer"], one.symbols["svc"]
    found = seen(one)
    assert [(row.kind, row.pc) for row in found] == [
        (TraceKind.CALL, outer), (TraceKind.RETURN, outer), (TraceKind.CALL, outer), (TraceKind.RETURN, outer),
        (TraceKind.CALL, svc), (TraceKind.RETURN, svc),
    ]  # fmt: skip
    assert [row.value for row in found[:4]] == [3, 7, 5, 7]
    assert found[1].since_ns == found[0].time_ns
    # push, mov, add, bl; four turns of two; movs, bx; pop
    assert found[1].time_ns - found[0].time_ns == (4 + 8 + 2 + 1) * NS_PER_INSTRUCTION
    assert found[5].source == 0xFFFFFFF9, "an exception returns there"


def test_a_function_that_begins_with_its_loop_is_one_call(board):
    one = begin(board(CALLS))
    one.lib.wb_trace_function(one.handle, one.symbols["inner"])
    one.run(10_000)
    assert [row.kind for row in seen(one)] == [TraceKind.CALL, TraceKind.RETURN] * 2


def test_recursion(board):
    source = """
entry start
 ldr sp, =0x20008000
 movs r0, #3
 bl down
 done
down: push {r4, lr}
 subs r0, #1
 beq 1f
 bl down
1: pop {r4, pc}
.ltorg
"""
    one = begin(board(source))
    one.lib.wb_trace_function(one.handle, one.symbols["down"])
    one.run(10_000)
    call, back = TraceKind.CALL, TraceKind.RETURN
    found = seen(one)
    assert [row.kind for row in found] == [call] * 3 + [back] * 3
    assert [row.since_ns for row in found[3:]] == [row.time_ns for row in reversed(found[:3])]


def test_stores_to_a_variable_with_value_and_pc(board):
    source = """
entry start
 ldr r6, =0x20001000
 movs r4, #0
1: add r4, #1
 str r4, [r6, #8]
here: str r4, [r6]
 strb r4, [r6, #5]
 cmp r4, #3
 bne 1b
 done
.ltorg
"""
    one = begin(board(source))
    assert one.lib.wb_trace_watch(one.handle, 0x20001000, 4) == 0
    one.run(10_000)
    found = seen(one, TraceKind.STORE)
    assert [(row.source, row.value, row.pc) for row in found] == [
        (0x20001000, n, one.symbols["here"]) for n in (1, 2, 3)
    ]
    assert found[1].time_ns - found[0].time_ns == 6 * NS_PER_INSTRUCTION


@pytest.mark.parametrize("traced", [False, True])
def test_a_watched_store_has_no_effect_of_its_own(board, traced):
    """What is due in the middle of a block comes at its end, whether a store in the block is watched or not."""
    source = """
entry start
 ldr r6, =0x20001000
 ldr r7, =0x20001010
 mov r1, #100
2: subs r1, #1
 bne 2b
 movs r4, #1
 movs r4, #2
 movs r4, #3
 movs r4, #4
here: str r4, [r6]
 ldr r5, [r7]
 ldr r3, [r6]
 ldr r8, [r7]
 done
.ltorg
"""
    found = set()
    for due_ns in range(400, 430):
        one = board(source)
        if traced:
            begin(one)
            assert one.lib.wb_trace_watch(one.handle, 0x20001000, 0x20) == 0
        one.at(due_ns, lambda one=one: one.poke(0x20001010, b"\7"))
        one.run(1_000)
        found.add(tuple(one.regs("r5 r8")))
        if traced:
            assert len(seen(one, TraceKind.STORE)) == 1
    assert found == {(0, 0), (7, 7)}


def test_sleep_and_loops(board):
    source = (
        "entry start\n put ISER, 1\n wfi\n1: ldr r4, [r2]\n b 1b\nentry irq0\n ldr r2, =0x20001000\n bx lr\n .ltorg"
    )
    one = begin(board(source), SLEEPS)
    one.at(5_000, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(200_000)
    found = seen(one)
    assert [row.kind for row in found][:2] == [TraceKind.SLEEP, TraceKind.WAKE]
    assert found[1].time_ns == 5_000
    loops = [row for row in found if row.kind == TraceKind.LOOP]
    assert loops
    assert all(row.value == 1 and row.since_ns < row.time_ns <= 200_000 for row in loops)
    assert sum(row.time_ns - row.since_ns for row in loops) > 150_000


LOAD = """
entry start
 ldr sp, =0x20008000
1: bl first
 bl second
 ldr r0, =0x40000000
 ldr r1, [r0]
 b 1b
first: mov r6, #30
2: subs r6, #1
 bne 2b
 bx lr
second: mov r6, #10
3: subs r6, #1
 bne 3b
 bx lr
.ltorg
"""


def test_the_load_sums_up_to_every_instruction(board):
    """Counts lie in the right functions, and none is lost or counted twice, by whatever slices the run is cut."""
    one = board(LOAD)
    one.run(1_001)
    begin(one)
    before = one.view().icount
    starts = [0, one.symbols["start"], one.symbols["first"], one.symbols["second"]]
    assert one.lib.wb_trace_load(one.handle, (c.c_uint32 * 4)(*starts), 4, 700) == 0
    for until in (1_500, 2_003, 9_999, 50_000, 100_000):
        one.run(until)
    counted = [0] * 4
    for row in seen(one, TraceKind.LOAD):
        counted[row.source] += row.value
        assert (row.since_ns - 1_000) % 700 in range(8)
    assert sum(counted) == one.view().icount - before
    assert counted[2] / counted[3] == pytest.approx(62 / 22, rel=0.02)


def test_the_load_of_a_core_that_sleeps_lies_in_the_windows_in_which_it_ran(board):
    source = "entry start\n put 0xE000E014, 9999\n put 0xE000E010, 7\n1: wfi\n b 1b\nentry tick\n bx lr\n .ltorg"
    one = begin(board(source))
    assert one.lib.wb_trace_load(one.handle, (c.c_uint32 * 1)(0), 1, 1_000) == 0
    one.run(35_500)
    windows = {row.since_ns: row.value for row in seen(one, TraceKind.LOAD)}
    assert list(windows) == [0, 10_000, 20_000, 30_000]
    assert windows[20_000] == windows[30_000] == 3


def test_the_windows_of_the_load_stay_where_they_are_over_a_restored_state(board):
    one = begin(board(LOAD))
    starts = (c.c_uint32 * 1)(0)
    assert one.lib.wb_trace_load(one.handle, starts, 1, 1_000) == 0
    one.run(2_300)
    saved, counted = one.machine.save(), one.view().icount
    one.run(4_000)
    one.machine.restore(saved)
    one.run(3_500)
    records = seen(one, TraceKind.LOAD)
    assert {row.since_ns for row in records} == {0, 1_000, 2_000, 3_000}
    assert sum(row.value for row in records) == one.view().icount
    assert counted < one.view().icount


def test_the_load_of_an_abandoned_block_is_taken_back(board):
    """Each turn faults in the middle of a block."""
    source = """
entry start
 enable_faults
 movs r7, #0
 ldr r0, =0x50000000
1: add r7, #1
 add r7, #0
 ldr r1, [r0]
 add r6, #1
 b 1b
entry bus
 ldr r2, [sp, #24]
 add r2, #2
 str r2, [sp, #24]
 bx lr
.ltorg
"""
    one = board(source)
    one.lib.wb_unmapped_policy(one.handle, 0)
    begin(one)
    starts = (c.c_uint32 * 1)(0)
    assert one.lib.wb_trace_load(one.handle, starts, 1, 1_000_000) == 0
    one.run(20_000)
    assert one.reg("r6") > 100
    assert sum(row.value for row in seen(one, TraceKind.LOAD)) == one.view().icount


def test_lines_are_told_only_while_they_are_traced(board):
    one = begin(board("entry start\n done"))
    line = one.lib.wb_line_new(one.handle)
    one.lib.wb_trace_line(one.handle, line, 5)
    one.at(100, lambda: one.lib.wb_line_drive(one.handle, line, 1))
    one.at(250, lambda: one.lib.wb_line_drive(one.handle, line, 0))
    one.run(1_000)
    assert [(row.time_ns, row.source, row.value) for row in seen(one, TraceKind.EDGE)] == [(100, 5, 1), (250, 5, 0)]
    one.lib.wb_trace_stop(one.handle)
    begin(one)
    one.at(2_000, lambda: one.lib.wb_line_drive(one.handle, line, 1))
    one.run(3_000)
    assert seen(one) == []


def test_a_full_trace_says_how_many_records_were_lost(board):
    one = begin(board(TWO_INTERRUPTS), EXCEPTIONS, limit=3)
    for n in range(4):
        one.at(5_000 + 100 * n, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(10_000)
    assert len(seen(one)) == 3
    assert one.lib.wb_trace_lost(one.handle) == 5


def test_restoring_drops_what_lies_after_and_goes_on_the_same(board):
    one = board(TWO_INTERRUPTS)
    begin(one, EXCEPTIONS)
    one.lib.wb_trace_function(one.handle, one.symbols["irq0"])
    one.at(5_000, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(6_000)
    saved, before = one.machine.save(), seen(one)
    one.at(7_000, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(10_000)
    whole = seen(one)
    assert len(whole) == 2 * len(before)
    one.machine.restore(saved)
    assert seen(one) == before
    one.at(7_000, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(10_000)
    assert seen(one) == whole


def test_too_many_functions_and_variables_are_refused(board):
    one = begin(board("entry start\n done"))
    assert [one.lib.wb_trace_function(one.handle, 2 * n) for n in range(257)][-2:] == [0, -1]
    assert [one.lib.wb_trace_watch(one.handle, RAM + n, 1) for n in range(257)][-2:] == [0, -1]


def test_other_tests_pass_on_traced_machines():
    """Times, counts, digests and order of the core's own tests, with everything traced."""
    names = ["counting", "exceptions", "exception_return", "nvic", "sleep", "state", "wait_points", "own_code", "mpu"]
    names += ["loops", "two_cores", "fp", "systick", "stacking_faults"]
    files = [str(HERE / f"test_core_{name}.py") for name in names]
    environment = os.environ | {"WATTBENCH_TEST_TRACE": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", "not random", *files]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=HERE.parents[1])
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert "100%" in done.stdout
