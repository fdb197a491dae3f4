"""UARTs for programs outside: what pyserial or a TCP client sees of the firmware's shell."""

from __future__ import annotations

import socket

import pytest
import serial

from wattbench.bench.products import home
from wattbench.core.errors import MonitorError
from wattbench.engines.embedded import open_monitor


@pytest.fixture
def session():
    session = open_monitor(lambda text: None)
    session.execute(f"include @{home() / 'platforms' / 'edge_meter_3p.resc'}")
    session.execute('emulation RunFor "0.05"')
    yield session
    session.execute("Clear")


def test_a_serial_program_talks_to_the_shell(session, tmp_path):
    session.execute(f'emulation CreateUartPtyTerminal "term" "{tmp_path / "uart"}"')
    session.execute("connector Connect lpuart1 term")
    with serial.Serial(str(tmp_path / "uart"), timeout=0) as port:
        port.write(b"version\r")
        session.execute('emulation RunFor "0.2"')
        assert b"version" in port.read(1000)
    session.execute("connector Disconnect lpuart1 term")
    session.execute("Clear")
    assert not (tmp_path / "uart").exists()


def test_a_tcp_client_talks_to_the_shell(session):
    session.execute('emulation CreateServerSocketTerminal 0 "term"')
    session.execute("connector Connect sysbus.lpuart1 term")
    with socket.create_connection(("127.0.0.1", session.emulation.externals["term"].port)) as client:
        client.sendall(b"help\r")
        session.execute('emulation RunFor "0.2"')
        client.setblocking(False)
        assert b"measure" in client.recv(4000)


def test_what_cannot_be_connected_is_named(session, tmp_path):
    session.execute(f'emulation CreateUartPtyTerminal "term" "{tmp_path / "uart"}"')
    with pytest.raises(MonitorError, match="is no UART"):
        session.execute("connector Connect gpio1 term")
    with pytest.raises(MonitorError, match="already a `term`"):
        session.execute('emulation CreateServerSocketTerminal 0 "term"')
    (tmp_path / "file").write_text("kept")
    with pytest.raises(MonitorError, match="no link of a terminal"):
        session.execute(f'emulation CreateUartPtyTerminal "other" "{tmp_path / "file"}"')
