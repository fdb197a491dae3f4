"""The Phoenix-RTOS arrangement around four ADE7913: capture, four DMA channels, LPSPI and a ring of buffers.

Channel 5 writes a TCR command per device, channel 7 the four words of its frame, channel 6 fetches received words
into the ring, channel 8 counts words by dummy copies and calls channel 5 for the next device.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

DMA, MUX, SPI, PWM = 0x40070000, 0x40074000, 0x40114000, 0x40198000
TCD, SERQ, CINT, ERR = 0x1000, 0x1B, 0x1F, 0x2C
SPI_CR, SPI_SR, SPI_DER, SPI_CFGR1, SPI_CCR, SPI_FCR = 0x10, 0x14, 0x1C, 0x24, 0x40, 0x58
SPI_TCR, SPI_TDR, SPI_RDR = 0x60, 0x64, 0x74
DEVICES, WORDS, BUFFERS, FRAMES = 4, 4, 4, 30
BUFFER_BYTES = 16 * DEVICES * FRAMES
RING, TCDS, LUT, TX = 0x2000, 0x1000, 0x800, 0x900
INTMAJOR, ESG, LINK = 2, 0x10, 0x20
SPI_HZ = 21_333_333
LSB_V = {"i": 0.04927 / (1 << 23), "v1": 0.788 / (1 << 23), "v2": 0.788 / (1 << 23)}


class Mains:
    """Volts of one device: three sines, far inside the range."""

    def __init__(self, device: int) -> None:
        self.device = device

    def volts(self, input_name: str, times_s: np.ndarray) -> np.ndarray:
        amplitude = {"i": 0.02, "v1": 0.3, "v2": 0.1}[input_name] / (1 + self.device)
        return amplitude * np.sin(2 * np.pi * 50.0 * times_s + self.device)

    def codes(self, sample: int, rate_hz: float = 8000.0) -> tuple[int, ...]:
        time = np.array([sample / rate_hz])
        return tuple(int(np.rint(self.volts(name, time)[0] / LSB_V[name])) for name in ("i", "v1", "v2"))


def tcd(saddr: int, daddr: int, nbytes: int, *, soff=0, doff=0, size=2, slast=0, dlast=0, count=1, csr=0) -> bytes:
    return struct.pack(
        "<IhHIiIhHIHH", saddr, soff, size | size << 8, nbytes, slast & 0xFFFFFFFF if slast >= 0 else slast, daddr, doff,
        count, dlast & 0xFFFFFFFF, csr, count,
    )  # fmt: skip


def tcd_words(image: bytes) -> list[tuple[int, int, int]]:
    """The writes that install a TCD as the driver does: (offset, size, value), CSR cleared first and set last."""
    sizes = ((0, 4), (4, 2), (6, 2), (8, 4), (12, 4), (16, 4), (20, 2), (22, 2), (24, 4), (30, 2), (28, 2))
    return [(0x1C, 2, 0)] + [(o, n, int.from_bytes(image[o : o + n], "little")) for o, n in sizes]


def program(write: Callable[[int, int, int], None], memory: Callable[[int, bytes], None]) -> None:
    """Set up the blocks as the driver does and start the acquisition."""
    memory(TX, struct.pack("<4I", 0xFFFFFF04, *[0xFFFFFFFF] * 3))
    commands = [3 << 30 | 1 << 27 | pcs << 24 | 1 << 22 | 127 for pcs in range(DEVICES)]
    memory(LUT, struct.pack("<4I", *commands))
    rings: dict[int, list[bytes]] = {5: [], 6: [], 7: [], 8: []}
    base = {5: TCDS, 6: TCDS + 0x100, 7: TCDS + 0x200, 8: TCDS + 0x300}

    def after(channel: int, number: int, count: int) -> int:
        return base[channel] + 32 * ((number + 1) % count)

    for n in range(DEVICES):
        rings[5].append(tcd(LUT + 4 * n, SPI + SPI_TCR, 4, dlast=after(5, n, DEVICES), csr=ESG | LINK | 7 << 8))
    rings[7].append(tcd(TX, SPI + SPI_TDR, 16, soff=4, slast=-16, dlast=base[7], csr=ESG))
    for n in range(BUFFERS):
        rings[6].append(
            tcd(SPI + SPI_RDR, RING + n * BUFFER_BYTES, 4, doff=4, count=0x8000 | 8 << 9 | 480,
                dlast=after(6, n, BUFFERS), csr=INTMAJOR | ESG | LINK | 8 << 8)
        )  # fmt: skip
    for n in range(WORDS * DEVICES):
        last = n == WORDS * DEVICES - 1
        link = LINK | 5 << 8 if n % WORDS == WORDS - 1 and not last else 0
        rings[8].append(tcd(0, n % 2, 1, size=0, dlast=after(8, n, WORDS * DEVICES), csr=ESG | link))
    for channel, images in rings.items():
        memory(base[channel], b"".join(images))
        for offset, size, value in tcd_words(images[0]):
            write(DMA + TCD + 32 * channel + offset, size, value)
    for channel, source in ((5, 112), (6, 36), (7, 0), (8, 0)):
        write(MUX + 4 * channel, 4, 1 << 31 | source)
    write(SPI + SPI_CR, 4, 2)
    write(SPI + SPI_CR, 4, 0)
    write(SPI + SPI_CFGR1, 4, 1)
    write(SPI + SPI_CR, 4, 1)
    write(SPI + SPI_CCR, 4, 0)
    write(SPI + SPI_FCR, 4, 0)
    write(DMA + SERQ, 1, 5)
    write(DMA + SERQ, 1, 6)
    write(PWM + 0x180, 2, 0)
    write(PWM + 3 * 0x60 + 0x3C, 2, 5)
    write(PWM + 3 * 0x60 + 0x28, 2, 0x41)
    write(PWM + 3 * 0x60 + 0x2C, 2, 0)
    write(SPI + SPI_DER, 4, 2)


def crc(data: bytes) -> int:
    """ADC_CRC by bits: polynomial 0x1021, start 0xFFFF."""
    value = 0xFFFF
    for byte in data:
        for bit in range(7, -1, -1):
            top = value >> 15 ^ byte >> bit & 1
            value = (value << 1 & 0xFFFF) ^ (0x1021 if top else 0)
    return value


def expected_buffer(first_sample: int, snapshot: int = 0) -> bytes:
    """One buffer of the ring, from the sample of its first frame."""
    out = b""
    for sample in range(first_sample, first_sample + FRAMES):
        for device in range(DEVICES):
            codes = b"".join((code & 0xFFFFFF).to_bytes(3, "big") for code in Mains(device).codes(sample))
            out += b"\0" + codes + crc(codes).to_bytes(2, "big") + b"\0" + snapshot.to_bytes(2, "big") + b"\0"
    return out
