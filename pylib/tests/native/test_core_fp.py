"""The floating point extension: frames, CONTROL.FPCA, CPACR (ARMv7-M B1.4.7, B1.5.7)."""


def test_the_extended_frame(board):
    source = """
entry start
 enable_fpu
 ldr sp, =0x20008000
 push {r0}
 ldr r0, =0x3F800000
 .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,31
 vmov s\\n, r0
 add r0, #1
 .endr
 ldr r0, =0xA1C00005
 vmsr fpscr, r0
 mrs r8, control
 svc #0
 mrs r9, control
 vmrs r10, fpscr
 vmov r11, s15
 mov r12, sp
 done
entry svc
 mov r4, lr
 mov r5, sp
 mrs r6, control
 logat 0xE000EF38
 logat 0xE000EF34
 movs r0, #0
 vmov s0, r0
 vmov s15, r0
 vmov s16, r0
 mrs r7, control
 vmsr fpscr, r0
 bx lr
.ltorg
"""
    one = board(source).run()
    sp = 0x20007FFC - 104 - 4
    assert one.regs("r4 r5 r6 r7 r8 r9") == [0xFFFFFFE9, sp, 0, 4, 4, 4]
    assert one.words(sp + 32, 16) == [0x3F800000 + i for i in range(16)]
    assert one.word(sp + 32 + 64) == 0xA1C00005 & one.word(sp + 96)
    assert one.word(sp + 28) >> 9 & 1 == 1
    assert one.log() == [sp + 32, 0xC0000000]
    assert one.regs("r10 r11 r12") == [one.word(sp + 96), 0x3F80000F, 0x20007FFC]
    assert one.reg("s16") == 0
    assert one.reg("s31") == 0x3F800011


def test_without_fp_use_the_frame_is_short_and_fpca_follows_each_context(board):
    source = """
entry start
 enable_fpu
 svc #0
 mrs r6, control
 vmov s0, r0
 mrs r7, control
 svc #1
 done
entry svc
 log lr
 mrs r0, control
 log r0
 vmov s1, r0
 mrs r0, control
 log r0
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.log() == [0xFFFFFFF9, 0, 4, 0xFFFFFFE9, 0, 4]
    assert one.regs("r6 r7") == [0, 4]


def test_msr_control_sets_and_clears_fpca(board):
    source = """
entry start
 enable_fpu
 movs r0, #4
 msr control, r0
 svc #0
 movs r0, #0
 msr control, r0
 svc #0
 done
entry svc
 log lr
 bx lr
.ltorg
"""
    assert board(source).run().log() == [0xFFFFFFE9, 0xFFFFFFF9]


def test_a_nested_handler_stacks_the_fp_state_of_the_outer_one(board):
    source = """
entry start
 enable_fpu
 put ISER, 3
 put 0xE000E400, 0x4080
 vmov.f32 s0, #1.0
 put ISPR, 1
 barrier
 vmov r4, s0
 done
entry irq0
 vmov.f32 s0, #2.0
 put ISPR, 2
 barrier
 vmov r5, s0
 log lr
 bx lr
entry irq1
 vmov.f32 s0, #3.0
 vmov r6, s0
 log lr
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.regs("r4 r5 r6") == [0x3F800000, 0x40000000, 0x40400000]
    assert one.log() == [0xFFFFFFE1, 0xFFFFFFE9]


def test_fpccr_aspen_off_means_short_frames(board):
    source = (
        "entry start\n enable_fpu\n put 0xE000EF34, 0\n vmov s0, r0\n svc #0\n done\nentry svc\n"
        " log lr\n bx lr\n .ltorg"
    )
    assert board(source).run().log() == [0xFFFFFFF9]


def test_cpacr_reads_back_and_switches_the_fpu_off_again(board):
    source = """
entry start
 enable_faults
 enable_fpu
 vmov s0, r0
 logat CPACR
 put CPACR, 0
 barrier
 movs r4, #1
bad: vmov s0, r0
 done
entry usage
 logat CFSR
 done
.ltorg
"""
    one = board(source).run()
    assert one.log() == [0xF00000, 1 << 19]
    assert one.reg("r4") == 1
