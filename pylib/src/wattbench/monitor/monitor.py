"""The Monitor: carries out lines and scripts, and hands to the engine what is the engine's."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wattbench.core.errors import FirmwareFileError, MonitorError, SourceError, UsageError, WattbenchError
from wattbench.core.names import did_you_mean
from wattbench.monitor import language_commands, machine_commands  # noqa: F401 - they declare the commands
from wattbench.monitor.command import BY_ALTERNATIVE, BY_NAME
from wattbench.monitor.convert import Converter
from wattbench.monitor.members import Members, describe
from wattbench.monitor.paths import PathSearch
from wattbench.monitor.printing import NumbersMode, format_value
from wattbench.monitor.script import Lines, Place, read_script
from wattbench.monitor.target import Target
from wattbench.monitor.tokens import Kind, Token, split_commands, tokenize
from wattbench.monitor.variables import Scoped

MANAGER = "EmulationManager"


class Monitor:
    """One session. `execute` is the way in; the other public members are for commands and engines.

    `machine` is the selected machine's name, `search` where files are looked for, `macros` and `variables` what
    scripts have defined, `leaving` the exit code once `quit` was given.
    """

    def __init__(self, target: Target, folders: Sequence[Path] = ()) -> None:
        """`folders` are searched for `@path` after the working directory."""
        self.target = target
        self.machine: str | None = None
        self.search = PathSearch(folders)
        self.converter = Converter(self.find, self.search)
        self.members = Members(self.converter)
        self.numbers_mode = NumbersMode.HEXADECIMAL
        self.leaving: int | None = None
        self.variables: Scoped[Token] = Scoped()
        self.macros: Scoped[Lines] = Scoped()
        self.aliases: Scoped[str] = Scoped()
        self.prefixes = ["sysbus."]
        self.place: Place | None = None
        self._origin: Path | None = None
        self._output: list[str] = []
        self._depth = 0

    @property
    def prompt(self) -> str:
        """What stands before the user's input."""
        return f"({self.machine or 'monitor'}) "

    @property
    def origin(self) -> Path:
        """The folder of the running script, the working directory outside of scripts."""
        return self._origin or Path.cwd()

    def execute(self, text: str) -> str:
        """Carry out one line (or several) as typed, and return what is printed; raises MonitorError and others."""
        return self._captured(Lines(text, None, self.origin))

    def run_script(self, path: str | Path) -> str:
        """Carry out a script file and return what it prints.

        It stops at the first line that fails: SourceError with the line's place for wrong commands, other errors get
        the place as a note.
        """
        return self._captured(read_script(Path(path)))

    def _captured(self, lines: Lines) -> str:
        outer, self._output = self._output, []
        try:
            self.run(lines)
            return "".join(self._output)
        finally:
            self._output = outer

    def write(self, text: str) -> None:
        """Print."""
        self._output.append(text)

    def run(self, lines: Lines) -> None:
        """Carry out lines with their own `$ORIGIN`; the first error ends them."""
        outer = self._origin, self.place
        self._depth += 1
        try:
            if self._depth > 50:
                raise MonitorError("scripts, macros and aliases are nested more than 50 deep: one of them runs itself")
            for text, place in lines:
                self._origin, self.place = lines.origin, place or outer[1]
                self._run_line(text, place)
        finally:
            self._depth -= 1
            self._origin, self.place = outer

    def _run_line(self, text: str, place: Place | None) -> None:
        try:
            for command in split_commands(tokenize(text)):
                self._run_command(command)
        except (MonitorError, UsageError, FirmwareFileError) as error:
            if place is None:
                raise
            raise SourceError(str(error), place.file, place.line) from error
        except SourceError:
            raise
        except WattbenchError as error:
            if place is not None:
                error.add_note(f"{place.file}:{place.line}: {text}")
            raise

    def _run_command(self, tokens: list[Token]) -> None:
        first = tokens[0]
        if first.kind is Kind.VARIABLE and len(tokens) > 1 and tokens[1].kind in (Kind.ASSIGN, Kind.DEFAULT_ASSIGN):
            self._assign(first.value, tokens[1].kind is Kind.DEFAULT_ASSIGN, self.expand(tokens[2:]))
            return
        if first.kind is Kind.VARIABLE and len(tokens) == 1:
            self.write(format_value(self.value(first).value, self.numbers_mode))
            return
        if first.kind is Kind.EXECUTE:
            tokens = self.expand(tokens[:1]) + tokens[1:]
        if not tokens:
            return
        command = BY_NAME.get(tokens[0].text)
        rest = tokens[1:] if command and command.takes_names else self.expand(tokens[1:])
        if command:
            command.run(self, rest)
        else:
            self._run_other(tokens[0], rest)

    def _run_other(self, first: Token, rest: list[Token]) -> None:
        """Objects, members of the emulation manager, other names of commands, aliases."""
        name = first.text
        if first.kind is not Kind.LITERAL:
            raise MonitorError(f"a command starts with a name, not with `{name}`")
        found = self.find(name)
        manager = self.target.find(MANAGER)
        alternative = BY_ALTERNATIVE.get(name)
        alias = self.aliases.find(name, self.machine)
        if found is not None:
            self.on_object(found, name, rest)
        elif manager is not None and self.members.has(manager, name):
            self.on_object(manager, MANAGER, [first, *rest])
        elif alternative is not None:
            alternative.run(self, rest)
        elif alias is not None:
            self.run(Lines(" ".join([alias, *(token.text for token in rest)]), None, self.origin))
        else:
            known = [*BY_NAME, *(path.removeprefix("sysbus.") for path in self.target.paths())]
            raise MonitorError(f"No such command or device: {name}{did_you_mean(name, known)}")

    def on_object(self, target: Any, label: str, tokens: list[Token]) -> None:
        """Carry out `Member arguments` on an object and print the result; without a member list what it has."""
        if not tokens:
            self.write(describe(target, label))
            return
        self.write(format_value(self.members.invoke(target, label, tokens), self.numbers_mode))

    def path_of(self, name: str) -> str | None:
        """The full path of a registered object that `name` means under the present `using` prefixes."""
        for path in (name, *(prefix + name for prefix in self.prefixes)):
            if self.target.find(path) is not None:
                return path
        return None

    def find(self, name: str) -> Any | None:
        """The object that a name means: registered ones, then properties of objects (`spi.adc.vin`)."""
        path = self.path_of(name)
        if path is not None:
            return self.target.find(path)
        parent, _, member = name.rpartition(".")
        found = self.find(parent) if parent and member else None
        return None if found is None else self.members.get(found, member)

    def value(self, token: Token) -> Token:
        """The value of a variable token; raises MonitorError."""
        builtin = {"ORIGIN": self.origin, "CWD": Path.cwd()}.get(token.value)
        if builtin is not None:
            return Token(Kind.PATH, f"@{builtin}".replace(" ", "\\ "), str(builtin), token.column)
        found = self.variables.find(token.value, self.machine)
        if found is None:
            hint = did_you_mean(token.value, (name.partition(".")[2] for name, _ in self.variables))
            raise MonitorError(f"No such variable: ${token.value}{hint}")
        return found

    def expand(self, tokens: Sequence[Token]) -> list[Token]:
        """Tokens with variables replaced, `$ORIGIN` and `$CWD` in paths filled in, and backticks carried out."""
        result: list[Token] = []
        for token in tokens:
            if token.kind is Kind.VARIABLE:
                result.append(self.value(token))
            elif token.kind is Kind.EXECUTE:
                result += tokenize(self.execute(token.value).strip())
            elif token.kind is Kind.PATH:
                filled = token.value.replace("$ORIGIN", str(self.origin)).replace("$CWD", str(Path.cwd()))
                result.append(dataclasses.replace(token, value=filled, text="@" + filled.replace(" ", "\\ ")))
            else:
                result.append(token)
        return result

    def _assign(self, name: str, only_if_unset: bool, values: list[Token]) -> None:
        if len(values) != 1:
            raise MonitorError(f"${name}= takes one value, not {len(values)}")
        if not only_if_unset or self.variables.find(name, self.machine) is None:
            self.variables.set(name, self.machine, values[0])

    def select(self, name: str | None) -> None:
        """Make a machine the one that commands are about."""
        self.target.select_machine(name)
        self.machine = name

    def after_reset(self) -> None:
        """For the engine, after the machine was reset: runs its macro `reset`, or warns that there is none."""
        macro = self.macros.find("reset", self.machine)
        if macro is None:
            name = self.macros.full_name("reset", self.machine)
            self.target.log(logging.WARNING, f"No action for reset - macro {name} is not registered.")
        else:
            self.run(macro)

    def forget(self) -> None:
        """For the engine, after everything was cleared: variables, macros and aliases go, no machine is selected."""
        self.machine = None
        for names in (self.variables, self.macros, self.aliases):
            names.clear()
