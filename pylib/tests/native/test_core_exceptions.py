"""Exceptions: entry, frames, stacks, preemption, masks (ARMv7-M B1.5)."""

import pytest


def test_entry_stacks_the_frame_and_return_restores_everything(board):
    source = """
entry start
 ldr sp, =0x20008000
 movs r0, #10
 movs r1, #11
 movs r2, #12
 movs r3, #13
 mov r12, #14
 ldr lr, =0x15151515
 cmp r0, r0
 svc #5
after:
 mrs r9, apsr
 mov r10, sp
 done
entry svc
 mov r4, lr
 mov r5, sp
 movs r0, #0
 movs r1, #0
 movs r2, #0
 movs r3, #0
 mov r12, #0
 mrs r6, ipsr
 mrs r7, control
 cmp r0, #1
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.regs("r0 r1 r2 r3 r12 lr r10") == [10, 11, 12, 13, 14, 0x15151515, 0x20008000]
    assert one.regs("r4 r5 r6 r7") == [0xFFFFFFF9, 0x20007FE0, 11, 0]
    assert one.words(0x20007FE0, 8) == [10, 11, 12, 13, 14, 0x15151515, one.symbols["after"], 0x61000000]
    assert one.reg("r9") >> 28 == 6


def test_the_frame_is_aligned_and_says_so(board):
    source = """
entry start
 ldr sp, =0x20008000
 push {r0}
 svc #0
 mov r6, sp
 done
entry svc
 mov r5, sp
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.regs("r5 r6") == [0x20007FD8, 0x20007FFC]
    assert one.word(0x20007FD8 + 28) >> 9 & 1 == 1


def test_the_process_stack_is_used_and_handlers_run_on_the_main_stack(board):
    source = """
entry start
 ldr r0, =0x20004000
 msr psp, r0
 movs r0, #2
 msr control, r0
 isb
 svc #0
 mrs r7, control
 mov r8, sp
 done
entry svc
 mov r4, lr
 mov r5, sp
 mrs r6, psp
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.regs("r4 r5 r6 r7 r8") == [0xFFFFFFFD, 0x20008000, 0x20003FE0, 2, 0x20004000]


NESTED = """
entry start
 put ISER, 7
 put 0xE000E400, {priorities}
 putb 0xE000ED0C+1, 0
 put 0xE000ED0C, {aircr}
 put ISPR, 1
 barrier
 mov r0, #99
 log r0
 done
entry irq0
 movs r0, #1
 log r0
 put ISPR, 6
 barrier
 movs r0, #2
 log r0
 mov r5, lr
 bx lr
entry irq1
 movs r0, #3
 log r0
 mov r6, lr
 bx lr
entry irq2
 movs r0, #4
 log r0
 mov r7, lr
 bx lr
.ltorg
"""


@pytest.mark.parametrize(
    ("priorities", "group", "order"),
    [
        ("0x40C080", 0, [1, 4, 2, 3, 99]),  # IRQ2 preempts, IRQ1 waits
        ("0x404080", 0, [1, 3, 4, 2, 99]),  # equal priorities: lower number first, no preemption between them
        ("0x808080", 0, [1, 2, 3, 4, 99]),
        ("0x708080", 7, [1, 2, 4, 3, 99]),  # all subpriority: no preemption, but the order follows it
        ("0x30C080", 6, [1, 4, 2, 3, 99]),  # one bit of group priority: 0x30 preempts 0x80
        ("0x90C0A0", 6, [1, 2, 4, 3, 99]),  # same group: no preemption
    ],
)
def test_preemption_follows_group_priority(board, priorities, group, order):
    source = NESTED.replace("{priorities}", priorities).replace("{aircr}", hex(0x05FA0000 | group << 8))
    one = board(source).run()
    assert one.log() == order
    assert one.reg("r5") == 0xFFFFFFF9
    if order[1] in (3, 4):
        assert one.reg("r7") == 0xFFFFFFF1


def test_tail_chaining_keeps_the_frame(board):
    source = """
entry start
 put ISER, 3
 cpsid i
 put ISPR, 3
 ldr sp, =0x20008000
 mov r4, #1
 cpsie i
 isb
 done
entry irq0
 mov r5, sp
 add r4, #1
 ldr r0, =0xABCD
 str r0, [sp]
 bx lr
entry irq1
 mov r6, sp
 ldr r7, [sp]
 add r4, #2
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.regs("r4 r5 r6 r7 sp") == [4, 0x20007FE0, 0x20007FE0, 0xABCD, 0x20008000]
    assert one.reg("r0") == 0xABCD


@pytest.mark.parametrize(
    ("mask", "taken"), [("basepri", [2]), ("basepri_max", [2]), ("primask", []), ("faultmask", [])]
)
def test_masks(board, mask, taken):
    source = """
entry start
 put ISER, 3
 put 0xE000E400, 0x4080
 movs r0, #VALUE
 msr MASK, r0
 put ISPR, 3
 barrier
 movs r0, #9
 log r0
 movs r0, #0
 msr CLEAR, r0
 isb
 done
entry irq0
 movs r0, #1
 log r0
 bx lr
entry irq1
 movs r0, #2
 log r0
 bx lr
.ltorg
"""
    clear = "basepri" if mask.startswith("base") else mask
    value = "0x80" if clear == "basepri" else "1"
    one = board(source.replace("VALUE", value).replace("MASK", mask).replace("CLEAR", clear)).run()
    assert one.log() == [*taken, 9, *[n for n in (2, 1) if n not in taken]]


def test_basepri_max_only_raises(board):
    source = """
entry start
 movs r0, #0x40
 msr basepri, r0
 movs r0, #0x80
 msr basepri_max, r0
 mrs r4, basepri
 movs r0, #0x20
 msr basepri_max, r0
 mrs r5, basepri
 done
"""
    assert board(source).run().regs("r4 r5") == [0x40, 0x20]


def test_nmi_ignores_all_masks_and_preempts_hard_fault(board):
    source = """
entry start
 cpsid if
 .inst.n 0xDE00
 done
entry hard
 done
entry nmi
 mov r4, lr
 mrs r5, ipsr
 bx lr
.ltorg
"""
    one = board(source.replace(" .inst.n 0xDE00\n", ""))
    one.at(1000, lambda: one.lib.wb_nmi(one.handle, 0))
    one.run(2000)
    assert one.regs("r4 r5") == [0xFFFFFFF9, 2]
    assert one.reg("faultmask") == 1  # NMI's return does not clear it
    two = board(source.replace("cpsid if", "nop"))
    two.at(1000, lambda: two.lib.wb_nmi(two.handle, 0))
    two.run(2000)
    assert two.regs("r4 r5") == [0xFFFFFFF1, 2]
    assert two.view().active == 3


def test_an_svc_that_cannot_be_taken_is_a_forced_hard_fault(board):
    source = """
entry start
 putb 0xE000ED1F, 0x80
 movs r0, #0x80
 msr basepri, r0
trap: svc #0
 done
entry hard
 logat 0xE000ED2C
 logat CFSR
 ldr r4, [sp, #24]
 done
.ltorg
"""
    one = board(source).run()
    assert one.log() == [1 << 30, 0]
    assert one.reg("r4") == one.symbols["trap"]


def test_an_it_block_goes_on_in_a_page_that_was_never_used(board):
    source = """
entry start
 cmp r0, r0
 b go
 .balign 1024
 .space 1024 - 6
go: itttt ne
 movne r4, #1
 movne r4, #2
 movne r4, #3
 movne r4, #4
 done
"""
    assert board(source).run(1000).reg("r4") == 0


def test_an_interrupt_in_an_it_block_resumes_it(board):
    """Pages end translation blocks also inside IT blocks: the state has to be stacked and come back."""
    source = """
entry start
 put ISER, 1
 b go
 .balign 1024
 .space 1024 - 8
go:
 cmp r0, r0
 ldr r6, =0x40000000
 itttt ne
 movne r4, #1
 movne r4, #2
 movne r4, #3
 movne r4, #4
 add r5, #1
 b go
entry irq0
 add r7, #1
 cmp r7, #0
 bx lr
.ltorg
"""
    one = board(source)
    for i in range(1, 400):
        one.at(100 * i + i % 7, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(50_000)
    assert one.reg("r4") == 0
    assert one.reg("r7") == 399
