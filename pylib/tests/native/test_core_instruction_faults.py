"""Instructions that cannot be fetched or executed (ARMv7-M B1.5.14, B3.2.15)."""

import pytest
from fault_report import REPORT, fault

from wattbench.core.errors import LockupError


@pytest.mark.parametrize(
    ("code", "bits", "at_bad"),
    [
        ("bad: .inst.n 0xDE00", 1 << 16, True),  # UNDEFINSTR
        ("bad: .inst.w 0xF7F0A000", 1 << 16, True),
        ("bad: mcr p7, 0, r0, c0, c0, 0", 1 << 19, True),  # NOCP: there is no coprocessor 7
        ("bad: vadd.f32 s0, s0, s0", 1 << 19, True),  # NOCP: CPACR denies the FPU
        ("nop\n nop\nbad: vldr s0, [r6]", 1 << 19, True),
        ("ldr r0, =stuck\n bic r0, #1\n bx r0", 1 << 17, False),  # INVSTATE
        ("ldr r0, =stuck\n bic r0, #1\n blx r0", 1 << 17, False),
    ],
)  # fmt: skip
def test_usage_faults(board, code, bits, at_bad):
    one, log = fault(board, f" ldr r6, =0x20010000\n{code}")
    assert log[0:2] == [6, bits]
    assert log[4] == one.symbols["bad" if at_bad else "stuck"]
    assert (log[5] >> 24 & 1) == at_bad


def test_privileged_only_fpu(board):
    body = """
 put CPACR, 0x500000
 barrier
 vmov s0, r0
 movs r8, #1
 user 0x20004000
 nop
bad: vmov s0, r0
"""
    one = board(
        f"entry start\n enable_faults\n{body}\n done\n .ltorg\n entry usage\n logat CFSR\n"
        " mrs r0, psp\n ldr r4, [r0, #24]\n done\n .ltorg"
    ).run()
    assert one.log() == [1 << 19]
    assert one.regs("r4 r8") == [one.symbols["bad"], 1]


def test_fetching_from_nothing_is_ibuserr_and_from_a_device_area_iaccviol(board):
    _, log = fault(board, " ldr r0, =0x10000001\n bx r0")
    assert (log[0:2], log[4]) == ([5, 1 << 8], 0x10000000)
    for area in (0x40000000, 0x50000000, 0xA0000000, 0xC0000000, 0xE0000000, 0xF0000000):
        _, log = fault(board, f" ldr r0, ={area + 1:#x}\n bx r0")
        assert (log[0:2], log[4]) == ([4, 1], area), hex(area)


def test_an_instruction_that_reaches_past_the_end_of_memory_faults_at_its_start(board):
    source = "entry start\n enable_faults\n ldr r0, =0xFFFF\n bx r0\n .ltorg" + REPORT
    one = board(source)
    one.poke(0xFFFE, bytes.fromhex("00f0"))
    log = one.run().log()
    assert (log[0:2], log[4]) == ([5, 1 << 8], 0xFFFE)


def test_running_off_code_counts_what_was_done_only(board):
    one = board("entry start\n ldr r0, =0xFFFD\n bx r0\n .ltorg", mips=1000)
    one.poke(0xFFFC, bytes.fromhex("00bf00bf"))
    one.run(2)
    one.poke(12, (0).to_bytes(4, "little"))
    with pytest.raises(LockupError):
        one.run(1000)
    assert one.view().icount == 4


def test_bkpt_without_a_debugger(board):
    one, log = fault(board, "bad: bkpt #1", enable=False)
    assert (log[0], log[4], log[6]) == (3, one.symbols["bad"], 1 << 31)
    source = (
        "entry start\n put 0xE000EDFC, 0x10000\nbad: bkpt #1\n done\nentry monitor\n"
        " logat 0xE000ED30\n ldr r4, [sp, #24]\n done\n .ltorg"
    )
    one = board(source).run()
    assert (one.log(), one.reg("r4")) == ([2], one.symbols["bad"])
