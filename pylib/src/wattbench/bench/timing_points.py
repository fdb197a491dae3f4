"""The table [timing] of a manifest: where in a product metrology timing is to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class TimingPoints:
    """Wires, DMA channels, functions and variables of a meter; what a product does not have stays empty.

    A wire is an output of the platform such as `ade_n.DREADY` or `gpio3.28`, a controller's chip select is
    `lpspi1.PCS0`, a DMA channel is `edma0.6`. Functions and variables are symbols, `symbol+0x10` or addresses.
    """

    data_ready: str = ""
    """Wire by which the converter says that a sample is ready."""
    data_ready_edge: Literal["falling", "rising"] = "falling"
    sample_period_us: float = 0.0
    chip_select: str = ""
    """Wire that begins the transfer of a sample."""
    chip_select_edge: Literal["falling", "rising"] = "rising"
    """A controller's own select rises when it is asserted, whatever its polarity; a pin's usually falls."""
    dma_start: str = ""
    """Channel whose minor loop answers data-ready."""
    buffer_complete: str = ""
    """Channel whose major loop ends when a buffer is full."""
    buffer_count: int = 0
    """Buffers in the ring."""
    buffer_period_ms: float = 0.0
    ring: str = ""
    """The ring's first buffer, where the consumer's first argument is the address of its buffer."""
    buffer_bytes: int = 0
    consumer: str = ""
    """Function that works off one buffer a call."""
    window: str = ""
    """Variable that is written when a measurement window is published."""
    window_period_ms: float = 0.0
    crossing: str = ""
    """Variable that the firmware writes the time stamp of a zero crossing to."""
    crossing_phase: str = "L1"
    crossing_delay_us: float = 0.0
    """How much later than the waveform's crossing the stamp lies by design (filters, conversion)."""
    timebase: str = ""
    """The counter that stamps are ticks of: address or symbol."""
    timebase_hz: float = 0.0
    timebase_bits: int = 32
    functions: tuple[str, ...] = ()
    """More functions whose calls are of interest."""
    interrupts: Mapping[str, int] = field(default_factory=dict)
    """Names of interrupts by their number at the NVIC."""
    partitions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Parts of the code by name: functions (`metrology_*`), sources (`energy.c`), an ELF file (`elf:psh.elf`), or
    addresses (`0x30080000-0x30090000`)."""
