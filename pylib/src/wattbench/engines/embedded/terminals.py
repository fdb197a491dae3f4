"""UARTs for programs outside: pseudo terminals and TCP sockets on the loopback address, as Renode's externals."""

from __future__ import annotations

import contextlib
import os
import socket
import tty
from pathlib import Path
from typing import Any, Protocol

from wattbench.core.errors import MonitorError
from wattbench.engines.embedded.taps import UartRecord

CHUNK = 4096


class Terminal(Protocol):
    """One end of a UART outside of the machine. It is served between slices of virtual time."""

    name: str

    def serve(self) -> bytes:
        """Characters that came from outside since the last call."""

    def send(self, data: bytes) -> None:
        """Characters for the outside."""

    def close(self) -> None:
        """Give it up."""


class PtyTerminal:
    """A pseudo terminal; `path` is a link to it."""

    def __init__(self, name: str, path: str) -> None:
        """Raises MonitorError when `path` is in use."""
        self.name, self._link = name, Path(path)
        if self._link.exists() and not self._link.is_symlink():
            raise MonitorError(f"{path} exists and is no link of a terminal; give another path")
        self._controller, self._far_end = os.openpty()
        tty.setraw(self._far_end)
        os.set_blocking(self._controller, False)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._far_end))

    def serve(self) -> bytes:
        """See `Terminal.serve`."""
        try:
            return os.read(self._controller, CHUNK)
        except BlockingIOError:
            return b""

    def send(self, data: bytes) -> None:
        """See `Terminal.send`; what nobody reads is lost once the terminal's buffer is full."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._controller, data)

    def close(self) -> None:
        """See `Terminal.close`."""
        self._link.unlink(missing_ok=True)
        os.close(self._far_end)
        os.close(self._controller)


class SocketTerminal:
    """A TCP server on 127.0.0.1 that takes one client at a time."""

    def __init__(self, port: int, name: str) -> None:
        """Port 0 takes a free one; raises MonitorError when the port is in use."""
        self.name = name
        self._server = socket.socket()
        try:
            self._server.bind(("127.0.0.1", port))
        except OSError as error:
            self._server.close()
            raise MonitorError(f"port {port} cannot be used: {error.strerror}") from error
        self._server.listen(1)
        self._server.setblocking(False)
        self._client: socket.socket | None = None

    @property
    def port(self) -> int:
        """The port it listens at."""
        return int(self._server.getsockname()[1])

    def serve(self) -> bytes:
        """See `Terminal.serve`."""
        if self._client is None:
            try:
                self._client, _ = self._server.accept()
            except BlockingIOError:
                return b""
            self._client.setblocking(False)
        try:
            data = self._client.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def send(self, data: bytes) -> None:
        """See `Terminal.send`; lost while no client is there."""
        if self._client is not None:
            with contextlib.suppress(BlockingIOError, OSError):
                self._client.sendall(data)

    def close(self) -> None:
        """See `Terminal.close`."""
        self._hang_up()
        self._server.close()

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


class Connector:
    """The Monitor's `connector` object: which UART is connected to which terminal."""

    def __init__(self, uart_of: Any) -> None:
        self._uart_of = uart_of
        self._wires: list[tuple[Terminal, UartRecord, int]] = []

    def connect(self, peripheral: Any, external: Terminal) -> None:
        """Characters go both ways from now on."""
        record = self._uart_of(peripheral)
        self._wires.append((external, record, len(record.data)))

    def disconnect(self, peripheral: Any, external: Terminal) -> None:
        """No characters go between the two any more."""
        record = self._uart_of(peripheral)
        self._wires = [wire for wire in self._wires if wire[0] is not external or wire[1] is not record]

    def clear(self) -> None:
        """Nothing is connected any more."""
        self._wires.clear()

    @property
    def is_used(self) -> bool:
        """Whether anything is connected."""
        return bool(self._wires)

    def serve(self) -> None:
        """Carry what has come on either side since the last call."""
        wires = []
        for terminal, record, sent in self._wires:
            incoming = terminal.serve()
            if incoming:
                record.send(incoming)
            data = record.data[min(sent, len(record.data)) :]
            if data:
                terminal.send(data)
            wires.append((terminal, record, len(record.data)))
        self._wires = wires
