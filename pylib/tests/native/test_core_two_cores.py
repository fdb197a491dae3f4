"""Two cores on one machine: what each sees, what they share, and in which order devices see their accesses."""

from itertools import pairwise

import pytest
from program import Recorder

from wattbench.core.host import BusError
from wattbench.engines.embedded import native

ONE, OTHER, SYSTEM = 1, 2, 1 << native.SYSTEM_VIEW
SHARED, ALIAS = 0x20200000, 0x1FFE0000
DEVICE2 = 0x41000000


def two(board, source, **options):
    return board(source, cores=2, mips=1000, kinds=("cortex-m7", "cortex-m4"), **options)


def shared_memory(one, *places):
    """One memory at several places: (address, views)."""
    memory = native.Memory(0x2000)
    for base, views in places:
        one.machine.map_memory(base, 0x2000, memory, False, views)
    return memory


# ---- what each sees


def test_a_place_of_one_core_hides_what_everyone_sees(board):
    source = "entry start\n ldr r0, =0x41000000\n ldr r4, [r0]\n ldr r5, [r0, #4]\n done\n"
    source += "entry start1\n b start\n .ltorg"
    for first in ("everyone", "other"):
        one = two(board, source)
        everyone, other = Recorder(one.machine), Recorder(one.machine)
        everyone.values, other.values = {0: 1, 4: 2}, {0: 3, 4: 4}
        places = [(everyone, 0x1000, native.EVERYONE), (other, 4, OTHER)]
        for device, size, views in places if first == "everyone" else reversed(places):
            one.machine.map_target(DEVICE2, size, device, views)
        one.run()
        assert one.regs("r4 r5", 0) == [1, 2]
        assert one.regs("r4 r5", 1) == [3, 2]
        assert one.machine.bus_read(DEVICE2, 4)[0] == 1


def test_the_same_address_is_other_memory_for_the_other_core(board):
    source = "entry start\n ldr r0, =0x20200000\n ldr r4, [r0]\n str r4, [r0, #4]\n ldr r1, =0x20200101\n blx r1\n"
    source += " done\nentry start1\n b start\n .ltorg"
    one = two(board, source)
    mine, its = native.Memory(0x1000), native.Memory(0x1000)
    one.machine.map_memory(SHARED, 0x1000, mine, False, native.EVERYONE)
    one.machine.map_memory(SHARED, 0x1000, its, False, OTHER)
    for memory, value in ((mine, 1), (its, 2)):
        memory.bytes[0] = value
        memory.bytes[0x100:0x104] = (0x4770_2500 + value).to_bytes(4, "little")  # movs r5, #value; bx lr
    one.run()
    assert [one.regs("r4 r5", core) for core in (0, 1)] == [[1, 1], [2, 2]]
    assert (mine.bytes[4], its.bytes[4]) == (1, 2)
    assert one.machine.bus_read(SHARED, 4)[0] == 1


def test_nothing_can_be_there_for_one(board):
    source = "entry start\n ldr r0, =0x40000000\n ldr r4, [r0]\n movs r4, #1\n done\nentry start1\n b start\n"
    source += "entry hard\n movs r5, #1\n done\n .ltorg"
    one = two(board, source)
    one.machine.map_nothing(0x40000000, 0x1000, OTHER)
    one.run()
    assert [one.regs("r4 r5", core) for core in (0, 1)] == [[1, 0], [0, 1]]


def test_bus_masters_do_not_see_what_is_a_core_s_own(board):
    one = two(board, "entry start\n done\nentry start1\n done")
    for address, views in ((0x50000000, ONE), (0x50001000, OTHER), (0x50002000, SYSTEM)):
        one.machine.map_memory(address, 0x1000, native.Memory(0x1000), False, views)
    assert one.machine.bus_read(0x50002000, 4) == bytes(4)
    for address in (0x50000000, 0x50001000):
        with pytest.raises(BusError):
            one.machine.bus_read(address, 4)
        with pytest.raises(BusError):
            one.machine.bus_write(address, bytes(4))


def test_a_memory_has_two_places_at_the_most(board):
    one = two(board, "entry start\n done\nentry start1\n done")
    memory = shared_memory(one, (0x50000000, ONE), (0x50010000, OTHER))
    with pytest.raises(ValueError, match="two other places"):
        one.machine.map_memory(0x50020000, 0x2000, memory, False, ONE)


# ---- translated code

PLACE = 0x400
"""Where the code lies, apart from the program in Unicorn's TLB, which a page 64 KiB away would drop from there."""

RUN_AGAIN = """
entry start
 ldr r6, =0x20010000
 ldr r7, =SHARED + PLACE
1: ldr r0, [r6]
 cmp r0, #1
 bne 1b
 ldr r0, =0x47702402
 str r0, [r7]
 dsb
 movs r0, #2
 str r0, [r6]
 done
entry start1
 ldr r6, =0x20010000
 ldr r7, =WHERE + PLACE + 1
 blx r7
 mov r5, r4
 movs r0, #1
 str r0, [r6]
1: ldr r0, [r6]
 cmp r0, #2
 bne 1b
 isb
 blx r7
 done
.ltorg
"""


@pytest.mark.parametrize("where", [SHARED, ALIAS])
@pytest.mark.parametrize("touched", [False, True])
def test_a_core_s_stores_change_the_code_of_the_other(board, where, touched):
    source = RUN_AGAIN.replace("SHARED", hex(SHARED)).replace("PLACE", hex(PLACE)).replace("WHERE", hex(where))
    if touched:  # the storing core has written there before the other one translated
        source = source.replace("1: ldr r0, [r6]\n cmp r0, #1", " str r7, [r7, #0x40]\n1: ldr r0, [r6]\n cmp r0, #1", 1)
    one = two(board, source)
    memory = shared_memory(one, (SHARED, native.EVERYONE), (ALIAS, OTHER))
    memory.bytes[PLACE : PLACE + 4] = (0x47702401).to_bytes(4, "little")  # movs r4, #1; bx lr
    one.run(1_000_000)
    assert one.regs("r5 r4", 1) == [1, 2]


OWN_ALIAS = """
entry start
 done
entry start1
 ldr r6, =SHARED + PLACE
 ldr r7, =ALIAS + PLACE + 1
 str r6, [r6, #0x40]
 blx r7
 mov r5, r4
 ldr r0, =0x47702402
 str r0, [r6]
 barrier
 blx r7
 done
.ltorg
"""


def test_a_core_s_stores_change_its_own_code_at_another_address(board):
    alias = ALIAS + 0x1000
    one = two(board, OWN_ALIAS.replace("SHARED", hex(SHARED)).replace("PLACE", hex(PLACE)).replace("ALIAS", hex(alias)))
    memory = shared_memory(one, (SHARED, native.EVERYONE), (alias, OTHER))
    memory.bytes[PLACE : PLACE + 4] = (0x47702401).to_bytes(4, "little")
    one.run(100_000)
    assert one.regs("r5 r4", 1) == [1, 2]


@pytest.mark.parametrize("by", ["bus", "debugger", "restore"])
def test_stores_from_outside_change_the_code_at_the_other_address(board, by):
    source = "entry start\n done\nentry start1\n ldr r7, =ALIAS + 1\n1: blx r7\n cmp r4, #2\n bne 1b\n done\n .ltorg"
    one = two(board, source.replace("ALIAS", hex(ALIAS)))
    memory = shared_memory(one, (SHARED, native.EVERYONE), (ALIAS, OTHER))
    new = (0x47702402).to_bytes(4, "little")
    memory.bytes[:4] = new
    saved = one.machine.save()
    memory.bytes[:4] = (0x47702401).to_bytes(4, "little")
    one.run(10_000)
    assert one.reg("r4", 1) == 1
    if by == "bus":
        one.machine.bus_write(SHARED, new)
    elif by == "debugger":
        one.poke(SHARED, new)
    else:
        one.machine.restore(saved)
    one.run(20_000)
    assert one.reg("r4", 1) == 2


def test_a_snapshot_holds_a_shared_memory_once(board):
    one = two(board, "entry start\n done\nentry start1\n done")
    before = len(one.machine.save()["memories"])
    memory = shared_memory(one, (SHARED, native.EVERYONE), (ALIAS, OTHER))
    memory.bytes[5] = 9
    saved = one.machine.save()
    assert len(saved["memories"]) == before + 1
    memory.bytes[5] = 1
    one.machine.restore(saved)
    assert memory.bytes[5] == 9


# ---- devices

BOTH_WRITE = """
entry start
 ldr r6, =0x40000000
 movs r4, #40
1: str r4, [r6]
 .rept 7
 nop
 .endr
 subs r4, #1
 bne 1b
 done
entry start1
 ldr r6, =0x40000000
 movs r4, #40
1: str r4, [r6, #4]
 .rept 12
 nop
 .endr
 it ne
 strne r4, [r6, #8]
 subs r4, #1
 bne 1b
 done
.ltorg
"""


def test_a_device_sees_the_accesses_of_both_in_the_order_of_time(board):
    one = two(board, BOTH_WRITE)
    cores = []
    one.device.on_write = lambda offset: cores.append(one.machine.accessing_core())
    one.run(20_000)
    times = [access[0] for access in one.device.accesses]
    assert times == sorted(times)
    assert len(times) == 40 + 2 * 40
    assert cores == [int(access[2] > 0) for access in one.device.accesses]
    assert sum(one != other for one, other in pairwise(cores)) > 40
    for offset in (0, 4, 8):
        assert [access[4] for access in one.device.accesses if access[2] == offset] == [*range(40, 0, -1)]


def test_waiting_for_the_other_core_changes_no_core_s_own_time(board):
    alone = two(board, BOTH_WRITE)
    alone.lib.wb_core_hold(alone.handle, 1, 1)
    alone.run(20_000)
    mine = [access for access in alone.device.accesses if access[2] == 0]
    one = two(board, BOTH_WRITE).run(20_000)
    assert [access for access in one.device.accesses if access[2] == 0] == mine


def test_who_accesses_is_known(board):
    one = two(board, BOTH_WRITE)
    assert one.machine.accessing_core() is None
    seen = []
    one.device.on_read = lambda offset: seen.append(one.machine.accessing_core())
    one.device.on_write = lambda offset: one.machine.bus_read(0x40000010, 4)
    one.at(100, lambda: one.machine.bus_read(0x40000010, 4))
    one.run(1000)
    assert set(seen) == {None}
    assert one.machine.accessing_core() is None


POLL = """
entry start
 ldr r6, =0x40000000
1: ldr r4, [r6]
 cmp r4, #0
 beq 1b
 str r4, [r6, #4]
 done
entry start1
 ldr r6, =0x40000000
 movw r4, #20700
1: subs r4, #1
 bne 1b
 str r6, [r6]
 done
.ltorg
"""


@pytest.mark.parametrize("recognised", [0, 1])
def test_a_core_that_polls_a_device_sees_at_once_what_the_other_does(board, recognised):
    """Also where polling loops are passed over: nothing is passed over that the other core may change."""
    one = two(board, POLL)
    for core in range(2):
        one.lib.wb_core_recognise_loops(one.handle, core, recognised)
    region = next(number for number, target in one.machine._targets.items() if target is one.device)
    one.lib.wb_host_timeless(one.handle, region, b"\1", 1)
    one.device.on_write = lambda offset: one.device.values.update({0: 1})
    one.run(100_000)
    (set_ns, *_), (seen_ns, *_) = (access for access in one.device.accesses if access[1] == "w")
    assert set_ns > 41_000
    assert set_ns < seen_ns < set_ns + 10


# ---- interrupts


def test_one_line_interrupts_both_cores_with_different_numbers(board):
    source = "entry start\n put ISER, 0xFF\n1: b 1b\nentry start1\n b start\nentry irq1\n add r4, #1\n bx lr\n"
    source += "entry irq3\n add r5, #1\n bx lr\n .ltorg"
    one = two(board, source)
    line = one.lib.wb_line_new(one.handle)
    one.lib.wb_line_to_irq(one.handle, line, 0, 1)
    one.lib.wb_line_to_irq(one.handle, line, 1, 3)
    one.at(2000, lambda: (one.lib.wb_line_drive(one.handle, line, 1), one.lib.wb_line_drive(one.handle, line, 0)))
    one.run(5000)
    assert [one.regs("r4 r5", core) for core in (0, 1)] == [[1, 0], [0, 1]]


def test_an_interrupt_input_keeps_its_level_over_the_reset_of_its_core(board):
    source = "entry start\n1: b 1b\nentry start1\n put ISER, 1\n1: b 1b\nentry irq0\n add r4, #1\n cmp r4, #3\n"
    source += " beq stuck\n bx lr\n .ltorg"
    one = two(board, source)
    one.lib.wb_core_hold(one.handle, 1, 1)
    one.irq(0, 1, core=1)
    one.run(1000)
    one.lib.wb_core_reset(one.handle, 1, 0)
    one.lib.wb_core_jump(one.handle, 1, one.symbols["start1"])
    one.lib.wb_core_hold(one.handle, 1, 0)
    one.run(5000)
    assert one.reg("r4", 1) == 3


# ---- reset


def test_a_core_can_reset_itself_through_a_device(board):
    source = "entry start\n ldr r6, =0x40000000\n ldr r5, [r6]\n movs r4, #1\n str r4, [r6]\n movs r4, #2\n"
    source += " str r4, [r6, #4]\n done\nentry start1\n done\n .ltorg"
    one = two(board, source)
    resets = []

    def reset(offset):
        if offset == 0 and not resets:
            resets.append(one.machine.now_ns())
            one.device.values[0] = 7
            one.lib.wb_core_reset(one.handle, 0, 0)

    one.device.on_write = reset
    one.run(10_000)
    assert [access[1:3] for access in one.device.accesses] == [("r", 0), ("w", 0), ("r", 0), ("w", 0), ("w", 4)]
    assert one.regs("r4 r5", 0) == [2, 7]
    assert one.device.accesses[2][0] > resets[0]


def test_a_core_can_hold_the_other_and_let_it_go(board):
    source = "entry start\n ldr r6, =0x40000000\n str r6, [r6]\n.rept 200\n nop\n.endr\n str r6, [r6, #4]\n done\n"
    source += "entry start1\n1: add r4, #1\n b 1b\n .ltorg"
    one = two(board, source)
    counts = []

    def hold(offset):
        counts.append(one.reg("r4", 1))
        one.lib.wb_core_hold(one.handle, 1, int(offset == 0))

    one.device.on_write = hold
    one.run(10_000)
    assert counts[0] == counts[1]
    assert one.reg("r4", 1) > counts[1] + 4000


# ---- exclusive accesses and events

COUNT_TOGETHER = """
entry start
 ldr r6, =0x20010000
 movw r4, #2000
1: ldrex r0, [r6]
 b 2f
2: add r0, #1
 strex r1, r0, [r6]
 add r7, r1
 cmp r1, #0
 bne 1b
 subs r4, #1
 bne 1b
 done
entry start1
 b start
.ltorg
"""


def test_exclusive_accesses_of_both_cores_lose_no_count(board):
    one = two(board, COUNT_TOGETHER).run(2_000_000)
    assert one.word(0x20010000) == 4000
    assert one.reg("r7", 0) + one.reg("r7", 1) > 0


def test_sev_wakes_the_other_core(board):
    source = "entry start\n movs r4, #100\n1: subs r4, #1\n bne 1b\n sev\n done\n"
    source += "entry start1\n wfe\n ldr r6, =0x40000000\n str r6, [r6]\n done\n .ltorg"
    one = two(board, source)
    one.run(100)
    assert one.view(1).asleep
    one.run(10_000)
    assert [access[0] // 10 for access in one.device.accesses] == [20]


# ---- messages


def test_messages_name_the_core(board):
    one = two(board, "entry start\n1: b 1b\nentry start1\nbad: .inst.n 0xDE00\nentry hard\n .inst.n 0xDE00\n .ltorg")
    with pytest.raises(Exception, match=r"the core `core1` locked up: UNDEFINSTR while in HardFault"):
        one.run(1000)


def test_equal_runs_are_equal(board):
    assert len({two(board, BOTH_WRITE).run(3_000).digest() for _ in range(3)}) == 1
    assert len({two(board, COUNT_TOGETHER).run(30_000).digest() for _ in range(3)}) == 1
