"""NVIC and exceptions: priorities, preemption, masks, pending, frames, returns (ARMv7-M B1.5, B3.4)."""

import pytest

INVPC, INVSTATE = 1 << 18, 1 << 17


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


def test_a_level_interrupt_pends_again_until_the_level_falls(board):
    one = board(
        "entry start\n put ISER, 1\n done\nentry irq0\n add r4, #1\n ldr r0, =0x40000000\n"
        " str r4, [r0]\n bx lr\n .ltorg"
    )
    one.device.on_write = lambda offset: one.irq(0, 0) if len(one.device.accesses) == 3 else None
    one.at(1000, lambda: one.irq(0, 1))
    one.run(50_000)
    assert one.reg("r4") == 3


def test_an_edge_while_active_is_remembered_once(board):
    one = board(
        "entry start\n put ISER, 1\n done\nentry irq0\n add r4, #1\n ldr r0, =0x40000000\n"
        " str r4, [r0]\n bx lr\n .ltorg"
    )

    def pulses(offset):
        if len(one.device.accesses) == 1:
            for _ in range(3):
                one.irq(0, 1)
                one.irq(0, 0)

    one.device.on_write = pulses
    one.at(1000, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(50_000)
    assert one.reg("r4") == 2


def test_software_pending_clearing_and_the_status_registers(board):
    source = """
entry start
 put ISPR, 0x22
 logat ISPR
 logat 0xE000E280
 logat ICSR
 put 0xE000E280, 2
 logat ISPR
 put ISER, 0x20
 barrier
 logat 0xE000E180
 logat ISPR
 logat 0xE000E300
 putb 0xE000EF00, 5
 barrier
 put 0xE000E180, 0x20
 logat ISER
 done
entry irq5
 logat 0xE000E300
 logat ISPR
 ldr r0, =0xE000ED04
 ldr r0, [r0]
 ubfx r0, r0, #0, #12
 log r0
 bx lr
.ltorg
"""
    log = board(source).run().log()
    assert log[:4] == [0x22, 0x22, 1 << 22 | 1 << 11, 0x20]
    assert log[4:7] == [0x20, 0, 21 | 1 << 11]
    assert log[7:10] == [0x20, 0, 0]
    assert log[10:13] == [0x20, 0, 21 | 1 << 11]
    assert log[13:] == [0]


def test_pendsv_and_systick_pend_through_icsr_and_can_be_cleared(board):
    source = """
entry start
 cpsid i
 put ICSR, 0x14000000
 logat ICSR
 put ICSR, 0x0A000000
 logat ICSR
 put ICSR, 0x10000000
 cpsie i
 isb
 done
entry pendsv
 mov r4, #1
 bx lr
entry tick
 mov r5, #1
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.log() == [0x14000000 | 14 << 12 | 1 << 11, 1 << 11]
    assert one.regs("r4 r5") == [1, 0]


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


def test_priority_registers_take_bytes_halves_and_words(board):
    source = """
entry start
 putb 0xE000E405, 0xFF
 ldr r0, =0xE000E406
 ldr r1, =0x5A3C
 strh r1, [r0]
 logat 0xE000E404
 ldr r0, =0xE000E405
 ldrb r0, [r0]
 log r0
 putb 0xE000ED1F, 0x47
 putb 0xE000ED22, 0x83
 putb 0xE000ED23, 0xC1
 putb 0xE000ED18, 0x21
 logat 0xE000ED18
 logat 0xE000ED1C
 logat 0xE000ED20
 putb 0xE000E388, 0
 done
.ltorg
"""
    assert board(source).run().log() == [0x5030F000, 0xF0, 0x20, 0x40000000, 0xC0800000]


def test_only_implemented_interrupts_exist(board):
    source = (
        "entry start\n put 0xE000E104, 0xFFFFFFFF\n logat 0xE000E104\n put 0xE000E108, 0xFFFFFFFF\n logat 0xE000E108\n"
    )
    source += " logat 0xE000E004\n put 0xE000E424, 0xFFFFFFFF\n logat 0xE000E424\n done\n .ltorg"
    assert board(source, irqs=38).run().log() == [0x3F, 0, 1, 0x0000F0F0]


@pytest.mark.parametrize("base", [0x100, 0x3F00, 0x8000])
def test_vtor_needs_addition_only(board, base):
    source = (
        f"entry start\n put 0xE000ED08, {base:#x}\n logat 0xE000ED08\n put ISER+4, 0x80000000\n"
        " put ISPR+4, 0x80000000\n"
    )
    source += " barrier\n done\n.global late\nentry late\n mov r4, #1\n bx lr\n .ltorg"
    one = board(source)
    one.poke(base + 4 * (16 + 63), (one.symbols["late"] | 1).to_bytes(4, "little"))
    one.run()
    assert one.log() == [base]
    assert one.reg("r4") == 1


def test_sysresetreq_asks_for_a_reset(board):
    one, asked = board("entry start\n put 0xE000ED0C, 0x05FA0004\n barrier\n1: b 1b\n .ltorg"), []

    def reset():
        asked.append(one.machine.now_ns())
        one.machine.request_stop()

    one.machine.on_reset_request(reset)
    one.run()
    assert len(asked) == 1


def test_aircr_without_its_key_is_ignored(board):
    source = "entry start\n put 0xE000ED0C, 0x12340704\n logat 0xE000ED0C\n done\n .ltorg"
    assert board(source).run().log() == [0xFA050000]


RETURN = """
entry start
 enable_faults
 svc #0
 movs r4, #1
 done
entry svc
 {inside}
 bx lr
entry usage
 mov r5, lr
 mrs r6, ipsr
 logat CFSR
 ldr r7, [sp, #24]
 done
.ltorg
"""


@pytest.mark.parametrize("value", [0xFFFFFFF1, 0xFFFFFFF5, 0xFFFFFFF0, 0xFFFFFF99, 0xFFFFFFFB])
def test_a_bad_exc_return_is_invpc_with_the_frame_left_alone(board, value):
    one = board(RETURN.replace("{inside}", f"ldr lr, ={value:#x}")).run()
    assert one.log() == [INVPC]
    assert one.reg("r5") == value
    assert one.reg("r6") == 6
    assert one.reg("sp") == 0x20008000 - 32
    assert one.view().active == 6


def test_returning_to_thread_with_a_handler_in_the_frame_is_invpc(board):
    one = board(RETURN.replace("{inside}", "ldr r0, [sp, #28]\n orr r0, #11\n str r0, [sp, #28]")).run()
    assert one.log() == [INVPC]
    assert one.reg("sp") == 0x20008000 - 32


def test_returning_without_the_thumb_bit_is_invstate_at_the_target(board):
    one = board(RETURN.replace("{inside}", "ldr r0, [sp, #28]\n bic r0, #0x1000000\n str r0, [sp, #28]")).run()
    assert one.log() == [INVSTATE]
    assert one.reg("r5") == 0xFFFFFFF9
    assert one.word(one.reg("sp") + 28) >> 24 & 1 == 0


def test_a_stacked_pc_with_bit_0_set_is_taken_as_without(board):
    one = board(RETURN.replace("{inside}", "ldr r0, [sp, #24]\n orr r0, #1\n str r0, [sp, #24]")).run()
    assert one.reg("r4") == 1


def test_every_way_to_load_pc_returns(board):
    for code in ("push {lr}\n pop {pc}", "push {r4, lr}\n pop {r4, pc}", "mov r3, lr\n bx r3",
                 "push {lr}\n ldr pc, [sp], #4", "push {r4, lr}\n ldmia sp!, {r4, pc}"):  # fmt: skip
        assert board(RETURN.replace("{inside}", code)).run().reg("r4") == 1, code


def test_exc_return_values_are_no_returns_in_thread_mode(board):
    one = board(
        "entry start\n enable_faults\n ldr r0, =0xFFFFFFF9\n bx r0\nentry mem\n logat CFSR\n"
        " ldr r4, [sp, #24]\n done\n .ltorg"
    ).run()
    assert one.log() == [1]
    assert one.reg("r4") == 0xFFFFFFF8


def test_nonbasethrdena_lets_nested_handlers_return_to_thread(board):
    source = """
entry start
 enable_faults
 {setup}
 put ISER, 1
 svc #0
 movs r4, #1
 done
entry svc
 movs r0, #0x40
 putb 0xE000ED1F, 0x80
 put ISPR, 1
 barrier
 done
entry irq0
 ldr lr, =0xFFFFFFF9
 ldr r0, [sp, #28]
 lsrs r0, #9
 lsls r0, #9
 str r0, [sp, #28]
 ldr r0, =stuck
 str r0, [sp, #24]
 bx lr
entry usage
 logat CFSR
 done
.ltorg
"""
    assert board(source.replace("{setup}", "")).run().log() == [INVPC]
    one = board(source.replace("{setup}", "put 0xE000ED14, 0x201")).run()
    assert (one.log(), one.reg("ipsr"), one.view().active) == ([], 0, 11)


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


PHOENIX = """
entry start
 enable_faults
 enable_fpu
 user 0x20004000
 movs r0, #7
 bl call
 mov r8, r0
 done
call:
 svc #3
 bx lr
entry svc
 @ the kernel's own frame for a privileged thread on the main stack, then back to the user by hand
 mrs r1, psp
 ldr r2, =0xE000EF38
 ldr r3, [r2]
 log r3
 mov r4, lr
 log r4
 sub sp, #104
 movs r3, #3
 str r3, [sp]
 str r1, [sp, #4]
 ldr r3, =back
 str r3, [sp, #20]
 ldr r3, =dispatch
 str r3, [sp, #24]
 ldr r3, =0x01000000
 str r3, [sp, #28]
 movs r3, #4
 msr control, r3
 ldr lr, =0xFFFFFFE9
 bx lr
.thumb_func
dispatch:
 mrs r5, control
 log r5
 mrs r6, ipsr
 log r6
 ldr r7, [r1, #24]
 ldr r9, [r1, #20]
 add r0, #40
 bx lr
.thumb_func
back:
 add r1, #104
 msr psp, r1
 movs r3, #7
 msr control, r3
 isb
 mov r3, r7
 mov lr, r9
 mov pc, r3
.ltorg
"""


def test_phoenix_rtos_fabricated_frames(board):
    source = PHOENIX.replace(
        "user 0x20004000", "ldr r0, =0x20004000\n msr psp, r0\n movs r0, #7\n msr control, r0\n isb"
    )
    one = board(source).run()
    assert one.log() == [0x20004000 - 104 + 32, 0xFFFFFFED, 4, 0]
    assert one.regs("r8 psp control") == [43, 0x20004000, 7]
    assert one.view().active == 0
