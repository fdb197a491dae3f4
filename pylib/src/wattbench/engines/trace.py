"""A trace: what the engine contract says of what a machine does inside, as records with exact virtual times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

UNKNOWN_NS = (1 << 63) - 1
"""As `since_ns`: before the trace began, or there is no such time."""


BELOW_BOUNDARIES = (1 << 32) - 1
"""As `source` of LOAD."""


class TraceKind(IntEnum):
    """Kinds of records, and what their fields mean beside time and core (pylib/native/src/trace.h)."""

    ENTER = 1
    """Exception `value`, pending since `since_ns`, begins; exception `source` (0: none) was interrupted at `pc`."""
    LEAVE = 2
    """Exception `value` ends, near `pc`; exception `source` (0: none) goes on."""
    SLEEP = 3
    """The core sleeps at `pc`."""
    WAKE = 4
    """The core wakes."""
    LOOP = 5
    """From `since_ns` up to now a loop at `pc` changed nothing; `value` 1 if an interrupt could have ended it."""
    CALL = 6
    """The function at `pc` begins: `value` is its first argument (R0), `source` its return address."""
    RETURN = 7
    """The function at `pc` that was called at `since_ns` has returned: `value` is its result (R0)."""
    STORE = 8
    """`value` was stored to the watched address `source` by the instruction at `pc`; eight bytes are two records."""
    EDGE = 9
    """Wire number `source` of the request goes to level `value` (a chip select: 1 is asserted); the core is at `pc`."""
    SERVICE = 10
    """DMA channel number `source` of the request's `dma_services` begins a minor loop."""
    MAJOR = 11
    """DMA channel number `source` of the request's `dma` has ended its major loop; `value` is where it would go on."""
    LOAD = 12
    """In the window that began at `since_ns`, `value` instructions ran from load boundary `source` up to the next one.

    `BELOW_BOUNDARIES` as `source`: below the first boundary.
    """


RECORD = np.dtype(
    [
        ("time_ns", "<i8"),
        ("since_ns", "<i8"),
        ("kind", "<u2"),
        ("core", "<u2"),
        ("source", "<u4"),
        ("pc", "<u4"),
        ("value", "<u4"),
    ]
)
"""A record, as the native core has it."""

Records = NDArray[Any]
"""An array of `RECORD`."""


class Row(NamedTuple):
    """A record as plain numbers, which are far quicker to go through one by one."""

    time_ns: int
    since_ns: int
    kind: int
    core: int
    source: int
    pc: int
    value: int


def rows(records: Records) -> Iterator[Row]:
    """The records one by one."""
    return map(Row._make, records.tolist())


@dataclass(frozen=True)
class TraceRequest:
    """What a trace is to hold."""

    exceptions: bool = False
    sleep: bool = False
    """SLEEP, WAKE and LOOP."""
    functions: tuple[int, ...] = ()
    """Addresses of functions. One that another runs into without a call is not seen."""
    stores: tuple[tuple[int, int], ...] = ()
    """Address and bytes of memory whose stores by cores are wanted."""
    wires: tuple[str, ...] = ()
    """`led`, `ade_n.DREADY`, `gpio3.28`; `lpspi1.PCS0` is a controller's chip select."""
    dma: tuple[str, ...] = ()
    """Channels such as `edma0.6`, for the ends of their major loops."""
    dma_services: tuple[str, ...] = ()
    """Channels whose minor loops are wanted one by one."""
    load_boundaries: tuple[int, ...] = ()
    """Ascending addresses between which instructions are counted together."""
    load_window_ns: int = 0
    """How finely the load is resolved in time; 0 counts none."""
    limit: int = 1 << 23
    """Most records that are kept; beyond that the trace says how many were lost."""


class TraceTap(Protocol):
    """A trace that runs."""

    @property
    def request(self) -> TraceRequest:
        """What it holds."""

    @property
    def began_ns(self) -> int:
        """Virtual time of its beginning; a state restored before that is the new beginning."""

    @property
    def lost(self) -> int:
        """Records there was no room for."""

    @property
    def mips(self) -> Sequence[int]:
        """Million instructions per virtual second of each core."""

    def records(self) -> Records:
        """Everything up to now in the order of time."""

    def stop(self) -> None:
        """End it; nothing may be asked of it any more."""
