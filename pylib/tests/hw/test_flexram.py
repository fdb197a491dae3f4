from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.flexram import FlexRam, bank_sizes
from wattbench.hw.imxrt.iomuxc import IomuxcGpr

GPR16, GPR17, GPR18 = 0x40, 0x44, 0x48


def test_bank_sizes():
    assert bank_sizes(0xFFFFAAAA) == {"unused": 0, "ocram": 0, "dtcm": 0x40000, "itcm": 0x40000}
    assert bank_sizes(0x00000005) == {"unused": 14 * 0x8000, "ocram": 2 * 0x8000, "dtcm": 0, "itcm": 0}


def test_configuration_follows_the_general_purpose_registers():
    host = FakeHost()
    gpr = IomuxcGpr(host, "gpr")
    flexram = FlexRam(host, "flexram", gpr=gpr)
    gpr.write(GPR17, 4, 0x5555)
    gpr.write(GPR18, 4, 0xFFFF)
    assert flexram.bank_sizes()["dtcm"] == 0x40000
    assert not host.unmodelled_accesses
    gpr.write(GPR16, 4, 4)
    assert flexram.bank_sizes() == {"unused": 0, "ocram": 0x40000, "dtcm": 0, "itcm": 0x40000}
    gpr.write(GPR16, 4, 4)
    assert dict(host.unmodelled_accesses) == {("flexram", "banks: ITCM 256 KiB, DTCM 0 KiB, OCRAM 256 KiB"): 1}


def test_the_share_that_the_memories_have_is_not_counted():
    host = FakeHost()
    gpr = IomuxcGpr(host, "gpr")
    FlexRam(host, "flexram", gpr=gpr, itcm_size=0x80000, dtcm_size=0)
    gpr.write(GPR17, 4, 0xFFFF)
    gpr.write(GPR18, 4, 0xFFFF)
    gpr.write(GPR16, 4, 4)
    assert not host.unmodelled_accesses
    gpr.reset()
    assert host.unmodelled_accesses["flexram", "banks: ITCM 256 KiB, DTCM 256 KiB, OCRAM 0 KiB"] == 1


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
