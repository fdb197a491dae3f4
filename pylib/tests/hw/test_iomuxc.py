import pytest

from wattbench.core.host import FakeHost
from wattbench.core.model import CATALOGUE
from wattbench.hw.imxrt.iomuxc import Iomuxc, IomuxcLpsr, IomuxcSnvs

MUX_AD_29, PAD_AD_29, DAISY_LPUART1_RXD = 0x180, 0x3C4, 0x61C
MUX_AD_21, MUX_AD_25, MUX_DISP_B1_03 = 0x160, 0x170, 0x1F0


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


def test_functions_electrical_settings_and_input_choices_are_not_counted_and_protection_is():
    block = made(Iomuxc)
    block.write(MUX_AD_29, 4, 0x10)
    block.write(PAD_AD_29, 4, 0x1F)
    block.write(DAISY_LPUART1_RXD, 4, 1)
    assert not block.host.unmodelled_accesses
    block.write(PAD_AD_29, 4, 1 << 28)
    assert len(block.host.unmodelled_accesses) == 1


def test_an_input_is_fed_by_the_chosen_pad_if_its_function_fits():
    block, edges = made(Iomuxc), []
    block.outputs["LPUART1_RXD"].connect(edges.append)
    assert block.pad_of("LPUART1_RXD") == ""
    block.write(MUX_AD_25, 4, 0)
    assert block.pad_of("LPUART1_RXD") == "GPIO_AD_25"
    block.write(DAISY_LPUART1_RXD, 4, 1)
    assert block.pad_of("LPUART1_RXD") == ""
    block.write(MUX_DISP_B1_03, 4, 9)
    assert block.pad_of("LPUART1_RXD") == "GPIO_DISP_B1_03"
    block.write(DAISY_LPUART1_RXD, 4, 3)
    assert block.pad_of("LPUART1_RXD") == ""
    block.write(DAISY_LPUART1_RXD, 4, 0)
    block.reset()
    assert edges == [False, True, False, True, False, True, False]


def test_an_input_without_a_choice_is_fed_by_its_pad():
    block = made(Iomuxc)
    block.write(MUX_AD_21, 4, 11)
    assert block.pad_of("FLEXPWM4_PWM3_X") == "GPIO_AD_21"
    assert block.outputs["FLEXPWM4_PWM3_X"].level
    assert not block.outputs["FLEXPWM4_PWM2_X"].level
    saved = block.save()
    block.reset()
    assert not block.outputs["FLEXPWM4_PWM3_X"].level
    block.restore(saved)
    assert block.outputs["FLEXPWM4_PWM3_X"].level


def test_pads_of_the_low_power_domain_feed_its_blocks():
    block = made(IomuxcLpsr)
    block.write(0x08 * 4 + 4, 4, 0)
    block.write(0xA4, 4, 1)
    assert block.pad_of("LPUART11_RXD") == "GPIO_LPSR_09"


def test_an_unknown_input_is_named():
    with pytest.raises(ValueError, match=r"knows no input `LPUART1_RX`.*LPUART1_RXD"):
        made(Iomuxc).pad_of("LPUART1_RX")


@pytest.mark.parametrize("kind", [Iomuxc, IomuxcLpsr])
def test_every_listed_pad_choice_and_function_is_the_chips(kind):
    block = made(kind)
    assert kind.inputs
    for signal, entry in kind.inputs.items():
        for choice, (pad, function) in enumerate(entry.pads):
            if entry.select:
                block[entry.select] = choice
            block[f"SW_MUX_CTL_PAD_{pad}"] = function
            assert block.pad_of(signal) == pad


@pytest.mark.parametrize("kind", [Iomuxc, IomuxcLpsr])
def test_every_input_choice_belongs_to_a_known_input(kind):
    choices = {name for name, *_ in kind.table.instances() if "SELECT_INPUT" in name}
    assert choices == {entry.select for entry in kind.inputs.values()} - {""}


def test_saved_functions_come_back():
    block, other = made(Iomuxc), made(Iomuxc)
    block.write(MUX_AD_29, 4, 1)
    other.restore(block.save())
    assert other.read(MUX_AD_29, 4) == 1
    assert not other.outputs["GPIO_AD_29"].level
