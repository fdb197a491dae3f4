"""Both cores of the i.MX RT1175 at work together: messages, semaphores, shared memory, one time base."""

from __future__ import annotations

import pytest
from second_core import COPY_AND_RELEASE, SHARED, firmware, halted, started, words

US, MS = 1_000, 1_000_000
ROUNDS = 50

PING = (
    COPY_AND_RELEASE
    + """
 ldr r4, =0x40C48000
 ldr r5, =0x40CC8000
 ldr r6, =0x20240000
 movs r7, #1
ping:
 str r7, [r4]
wait: ldr r0, [r4, #0x20]
 lsls r0, r0, #4
 bpl wait
 ldr r0, [r4, #0x10]
 adds r1, r7, #1
 cmp r0, r1
 bne wrong
 bl increment
 add r7, #1
 cmp r7, #ROUNDS
 bls ping
 movs r0, #1
 str r0, [r6, #0x10]
 b halt
wrong: movs r0, #2
 str r0, [r6, #0x10]
 b halt
increment:
 movs r0, #OWN
 strb r0, [r5, #3]
 ldrb r1, [r5, #3]
 cmp r1, r0
 bne increment
 ldr r1, [r6]
 ldr r2, [r6, #COUNTER]
 add r2, #1
 str r2, [r6, #COUNTER]
 add r1, #1
 str r1, [r6]
 movs r0, #0
 strb r0, [r5, #3]
 bx lr
"""
)
"""Sends a number, gets it back plus one, and counts under gate 3; the M4's half is the same from the other end."""

PONG = """
 ldr r4, =0x40C4C000
 ldr r5, =0x40CC8000
 ldr r6, =0x20240000
 movs r7, #1
pong: ldr r0, [r4, #0x20]
 lsls r0, r0, #4
 bpl pong
 ldr r0, [r4, #0x10]
 adds r0, #1
 str r0, [r4]
 bl increment
 add r7, #1
 cmp r7, #ROUNDS
 bls pong
 movs r0, #1
 str r0, [r6, #0x14]
 b halt
""" + PING[PING.index("increment:\n") :]


def with_numbers(source: str, own: int, counter: int) -> str:
    """A half with its numbers put in."""
    for name, value in {"ROUNDS": ROUNDS, "OWN": own, "COUNTER": counter}.items():
        source = source.replace(f"#{name}", f"#{value}")
    return source


@pytest.fixture
def image(tmp_path):
    return firmware(tmp_path, with_numbers(PING, 1, 4), with_numbers(PONG, 2, 8))


def test_messages_go_back_and_forth_and_a_gate_guards_a_counter(image):
    engine = started(image)
    engine.run_to(5 * MS)
    total, mine, its, _, done_m7, done_m4 = words(engine, 6)
    assert (total, mine, its, done_m7, done_m4) == (2 * ROUNDS, ROUNDS, ROUNDS, 1, 1)
    assert halted(engine) == [True, True]
    assert [item for item in engine.unmodelled() if item.source in ("mua", "mub", "sema4", "src")] == []
    engine.close()


def test_it_runs_the_same_twice_and_from_a_snapshot_in_the_middle(image):
    results = []
    for stop in (5 * MS, 8 * US):
        engine = started(image)
        engine.run_to(stop)
        if stop < 5 * MS:
            snapshot = engine.save()
            assert 0 < words(engine, 1)[0] < 2 * ROUNDS
            engine.run_to(MS)
            engine.restore(snapshot)
            engine.run_to(5 * MS)
        results.append((engine.digest(), [core.executed_instructions for core in engine.board.cores]))
        engine.close()
    assert results[0] == results[1]


def test_the_messages_interrupt(tmp_path):
    """The M7 sleeps until the M4's word comes, and the M4 until the M7's."""
    m7 = (
        COPY_AND_RELEASE
        + """
 ldr r0, =0xE000E10C
 ldr r1, =1 << 22
 str r1, [r0]
 ldr r4, =0x40C48000
 ldr r0, =1 << 27
 str r0, [r4, #0x24]
 movs r0, #5
 str r0, [r4]
"""
    )
    m4 = """
 ldr r0, =0xE000E10C
 ldr r1, =1 << 22
 str r1, [r0]
 ldr r0, =0x40C4C000
 ldr r1, =1 << 27
 str r1, [r0, #0x24]
"""
    m7_irq = " ldr r0, =0x40C48000\n ldr r1, [r0, #0x10]\n ldr r2, =0x20240000\n str r1, [r2]\n bx lr\n"
    m4_irq = " ldr r0, =0x40C4C000\n ldr r1, [r0, #0x10]\n add r1, #1\n str r1, [r0]\n bx lr\n"
    engine = started(firmware(tmp_path, m7, m4, m7_irq=m7_irq, m4_irq=m4_irq))
    engine.run_to(MS)
    assert words(engine, 1) == [6]
    assert halted(engine) == [True, True]
    engine.close()


def test_the_dma_of_the_low_power_domain_reaches_both_and_interrupts_the_second_core(tmp_path):
    """eDMA1 copies the M4's data TCM, by its address for bus masters, to OCRAM1."""
    m4 = """
 ldr r0, =0x20000000
 ldr r1, =0x12345678
 str r1, [r0]
 ldr r0, =0xE000E100
 movs r1, #1
 str r1, [r0]
 ldr r0, =0x40C15000
 ldr r1, =0x20220000
 str r1, [r0]
 ldr r1, =0x02020004
 str r1, [r0, #4]
 movs r1, #4
 str r1, [r0, #8]
 movs r1, #0
 str r1, [r0, #12]
 ldr r1, =0x20240000
 str r1, [r0, #16]
 ldr r1, =0x00010004
 str r1, [r0, #20]
 movs r1, #0
 str r1, [r0, #24]
 ldr r1, =0x00010003
 str r1, [r0, #28]
"""
    m4_irq = (
        " ldr r0, =0x40C1401F\n movs r1, #0\n strb r1, [r0]\n ldr r2, =0x20240000\n ldr r1, [r2, #4]\n add r1, #1\n"
    )
    m4_irq += " str r1, [r2, #4]\n bx lr\n"
    for twins in (True, False):
        engine = started(firmware(tmp_path, COPY_AND_RELEASE, m4, m4_irq=m4_irq), native_twins=twins)
        engine.run_to(MS)
        assert words(engine, 2) == [0x12345678, 1]
        assert words(engine, 8, SHARED)[7] == 0
        engine.close()


def test_the_first_core_alone_sees_the_second_one_in_reset(tmp_path):
    engine = started(firmware(tmp_path, COPY_AND_RELEASE, ""))
    engine.run_to(0)
    assert engine.model("mua").read(0x20, 4) & 0x80
    engine.run_to(100 * US)
    assert not engine.model("mua").read(0x20, 4) & 0x80
    engine.reset()
    assert engine.model("mua").read(0x20, 4) & 0x80
    engine.close()
