import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.src import CAUSE_INPUTS, CAUSES, Src
from wattbench.hw.imxrt.wdog import Wdog

SRSR, GPR1 = 0x10, 0x14


@pytest.fixture
def src():
    block = Src(FakeHost(), "src")
    block.reset()
    return block


def test_power_on_is_the_first_cause_and_ones_clear(src):
    assert src.read(SRSR, 4) == 0x10001
    src.write(SRSR, 4, 0xFFFFFFFF)
    assert src.read(SRSR, 4) == 0


@pytest.mark.parametrize(("cause", "bits"), [
    ("wdog", 1 << 5 | 1 << 21), ("rtwdog3", 1 << 8 | 1 << 24), ("m7_sysresetreq", 1 << 2 | 1 << 28),
    ("user", 1 << 4 | 1 << 20),
])  # fmt: skip
def test_cause_survives_the_reset_it_names(src, cause, bits):
    src.write(SRSR, 4, 0xFFFFFFFF)
    src.note_reset(cause)
    src.reset()
    assert src.read(SRSR, 4) == bits


def test_every_cause_has_its_bit(src):
    for cause in CAUSES:
        src.note_reset(cause)
    assert src.read(SRSR, 4) == 0x7FFF7FFF


def test_unknown_cause(src):
    with pytest.raises(UsageError, match="no reset cause 'boredom'"):
        src.note_reset("boredom")


def test_general_purpose_registers_survive_all_but_loss_of_power(src):
    src.write(GPR1 + 4 * 19, 4, 0xDEADBEEF)
    src.write(0, 4, 0)
    src.reset()
    assert src.read(GPR1 + 4 * 19, 4) == 0xDEADBEEF
    assert src.read(0, 4) == 2
    restored = src.save()
    src.power_off()
    assert src.read(GPR1 + 4 * 19, 4) == 0
    assert src.read(SRSR, 4) == 0x10001
    src.restore(restored)
    assert src.read(GPR1 + 4 * 19, 4) == 0xDEADBEEF


def test_slice_reset_clears_itself_and_is_counted(src):
    src.write(0x224, 4, 1)
    assert src.read(0x224, 4) == 0
    assert src.read(0x230, 4) == 8
    assert src.host.unmodelled_accesses["src", "reset of slice DISPLAY"] == 1


def test_inputs_are_the_bits_of_the_status(src):
    for number in CAUSE_INPUTS:
        src.write(SRSR, 4, 0xFFFFFFFF)
        src.on_input(number, True)
        assert src.read(SRSR, 4) & 0xFFFF == 1 << number
    with pytest.raises(TypeError, match="no input 31"):
        src.on_input(31, True)


def test_a_watchdog_resets_the_chip_and_leaves_its_name(src):
    wdog = Wdog(src.host, "wdog1")
    wdog.outputs["RESET"].connect(lambda level: src.on_input(5, level))
    resets = []

    def reset_chip(level):
        if level:
            resets.append(src.host.time_ns)
            for model in (wdog, src):
                model.reset()

    src.outputs["RESET"].connect(reset_chip)
    wdog.reset()
    src.write(SRSR, 4, 0xFFFFFFFF)
    wdog.write(0, 2, 0x0134)
    src.host.run_for(5_000_000_000)
    assert resets == [1_000_000_000]
    assert src.read(SRSR, 4) == 1 << 5 | 1 << 21
    assert wdog.read(4, 2) == 2
    assert not src.outputs["RESET"].level
