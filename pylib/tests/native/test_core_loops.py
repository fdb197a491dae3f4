"""Loops that change nothing are passed over; nothing but the host's time may depend on it."""

from random import Random

import pytest
from test_core_counting import NAMES
from test_core_wait_points import pulse

from wattbench.core.errors import LimitError
from wattbench.engines.embedded.twins import NativeGpt

END_NS = 400_000
FLAG = 0x20001000
TAIL = """
entry irq0
 ldr r0, =0x20001000
 ldr r1, [r0]
 add r1, #1
 str r1, [r0]
 bx lr
.ltorg
"""
HEAD = "entry start\n put ISER, 3\n ldr r6, =0x20001000\n movs r4, #0\n"

IDLE = {
    "a branch to itself": "1: b 1b",
    "a flag": "1: ldr r5, [r6]\n cmp r5, r4\n beq 1b\n mov r4, r5\n add r7, #1\n b 1b",
    "a flag in nested calls": """
1: bl outer
 cmp r0, r4
 beq 1b
 mov r4, r0
 log r0
 b 1b
outer: push {r4, r5, lr}
 bl inner
 pop {r4, r5, pc}
inner: push {r1-r3, lr}
 ldr r0, [r6]
 pop {r1-r3, pc}
""",
    "a spinlock under PRIMASK": """
 add r8, r6, #64
1: mrs r3, primask
 cpsid i
2: ldrexb r0, [r8]
 cmp r0, #0
 bne 2b
 movs r0, #1
 strexb r1, r0, [r8]
 cmp r1, #0
 bne 2b
 dmb
 ldr r5, [r6]
 movs r0, #0
 strb r0, [r8]
 msr primask, r3
 cmp r5, r4
 beq 1b
 mov r4, r5
 b 1b
""",
    "an interrupt disabled around a read": """
 ldr r9, =ISER
1: movs r0, #2
 str r0, [r9, #0x80]
 dsb
 ldr r5, [r6]
 str r0, [r9]
 dsb
 cmp r5, r4
 beq 1b
 mov r4, r5
 b 1b
""",
    "a loop inside": """
1: movs r0, #5
2: subs r0, #1
 bne 2b
 ldr r5, [r6]
 cmp r5, r4
 beq 1b
 mov r4, r5
 b 1b
""",
    "a supervisor call": "1: svc #0\n ldr r5, [r6]\n cmp r4, r5\n beq 1b\n mov r4, r5\n b 1b\nentry svc\n bx lr",
    "doubles": """
 enable_fpu
 vmov.f64 d0, #1.0
 vmov.f64 d1, #0.5
1: vmul.f64 d2, d0, d1
 vstr d2, [r6, #32]
 vpush {d2}
 vpop {d3}
 b 1b
""",
    "a byte, a halfword, two words and a table written as they are": """
 ldr r0, =0x12345678
 ldr r1, =0x9ABCDEF0
1: strd r0, r1, [r6, #16]
 strh r0, [r6, #25]
 strb r1, [r6, #29]
 stmia r6!, {r4}
 subs r6, #4
 str.w r1, [r6, #0x4E]
 movs r4, #0
 b 1b
""",
    "conditional instructions": """
1: ldr r5, [r6]
 cmp r5, r4
 ittt eq
 moveq r7, r5
 streq r7, [r6, #8]
 beq 1b
 mov r4, r5
 b 1b
""",
    "an exclusive load without a store": "1: ldrex r5, [r6]\n cmp r5, r4\n beq 1b\n mov r4, r5\n b 1b",
    "SCS registers": "1: ldr r0, =0xE000ED08\n ldr r1, [r0]\n ldr r2, [r0, #4]\n ldr r3, [r0, #-4]\n b 1b\n .ltorg",
    "a bit of APSR that is back after two turns": """
1: mrs r0, apsr
 eor r0, #0x08000000
 msr apsr_nzcvq, r0
 movs r0, #0
 b 1b
""",
}
MASKED = """
 cpsid i
1: ldr r0, =ISPR
 ldr r1, [r0]
 tst r1, #1
 beq 1b
 cpsie i
 isb
 cpsid i
 add r7, #1
 b 1b
 .ltorg
"""
BUSY = {
    "a counter in a register": "1: add r5, #1\n b 1b",
    "a delay with a counter": "1: ldr r0, =40000\n2: subs r0, #1\n bne 2b\n add r5, #1\n b 1b\n .ltorg",
    "a counter in memory": "1: ldr r0, [r6, #4]\n add r0, #1\n str r0, [r6, #4]\n movs r0, #0\n b 1b",
    "a counter on the stack": "1: ldr r0, [sp, #-4]\n add r0, #1\n push {r0}\n pop {r0}\n mov r0, r6\n b 1b",
    "a counter behind two pointers": """
 str r6, [r6, #32]
1: ldr r1, [r6, #32]
 ldrb r0, [r1, #41]
 add r0, #1
 strb r0, [r1, #41]
 mov r0, r1
 b 1b
""",
    "a counter in a stack frame": """
1: ldr r0, [sp, #-32]
 add r0, #1
 svc #0
 movs r0, #0
 b 1b
entry svc
 bx lr
""",
    "a counter in a FP register": " enable_fpu\n vmov.f64 d0, #1.0\n1: vadd.f64 d1, d1, d0\n b 1b",
    "SysTick's value": """
 put 0xE000E014, 0xFFFFFF
 put 0xE000E010, 5
 ldr r5, =0xE000E018
1: ldr r0, [r5]
 movs r0, #0
 b 1b
 .ltorg
""",
    "SysTick's count flag": """
 put 0xE000E014, 99
 put 0xE000E010, 5
 ldr r5, =0xE000E010
1: ldr r0, [r5]
 movs r0, #0
 b 1b
 .ltorg
""",
    "the cycle counter": """
 put 0xE000EDFC, 0x01000000
 put 0xE0001000, 1
 ldr r5, =0xE0001004
1: ldr r0, [r5]
 movs r0, #0
 b 1b
 .ltorg
""",
    "a device read": " ldr r5, =0x40000000\n1: ldr r0, [r5]\n b 1b\n .ltorg",
    "a device written": " ldr r5, =0x40000000\n1: str r4, [r5]\n b 1b\n .ltorg",
    "a bus error": """
1: ldr r0, =0x60000000
 ldr r0, [r0]
 b 1b
 .ltorg
entry hard
 ldr r0, [sp, #24]
 add r0, #2
 str r0, [sp, #24]
 movs r0, #0
 bx lr
""",
    "an event to others": "1: sev\n b 1b",
    "a priority that changes": """
1: ldr r0, =0xE000E403
 ldrb r1, [r0]
 add r1, #16
 strb r1, [r0]
 movs r1, #0
 b 1b
 .ltorg
""",
    "a store that is seen by the next exclusive store": """
 mov r0, r6
1: strex r1, r4, [r6, #12]
 ldrex r2, [r6, #12]
 ldr r3, [r6, #16]
 eors r3, r2
 movs r1, #0
 add r5, #1
 b 1b
""",
}


def start(board, body, recognise, moments, **options):
    one = board(HEAD + body + TAIL, **options)
    one.lib.wb_core_recognise_loops(one.handle, 0, recognise)
    pulse(one, *moments)
    return one


def run(board, body, recognise, moments, stops=(END_NS,), **options):
    one = start(board, body, recognise, moments, **options)
    for stop_ns in stops:
        one.run(stop_ns)
    slept_ns = one.view().slept_ns
    one.lib.wb_core_recognise_loops(one.handle, 0, 1)
    view = one.view()
    seen = (one.regs(NAMES), view.icount, view.time_ns, view.pc, one.device.accesses, one.log(), one.digest())
    return seen, slept_ns


def same(board, body, moments, stops=(END_NS,), **options):
    """Run a program with and without; the share of the time that was passed over."""
    with_it, slept_ns = run(board, body, 1, moments, stops, **options)
    without, never = run(board, body, 0, moments, stops, **options)
    assert with_it == without
    assert never == 0
    return slept_ns / stops[-1]


@pytest.mark.parametrize("name", IDLE)
def test_a_loop_that_changes_nothing_is_passed_over(board, name):
    assert same(board, IDLE[name], [150_000, 150_010, 277_777]) > 0.8


@pytest.mark.parametrize("name", BUSY)
def test_a_loop_that_changes_something_is_run(board, name):
    assert same(board, BUSY[name], [150_000, 277_777]) == 0


@pytest.mark.parametrize("name", ["a flag in nested calls", "a spinlock under PRIMASK", "a loop inside"])
def test_stops_and_the_speed_may_lie_anywhere(board, name):
    stops = [*sorted(Random(7).sample(range(END_NS), 40)), END_NS]
    assert same(board, IDLE[name], [150_000, 150_010, 277_777], stops, mips=333) > 0.2


def test_a_loop_in_which_no_interrupt_can_be_taken_is_passed_over_but_no_sleep(board):
    assert same(board, MASKED, [150_000, 277_777]) == 0


PIECES = (
    "ldr r1, [r6, #{a}]",
    "ldr r1, [r6, #{a}]\n str r1, [r6, #{a}]",
    "ldrb r2, [r6, #{a}]\n strb r2, [r6, #{a}]",
    "movs r1, #{b}\n str r1, [r6, #{a}]",
    "movs r2, #{b}\n strh r2, [r6, #{a}]",
    "push {{r1, r2, r3}}\n pop {{r1, r2, r3}}",
    "push {{r4}}\n movs r3, #{b}\n pop {{r4}}",
    "bl {call}",
    "movs r1, #2\n str r1, [r9, #0x80]\n str r1, [r9]",
    "cpsid i\n ldr r1, [r6, #{a}]\n cpsie i",
    "add r8, r6, #{a}\n ldrex r1, [r8]\n strex r2, r1, [r8]",
    "add r8, r6, #{a}\n ldrex r1, [r8]",
    "clrex",
    "svc #{b}",
    "vmov s2, r4\n vstr s2, [r6, #{a}]",
    "vldr d3, [r6, #{a}]",
    "cmp r1, #{b}\n it ne\n movne r1, #{b}",
    "movs r3, #{c}\n2: subs r3, #1\n bne 2b",
    "umull r1, r2, r4, r6",
    "mrs r2, apsr",
    "ldr r1, [r9, #0x100]",
)
SPOILERS = (
    "add r7, #1",
    "ldr r1, [r6, #{a}]\n add r1, #1\n str r1, [r6, #{a}]",
    "ldr r1, [r10]",
    "ldr r1, [r11, #0x18]",
    "vadd.f32 s4, s4, s2",
    "mvn r7, r7",
    "strb r7, [r6, #{a}]\n add r7, #1",
)


def random_loops(rng: Random, count: int) -> str:
    """Loops one after the other; each ends when an interrupt has changed the flag."""
    lines = [" enable_fpu", " ldr r9, =ISER", " ldr r10, =0x40000000", " ldr r11, =0xE000E000", " mov r7, r6"]
    for _ in range(count):
        pieces = [rng.choice(PIECES) for _ in range(rng.randint(0, 5))]
        if rng.random() < 0.25:
            pieces.insert(rng.randint(0, len(pieces)), rng.choice(SPOILERS))
        lines += ["1: ldr r5, [r6]", " cmp r5, r4", " bne 9f"]
        for piece in pieces:
            offset, call = 4 * rng.randint(2, 8), rng.choice(("leaf", "frame"))
            lines.append(" " + piece.format(a=offset, b=rng.randint(1, 200), c=rng.randint(1, 9), call=call))
        lines += [" b 1b", "9: mov r4, r5"]
    lines += ["1: b 1b", "leaf: ldr r2, [r6, #12]", " bx lr", "frame: push {r1, r2, r3, lr}", " bl leaf"]
    lines += [" pop {r1, r2, r3, pc}", "entry svc", " push {r4, lr}", " movs r1, #3", " pop {r4, pc}"]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(8))
def test_random_loops(board, seed):
    rng = Random(seed)
    end_ns = 10 * END_NS
    moments = sorted(rng.sample(range(1000, end_ns, 7), 40))
    stops = [*sorted(rng.sample(range(end_ns), 5)), end_ns]
    assert 0.2 < same(board, random_loops(rng, 40), moments, stops, mips=rng.choice((97, 500, 1000))) < 0.99


MPU = """
 region 14, 0, 0x0300001F
 region 15, 0x20000000, 0x03000023
 region 0, 0x20001020, 0x03000009
 mpu_on 0
 user 0x20004000
1: push {r4, r5}
 ldr r5, [r6, #0x20]
 str r5, [r6, #0x20]
 ldr r5, [r6]
 cmp r5, r4
 pop {r4, r5}
 beq 1b
 ldr r4, [r6]
 b 1b
 .ltorg
"""


def test_in_an_unprivileged_thread_under_memory_protection(board):
    assert same(board, MPU, [150_000, 277_777]) > 0.8


CODE_IN_RAM = """
 adr r0, body
 ldr r1, =0x20005000
 ldmia r0, {r2, r3}
 stmia r1, {r2, r3}
 orr r1, #1
1: blx r1
 cmp r0, r4
 beq 1b
 mov r4, r0
 b 1b
 .balign 4
body: ldr r0, [r6]
 str r2, [r1, #-1]
 bx lr
 nop
 .ltorg
"""


def test_a_loop_that_writes_its_own_code_anew(board):
    same(board, CODE_IN_RAM, [150_000, 277_777])


def test_code_that_changes_within_the_turn(board):
    body = """
 ldr r8, =0x20005000
 ldr r2, =0x47702001
 ldr r3, =0x47702002
 orr r9, r8, #1
1: str r2, [r8]
 dsb
 isb
 blx r9
 mov r10, r0
 str r3, [r8]
 dsb
 isb
 blx r9
 mov r11, r0
 b 1b
 .ltorg
"""
    one, _ = run(board, body, 1, [150_000])
    assert one[0][10:12] == [1, 2]
    same(board, body, [150_000])


def test_a_known_head_whose_turn_has_become_another(board):
    body = """
1: ldr r5, [r6]
 cmp r5, r4
 beq 1b
2: ldr r0, [r6, #4]
 add r0, #1
 str r0, [r6, #4]
 movs r0, #0
 b 1b
"""
    assert 0.3 < same(board, body, [150_000]) < 0.4


def test_an_event_that_a_device_sets_comes_in_time(board):
    body = """
 ldr r8, =0x40000000
1: ldr r0, =30000
2: subs r0, #1
 bne 2b
 str r0, [r8]
 ldr r0, =1000
3: add r4, #1
 subs r0, #1
 bne 3b
 str r4, [r8, #4]
 movs r4, #0
 b 1b
 .ltorg
entry irq1
 str r4, [r8, #8]
 bx lr
"""
    for on in (0, 1):
        one = start(board, body, on, [])
        alarm = one.machine.timer(lambda: (one.irq(1, 1), one.irq(1, 0)), "answer")  # noqa: B023
        one.device.on_write = lambda offset: offset or alarm.arm(one.machine.now_ns() + 3_000)  # noqa: B023
        one.run(600_000)
        asked = [time_ns for time_ns, _, offset, _, _ in one.device.accesses if offset == 0]
        answered = [time_ns for time_ns, _, offset, _, _ in one.device.accesses if offset == 8]
        assert len(asked) > 3
        assert all(3_000 <= b - a < 3_020 for a, b in zip(asked, answered, strict=False))


def test_a_function_that_is_first_busy_and_later_idle(board):
    body = """
 ldr r8, =60000
1: bl look
 subs r8, #1
 bne 1b
1: bl look
 cmp r0, r4
 beq 1b
 mov r4, r0
 b 1b
look: push {r1, lr}
 ldr r0, [r6]
 pop {r1, pc}
 .ltorg
"""
    assert 0.1 < same(board, body, [1_200_000, 1_300_000], [1_500_000]) < 0.5


def test_memory_that_the_host_or_a_device_changes_is_seen(board):
    source = HEAD + IDLE["a flag"] + TAIL
    one = board(source).run(200_000)
    one.poke(FLAG, b"\x05")
    one.at(300_000, lambda: one.machine.bus_write(FLAG, b"\x09\0\0\0"))
    one.run(200_100)
    assert one.regs("r4 r7") == [5, 1]
    one.run(300_100)
    assert one.regs("r4 r7") == [9, 2]
    assert one.view().slept_ns > 250_000


def test_a_snapshot_of_the_past_is_recognised_again(board):
    one = board(HEAD + IDLE["a flag"] + TAIL).run(50_000)
    saved, slept_ns = one.machine.save(), one.view().slept_ns
    one.run(90_000_000)
    later, count = one.view().slept_ns, one.view().icount
    one.machine.restore(saved)
    assert one.view().slept_ns == slept_ns
    one.run(90_000_000)
    assert (one.view().icount, later - one.view().slept_ns < 50_000) == (count, True)


def test_another_loop_after_a_snapshot_of_the_past_is_found(board):
    one = board(HEAD + " ldr r0, [r6, #8]\n cbnz r0, 2f\n1: b 1b\n2: b 2b" + TAIL)
    saved = one.machine.save()
    one.run(90_000_000)
    one.machine.restore(saved)
    one.poke(FLAG + 8, b"\1")
    one.run(1_000_000)
    assert one.view().slept_ns > 900_000


def test_two_cores(board):
    source = (
        HEAD
        + "1: ldr r5, [r6]\n cmp r5, r4\n beq 1b\n mov r4, r5\n add r7, #1\n b 1b"
        + TAIL
        + """
entry start1
 ldr r6, =0x20001000
 ldr r7, =30000
1: subs r7, #1
 bne 1b
 movs r0, #77
 str r0, [r6]
1: ldr r5, [r6, #4]
 b 1b
.ltorg
"""
    )
    seen = []
    for on in (1, 0):
        one = board(source, cores=2)
        for core in (0, 1):
            one.lib.wb_core_recognise_loops(one.handle, core, on)
        pulse(one, 300_000)
        one.run(END_NS)
        for core in (0, 1):
            one.lib.wb_core_recognise_loops(one.handle, core, 1)
        seen.append((one.regs(NAMES), one.regs(NAMES, 1), one.view().icount, one.view(1).icount, one.digest()))
    assert seen[0] == seen[1]
    assert seen[0][0][4:8:3] == [78, 2]


POLLED_TIMER = """
 ldr r8, =0x400EC000
 movw r0, #0x7002
 str r0, [r8, #4]
 movw r0, #99
 str r0, [r8, #0x10]
 movw r0, #0x57B
 str r0, [r8]
1: ldr r1, [r8, #{offset}]
 tst r1, #{mask}
 beq 1b
 str r1, [r8, #8]
 add r4, #1
 movs r1, #0
 b 1b
 .ltorg
"""


@pytest.mark.parametrize(("offset", "mask", "asleep"), [(8, 1, True), (0x24, 0x40, False)])
def test_a_device_says_which_registers_only_change_by_events(board, offset, mask, asleep):
    seen = []
    for on in (1, 0):
        one = start(board, POLLED_TIMER.format(offset=offset, mask=mask), on, [])
        timer = NativeGpt(one.machine, "gpt1")
        timer.map_native(0x400EC000, timer.size, 1)
        timer.reset()
        one.run(3_000_500)
        assert (one.view().slept_ns > 2_500_000) == (asleep and on == 1)
        one.lib.wb_core_recognise_loops(one.handle, 0, 1)
        seen.append((one.regs(NAMES), one.view().icount, one.digest()))
    assert seen[0] == seen[1]
    assert seen[0][0][4] > 25  # OF1 comes back for as long as the counter is at the compare value


# ---- what counts as sleep


def limited(board, body):
    one = board(HEAD + body + TAIL)
    one.lib.wb_core_awake_limit(one.handle, 0, 50_000)
    return one


def test_the_awake_limit_takes_such_a_loop_for_sleep(board):
    one = limited(board, IDLE["a flag"])
    pulse(one, 1_500_000)
    one.run(3_000_000)
    assert one.view().slept_ns > 2_900_000
    one.lib.wb_core_recognise_loops(one.handle, 0, 0)
    with pytest.raises(LimitError):
        one.run(4_000_000)


@pytest.mark.parametrize(
    "body",
    [
        "cpsid i\n1: b 1b",
        "movs r0, #0\n ldr r1, =0xE000E180\n movs r0, #3\n str r0, [r1]\n1: b 1b\n .ltorg",
        ".inst.n 0xDE00\nentry hard\n b hard",
        BUSY["a counter in memory"],
    ],
    ids=["masked", "none enabled", "in a fault handler", "busy"],
)
def test_a_loop_that_no_interrupt_can_end_is_no_sleep(board, body):
    one = limited(board, body)
    with pytest.raises(LimitError):
        one.run(3_000_000)
    assert 50_000 <= one.machine.now_ns() < 50_100


def test_time_asleep_is_counted_whatever_its_kind(board):
    one = board("entry start\n put ISER, 1\n wfi\n wfi\n1: b 1b\nentry irq0\n bx lr\n .ltorg")
    pulse(one, 100_000)
    pulse(one, 250_000)
    one.run(60_000)
    assert 59_900 < one.view().slept_ns < 60_000
    one.run(200_000)
    assert 199_900 < one.view().slept_ns < 200_000
    one.run(400_000)
    assert 380_000 < one.view().slept_ns < 400_000
