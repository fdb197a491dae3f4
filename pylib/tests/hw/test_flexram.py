from wattbench.core.host import FakeHost
from wattbench.core.model import RegisterBlock
from wattbench.core.registers import parse_table
from wattbench.hw.imxrt.flexram import FlexRam, bank_sizes


class Gpr(RegisterBlock):
    table = parse_table(
        'block = "gpr"\nmeaning = "three registers"\n'
        + "".join(f'[registers.GPR{n}]\noffset = {4 * n}\nmeaning = "m"\n' for n in (16, 17, 18))
    )


def test_bank_sizes():
    assert bank_sizes(0xFFFFAAAA) == {"unused": 0, "ocram": 0, "dtcm": 0x40000, "itcm": 0x40000}
    assert bank_sizes(0x00000005) == {"unused": 14 * 0x8000, "ocram": 2 * 0x8000, "dtcm": 0, "itcm": 0}


def test_configuration_follows_the_general_purpose_registers():
    host = FakeHost()
    gpr = Gpr(host, "gpr")
    flexram = FlexRam(host, "flexram", gpr=gpr)
    gpr.write(4 * 17, 4, 0x5555)
    gpr.write(4 * 18, 4, 0xFFFF)
    assert flexram.bank_sizes()["dtcm"] == 0x40000
    gpr.write(4 * 16, 4, 4)
    assert flexram.bank_sizes() == {"unused": 0, "ocram": 0x40000, "dtcm": 0, "itcm": 0x40000}


def test_options_are_stored_and_counted():
    flexram = FlexRam(FakeHost(), "flexram")
    flexram.reset()
    flexram.write(0x108, 4, 0xFFFFFFFF)
    assert flexram.read(0x108, 4) == 0x3F
    assert flexram.host.unmodelled_accesses["flexram", "write FLEXRAM_CTRL value 0xFFFFFFFF"] == 1
    saved = flexram.save()
    flexram.reset()
    flexram.restore(saved)
    assert flexram.read(0x108, 4) == 0x3F
