"""Talk to a machine in the Monitor's language.

example:
  wattbench monitor platforms/edge_meter_3p.resc
  wattbench monitor platforms/edge_meter_3p.resc -e 'emulation RunFor "1"' -e 'sysbus ReadDoubleWord 0x40084000'
  wattbench monitor --engine renode platforms/edge_meter_3p.resc
Ctrl-D or `quit` ends the session.
"""

from __future__ import annotations

import argparse
import importlib
import json
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from wattbench.core.errors import UsageError, WattbenchError

ENGINES = ("embedded", "renode")
LOADERS = {
    ".resc": ("include @{path}",),
    ".repl": ('mach create "machine-0"', "machine LoadPlatformDescription @{path}"),
}


class Session(Protocol):
    """A Monitor of an engine."""

    @property
    def prompt(self) -> str:
        """What to show before a command."""

    @property
    def leaving(self) -> int | None:
        """The exit code once `quit` was given."""

    @property
    def started(self) -> bool:
        """Whether virtual time is to run on."""

    def execute(self, line: str) -> str:
        """Carry out one line and return what it prints."""

    def run_slice(self) -> None:
        """Let a little virtual time pass."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of this verb."""
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help=".resc script or .repl platform to start")
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0], help="whose Monitor (default embedded)")
    parser.add_argument("-e", dest="commands", action="append", default=[], metavar="COMMAND", help="carry out and end")
    parser.add_argument("--json", action="store_true", help="with -e: print a list of commands and their outputs")


def main(options: argparse.Namespace) -> int:
    """Scripted with -e or a pipe (the first fault ends it), interactive at a terminal."""
    if options.json and not options.commands:
        raise UsageError("--json needs at least one -e COMMAND")
    session = open_monitor(options.engine)
    for line in loading_commands(options.file) if options.file else ():
        _show(session.execute(line))
    if options.json:
        outputs = [{"command": command, "output": session.execute(command)} for command in options.commands]
        print(json.dumps(outputs, indent=2, ensure_ascii=False))
    elif options.commands or not sys.stdin.isatty():
        for line in options.commands or (line.rstrip("\n") for line in sys.stdin):
            _show(session.execute(line))
            if session.leaving is not None:
                break
    else:
        _talk(session)
    return session.leaving or 0


def open_monitor(engine: str) -> Session:
    """A session with the Monitor of an engine; raises SetupError where Renode is asked for and missing."""
    session: Session = importlib.import_module(f"wattbench.engines.{engine}.session").open_monitor()
    return session


def loading_commands(file: Path) -> Iterator[str]:
    """The Monitor commands that start a script or build a platform; raises UsageError for another file."""
    if file.suffix not in LOADERS:
        raise UsageError(f"{file} is neither a .resc script nor a .repl platform")
    if not file.is_file():
        raise UsageError(f"there is no file {file}")
    path = str(file.resolve()).replace(" ", "\\ ")
    yield from (line.format(path=path) for line in LOADERS[file.suffix])


def _show(output: str) -> None:
    if output:
        print(output.rstrip("\n"), flush=True)


def _talk(session: Session) -> None:
    """Read and carry out commands until Ctrl-D or `quit`; a fault is shown and the session goes on."""
    importlib.import_module("readline")
    while session.leaving is None:
        try:
            _run_until_typed(session)
            line = input(session.prompt)
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            continue
        try:
            _show(session.execute(line))
        except WattbenchError as error:
            print(error, file=sys.stderr)


def _run_until_typed(session: Session) -> None:
    """After `start`: let virtual time pass until somebody types."""
    while session.started and not select.select([sys.stdin], [], [], 0)[0]:
        try:
            session.run_slice()
        except WattbenchError as error:
            print(error, file=sys.stderr)
