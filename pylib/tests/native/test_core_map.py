"""The memory map: regions that share pages, and what each core sees."""

from program import Recorder

from wattbench.engines.embedded import native


def value_of(board, *spans):
    """Map devices at the spans, the last on top; returns a function from address to the device that answers."""
    one = board("entry start\n done")
    for number, (base, size) in enumerate(spans, 1):
        device = Recorder(one.machine)
        device.values = dict.fromkeys(range(0x10000), number)
        one.machine.map_target(base, size, device, native.EVERYONE)
    return lambda address: one.machine.bus_read(address, 1)[0]


def test_small_devices_share_a_page(board):
    at = value_of(board, (0x41000000, 0x100), (0x41000100, 0x100), (0x41000F00, 0x100))
    assert [at(a) for a in (0x41000000, 0x410000FF, 0x41000100, 0x41000F00, 0x41000FFF)] == [1, 1, 2, 3, 3]


def test_a_region_over_several_pages_hides_none_of_its_neighbours(board):
    at = value_of(board, (0x41000000, 0x100), (0x41002F00, 0x100), (0x41000800, 0x2000))
    assert [at(a) for a in (0x41000000, 0x41000800, 0x41001000, 0x410027FF, 0x41002F00)] == [1, 3, 3, 3, 2]


def test_the_region_mapped_last_is_on_top(board):
    at = value_of(board, (0x41000000, 0x1000), (0x41000400, 0x100))
    assert [at(a) for a in (0x410003FF, 0x41000400, 0x41000500)] == [1, 2, 1]


def test_a_region_can_belong_to_one_core(board):
    source = (
        "entry start\n done\nentry start1\n ldr r0, =0x41000000\n ldr r4, [r0]\n done\nentry hard\n"
        " movs r5, #1\n done\n .ltorg"
    )
    for mask, expected in ((1, [0, 1]), (2, [7, 0])):
        one = board(source, cores=2)
        device = Recorder(one.machine)
        device.values = {0: 7}
        one.machine.map_target(0x41000000, 0x1000, device, mask)
        one.run()
        assert one.regs("r4 r5", 1) == expected


def test_the_private_bus_has_room_for_blocks_of_the_chip(board):
    one = board(
        "entry start\n ldr r6, =0xE0080000\n ldr r4, [r6, #8]\n movs r0, #9\n strh r0, [r6, #0x10]\n"
        "bad: ldr r5, [r6, #0x20]\n done\n .ltorg"
    )
    device = Recorder(one.machine)
    device.values = {8: 0x1234}
    one.machine.map_target(0xE0080000, 0x20, device, native.EVERYONE)
    one.run()
    assert one.regs("r4 r5") == [0x1234, 0]
    assert [access[1:] for access in device.accesses] == [("r", 8, 4, 0), ("w", 0x10, 2, 9)]
    assert [(item.access, item.pc) for item in one.machine.unmodelled_accesses.copy()] == [
        ("read of 4 bytes at 0xE0080020", one.symbols["bad"])
    ]
