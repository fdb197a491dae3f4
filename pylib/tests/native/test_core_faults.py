"""Faults: what they report, what they leave untouched, where they escalate to (ARMv7-M B1.5.14, B3.2.15)."""

import pytest

from wattbench.core.errors import LockupError, UnmappedAccessError
from wattbench.engines.embedded import native

NOTHING = 0x50000000
PRECISE, FORCED = 0x8200, 1 << 30

# A fault handler that logs CFSR, BFAR, MMFAR, the stacked PC and the stacked xPSR.
REPORT = """
entry hard
entry mem
entry bus
entry usage
 mrs r0, ipsr
 log r0
 logat CFSR
 logat 0xE000ED38
 logat 0xE000ED34
 ldr r0, [sp, #24]
 log r0
 ldr r0, [sp, #28]
 log r0
 logat 0xE000ED2C
 done
.ltorg
"""


def fault(board, body, enable=True, **options):
    """Exception, CFSR, BFAR, MMFAR, PC, xPSR, HFSR of the fault that `body` runs into."""
    one = board(f"entry start\n {'enable_faults' if enable else ''}\n{body}\n done\n .ltorg\n{REPORT}", **options).run()
    log = one.log()
    assert len(log) == 7, (log, hex(one.reg("pc")))
    return one, log


@pytest.mark.parametrize(
    ("code", "address"),
    [
        ("ldr r4, [r6]", 0), ("ldr r4, [r6], #4", 0), ("ldr r4, [r6, #8]!", 8), ("ldrb r4, [r6, #3]", 3),
        ("ldrd r4, r5, [r6]", 0), ("ldm r6, {r4, r5}", 0), ("ldm r6!, {r4, r5}", 0), ("str r4, [r6], #4", 0),
        ("strd r4, r5, [r6, #8]!", 8), ("stm r6!, {r4, r5}", 0), ("stmdb r6!, {r4, r5}", -8),
        ("ldrex r4, [r6]", 0), ("vldr d0, [r6]", 0), ("vldr s0, [r6]", 0), ("vstr d0, [r6, #4]", 4),
        ("vldmia r6!, {d0-d3}", 0), ("vstmdb r6!, {s0-s3}", -16), ("tbb [r6, r7]", 0), ("ldrsh r4, [r6, #2]", 2),
    ],
)  # fmt: skip
def test_a_refused_access_leaves_no_trace(board, code, address):
    body = f"""
 enable_fpu
 ldr r6, ={NOTHING:#x}
 movs r7, #0
 ldr r4, =0x44444444
 ldr r5, =0x55555555
 vmov s0, r4
 vmov s1, r5
 nop
bad: {code}
 movs r4, #1
"""
    one, (exception, cfsr, bfar, _, pc, _, hfsr) = fault(board, body)
    assert (exception, cfsr, hfsr) == (5, PRECISE, 0)
    assert bfar == NOTHING + address
    assert pc == one.symbols["bad"]
    assert one.regs("r4 r5 r6 s0 s1") == [0x44444444, 0x55555555, NOTHING, 0x44444444, 0x55555555]


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("write", [False, True])
def test_bfar_is_exact_at_every_size(board, size, write):
    name = ("str" if write else "ldr") + {1: "b", 2: "h", 4: ""}[size]
    one, log = fault(board, f" ldr r6, ={NOTHING + 12 * size:#x}\nbad: {name} r4, [r6]")
    assert log[1:3] == [PRECISE, NOTHING + 12 * size]
    assert log[4] == one.symbols["bad"]


@pytest.mark.parametrize("code", ["ldreq r4, [r6]", "streq r4, [r6]", "strdeq r4, r4, [r6]", "ldmeq r6!, {r4, r5}"])
def test_a_fault_inside_an_it_block_stops_there_and_stacks_the_it_state(board, code):
    body = f"""
 ldr r6, ={NOTHING:#x}
 ldr r7, =0x20010000
 ldr r4, =0x44444444
 cmp r0, r0
 itttt eq
 moveq r8, #1
bad: {code}
 moveq r8, #2
 streq r6, [r7]
"""
    one, log = fault(board, body)
    assert log[0:2] == [5, PRECISE]
    assert log[4] == one.symbols["bad"]
    assert one.regs("r4 r6 r8") == [0x44444444, NOTHING, 1]
    assert one.word(0x20010000) == 0
    assert (log[5] >> 25 & 3 | log[5] >> 8 & 0xFC) == 0x02  # EQ, three instructions left


def test_an_it_block_goes_on_after_its_fault_was_repaired(board):
    source = f"""
entry start
 enable_faults
 ldr r6, ={NOTHING:#x}
 ldr r7, =0x20010000
 cmp r0, r0
 itete eq
 moveq r8, #1
 movne r8, #5
 ldreq r4, [r6]
 movne r8, #6
 nop
 done
entry bus
 ldr r0, =0x20010000
 str r0, [r0]
 mov r6, r0
 cmp r0, #1
 bx lr
.ltorg
"""
    one = board(source).run()
    assert one.regs("r4 r8") == [0x20010000, 1]


def test_a_false_condition_makes_no_access(board):
    one = board(
        f"entry start\n ldr r6, ={NOTHING:#x}\n cmp r6, #0\n itt eq\n ldreq r4, [r6]\n"
        " streq r4, [r6]\n movs r5, #1\n done\n .ltorg"
    ).run()
    assert one.reg("r5") == 1


def test_read_only_memory_refuses_writes_and_keeps_its_contents(board):
    one, log = fault(board, " ldr r6, =0x30000010\n ldr r4, [r6]\nbad: str r6, [r6]")
    assert log[0:3] == [5, PRECISE, 0x30000010]
    assert log[4] == one.symbols["bad"]
    assert one.word(0x30000010) == 0


def test_an_access_that_straddles_the_end_of_ram_faults(board):
    one, log = fault(board, " ldr r6, =0x2003FFFE\nbad: ldr r4, [r6]")
    assert log[0:2] == [5, PRECISE]
    assert log[2] in (0x2003FFFE, 0x20040000)
    assert log[4] == one.symbols["bad"]


@pytest.mark.parametrize("code", ["ldr r4, [r6, #1]", "ldrh r4, [r6, #1]", "str r4, [r6, #2]"])
def test_unaligned_device_accesses_are_usage_faults(board, code):
    one, log = fault(board, f" ldr r6, =0x40000000\nbad: {code}")
    assert log[0:2] == [6, 1 << 24]
    assert log[4] == one.symbols["bad"]
    assert one.device.accesses == []


def test_unaligned_ram_accesses_work_also_across_pages(board):
    source = """
entry start
 ldr r6, =0x200103FE
 ldr r4, =0x11223344
 str r4, [r6]
 ldr r5, [r6]
 ldrh r7, [r6, #1]
 done
.ltorg
"""
    one = board(source).run()
    assert one.regs("r5 r7") == [0x11223344, 0x2233]


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


@pytest.mark.parametrize(
    ("code", "cfsr"), [(f"ldr r6, ={NOTHING:#x}\nbad: ldr r4, [r6]", PRECISE), ("bad: .inst.n 0xDE00", 1 << 16)]
)
def test_disabled_faults_are_forced_hard_faults(board, code, cfsr):
    one, log = fault(board, " " + code, enable=False)
    assert (log[0], log[1], log[4], log[6]) == (3, cfsr, one.symbols["bad"], FORCED)


def test_a_fault_that_basepri_masks_is_a_forced_hard_fault(board):
    body = f" putb 0xE000ED19, 0x80\n movs r0, #0x80\n msr basepri, r0\n ldr r6, ={NOTHING:#x}\nbad: ldr r4, [r6]"
    _, log = fault(board, body)
    assert (log[0], log[6]) == (3, FORCED)


def test_status_bits_are_cleared_by_writing_ones_also_by_bytes(board):
    source = f"""
entry start
 enable_faults
 ldr r6, ={NOTHING:#x}
 ldr r4, [r6]
 .inst.n 0xDE00
 done
entry bus
 ldr r0, [sp, #24]
 add r0, #2
 str r0, [sp, #24]
 bx lr
entry usage
 logat CFSR
 ldr r0, =0xE000ED29
 ldrb r1, [r0]
 log r1
 movs r1, #2
 strb r1, [r0]
 logat CFSR
 put CFSR, 0x10000
 logat CFSR
 putb 0xE000ED29, 0x80
 logat CFSR
 done
.ltorg
"""
    assert board(source).run().log() == [0x18200, 0x82, 0x18000, 0x8000, 0]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (f"cpsid f\n ldr r6, ={NOTHING:#x}\n ldr r4, [r6]", "PRECISERR at 0x50000000 while in FAULTMASK"),
        (".inst.n 0xDE00", "UNDEFINSTR while in HardFault or NMI"),
        ("put 0xE000ED08, 0x10000000\n barrier\n svc #0", "vector table"),
    ],
)
def test_lockup_says_why(board, code, text):
    one = board(f"entry start\n {code}\n done\nentry hard\n .inst.n 0xDE01\n done\n .ltorg")
    with pytest.raises(LockupError, match=text):
        one.run()
    assert one.view().locked_up == 1
    with pytest.raises(LockupError):
        one.run(200_000)
    one.lib.wb_core_reset(one.handle, 0, 0)
    assert one.view().locked_up == 0


def test_no_usable_vectors_at_reset_lock_up(board):
    one = board("entry start\n done")
    one.poke(4, (0).to_bytes(4, "little"))
    one.lib.wb_core_reset(one.handle, 0, 0)
    with pytest.raises(LockupError, match="vector table"):
        one.run()


def test_an_svc_in_a_hard_fault_locks_up(board):
    with pytest.raises(LockupError):
        board("entry start\n .inst.n 0xDE00\nentry hard\n svc #0\n done").run()


def test_bkpt_without_a_debugger(board):
    one, log = fault(board, "bad: bkpt #1", enable=False)
    assert (log[0], log[4], log[6]) == (3, one.symbols["bad"], 1 << 31)
    source = (
        "entry start\n put 0xE000EDFC, 0x10000\nbad: bkpt #1\n done\nentry monitor\n"
        " logat 0xE000ED30\n ldr r4, [sp, #24]\n done\n .ltorg"
    )
    one = board(source).run()
    assert (one.log(), one.reg("r4")) == ([2], one.symbols["bad"])


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
    one.machine.map_memory(0x20040000, 0x1000, native.Memory(0x1000), False, 1)
    one.run()
    assert one.regs("r0 r1 r5") == [1, 2, 0x20040010]
    assert one.words(0x2003FFF0, 2) == [1, 2]


def test_bfhfnmign_ignores_data_bus_errors_at_negative_priority(board):
    source = f"""
entry start
 put 0xE000ED14, 0x300
 cpsid f
 ldr r6, ={NOTHING:#x}
 str r6, [r6]
 ldr r4, [r6]
 movs r5, #1
 done
.ltorg
"""
    assert board(source).run().reg("r5") == 1


def test_unprivileged_code_may_not_touch_the_ppb(board):
    body = " user 0x20004000\n ldr r6, =0xE000E100\nbad: {}"
    for code in ("ldr r4, [r6]", "str r4, [r6]", "ldrb r4, [r6, #0xC00]"):
        source = (
            f"entry start\n enable_faults\n{body.format(code)}\n done\nentry bus\n logat CFSR\n"
            " logat 0xE000ED38\n mrs r0, psp\n ldr r4, [r0, #24]\n done\n .ltorg"
        )
        one = board(source).run()
        assert one.log() == [PRECISE, 0xE000E100 + (0xC00 if "ldrb" in code else 0)]
        assert one.reg("r4") == one.symbols["bad"]


def test_unprivileged_code_may_use_stir_when_allowed(board):
    source = (
        "entry start\n enable_faults\n put 0xE000ED14, 0x202\n put ISER, 1\n user 0x20004000\n"
        " put 0xE000EF00, 0\n barrier\n done\nentry irq0\n movs r4, #1\n bx lr\n .ltorg"
    )
    assert board(source).run().reg("r4") == 1


def test_the_policy_report_reads_zero_and_counts(board):
    one = board(
        f"entry start\n ldr r6, ={NOTHING:#x}\n movs r4, #7\nbad: ldr r4, [r6]\n"
        "worse: strb r4, [r6, #1]\n movs r5, #1\n done\n .ltorg"
    )
    one.lib.wb_unmapped_policy(one.handle, native.UNMAPPED_REPORT)
    one.run()
    assert one.regs("r4 r5") == [0, 1]
    assert one.machine.unmodelled_accesses == {
        ("sysbus", "read of 4 bytes at 0x50000000", one.symbols["bad"]): 1,
        ("sysbus", "write of 1 bytes at 0x50000001", one.symbols["worse"]): 1,
    }


def test_the_policy_stop_ends_the_run(board):
    one = board(f"entry start\n ldr r6, ={NOTHING:#x}\nbad: ldr r4, [r6]\n done\n .ltorg")
    one.lib.wb_unmapped_policy(one.handle, native.UNMAPPED_STOP)
    with pytest.raises(UnmappedAccessError, match="read of 4 bytes at 0x50000000") as caught:
        one.run()
    assert caught.value.pc == one.symbols["bad"]
