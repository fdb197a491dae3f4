"""Parts on an I2C bus: register file, temperature sensor, EEPROM."""

from __future__ import annotations

import pytest
from plain_state import state_of

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.core.wires import I2cPort
from wattbench.hw.imxrt.lpi2c import Lpi2c
from wattbench.hw.parts.eeprom_24lc import TYPES, Eeprom24Lc
from wattbench.hw.parts.i2c_registers import I2cAccess, I2cRegisterFile
from wattbench.hw.parts.pct2075 import CONF, TEMP, THYST, TIDLE, TOS, Pct2075

MS = 1_000_000


class Bus(I2cPort):
    """A bus with whole transfers."""

    def __init__(self, *parts):
        super().__init__()
        self.devices += parts

    def put(self, address, *values):
        """Acknowledges of the address and each byte."""
        answers = [self.start(address << 1)]
        answers += [super(Bus, self).write(value) for value in values] if answers[0] else []
        self.stop()
        return answers

    def get(self, address, pointer, count):
        assert all([self.start(address << 1)] + [self.write(value) for value in pointer])
        assert self.start(address << 1 | 1)
        values = bytes(self.read(place < count - 1) for place in range(count))
        self.stop()
        return values


def register_file(**attributes):
    part = I2cRegisterFile(FakeHost(), "part", **attributes)
    part.reset()
    return part, Bus(part)


def test_register_file_reads_and_writes_from_the_pointer_on():
    part, bus = register_file(address=0x20, contents="00 11 22")
    part.host.time_ns = 5
    assert bus.put(0x20, 0xFF, 7, 8) == [True] * 4
    assert (part.registers[0xFF], part.registers[0], part.registers[1]) == (7, 8, 0x11)
    assert bus.get(0x20, [1], 2) == b"\x11\x22"
    assert part.accesses == [
        I2cAccess(5, True, 0xFF, 7),
        I2cAccess(5, True, 0, 8),
        I2cAccess(5, False, 1, 0x11),
        I2cAccess(5, False, 2, 0x22),
    ]
    assert bus.put(0x21, 1) == [False]


def test_register_file_without_increment_and_with_other_pointers():
    _, bus = register_file(auto_increment=False, contents="33 44")
    assert bus.get(0x48, [1], 3) == b"\x44\x44\x44"
    part, bus = register_file(size=0x1000, pointer_bytes=2)
    bus.put(0x48, 0x01, 0x23, 0x55)
    assert part.registers[0x123] == 0x55
    assert bus.get(0x48, [0x01, 0x23], 1) == b"\x55"
    part, bus = register_file(size=1, pointer_bytes=0)
    bus.put(0x48, 0x66)
    assert (part.registers[0], bus.get(0x48, [], 2)) == (0x66, b"\x66\x66")


def test_register_file_refuses_what_it_is_told_to():
    part, bus = register_file()
    part.refuse_addresses = 2
    assert [bus.put(0x48, 0) for _ in range(3)] == [[False], [False], [True, True]]
    part.refuse_data = 2
    assert bus.put(0x48, 0x10, 1, 2) == [True, True, True, False]
    assert (part.registers[0x10], part.registers[0x11]) == (1, 0)


def test_register_file_loses_its_registers_with_the_supply_only():
    part, bus = register_file(contents="01")
    bus.put(0x48, 0, 9)
    part.reset()
    assert part.registers[0] == 9
    part.power_off()
    assert part.registers[0] == 1


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"address": 0x90}, "7 bits"),
        ({"size": 257}, "choose 0, 1 or 2"),
        ({"pointer_bytes": 3}, "choose 0, 1 or 2"),
        ({"contents": "xy"}, "hexadecimal"),
        ({"size": 2, "contents": "010203"}, "raise size"),
    ],
)
def test_register_file_names_bad_attributes(attributes, words):
    with pytest.raises(UsageError, match=words):
        register_file(**attributes)


def test_several_parts_meet_as_wired_and():
    first, second = (I2cRegisterFile(FakeHost(), "part", contents=text) for text in ("F0", "3C"))
    bus = Bus(first, second)
    assert bus.get(0x48, [0], 1) == b"\x30"
    first.refuse_addresses = 1
    assert bus.put(0x48, 0, 0x55) == [True, True, True]
    assert (first.registers[0], second.registers[0]) == (0xF0, 0x55)


def test_a_part_takes_the_address_at_which_it_is_placed():
    host = FakeHost()
    controller, part = Lpi2c(host, "lpi2c1"), I2cRegisterFile(host, "part")
    controller.attach(part, 0x29)
    assert controller.port.start(0x29 << 1)
    assert not controller.port.start(0x48 << 1)


def sensor(**attributes):
    part = Pct2075(FakeHost(), "sensor", **attributes)
    part.reset()
    return part, Bus(part)


@pytest.mark.parametrize(
    ("celsius", "raw"),
    [(25.0, 0x1900), (0.13, 0x0020), (-0.01, 0xFFE0), (-55.0, 0xC900), (127.5, 0x7D00), (-100.0, 0xC900)],
)
def test_sensor_converts_to_eighths_of_a_degree(celsius, raw):
    part, bus = sensor()
    part.temperature_c = celsius
    part.host.run_for(28 * MS - 1)
    assert bus.get(0x48, [TEMP], 2) == b"\0\0"
    part.host.run_for(1)
    assert bus.get(0x48, [TEMP], 3) == raw.to_bytes(2, "big") + bytes([raw >> 8])


def test_sensor_registers_keep_their_bits():
    part, bus = sensor()
    assert [bus.get(0x48, [number], 2) for number in (CONF, THYST, TOS, TIDLE, 7)] == [
        b"\0\0", b"\x4b\0", b"\x50\0", b"\0\0", b"\xff\xff",
    ]  # fmt: skip
    for number in (CONF, THYST, TOS, TIDLE, TEMP):
        bus.put(0x48, number, 0xFF, 0xFF)
    assert [bus.get(0x48, [number], 2) for number in (CONF, THYST, TOS, TIDLE, TEMP)] == [
        b"\x1f\x1f", b"\xff\x80", b"\xff\x80", b"\x1f\x1f", b"\0\0",
    ]  # fmt: skip
    part.power_off()
    assert bus.get(0x48, [TOS], 2) == b"\x50\0"


def test_sensor_period_and_shutdown():
    part, bus = sensor()
    bus.put(0x48, TIDLE, 3)
    part.host.run_for(28 * MS)
    part.temperature_c = 30
    part.host.run_for(300 * MS - 1)
    assert bus.get(0x48, [TEMP], 2) == b"\x19\0"
    part.host.run_for(1)
    assert bus.get(0x48, [TEMP], 2) == b"\x1e\0"
    bus.put(0x48, CONF, 1)
    part.temperature_c = 40
    part.host.run_for(1000 * MS)
    assert bus.get(0x48, [TEMP], 2) == b"\x1e\0"
    bus.put(0x48, CONF, 0)
    part.host.run_for(28 * MS)
    assert bus.get(0x48, [TEMP], 2) == b"\x28\0"


def levels(part, temperatures):
    """The OS pin after a conversion at each of `temperatures`."""
    seen = []
    for celsius in temperatures:
        part.temperature_c = celsius
        part.host.run_for(100 * MS)
        seen.append(part.outputs["OS"].level)
    return seen


def test_sensor_output_as_comparator():
    part, _ = sensor()
    assert levels(part, [80.0, 80.125, 75.0, 74.875, 79]) == [True, False, False, True, True]
    part, bus = sensor()
    bus.put(0x48, CONF, 1 << 3 | 4)
    assert levels(part, [81, 79, 81, 81, 74, 76, 74, 74]) == [False, False, False, True, True, True, True, False]


def test_sensor_output_as_interrupt_is_cleared_by_a_read():
    part, bus = sensor()
    bus.put(0x48, CONF, 2)
    assert levels(part, [81]) == [False]
    bus.get(0x48, [TEMP], 1)
    assert part.outputs["OS"].level
    assert levels(part, [90, 76, 74]) == [True, True, False]
    bus.get(0x48, [TOS], 1)
    assert levels(part, [74, 81]) == [True, False]


def test_sensor_names_a_bad_temperature():
    with pytest.raises(UsageError, match="-55 to 125 C"):
        sensor(temperature=130)


def test_sensor_saved_goes_on_the_same():
    part, bus = sensor()
    bus.put(0x48, CONF, 2)
    assert levels(part, [81]) == [False]
    other, _ = sensor()
    other.host.time_ns = part.host.time_ns
    other.restore(part.save())
    assert state_of(other) == state_of(part)
    assert levels(other, [70]) == levels(part, [70]) == [False]


def eeprom(**attributes):
    part = Eeprom24Lc(FakeHost(), "eeprom", **attributes)
    part.reset()
    return part, Bus(part)


def test_eeprom_writes_wrap_in_their_page_and_reads_in_the_array():
    part, bus = eeprom()
    bus.put(0x50, 0x00, 0x3E, 1, 2, 3)
    part.host.run_for(5 * MS)
    assert part.cells[0x3E:0x40] == b"\x01\x02"
    assert (part.cells[0], part.cells[0x40], part.write_cycles) == (3, 0xFF, 1)
    part.cells[0x7FFF] = 0x77
    assert bus.get(0x50, [0x7F, 0xFF], 2) == b"\x77\x03"


def test_eeprom_acknowledges_nothing_while_it_writes():
    part, bus = eeprom()
    bus.put(0x50, 0, 0, 1)
    part.host.run_for(5 * MS - 1)
    assert part.busy
    assert bus.put(0x50, 0, 0) == [False]
    part.host.run_for(1)
    assert bus.put(0x50, 0, 0) == [True, True, True]
    assert part.refused_while_busy == 1
    assert not part.busy


def test_eeprom_write_protected_or_without_stop_keeps_its_cells():
    part, bus = eeprom(write_cycle_ms=0.5)
    part.on_input(0, True)
    assert bus.put(0x50, 0, 0, 1) == [True] * 4
    assert not part.busy
    part.on_input(0, False)
    for value in (0, 0, 9):
        assert bus.start(0xA0) if value == 0 else bus.write(value)
    bus.start(0xA0)
    bus.stop()
    assert (part.cells[0], part.write_cycles) == (0xFF, 0)
    with pytest.raises(TypeError, match="input 0"):
        part.on_input(1, True)


def test_eeprom_keeps_its_cells_without_power():
    part, bus = eeprom()
    bus.put(0x50, 0, 1, 5)
    part.power_off()
    part.reset()
    assert (part.cells[1], part.busy, part.pointer) == (5, False, 0)


@pytest.mark.parametrize("name", TYPES)
def test_eeprom_sizes(name):
    part, bus = eeprom(part=name)
    assert len(part.cells) * 8 == int(name[4:]) * 1024
    bus.put(0x50, 0xFF, 0xFF, 4)
    assert part.cells[-1] == 4


def test_eeprom_names_an_unknown_part():
    with pytest.raises(UsageError, match="24LC256"):
        eeprom(part="24LC1")


def test_eeprom_saved_goes_on_the_same():
    part, bus = eeprom()
    bus.put(0x50, 0, 0, 1)
    part.host.run_for(2 * MS)
    other, again = eeprom()
    other.host.time_ns = part.host.time_ns
    other.restore(part.save())
    assert state_of(other) == state_of(part)
    assert (again.put(0x50, 0), other.cells[0]) == ([False], 1)
    other.host.run_for(3 * MS)
    assert again.put(0x50, 0) == [True, True]
