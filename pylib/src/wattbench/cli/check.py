"""Say what is wrong where in platforms, scripts, manifests, and firmware files.

example:
  wattbench check platforms/boards/*.repl platforms/*.resc
  wattbench check phoenix.disk firmware/builds/edge_meter_3p.elf
  wattbench check --parse-only board.repl
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from wattbench.bench import read_manifest
from wattbench.bench.accepted import read_accepted
from wattbench.bench.flash_image import check_firmware
from wattbench.cli.monitor import LOADERS, loading_commands
from wattbench.core.errors import MonitorError, SourceError, UsageError, WattbenchError
from wattbench.engines.embedded import open_monitor
from wattbench.monitor.script import read_script
from wattbench.monitor.tokens import tokenize
from wattbench.platform.merge import load_platform

ACCEPTED = "accepted.toml"
"""How the name of a list of accepted accesses ends."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of this verb."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help=".repl, .resc, .toml (manifest, or list *accepted.toml), an ELF or a flash image",
    )
    parser.add_argument("--parse-only", action="store_true", help="read the files, but build no machine from them")
    parser.add_argument("--json", action="store_true", help="print a list of files and their faults")


def main(options: argparse.Namespace) -> int:
    """Check every file, also after a fault; 0 if all are right, else 2."""
    faults = {file: _fault(file, options.parse_only) for file in options.files}
    if options.json:
        print(json.dumps([{"file": str(file), "fault": fault} for file, fault in faults.items()], indent=2))
    else:
        for file, fault in faults.items():
            print(f"✗ {fault}" if fault else f"✓ {file}")
    return 2 if any(faults.values()) else 0


def _fault(file: Path, parse_only: bool) -> str | None:
    try:
        if not file.is_file():
            raise UsageError(f"there is no file {file}")
        _PARSERS.get(file.suffix, check_firmware)(file)
        if file.suffix in LOADERS and not parse_only:
            session = open_monitor()
            for command in loading_commands(file):
                session.execute(command)
    except WattbenchError as error:
        return str(error)
    return None


def _parse_script(file: Path) -> None:
    for text, place in read_script(file):
        try:
            tokenize(text)
        except MonitorError as error:
            raise SourceError(str(error), file, place.line if place else 0) from error


def _parse_manifest(file: Path) -> None:
    if file.name.endswith(ACCEPTED):
        read_accepted(file)
    else:
        read_manifest(file)


def _parse_platform(file: Path) -> None:
    load_platform(file)


_PARSERS: dict[str, Callable[[Path], None]] = {
    ".repl": _parse_platform,
    ".resc": _parse_script,
    ".toml": _parse_manifest,
}
