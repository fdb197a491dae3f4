"""One AD7779 at 16 kS/s through SAI and DMA into a ring of buffers, word for word, as Phoenix-RTOS does it."""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import pytest
from afe_rig import tcd, tcd_words
from hosts import FakeBus, MachineBus
from sai_bench import ENABLE, FEF, FRDE, RCR1, RCR2, RCR3, RCR4, RCR5, RCSR, RDR0, RMR

from wattbench.core.host import FakeHost
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins import native_twin
from wattbench.hw.imxrt.dmamux import DmaMux
from wattbench.hw.imxrt.edma import Edma
from wattbench.hw.imxrt.lpspi import Lpspi
from wattbench.hw.imxrt.sai import Sai
from wattbench.hw.parts.ad7779 import Ad7779
from wattbench.hw.parts.ad7779_frames import crc8

DMA, MUX, SAI, SPI = 0x400E8000, 0x400EC000, 0x40384000, 0x403A0000
CHANNEL, SOURCE = 7, 19
BUFFERS, SAMPLES, CHANNELS = 4, 64, 8
BUFFER_BYTES = SAMPLES * CHANNELS * 4
RING, TCDS = 0x2000, 0x1000
INTMAJOR, ESG = 2, 0x10
PERIOD_NS = 62_500
SPI_CR, SPI_CFGR1, SPI_CCR, SPI_FCR, SPI_TCR, SPI_TDR, SPI_RDR = 0x10, 0x24, 0x40, 0x58, 0x60, 0x64, 0x74
SYNC, CONFIG1, FORMAT = 0x12, 0x11, 0x14


class Mains:
    """Eight sines of 50 Hz."""

    def volts(self, input_name: str, times_s: np.ndarray) -> np.ndarray:
        channel = int(input_name[2:])
        return 0.2 * (channel + 1) * np.sin(2 * np.pi * 50.0 * times_s + channel)

    @staticmethod
    def code(channel: int, time_s: float) -> float:
        """Closed form at 16 kS/s."""
        x = np.pi * 50.0 / 16000
        volts = 0.2 * (channel + 1) * (np.sin(x) / x) ** 3
        angle = 2 * np.pi * 50.0 * (time_s - 1.5 / 16000) + channel
        return float(volts * np.sin(angle) / 2.5 * (1 << 23) * (0x555555 * 0.75 / 0x400000))


class Rig:
    """The blocks under some host; the interrupt of channel 7 copies the buffer that is ready."""

    def __init__(self, host, bus, kinds: tuple) -> None:
        edma, dmamux, lpspi, sai, ad7779 = kinds
        self.host, self.bus = host, bus
        self.dma = edma(host, "edma0")
        self.mux = dmamux(host, "dmamux0", self.dma)
        self.spi = lpspi(host, "lpspi4", frequency=24_000_000)
        self.sai = sai(host, "sai1")
        self.afe = ad7779(host, "afe")
        self.spi.attach(self.afe, 0)
        self.sai.connect_input(0, self.afe.outputs["DOUT"])
        self.mux.connect_input(SOURCE, self.sai.outputs["RxDma"])
        self.models = [self.dma, self.mux, self.spi, self.sai, self.afe]
        for base, model in ((DMA, self.dma), (MUX, self.mux), (SPI, self.spi), (SAI, self.sai)):
            bus.place(base, model)
        for model in self.models:
            model.reset()
        self.afe.analog.connect(Mains())
        self.ready: list[tuple[int, bytes]] = []
        self.dma.outputs[CHANNEL].connect(self._buffer_ready, announce=False)

    def _buffer_ready(self, level: bool) -> None:
        if level:
            start = RING + len(self.ready) % BUFFERS * BUFFER_BYTES
            self.ready.append((self.host.now_ns(), bytes(self.bus.memory[start : start + BUFFER_BYTES])))
            self.write(DMA + 0x1F, 1, CHANNEL)

    def write(self, address: int, size: int, value: int) -> None:
        self.host.bus_write(address, value.to_bytes(size, "little"))

    def read(self, address: int, size: int = 4) -> int:
        return int.from_bytes(self.host.bus_read(address, size), "little")

    def run(self, duration_ns: int) -> None:
        self.bus.run_to(self.host.now_ns() + duration_ns)

    # ---- the converter, over LPSPI4

    def start_spi(self) -> None:
        for offset, value in ((SPI_CR, 2), (SPI_CR, 0), (SPI_CFGR1, 1), (SPI_CR, 1), (SPI_CCR, 4), (SPI_FCR, 0)):
            self.write(SPI + offset, 4, value)

    def exchange(self, first: int, second: int) -> int:
        self.write(SPI + SPI_TCR, 4, 3 << 27 | 15)
        self.write(SPI + SPI_TDR, 4, first << 8 | second)
        self.run(50_000)
        answer = self.read(SPI + SPI_RDR)
        assert answer >> 8 == 0x20
        return answer & 0xFF

    def register(self, address: int) -> int:
        return self.exchange(0x80 | address, 0)

    def change(self, address: int, put: int = 0, clear: int = 0) -> None:
        """Read, change, write and verify, as the driver does."""
        wanted = (self.register(address) | put) & ~clear
        self.exchange(address, wanted)
        assert self.register(address) == wanted

    def reset_converter(self) -> None:
        """The pins of the board as the driver moves them: START low, /RESET low, START high, /RESET high."""
        for number, level in ((1, False), (0, False), (1, True), (0, True)):
            self.afe.on_input(number, level)
            self.run(100_000)
        self.run(300_000)
        status = [*range(0x4C, 0x58), 0x59, 0x5B, *range(0x5D, 0x60)]
        assert [self.register(address) for address in status][-1] & 0x10

    def set_up_converter(self, hz: int = 16000) -> None:
        self.change(CONFIG1, 0x80)
        self.exchange(0x08, 0xFF)
        for channel in range(CHANNELS):
            self.change(channel, clear=0x30)
        self.exchange(0x15, 0x08)
        self.change(CONFIG1, 0x10)
        self.change(CONFIG1, 0x40)
        self.exchange(FORMAT, 0xE0)
        self.change(0x64, clear=0x80)
        self.change(0x64, clear=1)
        whole, part = divmod((2_048_000 << 16) // hz, 1 << 16)
        for address, value in ((0x60, whole >> 8), (0x61, whole & 0xFF), (0x62, part >> 8), (0x63, part & 0xFF)):
            self.exchange(address, value)
        self.change(0x64, 1)
        self.change(SYNC, clear=1)
        self.change(SYNC, 1)
        self.exchange(0x08, 0x00)

    # ---- the way into memory

    def set_up_dma(self) -> None:
        images = [
            tcd(SAI + RDR0, RING + n * BUFFER_BYTES, 4 * CHANNELS, doff=4, dlast=TCDS + 32 * ((n + 1) % BUFFERS),
                count=SAMPLES, csr=INTMAJOR | ESG)
            for n in range(BUFFERS)
        ]  # fmt: skip
        self.bus.load(TCDS, b"".join(images))
        self.write(DMA, 4, 0x9E)
        for offset, size, value in tcd_words(images[0]):
            self.write(DMA + 0x1000 + 32 * CHANNEL + offset, size, value)
        self.write(MUX + 4 * CHANNEL, 4, 1 << 31 | SOURCE)

    def set_up_sai(self) -> None:
        for offset, value in (
            (RCR1, 8), (RCR2, 0), (RCR3, 1 << 16), (RCR4, 0x0007_0018), (RCR5, 0x1F1F_1F00), (RMR, 0), (RCSR, FRDE),
        ):  # fmt: skip
            self.write(SAI + offset, 4, value)

    def enable(self) -> None:
        self.write(DMA + 0x1B, 1, CHANNEL)
        self.write(SAI + RCSR, 4, self.read(SAI + RCSR) | ENABLE)

    def start(self) -> None:
        self.start_spi()
        self.reset_converter()
        self.set_up_converter()
        self.set_up_dma()
        self.set_up_sai()
        self.enable()


PYTHON = (Edma, DmaMux, Lpspi, Sai, Ad7779)


@pytest.fixture(params=["python", "native"])
def rig(request) -> Rig:
    if request.param == "python":
        host = FakeHost()
        return Rig(host, FakeBus(host), PYTHON)
    machine = Machine()
    return Rig(machine, MachineBus(machine), tuple(native_twin(kind.type_name) or kind for kind in PYTHON))


def test_codes_in_memory_are_those_of_the_closed_form(rig):
    rig.start()
    started = rig.host.now_ns()
    first_ns = rig.afe.last_sample_ns + PERIOD_NS
    rig.run(40_000_000)
    assert len(rig.ready) == 9
    for number, (_, data) in enumerate(rig.ready):
        words = struct.unpack(f"<{SAMPLES * CHANNELS}I", data)
        assert [word >> 28 for word in words] == [*range(CHANNELS)] * SAMPLES
        codes = [((word & 0xFF_FFFF) ^ 0x80_0000) - 0x80_0000 for word in words]
        times = [(first_ns + (number * SAMPLES + sample) * PERIOD_NS) / 1e9 for sample in range(SAMPLES)]
        expected = [Mains.code(channel, time_s) for time_s in times for channel in range(CHANNELS)]
        assert codes == pytest.approx(expected, abs=3)
        pairs = zip(words[0::2], words[1::2], strict=True)
        for even, odd in pairs:
            bits = (even >> 28) << 52 | (even & 0xFFFFFF) << 28 | (odd >> 28) << 24 | odd & 0xFFFFFF
            assert crc8(bits.to_bytes(7, "big")) == (even >> 24 & 15) << 4 | odd >> 24 & 15
    assert first_ns > started
    assert not rig.read(SAI + RCSR) & FEF
    assert rig.read(DMA + 4) == 0


def test_interrupts_come_every_64_samples_exactly(rig):
    rig.start()
    first_ns = rig.afe.last_sample_ns + PERIOD_NS
    rig.run(40_000_000)
    times = [time for time, _ in rig.ready]
    assert {after - before for before, after in pairwise(times)} == {SAMPLES * PERIOD_NS}
    word_ns = -(-32 * 1_000_000_000 // 8_192_000)
    assert times[0] == first_ns + SAMPLES * PERIOD_NS + word_ns, "the watermark of 8 asks with the ninth word"


def test_another_rate(rig):
    rig.start_spi()
    rig.reset_converter()
    rig.set_up_converter(6400)
    rig.set_up_dma()
    rig.set_up_sai()
    rig.enable()
    rig.run(40_000_000)
    assert {after[0] - before[0] for before, after in pairwise(rig.ready)} == {10_000_000}


def test_without_a_reader_the_fifo_overruns_and_says_so(rig):
    rig.start()
    rig.write(DMA + 0x1A, 1, CHANNEL)
    rig.run(1_000_000)
    assert rig.read(SAI + RCSR) & FEF


def test_services_per_second(rig):
    rig.start()
    rig.run(10_000_000)
    before = rig.dma.services
    rig.run(10_000_000)
    assert rig.dma.services - before == 160


def test_restore_in_the_middle_of_a_frame_repeats_the_run(rig):
    rig.start()
    rig.run(rig.afe.last_sample_ns + 7 * PERIOD_NS + 20_000 - rig.host.now_ns())
    saved, host, ready = [model.save() for model in rig.models], rig.bus.save(), len(rig.ready)
    rig.run(20_000_000)
    first = rig.ready[ready:]
    rig.bus.restore(host)
    for model, state in zip(rig.models, saved, strict=True):
        model.restore(state)
    del rig.ready[ready:]
    rig.run(20_000_000)
    assert len(first) == 5
    assert rig.ready[ready:] == first
