"""Commands about machines, time and the log."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.core.errors import MonitorError
from wattbench.monitor.command import command, converted, name_in, wrong_use
from wattbench.monitor.script import read_script
from wattbench.monitor.tokens import Kind, Token

if TYPE_CHECKING:
    from wattbench.monitor.monitor import Monitor

LOG_LEVELS = {
    -1: logging.DEBUG - 5, 0: logging.DEBUG, 1: logging.INFO, 2: logging.WARNING, 3: logging.ERROR,
}  # fmt: skip
"""Renode's log levels (-1 Noisy to 3 Error) as those of `logging`."""
LEVEL_NAMES = {"noisy": -1, "debug": 0, "info": 1, "warning": 2, "error": 3}


@command("include", "i", usage="@file")
def _include(monitor: Monitor, arguments: list[Token]) -> None:
    """Run a script, or load a .repl file into the machine (a new one if none is selected)."""
    if len(arguments) != 1:
        raise wrong_use("include")
    path: Path = converted(monitor, arguments[0], Path, "include")
    if path.suffix in (".py", ".cs"):
        raise MonitorError(f"{path.name}: models in {path.suffix} files run under real Renode only")
    if path.suffix != ".repl":
        monitor.run(read_script(path))
        return
    if monitor.machine is None:
        _create_machine(monitor, [])
    monitor.target.load_platform(path)


@command("start", "s", usage="[@script]")
def _start(monitor: Monitor, arguments: list[Token]) -> None:
    """Let virtual time run; with a script, run that first."""
    if arguments:
        _include(monitor, arguments)
    monitor.target.start()


@command("pause", "p")
def _pause(monitor: Monitor, arguments: list[Token]) -> None:
    """Stop virtual time."""
    if arguments:
        raise wrong_use("pause")
    monitor.target.pause()


@command("mach", usage='[create ["name"] | add "name" | set "name"|number | rem "name" | clear]')
def _mach(monitor: Monitor, arguments: list[Token]) -> None:
    """List, create, select or remove machines."""
    if not arguments:
        for number, name in enumerate(monitor.target.machines):
            monitor.write(f"{number}: {name}{' (selected)' if name == monitor.machine else ''}\n")
        return
    verb, rest = arguments[0].text, arguments[1:]
    if verb == "create" and len(rest) < 2:
        _create_machine(monitor, rest)
    elif verb == "add" and len(rest) == 1:
        monitor.target.create_machine(name_in(rest, "mach"))
    elif verb == "set" and len(rest) == 1:
        monitor.select(_machine(monitor, rest[0]))
    elif verb == "rem" and len(rest) == 1:
        name = _machine(monitor, rest[0])
        if name == monitor.machine:
            monitor.select(None)
        monitor.target.remove_machine(name)
    elif verb == "clear" and not rest:
        monitor.select(None)
    else:
        raise wrong_use("mach")


def _create_machine(monitor: Monitor, arguments: list[Token]) -> None:
    taken = monitor.target.machines
    free = next(f"machine-{number}" for number in range(len(taken) + 1) if f"machine-{number}" not in taken)
    name = name_in(arguments, "mach") if arguments else free
    if name in taken:
        raise MonitorError(f"there is already a machine `{name}`")
    monitor.target.create_machine(name)
    monitor.select(name)


def _machine(monitor: Monitor, token: Token) -> str:
    """The name of the machine that a name or number means."""
    machines = monitor.target.machines
    if token.kind is Kind.INTEGER and 0 <= token.value < len(machines):
        return str(machines[token.value])
    if token.value not in machines:
        raise MonitorError(f"there is no machine `{token.value}`; there are: {', '.join(machines) or 'none'}")
    return str(token.value)


@command("currentTime")
def _current_time(monitor: Monitor, arguments: list[Token]) -> None:
    """Print the virtual time as hh:mm:ss.nnnnnnnnn."""
    if arguments:
        raise wrong_use("currentTime")
    seconds, ns = divmod(monitor.target.now_ns(), 1_000_000_000)
    monitor.write(f"Elapsed Virtual Time: {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ns:09}\n")


@command("log", usage='"message" [Noisy | Debug | Info | Warning | Error]')
def _log(monitor: Monitor, arguments: list[Token]) -> None:
    """Write a line to the log."""
    if not arguments or len(arguments) > 2:
        raise wrong_use("log")
    level = _level(arguments[1], "log") if len(arguments) == 2 else logging.DEBUG
    monitor.target.log(level, str(arguments[0].value))


@command("logLevel", usage="level [object]")
def _log_level(monitor: Monitor, arguments: list[Token]) -> None:
    """Set which lines are logged: -1 Noisy, 0 Debug, 1 Info, 2 Warning, 3 Error."""
    if not 1 <= len(arguments) <= 2:
        raise wrong_use("logLevel")
    path = _object_path(monitor, arguments[1]) if len(arguments) == 2 else None
    monitor.target.set_log_level(_level(arguments[0], "logLevel"), path)


def _level(token: Token, command_name: str) -> int:
    number = LEVEL_NAMES.get(token.text.lower(), token.value)
    if number not in LOG_LEVELS:
        raise wrong_use(command_name)
    return LOG_LEVELS[number]


def _object_path(monitor: Monitor, token: Token) -> str:
    path = monitor.path_of(token.text)
    if path is None:
        raise MonitorError(f"there is no object `{token.text}`; peripherals lists them")
    return path


@command("showAnalyzer", "sa", usage="object [analyzer]")
def _show_analyzer(monitor: Monitor, arguments: list[Token]) -> None:
    """Show what a serial port sends."""
    if not 1 <= len(arguments) <= 2:
        raise wrong_use("showAnalyzer")
    kind = arguments[1].text if len(arguments) == 2 else None
    monitor.target.show_analyzer(_object_path(monitor, arguments[0]), kind)


@command("peripherals", "peri")
def _peripherals(monitor: Monitor, arguments: list[Token]) -> None:
    """List the objects of the machine."""
    if arguments:
        raise wrong_use("peripherals")
    monitor.write("".join(f"{path}\n" for path in monitor.target.paths()))


@command("unmodelled")
def _unmodelled(monitor: Monitor, arguments: list[Token]) -> None:
    """List what firmware has used that no model does: how often, block, register, PC, function, first time."""
    if arguments:
        raise wrong_use("unmodelled")
    monitor.write("".join(f"{line}\n" for line in monitor.target.unmodelled()) or "nothing\n")
