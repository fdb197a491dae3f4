"""When the MPU holds and when not, its registers, and exceptions under it (ARMv7-M B3.5)."""

import pytest
from mpu_regions import CODE_ALL, DACC, NONE, PRIVILEGED, RAM, RO, RW, STACKS, rasr

from wattbench.core.errors import LockupError


@pytest.mark.parametrize(("flags", "allowed"), [(0, 1), (2, 0)])
@pytest.mark.parametrize("size", [32, 1024])
def test_hfnmiena_decides_whether_the_mpu_holds_in_hard_fault(board, flags, allowed, size):
    source = f"""
entry start
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(size, NONE):#x}
 mpu_on {flags}
 ldr r6, ={RAM:#x}
 .inst.n 0xDE00
 done
entry hard
 str r6, [r6]
 movs r5, #1
 done
.ltorg
"""
    one = board(source)
    if allowed:
        assert one.run().reg("r5") == 1
    else:
        with pytest.raises(LockupError, match="DACCVIOL"):
            one.run()


@pytest.mark.parametrize("size", [32, 1024])
def test_faultmask_bypasses_the_mpu_only_as_long_as_it_is_set(board, size):
    source = f"""
entry start
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(size, NONE):#x}
 mpu_on 0
 ldr r6, ={RAM:#x}
 cpsid f
 str r6, [r6]
 ldr r4, [r6]
 cpsie f
 movs r5, #1
 ldr r7, [r6]
 movs r5, #2
 done
entry hard
 logat CFSR
 done
.ltorg
"""
    one = board(source).run()
    assert one.regs("r4 r5 r7") == [RAM, 1, 0]
    assert one.log() == [DACC]


def test_changing_a_region_takes_effect_for_pages_already_used(board):
    source = f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(1024, RW):#x}
 mpu_on 0
 ldr r6, ={RAM:#x}
 str r6, [r6]
 put 0xE000ED98, 0
 put MPU_RASR, {rasr(1024, RO):#x}
 barrier
 ldr r4, [r6]
 str r0, [r6]
 done
entry mem
 logat CFSR
 logat 0xE000ED34
 done
.ltorg
"""
    one = board(source).run()
    assert one.log() == [DACC, RAM]
    assert one.reg("r4") == RAM


def test_registers_aliases_and_limits(board):
    source = """
entry start
 logat 0xE000ED90
 put 0xE000ED98, 3
 put 0xE000ED9C, 0x20000000
 put 0xE000EDA0, 0xFFFFFFFF
 put 0xE000EDA4, 0x20001015
 put 0xE000EDA8, 0x0300001F
 put 0xE000EDAC, 0x20002016
 put 0xE000EDB4, 0x20003017
 logat 0xE000ED98
 logat 0xE000ED9C
 put 0xE000ED98, 3
 logat 0xE000ED9C
 logat 0xE000EDA0
 put 0xE000ED98, 5
 logat 0xE000ED9C
 logat 0xE000EDA0
 logat 0xE000EDA8
 put 0xE000ED98, 16
 logat 0xE000ED98
 put 0xE000ED94, 0xFFFFFFFE
 logat 0xE000ED94
 done
.ltorg
"""
    log = board(source).run().log()
    assert log == [
        16 << 8,
        7,
        0x20003007,
        0x20000003,
        0x1737FF3F & 0x173FFF3F | 0x80000,
        0x20001005,
        0x0300001F,
        0x0300001F,
        5,
        6,
    ]


def test_stacking_and_unstacking_obey_the_mpu(board):
    source = f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(1024, PRIVILEGED):#x}
 putb 0xE000ED1F, 0x40
 mpu_on 0
 ldr r0, ={RAM + 512:#x}
 msr psp, r0
 movs r0, #3
 msr control, r0
 isb
 svc #0
 done
entry mem
 logat CFSR
 mov r4, lr
 mrs r5, psp
 put CFSR, 0xFF
 ldr lr, =0xFFFFFFFD
 tst r6, #1
 bne stuck
 movs r6, #1
 bx lr
entry svc
 movs r7, #1
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.log() == [1 << 4, 1 << 3]
    assert one.reg("r7") == 1
    assert one.regs("r4 r5") == [0xFFFFFFFD, RAM + 512 - 32]


def test_a_vector_table_is_read_past_the_mpu(board):
    source = (
        f"entry start\n enable_faults\n region 0, 0, {rasr(0x400, RW):#x}\n"
        f" region 2, 0, {rasr(32, NONE):#x}\n {STACKS}\n mpu_on 4\n svc #0\n done\nentry svc\n"
        " movs r4, #1\n bx lr\n .ltorg"
    )
    assert board(source).run().reg("r4") == 1
