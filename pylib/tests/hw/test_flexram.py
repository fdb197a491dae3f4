from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.flexram import FlexRam, bank_sizes
from wattbench.hw.imxrt.iomuxc import IomuxcGpr

GPR16, GPR17, GPR18 = 0x40, 0x44, 0x48


def test_bank_sizes():
    assert bank_sizes(0xFFFFAAAA) == {"unused": 0, "ocram": 0, "dtcm": 0x40000, "itcm": 0x40000}
    assert bank_sizes(0x00000005) == {"unused": 14 * 0x8000, "ocram": 2 * 0x8000, "dtcm": 0, "itcm": 0}


ITCM, DTCM, OCRAM = 0x0, 0x20000000, 0x20360000


def test_memories_follow_the_general_purpose_registers():
    host = FakeHost()
    gpr = IomuxcGpr(host, "gpr")
    flexram = FlexRam(host, "flexram", gpr=gpr)
    flexram.reset()
    assert host.memory_limits == {ITCM: 0x40000, DTCM: 0x40000, OCRAM: 0}
    gpr.write(GPR17, 4, 0x5555)
    gpr.write(GPR18, 4, 0xFFFF)
    assert host.memory_limits == {ITCM: 0x40000, DTCM: 0x40000, OCRAM: 0}
    gpr.write(GPR16, 4, 4)
    assert flexram.bank_sizes() == {"unused": 0, "ocram": 0x40000, "dtcm": 0, "itcm": 0x40000}
    assert host.memory_limits == {ITCM: 0x40000, DTCM: 0, OCRAM: 0x40000}
    gpr.write(GPR17, 4, 0xFFFF)
    assert host.memory_limits == {ITCM: 0x80000, DTCM: 0, OCRAM: 0}
    saved = gpr.save(), flexram.save()
    gpr.reset()
    assert host.memory_limits == {ITCM: 0x40000, DTCM: 0x40000, OCRAM: 0}
    gpr.restore(saved[0])
    flexram.restore(saved[1])
    assert host.memory_limits == {ITCM: 0x80000, DTCM: 0, OCRAM: 0}


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
