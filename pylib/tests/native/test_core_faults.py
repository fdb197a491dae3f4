"""Refused data accesses: what they report and what they leave untouched (ARMv7-M B1.5.14, B3.2.15)."""

import pytest
from fault_report import NOTHING, PRECISE, fault

from wattbench.core.errors import UnmappedAccessError
from wattbench.engines.embedded import native


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
    assert [(item.source, item.access, item.pc, item.count) for item in one.machine.unmodelled_accesses.copy()] == [
        ("sysbus", "read of 4 bytes at 0x50000000", one.symbols["bad"], 1),
        ("sysbus", "write of 1 bytes at 0x50000001", one.symbols["worse"], 1),
    ]


def test_the_policy_stop_ends_the_run(board):
    one = board(f"entry start\n ldr r6, ={NOTHING:#x}\nbad: ldr r4, [r6]\n done\n .ltorg")
    one.lib.wb_unmapped_policy(one.handle, native.UNMAPPED_STOP)
    with pytest.raises(UnmappedAccessError, match="read of 4 bytes at 0x50000000") as caught:
        one.run()
    assert caught.value.pc == one.symbols["bad"]
