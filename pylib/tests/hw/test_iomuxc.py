import pytest

from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.iomuxc import Iomuxc, IomuxcLpsr, IomuxcSnvs

MUX_AD_29, PAD_AD_29, DAISY_LPUART1_RXD = 0x180, 0x3C4, 0x61C


def made(kind):
    block = kind(FakeHost(), "iomuxc")
    block.reset()
    return block


@pytest.mark.parametrize(
    ("name", "registers"),
    [
        ("Wattbench.Iomuxc", 444),
        ("Wattbench.IomuxcLpsr", 56),
        ("Wattbench.IomuxcSnvs", 29),
        ("Wattbench.IomuxcGpr", 71),
        ("Wattbench.IomuxcLpsrGpr", 36),
        ("Wattbench.IomuxcSnvsGpr", 38),
    ],
)
def test_every_register_reads_its_reset_value_and_keeps_what_is_written(name, registers):
    block = made(CATALOGUE[name])
    instances = list(block.table.instances())
    assert len(instances) == registers
    for register_name, offset, register, number in instances:
        assert block.read(offset, 4) == register.reset_of(number), register_name
        block.write(offset, 4, 0xFFFF_FFFF)
        kept = register.masks["rw"] | register.reset_of(number)
        assert block.read(offset, 4) == kept, register_name
    block.reset()
    assert [block.read(offset, 4) for _, offset, _, _ in instances] == [
        register.reset_of(number) for _, _, register, number in instances
    ]


def test_names_of_arrays_are_the_pads():
    block = made(Iomuxc)
    assert block.register_name(MUX_AD_29) == "SW_MUX_CTL_PAD_GPIO_AD_29"
    assert block.register_name(PAD_AD_29) == "SW_PAD_CTL_PAD_GPIO_AD_29"
    assert block.register_name(DAISY_LPUART1_RXD) == "LPUART1_LPUART_RXD_SELECT_INPUT"


def test_a_pads_output_says_whether_it_is_a_gpio():
    block, edges = made(Iomuxc), []
    line = block.outputs["GPIO_AD_29"]
    line.connect(edges.append)
    block.write(MUX_AD_29, 4, 0)
    block.write(MUX_AD_29, 4, 0x15)
    block.write(MUX_AD_29, 4, 0xA)
    assert edges == [True, False, True, False]
    assert block.outputs["GPIO_AD_28"].level
    block.reset()
    assert line.level


def test_pads_of_the_other_domains():
    assert not made(IomuxcLpsr).outputs["GPIO_LPSR_00"].level
    assert made(IomuxcSnvs).outputs["GPIO_SNVS_09_DIG"].level


def test_settings_without_effect_are_counted_and_functions_are_not():
    block = made(Iomuxc)
    block.write(MUX_AD_29, 4, 0)
    assert not block.host.unmodelled_accesses
    block.write(PAD_AD_29, 4, 0x2)
    block.write(DAISY_LPUART1_RXD, 4, 1)
    assert len(block.host.unmodelled_accesses) == 2


def test_saved_functions_come_back():
    block, other = made(Iomuxc), made(Iomuxc)
    block.write(MUX_AD_29, 4, 1)
    other.restore(block.save())
    assert other.read(MUX_AD_29, 4) == 1
    assert not other.outputs["GPIO_AD_29"].level
