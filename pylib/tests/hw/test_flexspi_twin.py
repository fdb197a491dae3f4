"""FlexSPI against its native twin: random programs, with real flashes and with parts that note what they are asked."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import Side, compare
from test_twins import SEEDS, SETTINGS

from wattbench.core.model import Model
from wattbench.engines.embedded.machine import Machine
from wattbench.engines.embedded.twins import NativeFlexSpi, NativeFlexSpi106x, native_twin
from wattbench.hw.imxrt.flexspi import FlexSpi
from wattbench.hw.imxrt106x.variants import FlexSpi106x
from wattbench.hw.parts.nor_flash import NorFlash

BASE = 0x400CC000
MCR0, AHBCR, INTEN, INTR, LUTKEY, LUTCR = 0x00, 0x0C, 0x10, 0x14, 0x18, 0x1C
SIZES, READS = 0x60, 0x80
IPCR0, IPCR1, IPCMD, IPRXFCR, IPTXFCR = 0xA0, 0xA4, 0xB0, 0xB8, 0xBC
STS0, STS1, RX_FILL, TX_FILL = 0xE0, 0xE4, 0xF0, 0xF4
RFDR, TFDR, LUT = 0x100, 0x180, 0x200
KEY = 0x5AF05AF0
COMMAND, ROW, WRITE, READ, DUMMY, JUMP = 1, 2, 8, 9, 12, 0x1F
KINDS, BAD_KINDS = (0, *range(1, 14), 0x21, 0x29), (JUMP, 0x3F, 0x20)
ALL_KINDS = KINDS + BAD_KINDS
QUAD_ON = 0x31
"""The command after which a noting part obeys 0xEB."""


class NotingPart(Model):
    """A part that answers with a function of what it got. It obeys 0x0B, and 0xEB now and then."""

    state_names = ("quad", "obstacle")

    def __init__(self, side: Side, number: int) -> None:
        super().__init__(side.host, f"part{number}")
        self.side, self.number, self.quad, self.obstacle = side, number, False, "?"
        self.read_changed: Callable[[], None] = lambda: None

    def execute(self, opcode: int, address: int | None, data: bytes, read_size: int) -> bytes:
        self.side.note("execute", self.number, opcode, address, data, read_size)
        if opcode == QUAD_ON:
            self.quad = not self.quad
            self.read_changed()
        first = opcode * 7 + (address or 0) + sum(data)
        return bytes(first + n * 3 & 0xFF for n in range(read_size))

    def reads_with(self, opcode: int) -> bool:
        return opcode == 0x0B or (self.quad and opcode == 0xEB)

    def read_access(self, obstacle: str) -> None:
        if obstacle != self.obstacle:
            self.side.note("obstacle", self.number, obstacle)
        self.obstacle = obstacle


class NotedFlash(NorFlash):
    """A flash whose commands and changes for the core are noted. Its array is not saved: that is not the block's."""

    side: Side
    own_contents = None

    def execute(self, opcode: int, address: int | None, data: bytes, read_size: int) -> bytes:
        self.side.note("execute", opcode, address, data, read_size)
        return super().execute(opcode, address, data, read_size)

    def read_access(self, obstacle: str) -> None:
        if obstacle != self.unreadable:
            self.side.note("obstacle", obstacle)
        super().read_access(obstacle)


def builder(kind: type[FlexSpi], twin: type[NativeFlexSpi], *, flash: bool) -> Callable[[Side], None]:
    def build(side: Side) -> None:
        block = (twin if side.native else kind)(side.host, "flexspi1")
        for point in (0,) if flash else (0, 2):
            part: Any = NotedFlash(side.host, "nor", "W25Q32JV") if flash else NotingPart(side, point)
            part.side = side
            block.attach(part, point)
            side.add(f"part{point}", part)
        side.add("flexspi1", block, BASE)
        side.watch("flexspi1", "IRQ")

    return build


def words_of(*pairs: tuple[int, int]) -> list[int]:
    words = [kind << 10 | operand for kind, operand in pairs][:8]
    words += [0] * (8 - len(words))
    return [words[n] | words[n + 1] << 16 for n in range(0, 8, 2)]


def table_steps(number: int, words: list[int]) -> list[tuple[Any, ...]]:
    return [("write", BASE + LUT + 16 * number + 4 * n, 4, word) for n, word in enumerate(words)]


def any_sequence(rng: Random) -> list[int]:
    """Mostly what firmware writes; the rest is anything, with all instructions in it."""
    opcode = (COMMAND, rng.choice((0x9F, 0x0B, 0x0B, 0xEB, QUAD_ON, 0x02)))
    address = (rng.choice((ROW, ROW, ROW | 0x20)), rng.choice((24, 24, 32, 31, 8, 255)))
    match rng.choice(("read", "read", "write", "write", "both", "plain", "random", "mixed")):
        case "read":
            return words_of(opcode, address, (DUMMY, 6), (READ, 4))
        case "write":
            return words_of(opcode, address, (WRITE, 4))
        case "both":
            return words_of(opcode, (WRITE, 4), (READ, 4))
        case "plain":
            return words_of(opcode)
        case "random":
            return [rng.getrandbits(32) for _ in range(4)]
        case _:
            kinds = rng.choices(ALL_KINDS, (6,) * len(KINDS) + (3,) * len(BAD_KINDS), k=8)
            return words_of(*((kind, rng.choice((1, 8, 24, 255))) for kind in kinds))


def fifo_steps(rng: Random) -> list[tuple[Any, ...]]:
    """Sizes, watermarks and clearing of both FIFOs."""
    control = rng.choice((0, 0, 1, 1, 2, 3)) | rng.choice((0, 0, 0, 4, 12, 60, 124)) | rng.choice((0, 0, 1 << 9))
    return [("write", BASE + rng.choice((IPRXFCR, IPTXFCR)), rng.choice((4, 4, 4, 1)), control & 0xFF)]


def command_steps(rng: Random, sequences: int = 16) -> list[tuple[Any, ...]]:
    """An IP command, now and then of several sequences, with data before or behind it."""
    size = rng.choice((0, 1, 3, 8, 9, 64, 128, 250, 256, 257, 300, 1000, 0xFFFF))
    first, more = rng.randrange(sequences), rng.choice((0, 0, 0, 0, 1, 7)) if size < 0x1000 else 0
    sizes = (0, 0x12345, 0x3F_FFFF, 0x40_0000, 0x40_0001, 0x7F_FFF0, 0xFF_FFFF, 0x3FFF_FFFF, 0xFFFF_FFFF)
    steps: list[tuple[Any, ...]] = [("write", BASE + IPCR0, 4, rng.choice((*sizes, rng.getrandbits(16))))]
    steps.append(("write", BASE + IPCR1, 4, size | first << 16 | more << 24 | rng.choice((0,) * 9 + (1,)) << 31))
    steps.append(("write", BASE + IPCMD, rng.choice((4, 4, 1)), rng.choice((1, 1, 1, 1, 0, 3))))
    if rng.random() < 0.5:
        steps += send_steps(rng, rng.choice((1, 2, size // 8 % 40 + 1)))
    if rng.random() < 0.6:
        steps += take_steps(rng, rng.choice((1, 2, min(size // 8 + 1, 40))))
    return steps


def send_steps(rng: Random, count: int) -> list[tuple[Any, ...]]:
    steps: list[tuple[Any, ...]] = []
    for _ in range(count):
        size = rng.choice((1, 2, 4, 4))
        at = rng.randrange(0, 16, size)
        steps.append(("write", BASE + TFDR + at, size, rng.getrandbits(8 * size)))
        steps.append(("write", BASE + INTR, 4, 1 << 6))
    return steps


def take_steps(rng: Random, count: int) -> list[tuple[Any, ...]]:
    """As a driver drains the FIFO: the flag, the window in any width, the flag back."""
    steps: list[tuple[Any, ...]] = []
    for _ in range(count):
        size = rng.choice((1, 1, 4, 4, 2))
        steps.append(("read", BASE + INTR, 4))
        steps += [("read", BASE + RFDR + at, size) for at in range(0, 8, size)]
        steps.append(("read", BASE + RFDR + rng.randrange(0, 128, size), size))
        steps.append(("write", BASE + INTR, 4, rng.choice((1 << 5, 1 << 5, 0x29))))
    return steps


def program(rng: Random) -> list[tuple[Any, ...]]:
    steps: list[tuple[Any, ...]] = []
    if rng.random() < 0.7:
        steps.append(("write", BASE + MCR0, 4, 0xFFFF80C0))
    for number in range(16):
        steps += table_steps(number, any_sequence(rng))
    if rng.random() < 0.7:
        steps += [("write", BASE + SIZES + 4 * n, 4, rng.choice((4096, 4096, 64, 0))) for n in range(4)]
    kinds = ("command", "command", "command", "fifo", "fifo", "send", "take", "flags", "flags", "enable", "table",
             "lock", "size", "setup", "module", "odd", "any", "byte", "save", "restore", "reset")  # fmt: skip
    for _ in range(rng.randint(30, 120)):
        match rng.choice(kinds):
            case "command":
                steps += command_steps(rng)
            case "fifo":
                steps += fifo_steps(rng)
            case "send":
                steps += send_steps(rng, rng.randint(1, 12))
            case "take":
                steps += take_steps(rng, rng.randint(1, 12))
            case "flags":
                size = rng.choice((4, 4, 1))
                flags = rng.choice((1, 8, 9, 0x29, 0x60, 0x1FFFF, rng.getrandbits(8))) & (1 << 8 * size) - 1
                steps.append(("write", BASE + INTR, size, flags))
            case "enable":
                steps.append(("write", BASE + INTEN, 4, rng.choice((0, 1, 9, 0x20, 0x40, 0x69, rng.getrandbits(17)))))
            case "table":
                steps += table_steps(rng.randrange(16), any_sequence(rng))
            case "lock":
                steps += [("write", BASE + LUTKEY, 4, KEY)] * rng.choice((1, 1, 1, 0))
                for _ in range(rng.choice((1, 1, 2))):
                    steps.append(("write", BASE + LUTCR, 4, rng.choice((1, 2, 2, 2, 3, 0, 6))))
                steps += [*table_steps(rng.randrange(16), any_sequence(rng)), ("write", BASE + LUTKEY, 4, KEY)]
                steps += [("write", BASE + LUTCR, 4, 2), ("write", BASE + LUTKEY, 4, rng.choice((0, KEY)))]
            case "size":
                at = BASE + SIZES + 4 * rng.randrange(4)
                steps.append(("write", at, 4, rng.choice((4096, 8192, 64, 0, 1 << 30, 0xFFFF_FFFF, 0xFFFF_FFFF))))
            case "setup":
                value = rng.randrange(16) | rng.choice((0, 0, 1 << 31, 0x0F00))
                steps.append(("write", BASE + READS + 4 * rng.randrange(4), rng.choice((4, 4, 1)), value & 0xFF))
            case "module":
                control = rng.choice((0xFFFF80C0, 0xFFFF80C2, 0xFFFF80C1, 0xFFFFA0C0, 0x0000_0000))
                steps.append(("write", BASE + MCR0, rng.choice((4, 4, 4, 1)), control & 0xFF | control & 0xFFFF_FF00))
                steps[-1] = (*steps[-1][:3], steps[-1][3] & (1 << 8 * steps[-1][2]) - 1)
            case "odd":
                size, at = rng.choice(((4, 0xF8), (1, 0x15), (2, 0x16), (4, 0x90), (4, 0x430), (2, 0x17E), (1, 0xB9)))
                steps += [("read", BASE + at, size), ("write", BASE + at, size, rng.getrandbits(8 * size))]
                steps.append(("write", BASE + IPRXFCR, 4, 0))
            case "any":
                at = BASE + 4 * rng.choice((*range(0x30), *range(0x100, 0x118)))
                steps.append(("write", at, 4, rng.getrandbits(32)))
                steps.append(("write", BASE + MCR0, 4, 0xFFFF80C0))
            case "byte":
                steps.append(("read", BASE + rng.randrange(0x448), 1))
            case "save" | "restore" as kind:
                steps.append((kind,))
            case "reset":
                steps += [("reset", "flexspi1")] * (rng.random() < 0.3)
        steps += [("read", BASE + at, 4) for at in (STS0, STS1, INTR, RX_FILL, TX_FILL)]
    return [*steps, *(("read", BASE + 4 * n, 4) for n in range(0x114))]


@SETTINGS
@given(SEEDS, st.booleans())
def test_flexspi(seed, other_chip):
    pair = (FlexSpi106x, NativeFlexSpi106x) if other_chip else (FlexSpi, NativeFlexSpi)
    compare(builder(*pair, flash=False), program(Random(seed)))


NOR_SEQUENCES = (
    words_of((COMMAND, 0x9F), (READ, 4)),
    words_of((COMMAND, 0x05), (READ, 4)),
    words_of((COMMAND, 0x06)),
    words_of((COMMAND, 0x0B), (ROW, 24), (DUMMY, 8), (READ, 4)),
    words_of((COMMAND, 0x02), (ROW, 24), (WRITE, 4)),
    words_of((COMMAND, 0x20), (ROW, 24)),
    words_of((COMMAND, 0xEB), (ROW, 24), (DUMMY, 6), (READ, 4)),
    words_of((COMMAND, 0x31), (WRITE, 1)),
    words_of((COMMAND, 0xB9)),
    words_of((COMMAND, 0xAB), (READ, 1)),
    words_of((COMMAND, 0x75)),
    words_of((COMMAND, 0x7A)),
)


def flash_program(rng: Random) -> list[tuple[Any, ...]]:
    """A driver's work on a flash: it is read, programmed and erased, also while it is busy or powered down."""
    steps: list[tuple[Any, ...]] = [("write", BASE + MCR0, 4, 0xFFFF80C0), ("write", BASE + SIZES, 4, 4096)]
    for number, words in enumerate(NOR_SEQUENCES):
        steps += table_steps(number, words)
    kinds = ("command", "command", "write", "write", "run", "run", "read", "read", "setup", "save", "restore", "fifo")
    for _ in range(rng.randint(30, 100)):
        match rng.choice(kinds):
            case "command":
                steps += command_steps(rng, len(NOR_SEQUENCES))
            case "write":
                number, size, address = rng.choice((4, 4, 5, 7)), rng.choice((1, 8, 30, 256)), rng.getrandbits(14)
                steps += [("write", BASE + IPTXFCR, 4, 1), ("write", BASE + IPCR1, 4, 2 << 16)]
                steps += [("write", BASE + IPCMD, 4, 1), ("write", BASE + IPCR0, 4, address)]
                steps.append(("write", BASE + IPCR1, 4, number << 16 | (size if number != 7 else 1)))
                steps.append(("write", BASE + IPCMD, 4, 1))
                steps += send_steps(rng, -(-size // 8))
            case "run":
                steps.append(("run", rng.choice((1000, 200_000, 2_000_000, 50_000_000, 400_000_000))))
            case "read":
                size = rng.choice((1, 4, 200, 256, 500))
                steps += [("write", BASE + IPRXFCR, 4, 1), ("write", BASE + IPCR0, 4, rng.getrandbits(14))]
                steps += [("write", BASE + IPCR1, 4, rng.choice((1, 3, 6)) << 16 | size), ("write", BASE + IPCMD, 4, 1)]
                steps += take_steps(rng, -(-size // 8))
            case "setup":
                steps.append(("write", BASE + READS, 4, rng.choice((3, 6, 0, 15))))
            case "fifo":
                steps += fifo_steps(rng)
            case "save" | "restore" as kind:
                steps.append((kind,))
        steps += [("read", BASE + at, 4) for at in (STS0, STS1, INTR, RX_FILL, TX_FILL)]
    return steps


@SETTINGS
@given(SEEDS)
def test_flexspi_with_a_flash(seed):
    side = compare(builder(FlexSpi, NativeFlexSpi, flash=True), flash_program(Random(seed)))
    assert any(event[1] == "execute" for event in side.record)


def test_types_with_a_twin():
    assert native_twin("Wattbench.FlexSpi") is NativeFlexSpi
    assert native_twin("Wattbench.FlexSpi106x") is NativeFlexSpi106x


def test_only_serial_flashes_attach():
    machine = Machine()
    block = NativeFlexSpi(machine, "flexspi1")
    for child, point in ((NorFlash(machine, "nor"), 4), (NorFlash(machine, "nor"), None), (Model(machine, "x"), 0)):
        with pytest.raises(TypeError, match=r"flexspi1 takes serial flashes at 0 to 3, not (nor|x) at"):
            block.attach(child, point)
    machine.close()


def test_an_error_of_a_part_comes_out_of_the_run():
    class Broken(NotingPart):
        def execute(self, *args: Any) -> bytes:
            raise ValueError("no contact")

    side = Side(native=True)
    block = NativeFlexSpi(side.host, "flexspi1")
    block.attach(Broken(side, 0), 0)
    side.add("flexspi1", block, BASE)
    for step in ("write", BASE + SIZES, 4, 64), *table_steps(0, words_of((COMMAND, 1))), ("write", BASE + IPCMD, 4, 1):
        side.do(step)
    with pytest.raises(ValueError, match="no contact"):
        side.do(("run", 1))
    side.host.close()
