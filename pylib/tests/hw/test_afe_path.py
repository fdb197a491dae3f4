"""Four converters at 8 kS/s through capture, DMA and SPI into a ring of buffers, byte for byte."""

from __future__ import annotations

from itertools import pairwise

import pytest
from afe_rig import (
    BUFFER_BYTES,
    BUFFERS,
    CINT,
    DMA,
    ERR,
    FRAMES,
    MUX,
    PWM,
    RING,
    SPI,
    SPI_HZ,
    Mains,
    expected_buffer,
    program,
)

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.dmamux import DmaMux
from wattbench.hw.imxrt.edma import Edma
from wattbench.hw.imxrt.flexpwm import FlexPwm
from wattbench.hw.imxrt.lpspi import Lpspi
from wattbench.hw.parts.ade7913 import Ade7913


class Rig:
    """The blocks on a FakeHost; the interrupt of channel 6 copies the buffer that is ready."""

    def __init__(self) -> None:
        self.host = FakeHost()
        self.dma = Edma(self.host, "edma0")
        self.mux = DmaMux(self.host, "dmamux0", self.dma)
        self.spi = Lpspi(self.host, "lpspi1", frequency=SPI_HZ)
        self.pwm = FlexPwm(self.host, "pwm4")
        self.parts = [Ade7913(self.host, f"ade{n}") for n in range(4)]
        for n, part in enumerate(self.parts):
            self.spi.attach(part, n)
            part.analog.connect(Mains(n))
        self.mux.connect_input(36, self.spi.outputs["RxDma"])
        self.mux.connect_input(37, self.spi.outputs["TxDma"])
        self.mux.connect_input(112, self.pwm.outputs[3])
        self.parts[3].outputs["DREADY"].connect(lambda level: self.pwm.on_input(11, level))
        self.models = [self.dma, self.mux, self.spi, self.pwm, *self.parts]
        for base, model in ((DMA, self.dma), (MUX, self.mux), (SPI, self.spi), (PWM, self.pwm)):
            self.host.regions[base, model.size] = model
        for model in self.models:
            model.reset()
        self.ready: list[tuple[int, bytes]] = []
        self.dma.outputs[6].connect(self._buffer_ready, announce=False)

    def _buffer_ready(self, level: bool) -> None:
        if level:
            start = RING + len(self.ready) % BUFFERS * BUFFER_BYTES
            self.ready.append((self.host.time_ns, bytes(self.host.memory[start : start + BUFFER_BYTES])))
            self.host.bus_write(DMA + CINT, bytes([6]))

    def write(self, address: int, size: int, value: int) -> None:
        self.host.bus_write(address, value.to_bytes(size, "little"))

    def memory(self, address: int, data: bytes) -> None:
        self.host.memory[address : address + len(data)] = data

    def start(self) -> None:
        program(self.write, self.memory)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_ring_of_buffers_has_every_sample_of_every_device(rig):
    rig.host.run_for(1_000_000)
    rig.start()
    rig.host.run_for(40_000_000)
    assert len(rig.ready) == 10
    for number, (_, data) in enumerate(rig.ready):
        assert data == expected_buffer(9 + number * FRAMES)
    assert [part.overruns for part in rig.parts] == [0, 0, 0, 0]
    assert rig.dma.read(ERR, 4) == 0


def test_buffers_come_every_30_samples_exactly(rig):
    rig.start()
    rig.host.run_for(31_000_000)
    times = [time for time, _ in rig.ready]
    assert {after - before for before, after in pairwise(times)} == {FRAMES * 125_000}
    frame_cycles = 1 * 2 + 128 * 2 * 2
    slots = 3 * (frame_cycles + 2 + 4)
    assert times[0] == FRAMES * 125_000 - -(slots + frame_cycles) * 1_000_000_000 // SPI_HZ


def test_services_per_second(rig):
    rig.start()
    rig.host.run_for(100_000_000)
    before = rig.dma.services
    rig.host.run_for(10_000_000)
    assert rig.dma.services - before == 80 * (4 * 2 + 16 * 2)


def test_restore_in_the_middle_of_a_transfer_repeats_the_run(rig):
    rig.start()
    rig.host.run_for(10_031_000)
    assert rig.spi.read(0x14, 4) >> 24 & 1
    saved = [model.save() for model in rig.models]
    memory, time, ready = bytes(rig.host.memory), rig.host.time_ns, len(rig.ready)
    rig.host.run_for(20_000_000)
    first = rig.ready[ready:]
    rig.host.time_ns = time
    rig.host.memory[:] = memory
    for model, state in zip(rig.models, saved, strict=True):
        model.restore(state)
    del rig.ready[ready:]
    rig.host.run_for(20_000_000)
    assert len(first) == 5
    assert rig.ready[ready:] == first
