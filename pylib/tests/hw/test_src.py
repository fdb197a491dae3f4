import pytest

from wattbench.core.errors import UsageError
from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.src import CAUSES, Src

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
