"""WFI, WFE, SEV, sleep on exit."""

import pytest

from wattbench.core.errors import LimitError


def test_wfi_sleeps_until_an_interrupt_and_time_jumps(board):
    one = board("entry start\n put ISER, 1\n wfi\n mov r5, r4\n1: b 1b\nentry irq0\n add r4, #1\n bx lr\n .ltorg")
    one.at(700_000, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(700_000 - 1)
    assert (one.view().asleep, one.reg("r4")) == (1, 0)
    one.run(701_000)
    assert (one.view().asleep, one.reg("r5")) == (0, 1)
    assert one.view().icount < 4 + 2 + 500 + 10


def test_wfi_wakes_for_a_masked_interrupt_without_taking_it(board):
    one = board(
        "entry start\n put ISER, 1\n cpsid i\n wfi\n movs r5, #1\n done\nentry irq0\n add r4, #1\n bx lr\n .ltorg"
    )
    one.at(1000, lambda: one.irq(0, 1))
    one.run(2000)
    assert one.regs("r4 r5") == [0, 1]


def test_wfi_with_a_pending_interrupt_does_not_sleep(board):
    one = board("entry start\n cpsid i\n put ISER, 1\n put ISPR, 1\n wfi\n movs r5, #1\n1: b 1b\n .ltorg").run(2000)
    assert one.reg("r5") == 1


def test_a_disabled_interrupt_does_not_wake(board):
    one = board("entry start\n wfi\n movs r5, #1\n wfi\n .ltorg")
    one.at(1000, lambda: one.irq(0, 1))
    one.run(5000)
    assert (one.reg("r5"), one.view().asleep) == (0, 1)


def test_wfe_sleeps_only_without_an_event(board):
    source = "entry start\n sev\n wfe\n movs r4, #1\n wfe\n movs r4, #2\n wfi\n .ltorg"
    one = board(source).run(5000)
    assert (one.reg("r4"), one.view().asleep) == (1, 1)


def test_the_wide_encodings_of_the_hints_work(board):
    source = "entry start\n sev.w\n wfe.w\n movs r4, #1\n yield.w\n yield\n movs r4, #2\n wfi.w\n movs r4, #3\n .ltorg"
    one = board(source).run(5000)
    assert (one.reg("r4"), one.view().asleep) == (2, 1)


def test_an_undefined_instruction_after_wfe_is_not_taken_for_wfe(board):
    source = "entry start\n sev\n wfe\nbad: .inst.n 0xDE00\n b stuck\nentry hard\n ldr r4, [sp, #24]\n done\n .ltorg"
    one = board(source).run(5000)
    assert one.reg("r4") == one.symbols["bad"]


def test_exceptions_set_the_event_register(board):
    source = "entry start\n svc #0\n wfe\n movs r4, #1\n wfi\nentry svc\n bx lr\n .ltorg"
    assert board(source).run(5000).reg("r4") == 1


def test_exception_entry_alone_sets_the_event_register_too(board):
    source = "entry start\n svc #0\n done\nentry svc\n wfe\n movs r4, #1\n done"
    assert board(source).run(5000).reg("r4") == 1


def test_sevonpend_makes_a_disabled_interrupt_an_event(board):
    source = "entry start\n put 0xE000ED10, 16\n wfe\n movs r4, #1\n wfi\n .ltorg"
    one = board(source)
    one.at(1000, lambda: one.irq(0, 1))
    one.run(999)
    assert one.view().asleep == 1
    one.run(5000)
    assert one.reg("r4") == 1


def test_sleep_on_exit(board):
    source = """
entry start
 put ISER, 1
 put 0xE000ED10, 2
 wfi
 movs r5, #1
 wfi
entry irq0
 add r4, #1
 cmp r4, #3
 bne 1f
 put 0xE000ED10, 0
1: bx lr
.ltorg
"""
    one = board(source)
    for i in range(1, 4):
        one.at(1000 * i, lambda: (one.irq(0, 1), one.irq(0, 0)))
    one.run(2500)
    assert (one.regs("r4 r5"), one.view().asleep) == ([2, 0], 1)
    one.run(9000)
    assert one.regs("r4 r5") == [3, 1]


def test_the_awake_limit_ends_a_run_that_never_sleeps(board):
    one = board("entry start\n1: b 1b\n .ltorg")
    one.lib.wb_core_awake_limit(one.handle, 0, 50_000)
    with pytest.raises(LimitError):
        one.run(1_000_000)
    assert 50_000 <= one.machine.now_ns() < 50_100
