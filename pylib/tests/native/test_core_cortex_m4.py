"""A core that is a Cortex-M4 with a single precision FPU, alone and beside a Cortex-M7."""

import pytest

UNDEFINSTR, NOCP = 1 << 16, 1 << 19
FAULTING = "entry start\n enable_faults\n enable_fpu\n CODE\n done\n"
FAULTING += "entry usage\n logat CFSR\n ldr r4, [sp, #24]\n done\n .ltorg"


def m4(board, source, **options):
    return board(source, kinds=("cortex-m4",), mpu_regions=8, **options)


def read_of(board, address, kind="cortex-m4"):
    """The machine after one privileged read."""
    source = f"entry start\n ldr r0, ={address:#x}\n ldr r4, [r0]\n done\n .ltorg"
    return board(source, kinds=(kind,), mpu_regions=8).run()


def test_single_precision_works(board):
    one = m4(board, "entry start\n enable_fpu\n vmov.f32 s0, #1.5\n vmov.f32 s1, #2.0\n vmul.f32 s2, s0, s1\n"
             " vfma.f32 s2, s0, s1\n vcvt.s32.f32 s3, s2\n vmov r4, s3\n done\n .ltorg").run()  # fmt: skip
    assert one.reg("r4") == 6


def test_doubles_can_be_moved(board):
    source = "entry start\n enable_fpu\n ldr r6, =0x20010000\n movs r0, #7\n movs r1, #8\n vmov d0, r0, r1\n"
    source += " vstr d0, [r6]\n vldr d1, [r6]\n vmov r4, r5, d1\n done\n .ltorg"
    assert m4(board, source).run().regs("r4 r5") == [7, 8]


@pytest.mark.parametrize(
    "code",
    [
        "bad: vmul.f64 d2, d0, d1",
        "bad: vadd.f64 d2, d0, d1",
        "bad: vcvt.s32.f64 s0, d2",
        "bad: vmov.f64 d0, #1.5",
        "bad: vmaxnm.f32 s0, s1, s2",
        "bad: vseleq.f32 s0, s1, s2",
        "bad: vrintz.f32 s0, s1",
    ],
)
def test_doubles_and_what_came_with_the_m7_are_undefined(board, code):
    one = m4(board, FAULTING.replace("CODE", code)).run()
    assert one.log() == [UNDEFINSTR]
    assert one.reg("r4") == one.symbols["bad"]
    assert board(FAULTING.replace("CODE", code)).run().log() == []


def test_other_coprocessors_and_v8m_are_refused(board):
    assert m4(board, FAULTING.replace("CODE", "mcr p7, #0, r0, c0, c0")).run().log() == [NOCP]
    assert m4(board, FAULTING.replace("CODE", ".inst.w 0xE840F100")).run().log() == [UNDEFINSTR]  # TT r1, r0


def test_the_fpu_is_off_after_reset(board):
    source = "entry start\n enable_faults\n vmov.f32 s0, #1.5\n done\nentry usage\n logat CFSR\n done\n .ltorg"
    assert m4(board, source).run().log() == [NOCP]


def test_dsp_instructions_work(board):
    one = m4(board, "entry start\n ldr r0, =0x00030002\n ldr r1, =0x00050004\n smuad r4, r0, r1\n uadd8 r5, r0, r1\n"
             " done\n .ltorg").run()  # fmt: skip
    assert one.regs("r4 r5") == [23, 0x00080006]


@pytest.mark.parametrize(
    ("address", "value"),
    [
        (0xE000ED00, 0x410FC241),
        (0xE000ED14, 0x00000200),
        (0xE000ED60, 0x01141110),
        (0xE000ED68, 0x21232231),
        (0xE000EF40, 0x10110021),
        (0xE000EF44, 0x11000011),
        (0xE000EF48, 0),
        (0xE000ED90, 8 << 8),
    ],
)
def test_identification(board, address, value):
    assert read_of(board, address).reg("r4") == value


@pytest.mark.parametrize("address", [0xE000ED78, 0xE000ED7C, 0xE000ED80, 0xE000ED84, 0xE000EF50, 0xE000EF90])
def test_the_m4_has_no_cache_registers(board, address):
    one = read_of(board, address)
    assert one.reg("r4") == 0
    assert [item.access for item in one.machine.unmodelled_accesses.copy()] == [f"read of 4 bytes at 0x{address:08X}"]
    assert read_of(board, address, "cortex-m7").machine.unmodelled_accesses.copy() == []


def test_stack_alignment_can_be_turned_off(board):
    source = "entry start\n put 0xE000ED14, STKALIGN\n sub sp, #4\n mov r4, sp\n svc #0\n done\n"
    source += "entry svc\n mov r5, sp\n sub r5, r4, r5\n bx lr\n .ltorg"
    assert m4(board, source.replace("STKALIGN", "0")).run().reg("r5") == 32
    assert m4(board, source.replace("STKALIGN", "0x200")).run().reg("r5") == 36
    assert board(source.replace("STKALIGN", "0")).run().reg("r5") == 36


def test_the_auxiliary_control_has_the_m4_s_bits(board):
    source = "entry start\n put 0xE000E008, 0xFFFFFFFF\n ldr r4, [r0]\n done\n .ltorg"
    assert m4(board, source).run().reg("r4") == 0x307


def test_eight_regions_protect_memory(board):
    source = """
entry start
 enable_faults
 region 7, 0x20010000, 0x06000009
 put 0xE000ED98, 8
 mpu_on 4
 ldr r6, =0x20010000
 ldr r4, [r6]
bad: str r4, [r6]
 done
entry mem
 logat CFSR
 logat 0xE000ED98
 ldr r5, [sp, #24]
 done
.ltorg
"""
    one = m4(board, source).run()
    assert one.log() == [0x82, 7]
    assert one.reg("r5") == one.symbols["bad"]


def test_both_processors_in_one_machine(board):
    source = "entry start\n enable_faults\n ldr r0, =0xE000ED00\n ldr r4, [r0]\n ldr r0, =0xE000ED90\n ldr r5, [r0]\n"
    source += " enable_fpu\n vmov.f64 d0, #2.0\n vcvt.s32.f64 s0, d0\n vmov r6, s0\n done\nentry start1\n b start\n"
    source += "entry usage\n movs r7, #1\n done\n .ltorg"
    one = board(source, cores=2, kinds=("cortex-m7", "cortex-m4")).run(20_000)
    assert one.regs("r4 r6 r7", 0) == [0x411FC272, 2, 0]
    assert one.regs("r4 r6 r7", 1) == [0x410FC241, 0, 1]
