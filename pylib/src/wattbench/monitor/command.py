"""Declaring commands of the Monitor, and the arguments that several of them take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattbench.core.errors import MonitorError
from wattbench.monitor.convert import MismatchError
from wattbench.monitor.tokens import Kind, Token

if TYPE_CHECKING:
    from wattbench.monitor.monitor import Monitor

Run = Callable[["Monitor", list[Token]], None]


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


def name_in(arguments: list[Token], command_name: str) -> str:
    """The name in the first argument: `$name`, `name` or `"name"`."""
    if not arguments or arguments[0].kind not in (Kind.VARIABLE, Kind.LITERAL, Kind.STRING):
        raise wrong_use(command_name)
    return str(arguments[0].value)


def converted(monitor: Monitor, token: Token, hint: Any, command_name: str) -> Any:
    """A token as a value of type `hint`, or the error about the command's use."""
    try:
        return monitor.converter.convert(token, hint)
    except MismatchError:
        raise wrong_use(command_name) from None
