"""DAC: voltage, FIFO, flags, interrupts and DMA."""

from __future__ import annotations

import numpy as np
import pytest
from plain_state import state_of

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.dac import (
    DACEN,
    DACRFS,
    DMAEN,
    FIFOEN,
    FIFORST,
    OVFF,
    SWRST,
    SWTRG,
    TABLE,
    TRGSEL,
    UDFF,
    Dac,
)

OFFSETS = {name: offset for name, offset, _, _ in TABLE.instances()}
RESETS = {name: register.reset for name, _, register, _ in TABLE.instances()}
FULLF, NEMPTF, WMF = 1, 2, 4
FULLIE, EMPTIE, WTMIE, UVIE = 1 << 8, 1 << 9, 1 << 10, 1 << 18
RUN = DACEN | FIFOEN | TRGSEL


class Converter(Dac):
    """A DAC with registers by name and a fake host."""

    def __init__(self):
        super().__init__(FakeHost(), "dac", reference2=3.3)
        self.reset()

    def put(self, name, value):
        self.write(OFFSETS[name], 4, value)

    def get(self, name):
        return self.read(OFFSETS[name], 4)

    @property
    def irq(self):
        return self.outputs["IRQ"].level


@pytest.fixture
def dac():
    return Converter()


def test_reset_values(dac):
    for name in ("VERID", "PARAM", "PTR"):
        dac.put(name, 0xFFFF)
    assert {name: dac.get(name) for name in OFFSETS} == RESETS


@pytest.mark.parametrize(("code", "volts"), [(0, 0.0), (2048, 0.9), (4095, 1.8 * 4095 / 4096)])
def test_a_value_is_a_voltage(dac, code, volts):
    heard = []
    dac.listen(heard.append)
    dac.put("CR", DACEN)
    dac.put("DATA", code)
    assert dac.output_v == heard[-1] == pytest.approx(volts)
    assert dac.volts("CH0A", np.zeros(2)) == pytest.approx([volts, volts])
    dac.put("CR", DACEN | DACRFS)
    assert dac.output_v == heard[-1] == pytest.approx(volts / 1.8 * 3.3)
    dac.put("CR", 0)
    assert dac.output_v == heard[-1] == 0.0


def test_the_fifo_gives_a_value_at_each_trigger(dac):
    dac.put("CR", RUN)
    dac.put("DATA", 1024)
    dac.put("DATA", 2048)
    assert (dac.output_v, dac.get("PTR")) == (0.0, 2)
    dac.put("CR", RUN | SWTRG)
    assert (dac.output_v, dac.get("PTR"), dac.get("CR") & SWTRG) == (0.45, 1 << 16 | 2, 0)
    dac.put("CR", RUN | SWTRG)
    assert dac.output_v == 0.9
    dac.put("CR", RUN | SWTRG)
    assert (dac.output_v, dac.get("CR") & UDFF) == (0.9, UDFF)
    dac.put("CR", RUN | UDFF)
    assert dac.get("CR") & UDFF == 0


@pytest.mark.parametrize("without", [DACEN, FIFOEN, TRGSEL])
def test_a_trigger_needs_its_enables(dac, without):
    dac.put("CR", RUN & ~without | SWTRG)
    assert dac.get("CR") & UDFF == 0


def test_flags_follow_the_fill(dac):
    dac.put("CR", RUN | 4 << 24)
    for fill in range(17):
        flags = NEMPTF * (fill <= 1) | WMF * (fill <= 4) | FULLF * (fill == 16)
        assert dac.get("CR") & (NEMPTF | WMF | FULLF | OVFF) == flags
        dac.put("DATA", 0)
    assert dac.get("CR") & OVFF
    dac.put("CR", RUN | FIFORST | OVFF)
    assert dac.get("CR") == RUN | NEMPTF | WMF
    assert dac.get("PTR") == 0


@pytest.mark.parametrize(("enable", "values"), [(EMPTIE, 0), (WTMIE, 0), (FULLIE, 16), (UVIE, 17)])
def test_interrupts_or_dma(dac, enable, values):
    dac.put("CR", RUN)
    for _ in range(values):
        dac.put("DATA", 0)
    assert not dac.irq
    dac.put("CR", RUN | enable)
    assert (dac.irq, dac.outputs["Dma"].level) == (True, False)
    dac.put("CR", RUN | enable | DMAEN)
    assert (dac.irq, dac.outputs["Dma"].level) == (False, True)


def test_software_reset(dac):
    dac.put("CR2", 1)
    dac.put("CR", RUN | SWRST)
    dac.put("DATA", 5)
    assert (dac.get("CR") & SWRST, dac.get("CR2"), dac.get("PTR")) == (SWRST, 0, 0)


def test_saved_it_goes_on_the_same(dac):
    dac.put("CR", RUN)
    dac.put("DATA", 1024)
    dac.put("DATA", 2048)
    dac.put("CR", RUN | SWTRG)
    other = Converter()
    other.restore(dac.save())
    assert state_of(other) == state_of(dac)
    assert other.output_v == 0.45
    other.put("CR", RUN | SWTRG)
    assert other.output_v == 0.9
