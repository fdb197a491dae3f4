"""Interrupts and their registers: levels, edges, pending, priorities, vectors, reset (ARMv7-M B3.2, B3.4)."""

import pytest


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
