"""Memory that cannot be read for a while, as a flash that erases: what a core may still do with it."""

from __future__ import annotations

import pytest
from program import ROM

from wattbench.core.errors import UnmappedAccessError
from wattbench.core.host import BusError
from wattbench.engines.embedded import native

FAR = ROM + 0x800
RETURN_IN_R4 = {1: b"\x01\x24\x70\x47", 2: b"\x02\x24\x70\x47", 3: b"\x03\x24\x70\x47"}
"""movs r4, #n; bx lr"""
CALL_NEAR_CLOSE_AND_CALL = """
entry start
 ldr r6, =0x30000001
 blx r6
 ldr r0, =0x40000000
 str r0, [r0]
 mov r5, r4
 ldr r6, ={target}
 blx r6
 str r0, [r0, #4]
 done
entry bus
 ldr r7, =0xE000ED28
 ldr r7, [r7]
 done
 .ltorg
"""


@pytest.fixture
def closing(board):
    """A board whose program calls ROM code, closes the ROM by a device write, and goes on at `target`."""

    def make(target, policy=native.UNMAPPED_STOP, source=CALL_NEAR_CLOSE_AND_CALL):
        one = board(source.format(target=target))
        one.lib.wb_unmapped_policy(one.handle, policy)
        for at, number in ((ROM, 1), (ROM + 0x200, 2), (FAR, 3)):
            one.poke(at, RETURN_IN_R4[number])
        one.device.on_write = lambda offset: one.machine.close_memory(ROM, "" if offset else "the flash erases")
        return one

    return make


def test_code_that_ran_before_runs_on_from_the_caches(closing):
    one = closing("0x30000001").run()
    assert one.regs("r4 r5") == [1, 1]
    assert one.machine.unmodelled_accesses.copy() == []


def test_code_close_behind_what_ran_is_in_the_prefetch(closing):
    assert closing("0x30000201").run().reg("r4") == 2


def test_code_that_never_ran_stops_the_run_with_the_reason(closing):
    one = closing(hex(FAR + 1))
    with pytest.raises(UnmappedAccessError, match="fetch of 2 bytes at 0x30000800, where the flash erases") as caught:
        one.run()
    assert caught.value.pc == FAR
    assert one.reg("r4") == 1


def test_code_that_never_ran_is_a_bus_fault_where_nothing_is_one(closing):
    one = closing(
        hex(FAR + 1), native.UNMAPPED_FAULT, "entry start\n put 0xE000ED24, 0x70000\n" + CALL_NEAR_CLOSE_AND_CALL[13:]
    )
    one.run()
    assert one.regs("r4 r7") == [1, 1 << 8]


def test_code_that_never_ran_runs_where_accesses_are_only_reported(closing):
    one = closing(hex(FAR + 1), native.UNMAPPED_REPORT).run()
    assert one.reg("r4") == 3
    assert [item.access for item in one.machine.unmodelled_accesses.copy()] == ["fetch of 2 bytes at 0x30000800"]


def test_open_again_everything_runs_again(closing):
    one = closing(
        "0x30000001",
        source=CALL_NEAR_CLOSE_AND_CALL.replace(" done\nentry bus", f" ldr r6, ={FAR + 1}\n blx r6\n done\nentry bus"),
    )
    assert one.run().reg("r4") == 3


def test_data_is_answered_and_counted(board):
    one = board("entry start\n ldr r0, =0x40000000\n str r0, [r0]\n ldr r1, =0x30000010\n ldr r4, [r1]\n done\n .ltorg")
    one.poke(ROM + 0x10, b"\x2a\0\0\0")
    one.device.on_write = lambda offset: one.machine.close_memory(ROM, "the flash erases")
    one.run()
    assert one.reg("r4") == 42
    assert [item.access for item in one.machine.unmodelled_accesses.copy()] == ["read of a memory that cannot be read"]


def test_bus_masters_get_an_error_and_the_debugger_does_not(board):
    one = board("entry start\n done")
    one.poke(ROM, b"\x2a\0\0\0")
    one.machine.close_memory(ROM, "the flash erases")
    with pytest.raises(BusError):
        one.machine.bus_read(ROM, 4)
    assert one.word(ROM) == 42
    one.machine.close_memory(ROM, "")
    assert one.machine.bus_read(ROM, 4)[0] == 42
