"""Memory that ends earlier than it was mapped, as banks that belong to another memory now."""

from __future__ import annotations

import pytest
from program import CODE, RAM

from wattbench.core.errors import UnmappedAccessError
from wattbench.core.host import BusError
from wattbench.engines.embedded import native

STORE_AND_LOAD = """
entry start
 ldr r0, =0x20008000
 mov r1, #42
 str r1, [r0, #-4]
 str r1, [r0]
 ldr r2, =0x40000000
 str r1, [r2]
 b 1f
1: ldr r4, [r0, #-4]
 ldr r5, [r0]
 done
 .ltorg
"""


def test_behind_the_limit_nothing_answers(board):
    one = board(STORE_AND_LOAD)
    one.lib.wb_unmapped_policy(one.handle, native.UNMAPPED_STOP)
    one.device.on_write = lambda offset: one.machine.limit_memory(RAM, 0x8000)
    with pytest.raises(UnmappedAccessError, match="read of 4 bytes at 0x20008000, where the platform has nothing"):
        one.run()
    assert one.reg("r4") == 42
    with pytest.raises(BusError):
        one.machine.bus_read(RAM + 0x8000, 4)


def test_a_limit_that_is_taken_back_shows_the_old_contents(board):
    one = board(STORE_AND_LOAD)
    one.machine.limit_memory(RAM, 0x9000)
    one.device.on_write = lambda offset: (one.machine.limit_memory(RAM, 0), one.machine.limit_memory(RAM, 1 << 30))
    assert one.run().regs("r4 r5") == [42, 42]


def test_code_behind_the_limit_is_not_there(board):
    one = board("entry start\n ldr r2, =0x40000000\n str r1, [r2]\n nop\n1: b 1b\n .ltorg")
    one.device.on_write = lambda offset: one.machine.limit_memory(CODE, 0)
    with pytest.raises(Exception, match="locked up"):
        one.run()
