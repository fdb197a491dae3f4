"""Faults while a frame is stored or loaded (ARMv7-M B1.5.14, B1.5.6)."""

import pytest

from wattbench.engines.embedded import native


@pytest.mark.parametrize(("sp", "bits"), [(0x50001000, 1 << 12), (0x30000800, 1 << 12), (0x20000010, 1 << 12)])
def test_a_stacking_fault_comes_before_the_exception(board, sp, bits):
    """SVC from the process stack: the bus fault is the more urgent, the SVC stays pending and runs after it."""
    source = f"""
entry start
 enable_faults
 putb 0xE000ED1F, 0x40
 ldr r0, ={sp:#x}
 msr psp, r0
 movs r0, #2
 msr control, r0
 isb
 svc #0
 done
entry bus
 logat CFSR
 mov r4, lr
 mov r5, sp
 logat SHCSR
 ldr r0, =0x20004000
 msr psp, r0
 put CFSR, 0xFFFFFFFF
 ldr lr, =0xFFFFFFFD
 bx lr
entry svc
 movs r6, #1
 mov r7, sp
 done
.ltorg
"""
    one = board(source).run()
    assert one.log() == [bits, 0x7 << 16 | 1 << 15 | 2]
    assert one.regs("r4 r5 r6 r7") == [0xFFFFFFFD, 0x20008000, 1, 0x20008000]


def test_a_stacking_fault_less_urgent_than_the_exception_waits(board):
    source = """
entry start
 enable_faults
 putb 0xE000ED19, 0x40
 ldr r0, =0x50001000
 msr psp, r0
 movs r0, #2
 msr control, r0
 isb
 svc #0
 done
entry svc
 movs r0, #1
 log r0
 bx lr
entry bus
 movs r0, #2
 log r0
 mov r4, lr
 done
.ltorg
"""
    one = board(source).run()
    assert one.log() == [1, 2]
    assert one.regs("r4 sp") == [0xFFFFFFFD, 0x20008000]


def test_an_unstacking_fault_is_taken_in_place_of_the_return(board):
    source = """
entry start
 enable_faults
 svc #0
 done
entry svc
 ldr r0, =0x50001000
 msr psp, r0
 ldr lr, =0xFFFFFFFD
 bx lr
entry bus
 logat CFSR
 mov r4, lr
 mov r5, sp
 mrs r6, psp
 done
.ltorg
"""
    one = board(source).run()
    assert one.log() == [1 << 11]
    assert one.regs("r4 r5 r6") == [0xFFFFFFFD, 0x20007FE0, 0x50001000]


def test_a_stack_over_two_adjoining_memories(board):
    source = """
entry start
 ldr sp, =0x20040010
 movs r0, #1
 movs r1, #2
 svc #0
 mov r5, sp
 done
entry svc
 movs r0, #9
 movs r1, #9
 bx lr
.ltorg
"""
    one = board(source)
    one.machine.map_memory(0x20040000, 0x1000, native.Memory(0x1000), False, native.EVERYONE)
    one.run()
    assert one.regs("r0 r1 r5") == [1, 2, 0x20040010]
    assert one.words(0x2003FFF0, 2) == [1, 2]
