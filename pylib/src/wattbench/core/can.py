"""The CAN bus as a wire: nodes that share it, arbitration, acknowledgement, errors, and a partner for tests.

Bit times are exact fractions, so frames in a row do not drift. Nodes see a frame when it is over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Protocol

from wattbench.core.can_frame import (
    ACK_SLOT_BITS,
    END_BITS,
    ERROR_DELIMITER_BITS,
    ERROR_FLAG_BITS,
    INTERMISSION_BITS,
    CanFrame,
)
from wattbench.core.clock import NS_PER_S
from wattbench.core.errors import UsageError
from wattbench.core.host import Timer

FAILURES_KEPT = 256
"""Attempts in a row at one frame that are recorded one by one; of more only the first and the latest are."""
NOT_ACKNOWLEDGED, DESTROYED, CUT_OFF = "not acknowledged", "destroyed by an error", "its sender was reset"


@dataclass(frozen=True, slots=True)
class BusRecord:
    """One frame on the bus: the time of its last bit (or of the error frame's), who sent it, what went wrong."""

    time_ns: int
    frame: CanFrame
    sender: str
    fate: str = ""


class CanNode(Protocol):
    """A controller on the bus."""

    name: str

    def ready_ns(self) -> Fraction | int | None:
        """Time from which it would start a frame, None if it has none."""

    def next_frame(self) -> CanFrame | None:
        """The frame it starts now."""

    def rates_hz(self) -> tuple[Fraction | int, Fraction | int]:
        """Nominal and data bit rate; 0 for a node that follows any."""

    def acknowledges(self) -> bool:
        """Whether it takes part in the bus and acknowledges good frames."""

    def frame_starts(self, frame: CanFrame, own: bool) -> None:
        """A frame begins, its own or another's (or nobody's it lost against)."""

    def frame_passed(self, frame: CanFrame, own: bool, start_ns: int) -> None:
        """A frame that began at `start_ns` is over and good."""

    def frame_failed(self, frame: CanFrame, own: bool, cause: str) -> None:
        """A frame has ended with an error: `NOT_ACKNOWLEDGED`, `DESTROYED`, or why a node could not read it."""


class CanBus:
    """Nodes joined by two wires. `records` is what happened on them, in order."""

    def __init__(self, now_ns: Callable[[], int], new_timer: Callable[[str, Callable[[], None]], Timer]) -> None:
        """`new_timer(name, callback)` makes the bus's alarm, which its owner saves."""
        self.now_ns = now_ns
        self.nodes: list[CanNode] = []
        self.records: list[BusRecord] = []
        self.errors_to_come = 0
        """How many of the next frames are destroyed."""
        self._timer = new_timer("bus", self._due)
        self._free_ns = Fraction(0)
        """Exact time from which a frame may start."""
        self._frame: CanFrame | None = None
        self._sender = ""
        self._start_ns = self._end_ns = Fraction(0)
        self._nominal_hz = Fraction(1)
        self._fate = ""
        self._failures = 0

    @property
    def busy(self) -> bool:
        """Whether a frame or an error frame is on the bus."""
        return self._frame is not None

    def request(self) -> None:
        """Some node's `ready_ns` may have changed."""
        if self._frame is None:
            self._arm()

    def lose(self, node: CanNode) -> None:
        """`node` was reset: a frame that it was sending breaks off, which the others take for an error."""
        if self._frame is not None and self._sender == node.name:
            self._fate = CUT_OFF

    def _arm(self) -> None:
        times = [time for node in self.nodes if (time := node.ready_ns()) is not None]
        if times:
            start = max(Fraction(min(times)), self._free_ns)
            self._timer.arm(max(-(-start.numerator // start.denominator), self.now_ns()))
        else:
            self._timer.cancel()

    def _due(self) -> None:
        if self._frame is None:
            self._start()
        else:
            self._end()

    def _start(self) -> None:
        """Arbitration: of all that are ready the frame of the highest priority goes out."""
        now = Fraction(self.now_ns())
        offers: list[tuple[tuple[int, ...], int, CanNode, CanFrame]] = []
        for node in self.nodes:
            time = node.ready_ns()
            if time is not None and time <= now:
                frame = node.next_frame()
                if frame is not None:
                    offers.append((frame.priority, len(offers), node, frame))
        if not offers:
            return
        _, _, sender, frame = min(offers, key=lambda offer: offer[:2])
        self._frame, self._sender = frame, sender.name
        ready = max(self._free_ns, Fraction(sender.ready_ns() or 0))
        self._start_ns = ready if now - ready < 1 else now
        for node in self.nodes:
            node.frame_starts(frame, node is sender)
        self._nominal_hz, data_hz = self._rates(sender)
        self._fate = self._foresee(frame, sender)
        self._end_ns = self._start_ns + self._duration_ns(frame, data_hz)
        self._timer.arm(-(-self._end_ns.numerator // self._end_ns.denominator))

    def _foresee(self, frame: CanFrame, sender: CanNode) -> str:
        """What will go wrong; empty if nothing."""
        if self.errors_to_come:
            self.errors_to_come -= 1
            return DESTROYED
        others = [node for node in self.nodes if node is not sender and node.acknowledges()]
        for node in others:
            if fault := self._misread(frame, sender, node):
                return fault
        return "" if others else NOT_ACKNOWLEDGED

    def _misread(self, frame: CanFrame, sender: CanNode, reader: CanNode) -> str:
        theirs = reader.rates_hz()
        for own, other, kind in zip(sender.rates_hz(), theirs, ("", " in the data phase"), strict=True):
            if own and other and own != other and (not kind or frame.switched):
                return f"{reader.name} runs at {float(other):g} bit/s{kind}, the frame at {float(own):g}"
        return ""

    def _duration_ns(self, frame: CanFrame, data_hz: Fraction) -> Fraction:
        """From the first bit to the end of the frame or the error frame. An error strikes at the end of the data."""
        nominal, fast = frame.bits
        if self._fate == NOT_ACKNOWLEDGED:
            nominal += ACK_SLOT_BITS + ERROR_FLAG_BITS + ERROR_DELIMITER_BITS
        elif self._fate:
            nominal += 2 * ERROR_FLAG_BITS + ERROR_DELIMITER_BITS
        else:
            nominal += ACK_SLOT_BITS + END_BITS - 1
        return (nominal / self._nominal_hz + fast / (data_hz or self._nominal_hz)) * NS_PER_S

    def _rates(self, sender: CanNode) -> tuple[Fraction, Fraction]:
        """Of the sender, or of the first other node if it follows any rate."""
        for node in (sender, *self.nodes):
            nominal, fast = node.rates_hz()
            if nominal:
                return Fraction(nominal), Fraction(fast)
        raise UsageError("No node of the CAN bus has a bit rate yet.")

    def _end(self) -> None:
        frame, fate = self._frame, self._fate
        if frame is None:
            return
        self._free_ns = self._end_ns + INTERMISSION_BITS * NS_PER_S / self._nominal_hz
        self._frame = None
        self._record(frame, fate)
        start_ns = -(-self._start_ns.numerator // self._start_ns.denominator)
        for node in list(self.nodes):
            if fate:
                node.frame_failed(frame, node.name == self._sender, fate)
            else:
                node.frame_passed(frame, node.name == self._sender, start_ns)
        self._arm()

    def _record(self, frame: CanFrame, fate: str) -> None:
        last = self.records[-1] if self.records else None
        again = bool(fate) and last is not None and (last.frame, last.sender, last.fate) == (frame, self._sender, fate)
        self._failures = self._failures + 1 if again else 0
        if self._failures >= FAILURES_KEPT:
            del self.records[-1]
        self.records.append(BusRecord(self.now_ns(), frame, self._sender, fate))

    @property
    def free_ns(self) -> Fraction:
        """Exact time from which the next frame may start."""
        return self._free_ns

    def save(self) -> dict[str, Any]:
        """The whole state but the alarm, as plain data."""
        return {
            "free": self._free_ns,
            "frame": asdict(self._frame) if self._frame else None,
            "rest": (self._sender, self._start_ns, self._end_ns, self._nominal_hz, self._fate, self.errors_to_come),
            "failures": self._failures,
            "records": [(item.time_ns, asdict(item.frame), item.sender, item.fate) for item in self.records],
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave."""
        self._free_ns = saved["free"]
        self._frame = CanFrame(**saved["frame"]) if saved["frame"] else None
        self._sender, self._start_ns, self._end_ns, self._nominal_hz, self._fate, self.errors_to_come = saved["rest"]
        self._failures = saved["failures"]
        self.records[:] = [
            BusRecord(time_ns, CanFrame(**frame), sender, fate) for time_ns, frame, sender, fate in saved["records"]
        ]


class CanPort:
    """A chip's connection to a CAN bus, with a partner outside that tests speak through.

    The partner is silent until `present` is set or it sends: a controller alone on its bus gets no acknowledgement. It
    follows the chip's bit rate. Ports of one machine are joined to one bus by `join`.
    """

    def __init__(self, bus: CanBus, node: CanNode) -> None:
        self.bus, self.node = bus, node
        self.name = f"partner of {node.name}"
        self.present = False
        """Whether the partner takes part and acknowledges."""
        self.received: list[CanFrame] = []
        """Frames of others that the partner has seen whole."""
        self._queue: list[CanFrame] = []
        bus.nodes += [node, self]

    @property
    def frames(self) -> list[BusRecord]:
        """What happened on the bus; of many failed attempts in a row the first and the latest."""
        return self.bus.records

    def send(self, identifier: int, data: bytes = b"", **options: Any) -> None:
        """Let the partner send a frame; `options` are those of `CanFrame`. Raises UsageError."""
        self.present = True
        self._queue.append(CanFrame(identifier, bytes(data), **options))
        self.bus.request()

    def inject_errors(self, count: int) -> None:
        """Let the next `count` frames on the bus be destroyed, whoever sends them."""
        self.bus.errors_to_come += count

    def join(self, other: CanPort) -> None:
        """Put the nodes of `other` on this bus. Raises UsageError while a frame is on either bus."""
        if self.bus.busy or other.bus.busy:
            raise UsageError("CAN buses are joined while they are idle, before the firmware sends.")
        moved = [node for node in other.bus.nodes if node not in self.bus.nodes]
        other.bus.nodes.clear()
        self.bus.nodes += moved
        other.bus = self.bus
        self.bus.request()

    # The partner as a node

    def ready_ns(self) -> Fraction | int | None:
        """See `CanNode.ready_ns`; it waits for the chip to have a bit rate."""
        return 0 if self._queue and any(node.rates_hz()[0] for node in self.bus.nodes) else None

    def next_frame(self) -> CanFrame | None:
        """See `CanNode.next_frame`."""
        return self._queue[0] if self._queue else None

    def rates_hz(self) -> tuple[Fraction | int, Fraction | int]:
        """See `CanNode.rates_hz`."""
        return 0, 0

    def acknowledges(self) -> bool:
        """See `CanNode.acknowledges`."""
        return self.present

    def frame_starts(self, frame: CanFrame, own: bool) -> None:
        """See `CanNode.frame_starts`."""

    def frame_passed(self, frame: CanFrame, own: bool, start_ns: int) -> None:
        """See `CanNode.frame_passed`."""
        if own:
            del self._queue[0]
        elif self.present:
            self.received.append(frame)

    def frame_failed(self, frame: CanFrame, own: bool, cause: str) -> None:
        """See `CanNode.frame_failed`; the partner sends again."""

    def save(self) -> dict[str, Any]:
        """The partner's state as plain data."""
        return {
            "present": self.present,
            "queue": [asdict(frame) for frame in self._queue],
            "received": [asdict(frame) for frame in self.received],
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave."""
        self.present = saved["present"]
        self._queue = [CanFrame(**frame) for frame in saved["queue"]]
        self.received[:] = [CanFrame(**frame) for frame in saved["received"]]
