"""SAI and AD7779 against their native twins: random programs, equal records."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
from afe_rig import tcd, tcd_words
from hypothesis import given
from pairs import Side
from sai_bench import (
    BASE,
    BCD,
    BYP,
    ENABLE,
    FOLLOW,
    FR,
    FSD,
    HELD,
    MF,
    RCR1,
    RCR2,
    RCR3,
    RCR4,
    RCR5,
    RCSR,
    RDR0,
    RMR,
    TCR1,
    TCR2,
    TCR3,
    TCR4,
    TCR5,
    TCSR,
    TDR0,
    TMR,
)
from test_twins import DMA, MUX, SEEDS, SETTINGS, build_dma

from wattbench.core.wires import AudioFrame
from wattbench.engines.embedded.twins import NativeAd7779, NativeSai
from wattbench.hw.imxrt.sai import Sai
from wattbench.hw.parts.ad7779 import Ad7779

RX_SOURCE, TX_SOURCE = 54, 55


def build(side: Side) -> Any:
    """A SAI whose requests run two channels: words received to 0x4000 on, words to send from 0x5000 on."""
    build_dma(side)
    sai = side.add("sai", (NativeSai if side.native else Sai)(side.host, "sai1", clocks=side.clock), BASE)
    side.models["mux"].connect_input(RX_SOURCE, sai.outputs["RxDma"])
    side.models["mux"].connect_input(TX_SOURCE, sai.outputs["TxDma"])
    side.watch("sai", "IRQ", "RX_IRQ", "TX_IRQ")
    sai.tx.listen(lambda frame: side.note("sent", frame))
    sai.rx.supply = lambda frame: (tuple(frame.start_ns * 7 + n & 0xFFFF_FFFF for n in range(len(frame.widths))),)
    return sai


def run(program: list[tuple[Any, ...]], *, native: bool) -> tuple[list[Any], bytes, Any]:
    side = Side(native=native)
    sai = build(side)
    for model in side.models.values():
        model.reset()
    side.record.clear()
    saved: Any = None
    for step in program:
        match step:
            case ("frame", port, hz, widths, lines):
                getattr(sai, port).begin(AudioFrame(side.host.now_ns(), hz, widths, lines))
            case ("save",):
                saved = [model.save() for model in side.models.values()], side.bus.save(), side.clock.hz
            case ("restore",) if saved is not None and saved[2] == side.clock.hz:
                side.bus.restore(saved[1])
                for model, state in zip(side.models.values(), saved[0], strict=True):
                    model.restore(state)
            case ("restore",):
                pass
            case _:
                side.do(step)
    result = side.record, bytes(side.bus.memory), side.unmodelled()
    if native:
        side.host.close()
    return result


def program(rng: Random) -> list[tuple[Any, ...]]:
    steps: list[tuple[Any, ...]] = []
    for channel, source, copy in (
        (0, RX_SOURCE, tcd(BASE + RDR0, 0x4000, 4 * rng.choice((1, 3, 8)), doff=4, count=200, csr=0)),
        (1, TX_SOURCE, tcd(0x5000, BASE + TDR0, 4 * rng.choice((1, 4)), soff=4, count=200, csr=0)),
    ):
        steps += [("write", DMA + 0x1000 + 32 * channel + o, n, v) for o, n, v in tcd_words(copy)]
        steps.append(("write", MUX + 4 * channel, 4, 1 << 31 | source))
        if rng.random() < 0.7:
            steps.append(("write", DMA + 0x1B, 1, channel))
    steps.append(("load", 0x5000, rng.randbytes(0x400)))

    def word(offset: int, value: int) -> None:
        steps.append(("write", BASE + offset, 4, value & 0xFFFF_FFFF))

    def frame_size() -> int:
        return rng.choice((0, 1, 3, 7, 31)) << 16

    for control, lines, frame, bits in ((TCR2, TCR3, TCR4, TCR5), (RCR2, RCR3, RCR4, RCR5)):
        word(control, rng.choice((BCD | 1 << 26, BCD, 0, 0, FOLLOW, BCD | BYP | 1 << 26)) | rng.choice((0, 1, 9)))
        word(lines, rng.choice((1, 1, 3, 15)) << 16 | rng.randint(0, 8))
        word(frame, frame_size() | rng.choice((MF, MF, 0)) | rng.choice((FSD, 0)) | rng.choice((0, 0, 1 << 28)))
        word(bits, rng.choice((31, 15, 23)) << 24 | rng.choice((31, 7)) << 16 | rng.choice((31, 23, 0, 7)) << 8)
    for _ in range(rng.randint(40, 140)):
        kind = rng.choice(
            ("run", "run", "run", "frame", "frame", "frame", "control", "control", "push", "pull", "read", "setting",
             "water", "mask", "clock", "reset", "save", "restore")
        )  # fmt: skip
        if kind == "run":
            steps.append(("run", rng.choice((1, 999, 4_000, 33_333, 200_000))))
        elif kind == "frame":
            count, width = rng.choice((1, 2, 8, 8, 32)), rng.choice((32, 32, 16, 24))
            lines = tuple(tuple(rng.getrandbits(width) for _ in range(count)) for _ in range(rng.choice((1, 1, 2, 4))))
            hz = rng.choice((Fraction(8_192_000), Fraction(1_000_000, 3)))
            steps.append(("frame", rng.choice(("rx", "rx", "tx")), hz, (width,) * count, lines))
        elif kind == "control":
            enables = rng.getrandbits(13) & 0x1F03 & rng.getrandbits(13)
            extra = rng.choice((0, 0, 0, FR, HELD, 0x1C0000))
            word(rng.choice((TCSR, RCSR)), enables | extra | rng.choice((ENABLE, ENABLE, ENABLE, 0)))
        elif kind == "push":
            for _ in range(rng.randint(1, 20)):
                size = rng.choice((4, 4, 2, 1))
                steps.append(("write", BASE + TDR0 + 4 * rng.choice((0, 0, 1, 3)), size, rng.getrandbits(8 * size)))
        elif kind == "pull":
            steps += [("read", BASE + RDR0 + 4 * rng.choice((0, 0, 1, 3)), 4) for _ in range(rng.randint(1, 20))]
        elif kind == "read":
            steps.append(("read", BASE + 4 * rng.randint(0, 0x38), 4))
        elif kind == "setting":
            word(
                rng.choice((TCR2, TCR3, TCR4, TCR5, RCR2, RCR3, RCR4, RCR5)), rng.getrandbits(32) & rng.getrandbits(32)
            )
        elif kind == "water":
            word(rng.choice((TCR1, RCR1)), rng.randint(0, 31))
        elif kind == "mask":
            word(rng.choice((TMR, RMR)), rng.choice((0, 1, 0xFF, 0xAAAA_AAAA)))
        elif kind == "clock":
            steps.append(("clock", rng.choice((24_000_000, 0, Fraction(24_576_000), Fraction(90_000_000, 7)))))
        elif kind == "reset" and rng.random() < 0.2:
            steps.append(("reset", "sai"))
        elif kind in ("save", "restore"):
            steps.append((kind,))
        steps += [("read", BASE + TCSR, 4), ("read", BASE + RCSR, 4)]
    steps += [("run", 1_000_000), *(("read", BASE + 4 * n, 4) for n in range(0x39))]
    return steps


@SETTINGS
@given(SEEDS)
def test_sai(seed):
    steps = program(Random(seed))
    first, second = (run(steps, native=native) for native in (False, True))
    for index, (mine, other) in enumerate(zip(first[0], second[0], strict=False)):
        assert mine == other, (index, first[0][max(0, index - 3) : index + 2], second[0][index : index + 2])
    assert first == second


class Ramp:
    """Volts that say when they were taken, now and then beyond the range."""

    def __init__(self, gain: float) -> None:
        self.gain = gain

    def volts(self, input_name: str, times_s: np.ndarray) -> np.ndarray:
        return self.gain * np.sin(300 * times_s + int(input_name[2:]))


def converter(program: list[tuple[Any, ...]], *, native: bool) -> list[Any]:
    """Carry out a program on a converter in front of a SAI."""
    side = Side(native=native)
    sai = build(side)
    part = side.add("afe", (NativeAd7779 if native else Ad7779)(side.host, "afe"))
    part.clip_is_error = False
    sai.connect_input(0, part.outputs["DOUT"])
    for model in side.models.values():
        model.reset()
    side.record.clear()
    saved: Any = None
    for step in program:
        match step:
            case ("access", address, value):
                part.chip_select(True)
                side.note("access", part.exchange(address << 8 | value, 16))
                part.chip_select(False)
            case ("source", gain, ahead):
                part.analog.connect(Ramp(gain), side.host.now_ns() + ahead)
            case ("crystal", ppm):
                part.crystal_error_ppm = ppm
            case ("save",):
                saved = [model.save() for model in side.models.values()], side.bus.save(), part.crystal_error_ppm
            case ("restore",) if saved is not None and saved[2] == part.crystal_error_ppm:
                side.bus.restore(saved[1])
                for model, state in zip(side.models.values(), saved[0], strict=True):
                    model.restore(state)
            case ("restore",):
                pass
            case _:
                side.do(step)
        side.note(part.samples_taken, part.last_sample_ns, part.clipped_samples, side.models["dma"].services)
    result = [*side.record, bytes(side.bus.memory)]
    if native:
        side.host.close()
    return result


def converter_program(rng: Random) -> list[tuple[Any, ...]]:
    copy = tcd(BASE + RDR0, 0x4000, 32, doff=4, count=0x7FFF, csr=0, dlast=0)
    steps: list[tuple[Any, ...]] = [("write", DMA + 0x1000 + o, n, v) for o, n, v in tcd_words(copy)]
    steps += [("write", MUX, 4, 1 << 31 | RX_SOURCE), ("write", DMA + 0x1B, 1, 0), ("source", 0.5, 0)]
    for offset, value in ((RCR1, 8), (RCR3, 1 << 16), (RCR4, 0x7_0018), (RCR5, 0x1F1F_1F00), (RCSR, ENABLE | 1)):
        steps.append(("write", BASE + offset, 4, value))
    steps += [("run", 300_000), ("access", 0x14, 0xE0), ("access", 0x11, 0x64)]
    values = {
        0x14: (0xE0, 0xE2, 0x20, 0x60, 0xC0), 0x11: (0x64, 0x24), 0x12: (8, 9), 0x08: (0, 1, 0xFF), 0x64: (0, 1),
        0x61: (0x80, 0, 0x90), 0x60: (0, 1), 0x63: (0, 77), 0x00: (0, 0xC0), 0x1D: (0, 3), 0x58: (0xFE, 0),
    }  # fmt: skip
    for _ in range(rng.randint(20, 60)):
        kind = rng.choice(
            ("run", "run", "run", "access", "access", "read", "source", "pin", "crystal", "save", "restore")
        )
        if kind == "run":
            steps.append(("run", rng.choice((1, 3_907, 62_500, 500_000, 3_000_000, 40_000_000))))
        elif kind == "access":
            address = rng.choice(list(values))
            steps.append(("access", address, rng.choice(values[address])))
        elif kind == "read":
            steps.append(("access", 0x80 | rng.choice((0x54, 0x55, 0x5B, 0x5F, 0x11, 0x70)), 0))
        elif kind == "source":
            steps.append(("source", rng.choice((0.0, 0.5, 3.0)), rng.choice((0, 1, 62_500, 9_999_999))))
        elif kind == "pin":
            steps += [
                ("input", "afe", number := rng.randint(0, 1), False),
                ("run", 1000),
                ("input", "afe", number, True),
            ]
        elif kind == "crystal":
            steps.append(("crystal", rng.choice((0, "12.5", -40))))
        else:
            steps.append((kind,))
        steps.append(("read", BASE + RCSR, 4))
    return [*steps, ("run", 50_000_000)]


@SETTINGS
@given(SEEDS)
def test_ad7779(seed):
    steps = converter_program(Random(seed))
    first, second = (converter(steps, native=native) for native in (False, True))
    for index, (mine, other) in enumerate(zip(first, second, strict=False)):
        assert mine == other, (index, first[max(0, index - 3) : index + 1], second[index])
    assert len(first) == len(second)


def test_a_watched_data_ready_takes_the_frames_through_python():
    side = Side(native=True)
    sai = side.add("sai", NativeSai(side.host, "sai1"), BASE)
    part = side.add("afe", NativeAd7779(side.host, "afe"))
    sai.connect_input(0, part.outputs["DOUT"])
    side.watch("afe", "DRDY")
    for model in side.models.values():
        model.reset()
    side.record.clear()
    side.bus.run_to(225_000 + 125_000)
    assert [event[1:] for event in side.record] == [("afe", "DRDY", True), ("afe", "DRDY", False)]
    side.host.close()
