"""A SAI under test: its registers, a device on its wires, and a record of what its outputs did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from pairs import Side

from wattbench.core.wires import AudioFrame
from wattbench.engines.embedded.twins import NativeSai
from wattbench.hw.imxrt.sai import Sai

BASE = 0x4038_4000
TCSR, TCR1, TCR2, TCR3, TCR4, TCR5, TDR0, TFR0, TMR = 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x40, 0x60
RCSR, RCR1, RCR2, RCR3, RCR4, RCR5, RDR0, RFR0, RMR = 0x88, 0x8C, 0x90, 0x94, 0x98, 0x9C, 0xA0, 0xC0, 0xE0
FRDE, FWDE, FRIE, FWIE, FEIE, SEIE, WSIE = 1, 2, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12
FRF, FWF, FEF, SEF, WSF = 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20
HELD, FR, ENABLE = 1 << 24, 1 << 25, 1 << 31
BCD, BYP, FOLLOW, FSD, MF = 1 << 24, 1 << 23, 1 << 30, 1, 1 << 4
BIT_HZ = 8_000_000
KINDS: tuple[Any, ...] = (Sai, NativeSai)


class SaiBench:
    """One SAI at 24 MHz with a device that clocks it at 8 MHz."""

    def __init__(self, kind: Any) -> None:
        self.side = Side(native=kind is not Sai)
        self.clock = self.side.clock
        self.model = self.side.add("sai", kind(self.side.host, "sai1", clocks=self.clock), BASE)
        self.side.watch("sai", "IRQ", "RX_IRQ", "TX_IRQ", "RxDma", "TxDma")
        self.model.reset()
        self.record = self.side.record
        self.record.clear()
        self.start_ns = 0
        self.sent: list[AudioFrame] = []
        self.model.tx.listen(self.sent.append)

    @property
    def now(self) -> int:
        return self.side.host.now_ns()

    def write(self, offset: int, value: int) -> None:
        self.side.host.bus_write(BASE + offset, value.to_bytes(4, "little"))

    def read(self, offset: int) -> int:
        return int.from_bytes(self.side.host.bus_read(BASE + offset, 4), "little")

    def run(self, ns: int) -> None:
        self.side.bus.run_to(self.now + int(ns))

    def run_to(self, time_ns: int) -> None:
        self.side.bus.run_to(time_ns)

    def level(self, output: str) -> bool:
        return bool(self.model.outputs[output].level)

    def changes(self, output: str) -> list[tuple[int, bool]]:
        return [(time, level) for time, _, key, level in self.record if key == output]

    def bench_port(self, name: str) -> Any:
        return getattr(self.model, name)

    def unmodelled(self) -> set[str]:
        return {access for _, access in self.side.unmodelled()}

    def receive_8_words(self, *, watermark: int = 31, enable: bool = True) -> None:
        """Frames of eight 32-bit words on line 0, clocked by the device."""
        self.write(RCR1, watermark)
        self.write(RCR3, 1 << 16)
        self.write(RCR4, 7 << 16 | MF)
        self.write(RCR5, 31 << 24 | 31 << 16 | 31 << 8)
        if enable:
            self.write(RCSR, ENABLE)

    def send_2_words(self, *, divider: int = 0) -> None:
        """Frames of two 32-bit words on line 0, clocked here; not enabled yet."""
        self.write(TCR2, BCD | 1 << 26 | divider)
        self.write(TCR3, 1 << 16)
        self.write(TCR4, 1 << 16 | MF | FSD)
        self.write(TCR5, 31 << 24 | 31 << 16 | 31 << 8)

    def frame(self, words: Iterable[int], width: int = 32) -> None:
        """The device sends a frame on line 0, from now on."""
        self.lines([list(words)], width)

    def lines(self, lines: Sequence[Sequence[int]], width: int = 32) -> None:
        self.start_ns = self.now
        widths = (width,) * len(lines[0])
        self.model.rx.begin(AudioFrame(self.now, Fraction(BIT_HZ), widths, tuple(tuple(row) for row in lines)))

    def save(self) -> Any:
        return self.model.save(), self.side.bus.save()

    def restore(self, saved: Any) -> None:
        self.side.bus.restore(saved[1])
        self.model.restore(saved[0])
