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
    SPI_SR,
    Mains,
    expected_buffer,
    program,
)  # fmt: skip
from hosts import Bus, FakeBus, MachineBus

from wattbench.core.host import FakeHost
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins import NativeAde7913, NativeDmaMux, NativeEdma, NativeFlexPwm, NativeLpspi
from wattbench.hw.imxrt.dmamux import DmaMux
from wattbench.hw.imxrt.edma import Edma
from wattbench.hw.imxrt.flexpwm import FlexPwm
from wattbench.hw.imxrt.lpspi import Lpspi
from wattbench.hw.parts.ade7913 import Ade7913


class Rig:
    """The blocks under some host; the interrupt of channel 6 copies the buffer that is ready."""

    def __init__(self, host, bus: Bus, kinds: tuple) -> None:
        edma, dmamux, lpspi, flexpwm, ade7913 = kinds
        self.host, self.bus = host, bus
        self.dma = edma(host, "edma0")
        self.mux = dmamux(host, "dmamux0", self.dma)
        self.spi = lpspi(host, "lpspi1", frequency=SPI_HZ)
        self.pwm = flexpwm(host, "pwm4")
        self.parts = [ade7913(host, f"ade{n}") for n in range(4)]
        for n, part in enumerate(self.parts):
            self.spi.attach(part, n)
            part.analog.connect(Mains(n))
        self.mux.connect_input(36, self.spi.outputs["RxDma"])
        self.mux.connect_input(37, self.spi.outputs["TxDma"])
        self.mux.connect_input(112, self.pwm.outputs[3])
        dready = self.parts[3].outputs["DREADY"]
        if hasattr(self.pwm, "connect_input"):
            self.pwm.connect_input(11, dready)
        else:
            dready.connect(lambda level: self.pwm.on_input(11, level))
        self.models = [self.dma, self.mux, self.spi, self.pwm, *self.parts]
        for base, model in ((DMA, self.dma), (MUX, self.mux), (SPI, self.spi), (PWM, self.pwm)):
            bus.place(base, model)
        for model in self.models:
            model.reset()
        self.ready: list[tuple[int, bytes]] = []
        self.dma.outputs[6].connect(self._buffer_ready, announce=False)

    def _buffer_ready(self, level: bool) -> None:
        if level:
            start = RING + len(self.ready) % BUFFERS * BUFFER_BYTES
            self.ready.append((self.host.now_ns(), bytes(self.bus.memory[start : start + BUFFER_BYTES])))
            self.host.bus_write(DMA + CINT, bytes([6]))

    def start(self) -> None:
        def write(address: int, size: int, value: int) -> None:
            self.host.bus_write(address, value.to_bytes(size, "little"))

        program(write, self.bus.load)

    def run_for(self, duration_ns: int) -> None:
        self.bus.run_to(self.host.now_ns() + duration_ns)


@pytest.fixture(params=["python", "native"])
def rig(request) -> Rig:
    if request.param == "python":
        host = FakeHost()
        return Rig(host, FakeBus(host), (Edma, DmaMux, Lpspi, FlexPwm, Ade7913))
    machine = Machine()
    return Rig(machine, MachineBus(machine), (NativeEdma, NativeDmaMux, NativeLpspi, NativeFlexPwm, NativeAde7913))


def test_ring_of_buffers_has_every_sample_of_every_device(rig):
    rig.run_for(1_000_000)
    rig.start()
    rig.run_for(40_000_000)
    assert len(rig.ready) == 10
    for number, (_, data) in enumerate(rig.ready):
        assert data == expected_buffer(9 + number * FRAMES)
    assert [part.overruns for part in rig.parts] == [0, 0, 0, 0]
    assert rig.dma.read(ERR, 4) == 0


def test_buffers_come_every_30_samples_exactly(rig):
    rig.start()
    rig.run_for(31_000_000)
    times = [time for time, _ in rig.ready]
    assert {after - before for before, after in pairwise(times)} == {FRAMES * 125_000}
    frame_cycles = 1 * 2 + 128 * 2 * 2
    slots = 3 * (frame_cycles + 2 + 4)
    assert times[0] == FRAMES * 125_000 - -(slots + frame_cycles) * 1_000_000_000 // SPI_HZ


def test_services_per_second(rig):
    rig.start()
    rig.run_for(100_000_000)
    before = rig.dma.services
    rig.run_for(10_000_000)
    assert rig.dma.services - before == 80 * (4 * 2 + 16 * 2)


def test_restore_in_the_middle_of_a_transfer_repeats_the_run(rig):
    rig.start()
    rig.run_for(10_031_000)
    assert rig.spi.read(SPI_SR, 4) >> 24 & 1
    saved, host, ready = [model.save() for model in rig.models], rig.bus.save(), len(rig.ready)
    rig.run_for(20_000_000)
    first = rig.ready[ready:]
    rig.bus.restore(host)
    for model, state in zip(rig.models, saved, strict=True):
        model.restore(state)
    del rig.ready[ready:]
    rig.run_for(20_000_000)
    assert len(first) == 5
    assert rig.ready[ready:] == first
