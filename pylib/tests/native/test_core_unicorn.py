"""Unicorn's own behaviour that the core relies on or works around: a new wheel that changes it must be noticed."""

import pytest

UNDEFINED = "entry start\n enable_faults\n CODE\n done\n entry usage\n logat CFSR\n ldr r4, [sp, #24]\n done\n .ltorg"


def test_the_cpu_is_a_cortex_m7_with_doubles(board):
    one = board("entry start\n enable_fpu\n vmov.f64 d0, #1.5\n vmov.f64 d1, #2.0\n vmul.f64 d2, d0, d1\n"
                " vcvt.s32.f64 s0, d2\n vmov r4, s0\n done\n .ltorg").run()  # fmt: skip
    assert one.reg("r4") == 3


def test_v8m_instructions_are_refused(board):
    one = board(UNDEFINED.replace("CODE", "trap: .inst.w 0xE840F100")).run()  # TT r1, r0
    assert one.log() == [1 << 16]
    assert one.reg("r4") == one.symbols["trap"]


IT_LEAK = """
entry start
 enable_faults
 movs r0, #0
 ldr r7, =0x40000000
 ldr r6, =0x20010000
 cmp r0, #0
 bl {case}
 movs r4, #0
 cmp r4, #1
 bl after
 done
{case}:
 itttt eq
 {inside}
 moveq r5, #7
 moveq r3, #9
 bx lr
after:
 add r4, #1
 add r4, #2
 add r4, #4
 add r4, #8
 add r4, #16
 bx lr
.ltorg
"""


@pytest.mark.parametrize(
    "inside",
    [
        "ldreq r1, [r7]\n streq r1, [r7, #4]",  # device
        "ldreq r1, [r6]\n streq r1, [r6, #1024]",  # pages that the TLB does not know yet
        "ldreq r1, [r6]\n ldreq r1, [r7]",
    ],
)
def test_it_state_does_not_leak_out_of_a_block_with_a_callback(board, inside):
    one = board(IT_LEAK.replace("{case}", "case").replace("{inside}", inside)).run()
    assert one.regs("r3 r4 r5") == [9, 31, 7]


def test_privileged_entries_of_the_tlb_do_not_serve_unprivileged_code(board):
    """An exception from an unprivileged thread must run with privileged translations, and the thread with its own."""
    source = """
entry start
 enable_faults
 region 0, 0, 0x0300001F
 region 1, 0x20000000, 0x03000023
 region 2, 0x20010000, 0x0100001F
 mpu_on 4
 ldr r6, =0x20010000
 user 0x20004000
 svc #0
 ldr r5, [r6]
 movs r7, #1
 done
entry svc
 ldr r4, =0x1234
 str r4, [r6]
 bx lr
entry mem
 logat CFSR
 logat 0xE000ED34
 done
.ltorg
"""
    one = board(source).run()
    assert one.log() == [0x82, 0x20010000]
    assert (one.word(0x20010000), one.reg("r5"), one.reg("r7")) == (0x1234, 0, 0)


def test_masks_are_seen_while_an_unprivileged_thread_runs(board):
    source = """
entry start
 put ISER, 1
 putb 0xE000E400, 0x80
 movs r0, #0x40
 msr basepri, r0
 user 0x20020000
1: add r4, #1
 b 1b
entry irq0
 movs r5, #1
 bx lr
.ltorg
"""
    one = board(source)
    one.at(1000, lambda: one.irq(0, 1))
    one.run(3000)
    assert one.reg("r5") == 0
    assert one.reg("basepri") == 0x40
    assert one.reg("psp") == 0x20020000
    assert one.reg("msp") == 0x20008000


def test_the_ge_flags_survive_an_exception(board):
    source = """
entry start
 ldr r0, =0x80FF8001
 ldr r1, =0x80018001
 sadd8 r2, r0, r1
 mrs r4, apsr
 svc #0
 mrs r5, apsr
 ldr r0, =0x11111111
 ldr r1, =0x22222222
 sel r6, r0, r1
 done
entry svc
 movs r0, #0
 uadd8 r2, r0, r0
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.reg("r4") & 0xF0000 not in (0, 0xF0000)
    assert one.reg("r5") == one.reg("r4")
    assert one.reg("r6") not in (0x11111111, 0x22222222)
