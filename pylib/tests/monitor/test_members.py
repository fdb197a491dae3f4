"""Objects from the Monitor: methods, properties, conversions and messages."""

from pathlib import Path

import pytest

from wattbench.core.errors import MonitorError


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("cpu PC", "0x00001000\n"),
        ("sysbus.cpu PC", "0x00001000\n"),
        ("sysbus Cpu PC", "0x00001000\n"),
        ("sysbus ReadDoubleWord 0xF", "0x00000010\n"),
        ("sysbus ReadByte 5", "0x05\n"),
        ("sysbus ReadBytes 0 9", "[\n0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, \n0x08\n]\n"),
        ("cpu IsHalted", "False\n"),
        ("cpu IsHalted true; cpu IsHalted", "True\n"),
        ("cpu Mode SingleStep; cpu Mode", "SINGLE_STEP\n\nPossible values are:\n\tCONTINUOUS\n\tSINGLE_STEP\n"),
        ("cpu VectorTableOffset 0x30002000; cpu VectorTableOffset", "0x30002000\n"),
        ("cpu PerformanceInMips 600; numbersMode Decimal; cpu PerformanceInMips", "600\n"),
        ("numbersMode Both; cpu PerformanceInMips", "0x00000064 (100)\n"),
        ("cpu Registers 0", "0x00000007\n"),
        ("cpu Step", ""),
        ("cpu.Registers 0", "0x00000007\n"),
        ('Save "f"', "saved f\n"),
    ],
)
def test_results_are_printed(machine, command, printed):
    assert machine.execute(command) == printed


def test_arguments(machine, target, tmp_path):
    (tmp_path / "a b.elf").write_text("")
    for command in (
        r"sysbus LoadELF @a\ b.elf",
        r"sysbus LoadELF @a\ b.elf cpu=cpu useVirtualAddress=true",
        'sysbus Tag <0x10, 0x1F> "x" 3',
        "sysbus Fill 1 2 3 scale=2",
        "sysbus WriteBytes [1, 2] 0x10",
        "sysbus SaveTo @new.bin",
        'emulation RunFor "0.1"',
        "emulation RunFor 0:01:00.5",
    ):
        machine.execute(command)
    elf = tmp_path / "a b.elf"
    assert target.bus.calls == [
        (elf, False, None), (elf, True, target.cpu), (range(0x10, 0x20), "x", 3), ((1, 2, 3), 2.0), ([1, 2], 0x10),
        Path("new.bin"),
    ]  # fmt: skip
    assert target.time_ns == 60_600_000_000


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("cpu Stepp", "cpu has no member `Stepp` .did you mean `Step`."),
        ("cpu _steps", "no member"),
        ("cpu Step 1.5", r"`1.5` does not fit cpu Step; it is called as\n    Step \(\[Integer count = 1\]\)"),
        ("cpu Step 1 2", "does not fit"),
        ("sysbus ReadByte", r"no argument does not fit sysbus ReadByte; .*\n    ReadByte \(Integer address\)"),
        ("sysbus Tag <0, 1> bare", r"Tag \(Range where, String name, \[Integer default = 0\]\)"),
        ("sysbus ReadByte 1 nonsense=2", "does not fit"),
        ("sysbus LoadELF @none.elf", "there is no file `none.elf`"),
        ("sysbus LoadELF @https://x/y.elf", "not fetched from a network"),
        ("cpu PC 4", "cpu PC can only be read"),
        ('cpu VectorTableOffset "x"', "takes one Integer"),
        ("cpu VectorTableOffset 1", "multiple of 128"),
        ("cpu IsHalted 1", "takes one Boolean"),
        ("cpu Registers 4", "has no item `4`"),
        ("emulation RunFor 5", "TimeInterval"),
        ("sysbus WriteBytes [1, 2 0x10", r"column 19: this `\[` is never closed"),
        ("cpuu PC", "No such command or device: cpuu .did you mean `cpu`."),
    ],
)
def test_wrong_calls_are_explained(machine, command, words):
    with pytest.raises(MonitorError, match=words):
        machine.execute(command)


def test_a_bare_object_lists_its_members(machine):
    text = machine.execute("cpu")
    assert " - Step ([Integer count = 1])\n" in text
    assert " - Integer VectorTableOffset\n" in text


def test_using_prefixes(machine):
    with pytest.raises(MonitorError):
        machine.execute("part PC")
    assert machine.execute("spi.part PC; using sysbus.spi; part PC; using") == (
        "0x00001000\n0x00001000\nsysbus.\nsysbus.spi.\n"
    )
    machine.execute("using -")
    with pytest.raises(MonitorError):
        machine.execute("part PC")
