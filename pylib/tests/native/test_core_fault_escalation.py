"""Where faults go that cannot be taken: hard fault, lockup, or nowhere (ARMv7-M B1.5.14, B1.5.15)."""

import pytest
from fault_report import FORCED, NOTHING, PRECISE, fault

from wattbench.core.errors import LockupError


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
