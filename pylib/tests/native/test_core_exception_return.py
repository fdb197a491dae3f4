"""Returns from exceptions, sound and refused, and frames that software made (ARMv7-M B1.5.8)."""

import pytest

INVPC, INVSTATE = 1 << 18, 1 << 17

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
