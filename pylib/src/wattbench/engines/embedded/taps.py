"""Records of what leaves the machine, with virtual time stamps: UART characters and edges of wires."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import Any

from wattbench.core.clock import NS_PER_S
from wattbench.core.host import TimeSource
from wattbench.core.wires import UartPort


class UartRecord:
    """See `engines.engine.UartTap`."""

    def __init__(self, host: TimeSource, name: str, port: UartPort, frame_bits: Callable[[], int]) -> None:
        self._host, self._port, self._frame_bits = host, port, frame_bits
        self._data, self._times_ns = bytearray(), list[int]()
        self._listeners: list[Callable[[int, int], None]] = []
        self._queue = bytearray()
        self._timer = host.timer(self._arrived, f"{name}.to_chip")
        port.listen(self._transmitted)

    @property
    def data(self) -> bytes:
        """See `UartTap.data`."""
        return bytes(self._data)

    @property
    def times_ns(self) -> Sequence[int]:
        """See `UartTap.times_ns`."""
        return self._times_ns

    def listen(self, listener: Callable[[int, int], None]) -> None:
        """See `UartTap.listen`."""
        self._listeners.append(listener)

    def send(self, data: bytes) -> None:
        """See `UartTap.send`."""
        idle = not self._queue
        self._queue += data
        if idle and self._queue:
            self._timer.arm(self._host.now_ns() + self._character_ns())

    def _character_ns(self) -> int:
        rate = self._port.bits_per_second()
        return round(self._frame_bits() * NS_PER_S / rate) if rate else NS_PER_S // 11520

    def _arrived(self) -> None:
        self._port.receive(self._queue.pop(0))
        if self._queue:
            self._timer.arm(self._host.now_ns() + self._character_ns())

    def _transmitted(self, character: int) -> None:
        now = self._host.now_ns()
        self._data.append(character & 0xFF)
        self._times_ns.append(now)
        for listener in self._listeners:
            listener(now, character)

    def save(self) -> dict[str, Any]:
        """How much was recorded, and what is on its way to the chip."""
        return {"length": len(self._data), "queue": bytes(self._queue), "due": self._timer.deadline_ns}

    def restore(self, saved: dict[str, Any]) -> None:
        """Cut the record to that moment."""
        del self._data[saved["length"] :], self._times_ns[saved["length"] :]
        self._queue = bytearray(saved["queue"])
        if saved["due"] is None:
            self._timer.cancel()
        else:
            self._timer.arm(saved["due"])

    def cut(self, time_ns: int) -> None:
        """Drop what lies after `time_ns`, for a tap that is younger than the state that is restored."""
        keep = bisect.bisect_right(self._times_ns, time_ns)
        del self._data[keep:], self._times_ns[keep:]


class EdgeRecord:
    """See `engines.engine.EdgeTap`."""

    def __init__(self, host: TimeSource, line: Any) -> None:
        self._host = host
        self._times_ns: list[int] = []
        self._levels: list[bool] = []
        self._listeners: list[Callable[[int, bool], None]] = []
        line.connect(self._changed, announce=False)

    @property
    def times_ns(self) -> Sequence[int]:
        """See `EdgeTap.times_ns`."""
        return self._times_ns

    @property
    def levels(self) -> Sequence[bool]:
        """See `EdgeTap.levels`."""
        return self._levels

    def listen(self, listener: Callable[[int, bool], None]) -> None:
        """See `EdgeTap.listen`."""
        self._listeners.append(listener)

    def _changed(self, level: bool) -> None:
        now = self._host.now_ns()
        self._times_ns.append(now)
        self._levels.append(level)
        for listener in self._listeners:
            listener(now, level)

    def cut(self, time_ns: int) -> None:
        """Drop what lies after `time_ns`."""
        keep = bisect.bisect_right(self._times_ns, time_ns)
        del self._times_ns[keep:], self._levels[keep:]
