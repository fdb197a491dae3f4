"""The Monitor's own commands."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.core.errors import MonitorError
from wattbench.monitor.convert import MismatchError
from wattbench.monitor.printing import NumbersMode
from wattbench.monitor.script import Lines, Place, read_script
from wattbench.monitor.tokens import Kind, Token

if TYPE_CHECKING:
    from wattbench.monitor.monitor import Monitor

Run = Callable[["Monitor", list[Token]], None]

LOG_LEVELS = {
    -1: logging.DEBUG - 5, 0: logging.DEBUG, 1: logging.INFO, 2: logging.WARNING, 3: logging.ERROR,
}  # fmt: skip
"""Renode's log levels (-1 Noisy to 3 Error) as those of `logging`."""
LEVEL_NAMES = {"noisy": -1, "debug": 0, "info": 1, "warning": 2, "error": 3}


@dataclass(frozen=True)
class Command:
    """A command: how it is used, what it does, and whether its arguments are names that are not to be expanded."""

    name: str
    alternatives: tuple[str, ...]
    usage: str
    run: Run
    takes_names: bool

    @property
    def summary(self) -> str:
        """One line on what it does."""
        return str(self.run.__doc__).splitlines()[0]


BY_NAME: dict[str, Command] = {}
BY_ALTERNATIVE: dict[str, Command] = {}


def command(name: str, *alternatives: str, usage: str = "", takes_names: bool = False) -> Callable[[Run], Run]:
    """Declare a command; its summary is the first line of the function's docstring."""

    def declare(run: Run) -> Run:
        BY_NAME[name] = Command(name, alternatives, f"{name} {usage}".strip(), run, takes_names)
        BY_ALTERNATIVE.update(dict.fromkeys(alternatives, BY_NAME[name]))
        return run

    return declare


def wrong_use(name: str) -> MonitorError:
    """The error for arguments that a command does not take."""
    return MonitorError(f"{name} is used as: {BY_NAME[name].usage}")


def _name(arguments: list[Token], command_name: str) -> str:
    """The name in the first argument: `$name`, `name` or `"name"`."""
    if not arguments or arguments[0].kind not in (Kind.VARIABLE, Kind.LITERAL, Kind.STRING):
        raise wrong_use(command_name)
    return str(arguments[0].value)


def _converted(monitor: Monitor, token: Token, hint: Any, command_name: str) -> Any:
    try:
        return monitor.converter.convert(token, hint)
    except MismatchError:
        raise wrong_use(command_name) from None


@command("set", usage='name value | name """ (lines) """', takes_names=True)
def _set(monitor: Monitor, arguments: list[Token]) -> None:
    """Define a variable."""
    name, values = _name(arguments, "set"), monitor.expand(arguments[1:])
    if len(values) != 1:
        raise wrong_use("set")
    monitor.variables.set(name, monitor.machine, values[0])


@command("macro", usage='name """ (lines) """', takes_names=True)
def _macro(monitor: Monitor, arguments: list[Token]) -> None:
    """Define a macro; one with the name reset runs after each reset of the machine."""
    name, values = _name(arguments, "macro"), monitor.expand(arguments[1:])
    if len(values) != 1 or values[0].kind is not Kind.STRING:
        raise wrong_use("macro")
    place = monitor.place
    if place is not None and arguments[1].kind is Kind.STRING:
        place = Place(place.file, place.line + arguments[1].row)
    monitor.macros.set(name, monitor.machine, Lines(values[0].value, place, monitor.origin))


@command("runMacro", usage="$name", takes_names=True)
def _run_macro(monitor: Monitor, arguments: list[Token]) -> None:
    """Run a macro."""
    name = _name(arguments, "runMacro")
    macro = monitor.macros.find(name, monitor.machine)
    if macro is None:
        raise MonitorError(f"there is no macro `{name}`; macro {name} defines it")
    monitor.run(macro)


@command("execute", usage="$variable", takes_names=True)
def _execute(monitor: Monitor, arguments: list[Token]) -> None:
    """Run the text of a variable as commands."""
    if len(arguments) != 1 or arguments[0].kind is not Kind.VARIABLE:
        raise wrong_use("execute")
    monitor.run(Lines(str(monitor.value(arguments[0]).value), None, monitor.origin))


@command("alias", usage='name "command"', takes_names=True)
def _alias(monitor: Monitor, arguments: list[Token]) -> None:
    """Give a command another name; without arguments list them."""
    if not arguments:
        for name, text in monitor.aliases:
            monitor.write(f"{name}: {text}\n")
        return
    name, values = _name(arguments, "alias"), monitor.expand(arguments[1:])
    if len(values) != 1 or values[0].kind is not Kind.STRING:
        raise wrong_use("alias")
    monitor.aliases.set(name, monitor.machine, values[0].value)


@command("require", usage="$variable", takes_names=True)
def _require(monitor: Monitor, arguments: list[Token]) -> None:
    """Stop the script unless a variable is defined."""
    name = _name(arguments, "require")
    if monitor.variables.find(name, monitor.machine) is None:
        raise MonitorError(f"the variable ${name} has to be set before this script")


@command("string", "str", usage="value...")
def _string(monitor: Monitor, arguments: list[Token]) -> None:
    """Print the arguments as one quoted string, for use in backticks."""
    joined = "".join(str(token.value) for token in arguments).replace('"', '\\"')
    monitor.write(f'"{joined}"\n')


@command("echo", usage="[-n] value...")
def _echo(monitor: Monitor, arguments: list[Token]) -> None:
    """Print the arguments; -n leaves the line open."""
    bare = bool(arguments) and arguments[0].text == "-n"
    text = " ".join(str(token.value) for token in arguments[1 if bare else 0 :])
    monitor.write(text if bare else text + "\n")


@command("include", "i", usage="@file")
def _include(monitor: Monitor, arguments: list[Token]) -> None:
    """Run a script, or load a .repl file into the machine (a new one if none is selected)."""
    if len(arguments) != 1:
        raise wrong_use("include")
    path: Path = _converted(monitor, arguments[0], Path, "include")
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
        monitor.target.create_machine(_name(rest, "mach"))
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
    name = _name(arguments, "mach") if arguments else free
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


@command("using", usage="name | - | unset")
def _using(monitor: Monitor, arguments: list[Token]) -> None:
    """Let names of objects be given without this prefix; `-` or unset takes all prefixes back."""
    if not arguments:
        monitor.write("".join(f"{prefix}\n" for prefix in monitor.prefixes))
    elif arguments[0].text in ("-", "unset"):
        monitor.prefixes = ["sysbus."]
    elif len(arguments) == 1 and arguments[0].kind is Kind.LITERAL:
        prefix = arguments[0].text.rstrip(".") + "."
        if prefix not in monitor.prefixes:
            monitor.prefixes.append(prefix)
    else:
        raise wrong_use("using")


@command("path", usage="[add @folder | set @folder | reset]")
def _path(monitor: Monitor, arguments: list[Token]) -> None:
    """Show or change the folders in which @files are looked for."""
    verb = arguments[0].text if arguments else ""
    if not arguments:
        monitor.write("".join(f"{folder}\n" for folder in (Path.cwd(), *monitor.search.folders)))
    elif verb == "reset" and len(arguments) == 1:
        monitor.search.reset()
    elif verb in ("add", "set") and len(arguments) == 2:
        folder = _converted(monitor, arguments[1], Path, "path")
        (monitor.search.add if verb == "add" else monitor.search.set)(folder)
    else:
        raise wrong_use("path")


@command("numbersMode", usage="[Hexadecimal | Decimal | Both]")
def _numbers_mode(monitor: Monitor, arguments: list[Token]) -> None:
    """Show or change how whole numbers are printed."""
    if arguments:
        monitor.numbers_mode = _converted(monitor, arguments[0], NumbersMode, "numbersMode")
    else:
        monitor.write(f"{monitor.numbers_mode.value}\n")


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


@command("help", "?", "h", usage="[command]")
def _help(monitor: Monitor, arguments: list[Token]) -> None:
    """List the commands, or explain one."""
    if arguments:
        name = arguments[0].text
        found = BY_NAME.get(name) or BY_ALTERNATIVE.get(name)
        if found is None:
            raise MonitorError(f"there is no command `{name}`; help lists them")
        also = f"\nother names: {', '.join(found.alternatives)}" if found.alternatives else ""
        monitor.write(f"{found.usage}\n{found.summary}{also}\n")
        return
    width = max(map(len, BY_NAME))
    monitor.write("".join(f"{name:{width}}  {item.summary}\n" for name, item in sorted(BY_NAME.items())))


@command("quit", "q", usage="[exit code]")
def _quit(monitor: Monitor, arguments: list[Token]) -> None:
    """End the session."""
    monitor.leaving = _converted(monitor, arguments[0], int, "quit") if arguments else 0
