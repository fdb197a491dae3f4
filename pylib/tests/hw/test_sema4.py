"""The semaphores of the two cores at their registers; who accesses is the host's `core`."""

import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.sema4 import Sema4

INE = (0x40, 0x48)
NTF = (0x80, 0x88)
RSTGT, RSTNTF = 0x100, 0x104


@pytest.fixture
def sema4():
    block = Sema4(FakeHost(), "sema4")
    block.reset()
    return block


def write(block, core, offset, value, size=1):
    block.host.core = core
    block.write(offset, size, value)


def irqs(block):
    return [block.outputs[name].level for name in ("CP0", "CP1")]


def bit(gate):
    return 1 << (gate // 8 * 8 + 7 - gate % 8)


@pytest.mark.parametrize("gate", [0, 7, 8, 15])
@pytest.mark.parametrize("core", [0, 1])
def test_a_free_gate_is_locked_by_a_core_s_own_number_only(sema4, gate, core):
    write(sema4, core, gate, 2 - core)
    assert sema4.read(gate, 1) == 0
    write(sema4, core, gate, 3)
    assert sema4.read(gate, 1) == 0
    write(sema4, core, gate, core + 1)
    assert sema4.read(gate, 1) == core + 1
    assert [sema4.read(other, 1) for other in range(16) if other != gate] == [0] * 15


def test_only_the_holder_opens_a_gate(sema4):
    write(sema4, 0, 3, 1)
    write(sema4, 1, 3, 0)
    write(sema4, 1, 3, 2)
    assert sema4.read(3, 1) == 1
    write(sema4, 0, 3, 1)
    assert sema4.read(3, 1) == 1
    write(sema4, 0, 3, 0)
    assert sema4.read(3, 1) == 0


def test_other_masters_only_read(sema4):
    write(sema4, None, 3, 1)
    assert sema4.read(3, 1) == 0
    write(sema4, 0, 3, 1)
    write(sema4, None, 3, 0)
    assert sema4.read(3, 1) == 1


def test_a_core_that_could_not_lock_is_notified(sema4):
    gate = 9
    write(sema4, 1, INE[1], bit(gate), 2)
    write(sema4, 0, gate, 1)
    write(sema4, 1, gate, 2)
    assert (irqs(sema4), sema4.read(NTF[1], 2)) == ([False, False], 0)
    write(sema4, 0, gate, 0)
    assert (irqs(sema4), sema4.read(NTF[1], 2), sema4.read(NTF[0], 2)) == ([False, True], bit(gate), 0)
    write(sema4, 0, gate, 1)
    assert (irqs(sema4), sema4.read(NTF[1], 2)) == ([False, False], 0)
    write(sema4, 0, gate, 0)
    assert irqs(sema4) == [False, True]
    write(sema4, 1, gate, 2)
    assert (irqs(sema4), sema4.read(gate, 1)) == ([False, False], 2)
    write(sema4, 1, gate, 0)
    assert sema4.read(NTF[1], 2) == 0


def test_the_interrupt_needs_its_enable(sema4):
    write(sema4, 0, 0, 1)
    write(sema4, 1, 0, 2)
    write(sema4, 0, 0, 0)
    assert irqs(sema4) == [False, False]
    write(sema4, 1, INE[1], 0xFF7F, 2)
    assert irqs(sema4) == [False, False]
    write(sema4, 1, INE[1], bit(0), 2)
    assert irqs(sema4) == [False, True]


def test_the_gate_s_bits_are_the_other_way_round_in_each_byte(sema4):
    table = sema4.table["CPINE"]
    assert [table[f"INE{gate}"].mask for gate in range(16)] == [bit(gate) for gate in range(16)]


def test_two_writes_of_one_core_open_a_gate(sema4):
    write(sema4, 1, 4, 2)
    write(sema4, 1, 5, 2)
    write(sema4, 0, RSTGT, 0xE2, 2)
    assert sema4.read(RSTGT, 2) == 1 << 4
    write(sema4, 1, RSTGT, 4 << 8 | 0x1D, 2)
    assert sema4.read(4, 1) == 2
    write(sema4, 0, RSTGT, 4 << 8 | 0x1D, 2)
    assert (sema4.read(4, 1), sema4.read(5, 1), sema4.read(RSTGT, 2) & 0xFF) == (0, 2, 0)


def test_a_wrong_second_pattern_opens_nothing(sema4):
    write(sema4, 0, 4, 1)
    write(sema4, 0, RSTGT, 0xE2, 2)
    write(sema4, 0, RSTGT, 4 << 8 | 0x1E, 2)
    write(sema4, 0, RSTGT, 4 << 8 | 0x1D, 2)
    assert sema4.read(4, 1) == 1


def test_all_gates_at_once(sema4):
    for gate in range(16):
        write(sema4, 1, gate, 2)
    write(sema4, 0, RSTGT, 0xE2, 2)
    write(sema4, 0, RSTGT, 64 << 8 | 0x1D, 2)
    assert [sema4.read(gate, 1) for gate in range(16)] == [0] * 16


def test_notifications_can_be_taken_back(sema4):
    write(sema4, 1, INE[1], bit(2), 2)
    write(sema4, 0, 2, 1)
    write(sema4, 1, 2, 2)
    write(sema4, 0, 2, 0)
    write(sema4, 1, RSTNTF, 0x47, 2)
    assert sema4.read(RSTNTF, 2) == 1 << 4 | 1
    write(sema4, 1, RSTNTF, 2 << 8 | 0xB8, 2)
    assert (irqs(sema4), sema4.read(NTF[1], 2)) == ([False, False], 0)


def test_reset_frees_everything(sema4):
    write(sema4, 1, INE[1], 0xFFFF, 2)
    write(sema4, 0, 2, 1)
    write(sema4, 1, 2, 2)
    write(sema4, 0, 2, 0)
    write(sema4, 0, 1, 1)
    sema4.reset()
    assert (irqs(sema4), sema4.read(NTF[1], 2), sema4.read(1, 1), sema4.read(INE[1], 2)) == ([False, False], 0, 0, 0)


def test_save_and_restore(sema4):
    write(sema4, 1, INE[1], bit(2), 2)
    write(sema4, 0, 2, 1)
    write(sema4, 1, 2, 2)
    write(sema4, 0, RSTGT, 0xE2, 2)
    saved = sema4.save()
    write(sema4, 0, RSTGT, 64 << 8 | 0x1D, 2)
    write(sema4, 1, 2, 2)
    sema4.restore(saved)
    assert (sema4.read(2, 1), sema4.read(RSTGT, 2), irqs(sema4)) == (1, 1 << 4, [False, False])
    write(sema4, 0, 2, 0)
    assert irqs(sema4) == [False, True]
