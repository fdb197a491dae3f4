"""Native twins against their Python models: random programs must leave the same record on both."""

from __future__ import annotations

import ctypes
import struct
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from afe_rig import DMA, MUX, PWM, SPI, tcd, tcd_words
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import EchoPart, Side, Source, compare

from wattbench.engines.embedded.twins import (
    NativeAde7913,
    NativeDmaMux,
    NativeEdma,
    NativeFlexPwm,
    NativeGpt,
    NativeLpspi,
    native_twin,
)
from wattbench.engines.embedded.twins.binding import SpiPart  # fmt: skip
from wattbench.hw.imxrt import dmamux, edma, flexpwm, gpt, lpspi
from wattbench.hw.parts.ade7913 import Ade7913

SETTINGS = settings(max_examples=60, deadline=None, derandomize=True)
SEEDS = st.integers(0, (1 << 64) - 1)
CHANNELS = (0, 1, 2, 15, 16, 17, 31)
IMAGES = 0x8000
SOURCES = (3, 200)
CONTROLS = (0x400, 0x400, 0x100, 0x404, 0x408, 0x40C, 0x440, 0x44C, 0x410, 0)
"""Priorities and round robin in all mixtures, links without arbitration, halt on error, equal groups."""

# ---- eDMA and multiplexer


def build_dma(side: Side) -> None:
    dma = side.add("dma", (NativeEdma if side.native else edma.Edma)(side.host, "dma"), DMA)
    mux = side.add("mux", (NativeDmaMux if side.native else dmamux.DmaMux)(side.host, "mux", dma), MUX)
    for number in SOURCES:
        side.sources[number] = Source(side, number)
        mux.connect_input(number, side.sources[number].line)
    side.watch("dma", *range(16), "ERROR")


def image(rng: Random, *, mapped: bool = False) -> bytes:
    """A TCD that ends: areas apart from the TCDs' own, few bytes, now and then wrong."""
    sizes = (0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 5, 5, 4)
    ssize, dsize = rng.choice(sizes), rng.choice(sizes)
    unit = 1 << min(max(ssize, dsize), 3) if 5 not in (ssize, dsize) else 32
    spoil = rng.choice((0,) * 20 + (1, 2, 3, 4, 5))
    nbytes = unit * rng.randint(1, 3) + (1 if spoil == 1 else 0)
    offsets = (0, unit, -unit, 2 * unit)
    soff, doff = rng.choice(offsets), rng.choice(offsets) + (1 if spoil == 2 else 0)
    saddr = 0x1000 + 32 * rng.randint(0, 15) + (1 if spoil == 3 else 0)
    daddr = 0x3000 + 32 * rng.randint(0, 15)
    if spoil == 4:
        daddr = 0x0100_0000
    if mapped:
        nbytes |= rng.randint(0, 3) << 30
        if nbytes >> 30:
            nbytes |= rng.choice((4, 32, 0xFFFE0)) << 10
    link = 0x8000 | rng.choice(CHANNELS) << 9 if (rng.random() < 0.5) else 0
    count = rng.randint(1, 4) | link
    csr = rng.randint(0, 0x3F) & rng.randint(0, 0x3F) | rng.choice(CHANNELS) << 8
    dlast = rng.choice((0, 32, -32))
    if csr & 0x10:
        dlast = IMAGES + 32 * rng.randint(0, 3) + (4 if spoil == 5 else 0)
    image = bytearray(tcd(saddr, daddr, nbytes, soff=soff, doff=doff, slast=-32, dlast=dlast, count=count, csr=csr))
    struct.pack_into("<H", image, 6, dsize | rng.choice((0, 4)) << 3 | ssize << 8)
    return bytes(image)


def dma_program(rng: Random) -> list[tuple[Any, ...]]:
    mapped = rng.random() < 0.5
    steps: list[tuple[Any, ...]] = [("load", 0x1000, bytes(range(256)) * 4)]
    steps += [("load", IMAGES + 32 * n, image(rng, mapped=mapped)) for n in range(4)]
    control = rng.choice(CONTROLS) | (0x80 if mapped else 0)
    steps.append(("write", DMA, 4, control))
    byte = (*CHANNELS, *CHANNELS, 0x40, 0x80, 0xC1)
    choices = (
        "tcd",
        "tcd",
        "byte",
        "byte",
        "byte",
        "csr",
        "mux",
        "ask",
        "ask",
        "ask",
        "run",
        "word",
        "read",
        "priority",
    )
    for _ in range(rng.randint(30, 120)):
        channel = rng.choice(CHANNELS)
        match rng.choice(choices):
            case "tcd":
                words = tcd_words(image(rng, mapped=mapped))
                steps += [("write", DMA + 0x1000 + 32 * channel + o, n, v) for o, n, v in words]
            case "byte":
                steps.append(("write", DMA + rng.randint(0x18, 0x1F), 1, rng.choice(byte)))
            case "csr":
                steps.append(("write", DMA + 0x101C + 32 * channel, 2, rng.randint(0, 0xBF)))
            case "mux":
                config = rng.choice(SOURCES) | rng.choice((4, 4, 4, 5, 6, 0)) << 29
                steps.append(("write", MUX + 4 * channel, 4, config))
            case "ask":
                steps.append(("ask", rng.choice(SOURCES), rng.randint(0, 5)))
                steps.append(("input", "mux", rng.randint(0, 3), (rng.random() < 0.5)))
            case "run":
                steps.append(("run", rng.choice((1, 999, 1000, 5000))))
            case "word":
                offset = rng.choice((0x0C, 0x14, 0x24, 0x2C, 0x44))
                steps.append(("write", DMA + offset, 4, rng.randint(0, 0xFFFF_FFFF)))
            case "priority":
                group = 16 * rng.randint(0, 1)
                order = rng.sample(range(16), 16) if rng.random() < 0.9 else [0] * 16
                steps += [("write", DMA + 0x100 + group + n, 1, value) for n, value in enumerate(order)]
                steps.append(("write", DMA, 4, rng.choice(CONTROLS) | (0x80 if mapped else 0)))
            case "read":
                offset = rng.choice((0, 4, 0x0C, 0x14, 0x18, 0x24, 0x2C, 0x34, 0x102, 0x110, 8, 0x50))
                steps.append(("read", DMA + offset, rng.choice((1, 4)) if offset != 8 else 4))
        steps += [("read", DMA + offset, 4) for offset in (0, 4, 0x0C, 0x24, 0x2C)]
        steps.append(("read", DMA + 0x101C + 32 * channel, 4))
    for channel in CHANNELS:
        steps += [("read", DMA + 0x1000 + 32 * channel + 4 * n, 4) for n in range(8)]
    return steps


@SETTINGS
@given(SEEDS)
def test_edma_and_multiplexer(seed):
    compare(build_dma, dma_program(Random(seed)))


# ---- LPSPI


def build_spi(side: Side) -> None:
    kind = NativeLpspi if side.native else lpspi.Lpspi
    spi = side.add("spi", kind(side.host, "spi", clocks=side.clock), SPI)
    for number in range(4):
        side.parts.append(EchoPart(side, number))
        spi.attach(side.parts[-1], number)
    side.watch("spi", "IRQ", "RxDma", "TxDma")


def spi_program(rng: Random) -> list[tuple[Any, ...]]:
    again = [("write", SPI + 0x24, 4, rng.choice((1, 1, 9, 9, 0))), ("write", SPI + 0x10, 4, 1)]
    steps: list[tuple[Any, ...]] = list(again)
    frames = (7, 15, 31, 39, 63, 127, 0)
    choices = (
        "tcr",
        "tcr",
        "tdr",
        "tdr",
        "tdr",
        "tdr",
        "run",
        "run",
        "rdr",
        "read",
        "enable",
        "ccr",
        "fcr",
        "flags",
        "cr",
        "burst",
        "burst",
        "clock",
        "reset",
    )
    for _ in range(rng.randint(40, 160)):
        match rng.choice(choices):
            case "tcr":
                flags = rng.randint(0, 0x3F) & rng.randint(0, 0x3F)
                value = rng.choice(frames) | flags << 18 | rng.randint(0, 3) << 24 | rng.randint(0, 2) << 27
                steps.append(("write", SPI + 0x60, 4, value))
            case "tdr":
                size = rng.choice((4, 4, 4, 2, 1))
                steps.append(("write", SPI + 0x64, size, rng.getrandbits(32) & (1 << 8 * size) - 1))
            case "run":
                steps.append(("run", rng.randint(1, 4000)))
            case "rdr":
                steps += [("read", SPI + 0x70, 4), ("read", SPI + 0x74, 4)]
            case "read":
                steps.append(("read", SPI + 4 * rng.randint(0, 29), 4))
            case "enable":
                steps.append(("write", SPI + rng.choice((0x18, 0x1C)), 4, rng.randint(0, 0x3FFF)))
            case "ccr":
                steps.append(("write", SPI + 0x40, 4, rng.getrandbits(32) & 0x03070703))
            case "fcr":
                steps.append(("write", SPI + 0x58, 4, rng.getrandbits(32)))
            case "flags":
                steps.append(("write", SPI + 0x14, 4, rng.getrandbits(32)))
            case "cr":
                steps.append(("write", SPI + 0x10, 4, rng.choice((0, 1, 1, 0x101, 0x201, 2, 3))))
                steps += again if rng.random() < 0.9 else []
            case "burst":
                command = rng.choice((7, 31, 63)) | rng.choice((0, 1 << 18, 1 << 21))
                steps.append(("write", SPI + 0x60, 4, command))
                steps += [("write", SPI + 0x64, 4, rng.getrandbits(32)) for _ in range(rng.randint(1, 16))]
                steps += [("run", 50_000)] * rng.randint(0, 1)
            case "clock":
                rates = (24_000_000, 0, Fraction(133_333_333, 7), 48_000_000)
                steps.append(("clock", rng.choice(rates)))
            case "reset":
                steps += [("reset", "spi"), *again]
        steps += [("read", SPI + 0x14, 4), ("read", SPI + 0x5C, 4)]
    return [*steps, ("clock", 24_000_000), ("run", 2_000_000), ("read", SPI + 0x14, 4), ("read", SPI + 0x60, 4)]


@SETTINGS
@given(SEEDS)
def test_lpspi(seed):
    compare(build_spi, spi_program(Random(seed)))


# ---- FlexPWM


def build_pwm(side: Side) -> None:
    build_dma(side)
    kind = NativeFlexPwm if side.native else flexpwm.FlexPwm
    pwm = side.add("pwm", kind(side.host, "pwm", clocks=side.clock), PWM)
    for number in range(8):
        side.models["mux"].connect_input(109 + number, pwm.outputs[number])
    triggers = (name for number in range(4) for name in flexpwm.trigger_names(number))
    side.watch("pwm", "IRQ0", "IRQ1", "IRQ2", "IRQ3", "FAULT", *triggers)


def pwm_program(rng: Random) -> list[tuple[Any, ...]]:
    steps: list[tuple[Any, ...]] = []
    for number in range(8):
        copy = tcd(0x100, 0x200 + 4 * number, 1, size=0, doff=0, dlast=0, count=0x7FFF)
        steps += [("write", DMA + 0x1000 + 32 * number + o, n, v) for o, n, v in tcd_words(copy)]
        steps.append(("write", MUX + 4 * number, 4, 1 << 31 | 109 + number))
    steps.append(("write", DMA + 0x1B, 1, 0x40))
    small = (0, 1, 2, 9, 100, 0xFFFF, 0xFFF0, 0x8000)
    for _ in range(rng.randint(40, 160)):
        sub = rng.randint(0, 1)
        base = PWM + 0x60 * sub
        match rng.choice(
            (
                "value",
                "value",
                "main",
                "main",
                "capture",
                "capture",
                "flags",
                "int",
                "dma",
                "ctrl",
                "trigger",
                "trigger",
                "edge",
                "edge",
                "edge",
                "run",
                "run",
                "read",
                "any",
                "clock",
            )
        ):
            case "value":
                steps.append(("write", base + rng.choice((2, 0xA, 0xE, 0xE, 0x12, 0x1E)), 2, rng.choice(small)))
            case "main":
                steps.append(("write", PWM + 0x188, 2, rng.randint(0, 0xFFF)))
            case "capture":
                steps.append(("write", base + rng.choice((0x34, 0x38, 0x3C)), 2, rng.randint(0, 0x3FF)))
            case "flags":
                steps.append(("write", base + 0x24, 2, rng.randint(0, 0xFFFF)))
            case "int":
                steps.append(("write", base + 0x26, 2, rng.randint(0, 0x3FFF)))
            case "dma":
                steps.append(("write", base + 0x28, 2, rng.randint(0, 0x3FF)))
            case "ctrl":
                steps.append(("write", base + 6, 2, rng.choice((0x400, 0x400, 0x404, 0x410, 0x2400, 0x1470, 0))))
            case "trigger":
                steps.append(
                    ("write", base + 0x2A, 2, rng.choice((0, 1, 2, 0x3F, 0x102A, 0x103F, rng.getrandbits(16))))
                )
            case "edge":
                steps.append(("input", "pwm", rng.randint(0, 5), (rng.random() < 0.5)))
            case "run":
                steps.append(("run", rng.choice((1, 41, 42, 500, 12_345))))
            case "read":
                steps.append(("read", base + 2 * rng.randint(0, 47), 2))
            case "any":
                steps.append(("write", PWM + 2 * rng.randint(0, 0xCB), 2, rng.randint(0, 0xFFFF)))
            case "clock":
                steps.append(("clock", rng.choice((24_000_000, 0, Fraction(240_000_000, 7)))))
        steps += [("read", base, 4), ("read", base + 0x24, 2), ("read", PWM + 0x188, 2)]
    return [*steps, ("run", 20_000), *(("read", PWM + 2 * n, 2) for n in range(0x60))]


@SETTINGS
@given(SEEDS)
def test_flexpwm(seed):
    compare(build_pwm, pwm_program(Random(seed)))


# ---- GPT

GPT = 0x400EC000
GPT_CLOCKS = (24_000_000, 0, Fraction(240_000_000, 7), 1_000_000, Fraction(123_456_789_012_345, 987_654_321))


def build_gpt(side: Side) -> None:
    timer = (NativeGpt if side.native else gpt.Gpt)(side.host, "gpt1", clocks=side.clock)
    side.add("gpt1", timer, GPT)
    side.watch("gpt1", "IRQ", 1, 2, 3)


def gpt_control(rng: Random, *, free: bool) -> int:
    """CR: mostly running, compare outputs and captures now and then, forced actions and software reset seldom."""
    control = rng.choice((1, 1, 1, 3, 3, 0)) | rng.choice((1, 1, 2, 4, 5, 5, 0, 3)) << 6 | rng.choice((0, 1, 1)) << 10
    control |= (0x200 if free else 0) | rng.choice((0, 0x38))
    control |= (rng.getrandbits(9) & rng.getrandbits(9)) << 20 | rng.getrandbits(4) << 16
    if rng.random() < 0.1:
        control |= rng.randint(0, 7) << 29
    return control | (0x8000 if rng.random() < 0.05 else 0)


def gpt_program(rng: Random, *, free: bool) -> list[tuple[Any, ...]]:
    """With `free` the counter runs through all of its 32 bits, else from 0 to OCR1 again and again."""
    steps: list[tuple[Any, ...]] = [("write", GPT, 4, gpt_control(rng, free=free))]
    small = (0, 1, 2, 3, 10, 11, 12, 40, 100)
    compares = (*small, 0xFFFF_FFFF, 0xFFFF_FFFE, 0x8000_0000) if free else small
    durations = (1, 41, 42, 1000, 9_999, 1_000_000_000, 60_000_000_000) if free else (1, 41, 42, 500, 5000)
    actions = (
        "cr",
        "pr",
        "sr",
        "sr",
        "ir",
        "ocr",
        "ocr",
        "ocr",
        "soon",
        "run",
        "run",
        "run",
        "pin",
        "clock",
        "odd",
        "reset",
    )
    for _ in range(rng.randint(40, 160)):
        match rng.choice(actions):
            case "cr":
                steps.append(("write", GPT, 4, gpt_control(rng, free=free)))
            case "pr":
                steps.append(("write", GPT + 4, 4, rng.choice((0, 1, 2, 0x7002, 0xF000, 0xFFFF, 5))))
            case "sr":
                steps.append(("write", GPT + 8, 4, rng.choice((0x3F, rng.getrandbits(6), 1, 2, 0xFFFF_FFFF))))
            case "ir":
                steps.append(("write", GPT + 0xC, 4, rng.getrandbits(6)))
            case "ocr":
                steps.append(("write", GPT + 0x10 + 4 * rng.randint(0, 2), 4, rng.choice(compares)))
            case "soon":
                steps.append(("ahead", GPT + 0x24, GPT + 0x10 + 4 * rng.randint(1, 2), rng.randint(-1, 3)))
            case "run":
                steps.append(("run", rng.choice(durations)))
            case "pin":
                steps.append(("input", "gpt1", rng.randint(1, 2), rng.random() < 0.5))
            case "clock":
                steps.append(("clock", rng.choice(GPT_CLOCKS)))
            case "odd":
                size, offset = rng.choice(((1, 3), (1, 8), (2, 0x10), (2, 0x24), (4, 0x28), (4, 0x100)))
                steps.append(("read", GPT + offset, size))
                steps.append(("write", GPT + offset, size, rng.getrandbits(8 * size) & 0x7FFF_FFFF))
                if offset in (0, 3, 0x10):  # what it left may make a restart in each tick
                    steps.append(("write", GPT, 4, gpt_control(rng, free=free)))
            case "reset":
                steps += [("reset", "gpt1")] * (rng.random() < 0.2)
        steps += [("read", GPT + offset, 4) for offset in (0x24, 8)]
    return [*steps, ("run", 5_000), *(("read", GPT + 4 * n, 4) for n in range(10))]


@SETTINGS
@given(SEEDS, st.booleans())
def test_gpt(seed, free):
    compare(build_gpt, gpt_program(Random(seed), free=free))


def gpt_laps(rng: Random) -> list[tuple[Any, ...]]:
    """A steady clock over several laps of 32 bits, with and without the restart at a high OCR1."""
    seconds = 1_000_000_000
    steps: list[tuple[Any, ...]] = [("write", GPT, 4, 0x243)]
    for _ in range(rng.randint(20, 60)):
        match rng.choice(("run", "run", "run", "sr", "ir", "ocr", "restart", "force")):
            case "run":
                steps.append(("run", rng.choice((1, 7 * seconds, 50 * seconds, 89_478_485_375, 178_956_970_625))))
            case "sr":
                steps.append(("write", GPT + 8, 4, 0x3F))
            case "ir":
                steps.append(("write", GPT + 0xC, 4, rng.choice((0x20, 0x3F, 3))))
            case "ocr":
                compares = (0, 1, 0xFFFF_FFFF, 0xFFFF_FFFE, 0x8000_0000, 0xC000_0000)
                steps.append(("write", GPT + 0x14 + 4 * rng.randint(0, 1), 4, rng.choice(compares)))
            case "restart":
                lap = rng.choice((0xFFFF_FFFF, 0x8000_0000, 0x4000_0000))
                steps += [("write", GPT, 4, 0x243), ("write", GPT + 0x10, 4, lap), ("run", 100 * seconds)]
                steps.append(("write", GPT, 4, rng.choice((0x43, 0x0510_0043))))
            case "force":
                steps.append(("write", GPT, 4, rng.choice((0x2040_0001, 0x2040_0041, 0x2070_0243)) | 0x200))
                steps.append(("write", GPT, 4, 0x243))
        steps += [("read", GPT + offset, 4) for offset in (0x24, 8)]
    return steps


@SETTINGS
@given(SEEDS)
def test_gpt_over_whole_laps(seed):
    compare(build_gpt, gpt_laps(Random(seed)))


def test_both_names_of_the_gpt_have_the_twin_and_a_wrong_pin_is_refused():
    assert native_twin("Wattbench.Gpt") is native_twin("Timers.IMX_GPTimer") is NativeGpt
    assert native_twin("Wattbench.Pit") is native_twin("Wattbench.Unheard") is None
    side = Side(native=True)
    build_gpt(side)
    with pytest.raises(TypeError, match="capture inputs 1 and 2, not 3"):
        side.models["gpt1"].on_input(3, True)
    side.host.close()


# ---- ADE7913


class Ramp:
    """Volts that say when they were taken, up to and beyond the range's end."""

    def __init__(self, gain: float) -> None:
        self.gain = gain

    def volts(self, input_name: str, times_s: np.ndarray) -> np.ndarray:
        return self.gain * {"i": 1.0, "v1": 5.0, "v2": -9.0}[input_name] * np.sin(300 * times_s)


def raw_access(side: Side, part: Any) -> tuple[Any, Any, Any]:
    """The three calls of an SPI bus to a converter, on whichever side it lives."""
    if not side.native:
        return part.exchange, part.chip_select, lambda: part.selected
    calls = SpiPart.from_address(part.lib.wb_ade7913_part(part.handle))
    owner = ctypes.c_void_p(calls.owner)
    return (
        lambda word, bits: calls.exchange(owner, word, bits),
        lambda on: calls.select(owner, on),
        lambda: bool(calls.selected(owner)),
    )


def ade_steps(side: Side, program: list[tuple[Any, ...]], crystal: str, reset_us: int) -> list[Any]:
    """Carry out a program on one converter; what it answered, drove and counted."""
    part = (NativeAde7913 if side.native else Ade7913)(side.host, "ade", crystal, reset_us)
    side.add("ade", part)
    part.clip_is_error = False
    exchange, select, selected = raw_access(side, part)
    side.watch("ade", "DREADY")
    part.reset()
    side.record.clear()
    for step in program:
        match step:
            case ("spi", word, bits):
                side.note("spi", exchange(word, bits))
            case ("select", on):
                select(on)
                side.note(selected())
            case ("source", gain, ahead):
                part.analog.connect(Ramp(gain), side.host.now_ns() + ahead)
            case ("crystal", ppm):
                part.crystal_error_ppm = ppm
            case _:
                side.do(step)
        side.note(part.samples_taken, part.last_sample_ns, part.overruns, part.clipped_samples, part.first_clip_ns)
    return side.record


def ade_program(rng: Random) -> list[tuple[Any, ...]]:
    steps: list[tuple[Any, ...]] = [("source", 0.01, 0), ("select", True)]
    address = (0, 0, 0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 24, 30)
    for _ in range(rng.randint(40, 160)):
        match rng.choice(
            ("read", "read", "write", "write", "raw", "run", "run", "run", "source", "pin", "crystal", "reset")
        ):
            case "read":
                steps += [("select", False), ("select", True), ("spi", rng.choice(address) << 3 | 4, 8)]
                steps += [("spi", 0xFFFF_FFFF, 32)] * rng.randint(0, 4)
            case "write":
                value = rng.choice((0, 1, 2, 3, 4, 8, 0x10, 0x20, 0x30, 0x40, 0x81, 0x9C, 0xCA, 0x55, 0xFF))
                steps += [("select", False), ("select", True), ("spi", rng.choice(address) << 11 | value, 16)]
            case "raw":
                bits = rng.randint(1, 32)
                steps.append(("spi", rng.choice((0, 0xFFFF_FFFF, 0x1234_5678)) & (1 << bits) - 1, bits))
            case "run":
                steps.append(("run", rng.choice((1, 244, 1953, 124_999, 125_000, 1_000_000, 70_000_000))))
            case "source":
                steps.append(("source", rng.choice((0.0, 0.01, 0.05)), rng.choice((0, 1, 125_000, 9_999_999))))
            case "pin":
                steps += [("input", "ade", rng.randint(0, 1), (rng.random() < 0.5)), ("select", (rng.random() < 0.5))]
            case "crystal":
                steps.append(("crystal", rng.choice((0, "12.5", -40))))
            case "reset":
                steps += [("spi", 0, 32), ("spi", 0, 32)]
    return steps


@SETTINGS
@given(SEEDS, st.sampled_from(("0", "37.5")), st.sampled_from((0, 200)))
def test_ade7913(seed, crystal, reset_us):
    program = ade_program(Random(seed))
    sides = [Side(native=False), Side(native=True)]
    records = [ade_steps(side, program, crystal, reset_us) for side in sides]
    for index, (mine, other) in enumerate(zip(*records, strict=False)):
        assert mine == other, (index, records[0][max(0, index - 3) : index + 2], records[1][index : index + 2])
    assert len(records[0]) == len(records[1])
    assert sides[0].unmodelled() == sides[1].unmodelled()
    sides[1].host.close()
