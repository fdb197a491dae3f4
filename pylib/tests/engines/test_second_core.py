"""The Cortex-M4 of the i.MX RT1175: how it is started, what it sees, and how it comes to an end."""

from __future__ import annotations

import pytest
from second_core import COPY_AND_RELEASE, M4_BACKDOOR, SHARED, firmware, started, words

from wattbench.core.errors import LockupError, SourceError
from wattbench.engines.embedded import EmbeddedEngine

US, MS = 1_000, 1_000_000
COUNT = """
 ldr r6, =0x20240000
 ldr r5, =0x20000000
 ldr r0, [r6, #4]
 add r0, #1
 str r0, [r6, #4]
 str r0, [r5]
 adr r0, start
 str r0, [r6, #8]
 str sp, [r6, #12]
1: ldr r0, [r6]
 add r0, #1
 str r0, [r6]
 b 1b
"""
"""Counts its starts and its turns, and says where it is."""
LOOP = "1: ldr r0, [r6]"


def until_start(number: int, action: str) -> str:
    """What `COUNT` does before its loop as long as it was started less often."""
    return f" ldr r0, [r6, #4]\n cmp r0, #{number}\n bhs 1f\n{action}"


@pytest.fixture
def run(tmp_path):
    """`run(m7, m4)` is an engine with that firmware."""
    made = []

    def make(m7: str, m4: str, **irqs: str) -> EmbeddedEngine:
        made.append(started(firmware(tmp_path, m7, m4, **irqs)))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def m4(engine):
    return engine.board.cores[1]


def test_it_is_in_reset_until_it_is_released(run):
    engine = run("", COUNT)
    engine.run_to(MS)
    assert m4(engine).executed_instructions == 0
    assert not m4(engine).started
    assert engine.execute("cpu_m4 IsHalted").strip() == "False"
    assert words(engine, 2) == [0, 0]


def test_it_begins_with_the_vector_table_of_the_general_purpose_registers(run):
    engine = run(COPY_AND_RELEASE, COUNT)
    engine.run_to(200 * US)
    turns, starts, where, stack = words(engine, 4)
    assert turns > 1000
    assert starts == 1
    assert 0x1FFE03A0 < where < 0x1FFE0400
    assert stack == 0x20010000


def test_its_memories_are_where_the_other_core_finds_them(run):
    engine = run(COPY_AND_RELEASE, COUNT)
    engine.run_to(200 * US)
    assert words(engine, 1, M4_BACKDOOR + 0x20000) == [1]
    assert words(engine, 1, 0x20000000) == [0]


@pytest.mark.parametrize("address", [0, 0x3FFFC, 0x20020000, 0x2003FFFC])
def test_it_does_not_see_the_memories_of_the_other_core(run, address):
    engine = run(COPY_AND_RELEASE, f" ldr r0, ={address:#x}\n ldr r1, [r0]\n")
    engine.execute("sysbus UnhandledAccessBehaviour 'ThrowException'")
    engine.run_to(200 * US)
    assert words(engine, 1, SHARED + 0x1C) == [0x8200]


def test_it_sees_flash_ocram_and_devices(run):
    body = """
 ldr r6, =0x20240000
 ldr r0, =0x20200000
 ldr r0, [r0]
 str r0, [r6]
 ldr r0, =0x2031FFFC
 str r0, [r0]
 ldr r0, [r0]
 str r0, [r6, #4]
 ldr r0, =0x40C04000
 ldr r0, [r0]
 str r0, [r6, #8]
 ldr r0, =0xE0080000
 ldrh r0, [r0, #2]
 str r0, [r6, #12]
"""
    engine = run(COPY_AND_RELEASE, body)
    engine.run_to(200 * US)
    assert words(engine, 4) == [0x20010000, 0x2031FFFC, 3, 0xAC40]


def test_a_table_that_is_not_there_is_a_lock_up_of_that_core(run):
    engine = run("ldr r0, =0x40C04000\n movs r1, #3\n str r1, [r0]\n", COUNT)
    with pytest.raises(LockupError, match="the core `cpu_m4` locked up: its vector table"):
        engine.run_to(MS)


RESET_SLICE = (
    COPY_AND_RELEASE
    + """
 ldr r2, =2000
2: subs r2, #1
 bne 2b
 ldr r0, =0x40C04284
 movs r1, #1
 str r1, [r0]
"""
)


def test_its_slice_can_be_reset(run):
    engine = run(RESET_SLICE, COUNT)
    engine.run_to(200 * US)
    assert words(engine, 2)[1] == 2
    assert engine.model("src").read(0x290, 4) & 8
    assert not [item for item in engine.unmodelled() if "slice" in item.access]


def test_it_can_reset_its_own_slice(run):
    action = " ldr r0, =0x40C04284\n movs r1, #1\n str r1, [r0]\n str r1, [r6, #0x18]\n"
    body = COUNT.replace(LOOP, until_start(3, action) + LOOP)
    engine = run(COPY_AND_RELEASE, body)
    engine.run_to(200 * US)
    assert words(engine, 7)[1] == 3
    assert words(engine, 7)[6] == 0


def test_a_chip_reset_takes_it_back_until_it_is_released_again(run):
    engine = run(COPY_AND_RELEASE, COUNT)
    engine.run_to(200 * US)
    engine.reset()
    assert not m4(engine).started
    turns = words(engine, 1)
    engine.run_to(201 * US)
    assert words(engine, 1) == turns
    engine.run_to(400 * US)
    assert words(engine, 2)[1] == 2


def test_its_system_reset_request_is_the_chip_s_and_leaves_its_cause(run):
    action = " ldr r0, =0xE000ED0C\n ldr r1, =0x05FA0004\n str r1, [r0]\n dsb\n"
    body = COUNT.replace(LOOP, until_start(2, action) + LOOP)
    engine = run(COPY_AND_RELEASE, body)
    engine.run_to(300 * US)
    assert words(engine, 2)[1] == 2
    fields = engine.model("src").table["SRSR"].fields
    status = engine.model("src").read(0x10, 4)
    assert status & fields["M4_LOCKUP_M7"].mask
    assert not status & fields["M7_LOCKUP_M7"].mask


def test_loss_of_power_stops_it(run):
    engine = run(COPY_AND_RELEASE, COUNT)
    engine.run_to(200 * US)
    engine.power_off()
    engine.run_to(300 * US)
    assert words(engine, 2) == [0, 0]
    engine.power_on()
    engine.execute("cpu_m4 IsHalted")
    assert not m4(engine).started


def test_a_snapshot_before_and_after_the_release(run):
    engine = run(COPY_AND_RELEASE, COUNT)
    engine.run_to(US)
    before = engine.save()
    assert not m4(engine).started
    engine.run_to(200 * US)
    after = engine.save()
    engine.run_to(300 * US)
    expected = engine.digest(), m4(engine).executed_instructions
    for snapshot in (before, after):
        engine.restore(snapshot)
        engine.run_to(300 * US)
        assert (engine.digest(), m4(engine).executed_instructions) == expected


def test_both_count_virtual_time_alike(run):
    """SysTick of the one at 996 MHz, of the other at 400 MHz, both over the same OCRAM flag."""
    tick = """
 ldr r6, =0x20240000
 ldr r7, =0xE000E010
 ldr r0, =0xFFFFFF
 str r0, [r7, #4]
 str r0, [r7, #8]
 movs r0, #5
 str r0, [r7]
"""
    wait = "3: ldr r0, [r6]\n cmp r0, #{value}\n bne 3b\n ldr r0, [r7, #8]\n str r0, [r6, #{at}]\n"
    set_one = " movs r0, #1\n str r0, [r6]\n"
    m7 = COPY_AND_RELEASE + tick + set_one + wait.format(value=2, at=8)
    second = tick + wait.format(value=1, at=16) + " ldr r1, =10000\n4: subs r1, #1\n bne 4b\n"
    engine = run(m7, second + wait.format(value=1, at=12) + " movs r0, #2\n str r0, [r6]\n")
    engine.run_to(2 * MS)
    _, _, ticks_m7, end_m4, start_m4 = words(engine, 5)
    from_start_ns = (0xFFFFFF - ticks_m7) * 1000 / 996
    span_ns = (start_m4 - end_m4) * 1000 / 400
    assert span_ns == pytest.approx(100_000, rel=0.01)
    assert span_ns < from_start_ns < span_ns + 12_000


GPT1_COMPARE = (
    COPY_AND_RELEASE
    + """
 ldr r0, =0x400EC000
 ldr r1, =2000
 str r1, [r0, #0x10]
 movs r1, #1
 str r1, [r0, #0xC]
 ldr r1, =0x41
 str r1, [r0]
"""
)
ENABLE_119 = """
 ldr r0, =0xE000E10C
 ldr r1, =1 << 23
 str r1, [r0]
"""
M4_ACKNOWLEDGES = """
 .rept 12
 nop
 .endr
 ldr r0, =0x400EC000
 movs r1, #1
 str r1, [r0, #8]
 ldr r6, =0x20240000
 ldr r1, [r6]
 add r1, #1
 str r1, [r6]
 bx lr
"""


def test_a_device_interrupts_it(run):
    engine = run(GPT1_COMPARE, ENABLE_119, m4_irq=M4_ACKNOWLEDGES)
    engine.run_to(MS)
    assert words(engine, 1)[0] == 11  # each 83.4 us from 2 us on
    assert words(engine, 8)[7] == 0


def test_the_monitor_knows_both_cores(run):
    engine = run(COPY_AND_RELEASE, COUNT)
    engine.run_to(200 * US)
    assert int(engine.execute("cpu_m4 PC"), 16) & 0xFFFF0000 == 0x1FFE0000
    assert int(engine.execute("cpu PC"), 16) < 0x1000
    assert engine.execute("cpu_m4 PerformanceInMips").strip() == "0x000000C8"
    engine.execute("cpu_m4 IsHalted true")
    turns = words(engine, 1)
    engine.run_to(300 * US)
    assert words(engine, 1) == turns
    engine.execute("cpu_m4 IsHalted false")
    engine.run_to(400 * US)
    assert words(engine, 1) > turns


def test_equal_runs_are_equal(tmp_path):
    digests = set()
    for _ in range(2):
        engine = started(firmware(tmp_path, COPY_AND_RELEASE, COUNT))
        engine.run_to(500 * US)
        digests.add((engine.digest(), m4(engine).executed_instructions))
        engine.close()
    assert len(digests) == 1


def test_an_unknown_processor_is_refused():
    engine = EmbeddedEngine()
    engine.execute('mach create "chip"')
    text = SMALL.replace("cortex-m7", "cortex-m33")
    with pytest.raises(SourceError, match="runs `cortex-m7`, `cortex-m4`, `cortex-m4f`, not `cortex-m33`"):
        engine.emulation.require_board().load_platform_description_from_string(text)
    engine.close()


SMALL = """
nvic: IRQControllers.NVIC @ sysbus 0xE000E000
    IRQ -> cpu@0
cpu: CPU.CortexM @ sysbus
    cpuType: "cortex-m7"
    nvic: nvic
"""
