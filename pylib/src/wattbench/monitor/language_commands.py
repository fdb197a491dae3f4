"""Commands of the language itself: variables, macros, names, paths, output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wattbench.core.errors import MonitorError
from wattbench.monitor.command import BY_ALTERNATIVE, BY_NAME, command, converted, name_in, wrong_use
from wattbench.monitor.printing import NumbersMode
from wattbench.monitor.script import Lines, Place
from wattbench.monitor.tokens import Kind, Token

if TYPE_CHECKING:
    from wattbench.monitor.monitor import Monitor


@command("set", usage='name value | name """ (lines) """', takes_names=True)
def _set(monitor: Monitor, arguments: list[Token]) -> None:
    """Define a variable."""
    name, values = name_in(arguments, "set"), monitor.expand(arguments[1:])
    if len(values) != 1:
        raise wrong_use("set")
    monitor.variables.set(name, monitor.machine, values[0])


@command("macro", usage='name """ (lines) """', takes_names=True)
def _macro(monitor: Monitor, arguments: list[Token]) -> None:
    """Define a macro; one with the name reset runs after each reset of the machine."""
    name, values = name_in(arguments, "macro"), monitor.expand(arguments[1:])
    if len(values) != 1 or values[0].kind is not Kind.STRING:
        raise wrong_use("macro")
    place = monitor.place
    if place is not None and arguments[1].kind is Kind.STRING:
        place = Place(place.file, place.line + arguments[1].row)
    monitor.macros.set(name, monitor.machine, Lines(values[0].value, place, monitor.origin))


@command("runMacro", usage="$name", takes_names=True)
def _run_macro(monitor: Monitor, arguments: list[Token]) -> None:
    """Run a macro."""
    name = name_in(arguments, "runMacro")
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
    name, values = name_in(arguments, "alias"), monitor.expand(arguments[1:])
    if len(values) != 1 or values[0].kind is not Kind.STRING:
        raise wrong_use("alias")
    monitor.aliases.set(name, monitor.machine, values[0].value)


@command("require", usage="$variable", takes_names=True)
def _require(monitor: Monitor, arguments: list[Token]) -> None:
    """Stop the script unless a variable is defined."""
    name = name_in(arguments, "require")
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
        folder = converted(monitor, arguments[1], Path, "path")
        (monitor.search.add if verb == "add" else monitor.search.set)(folder)
    else:
        raise wrong_use("path")


@command("numbersMode", usage="[Hexadecimal | Decimal | Both]")
def _numbers_mode(monitor: Monitor, arguments: list[Token]) -> None:
    """Show or change how whole numbers are printed."""
    if arguments:
        monitor.numbers_mode = converted(monitor, arguments[0], NumbersMode, "numbersMode")
    else:
        monitor.write(f"{monitor.numbers_mode.value}\n")


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
    monitor.leaving = converted(monitor, arguments[0], int, "quit") if arguments else 0
