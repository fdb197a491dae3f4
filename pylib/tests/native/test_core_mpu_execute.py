"""Memory protection of instruction fetches (ARMv7-M B3.5): where code may run, where exactly it stops."""

import pytest
from mpu_regions import CODE_ALL, IACC, PRIVILEGED, RAM, RO, RO_PRIV, RW, STACKS, rasr

from wattbench.engines.embedded import native

EXECUTE = """
entry start
 enable_faults
 {setup}
 mpu_on {flags}
 mov r4, #0
 b go
 .balign 1024
go:
 .rept 14
 add r4, #1
 .endr
 .balign 32
never:
 add r4, #100
 done
 .balign 256
entry mem
 logat CFSR
 ldr r5, [sp, #24]
 done
entry hard
 logat 0xE000ED2C
 ldr r5, [sp, #24]
 done
.ltorg
"""


@pytest.mark.parametrize("shift", [0, 2])
def test_code_that_falls_into_an_execute_never_granule_stops_at_its_edge(board, shift):
    """With `shift` the last instruction reaches over the edge by a halfword."""
    text = EXECUTE.format(setup=f"{CODE_ALL}\n {STACKS}\n ldr r0, =MPU_RBAR\n ldr r1, =never+0x1F\n str r1, [r0]\n"
                          f" put MPU_RASR, {rasr(32, RW, xn=1):#x}", flags=0)  # fmt: skip
    if shift:
        text = text.replace(
            " .rept 14\n add r4, #1\n .endr", " nop\n .rept 7\n add.w r4, r4, #1\n .endr\nedge: add.w r4, r4, #1"
        )
        text = text.replace(" .balign 32\nnever:\n", " .set never, go + 32\n nop\n")
    one = board(text).run()
    assert one.log() == [IACC]
    assert one.reg("r4") == (14 if not shift else 7)
    assert one.reg("r5") == one.symbols["never"] - shift


def test_jumping_into_an_execute_never_page(board):
    source = f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(1024, RW, xn=1):#x}
 region 1, {RAM + 1024:#x}, {rasr(1024, RO):#x}
 region 2, {RAM + 2048:#x}, {rasr(1024, RO_PRIV):#x}
 mpu_on 0
 ldr r0, ={RAM + 1025:#x}
 blx r0
 ldr r0, ={RAM + 2049:#x}
 blx r0
 ldr r0, ={RAM + 1:#x}
 blx r0
 done
entry mem
 logat CFSR
 ldr r4, [sp, #24]
 done
.ltorg
"""
    one = board(source)
    for page in range(3):
        one.poke(RAM + 1024 * page, bytes.fromhex("01357047"))  # adds r5, #1; bx lr
    one.run()
    assert one.log() == [IACC]
    assert one.regs("r4 r5") == [RAM, 2]


def test_execution_needs_read_permission_of_the_mode(board):
    source = f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, {RAM:#x}, {rasr(1024, PRIVILEGED):#x}
 mpu_on 0
 ldr r0, ={RAM + 1:#x}
 blx r0
 user 0x20004000
 ldr r0, ={RAM + 1:#x}
 blx r0
 done
entry mem
 logat CFSR
 mrs r0, psp
 ldr r4, [r0, #24]
 done
.ltorg
"""
    one = board(source)
    one.poke(RAM, bytes.fromhex("01357047"))
    one.run()
    assert one.log() == [IACC]
    assert one.regs("r4 r5") == [RAM, 1]


def test_a_region_can_make_a_device_area_executable_but_never_the_system_area(board):
    source = f"""
entry start
 enable_faults
 {CODE_ALL}
 {STACKS}
 region 0, 0x40001000, {rasr(4096, RW):#x}
 region 1, 0xE0200000, {rasr(4096, RW):#x}
 mpu_on 0
 ldr r0, =0x40001001
 blx r0
 ldr r0, =0xE0200001
 blx r0
 done
entry mem
 logat CFSR
 ldr r4, [sp, #24]
 done
.ltorg
"""
    one = board(source)
    for base in (0x40001000, 0xE0200000):
        one.machine.map_memory(base, 0x1000, native.Memory(0x1000), False, native.EVERYONE)
        one.poke(base, bytes.fromhex("01357047"))
    one.run()
    assert one.log() == [IACC]
    assert one.regs("r4 r5") == [0xE0200000, 1]
