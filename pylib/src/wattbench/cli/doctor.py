"""Say what is installed, and what to do about what is not.

example:
  wattbench doctor
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from wattbench.cli.table import columns
from wattbench.core.errors import WattbenchError
from wattbench.engines.renode.discovery import look

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One thing that a bench needs: whether it is there, what was found, and else what to do."""

    name: str
    ok: bool
    found: str
    advice: str = ""
    needed: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of this verb."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def main(options: argparse.Namespace) -> int:
    """0 if everything that is needed is there, else 3."""
    found = list(findings())
    broken = any(item.needed and not item.ok for item in found)
    if options.json:
        print(json.dumps({"ok": not broken, "findings": [asdict(item) for item in found]}, indent=2))
    else:
        rows = [("✓" if item.ok else "✗" if item.needed else "-", item.name, item.found, item.advice) for item in found]
        print("\n".join(columns(rows)))
    return 3 if broken else 0


def findings() -> Iterator[Finding]:
    """Look at Python, the packages, the native core, both engines and the compilers."""
    current = platform.python_version()
    enough = sys.version_info >= OLDEST_PYTHON
    yield Finding("Python", enough, current, "" if enough else "install Python {}.{} or newer".format(*OLDEST_PYTHON))
    for package in ("unicorn", "numpy", "robotframework"):
        yield _package(package)
    yield _attempt("embedded engine", _embedded_engine, "install a C compiler, then: pip install -e pylib")
    advice = "pip install --no-deps -r ci/requirements-data.txt, then: pip install -e pylib"
    yield _attempt("register maps", _register_maps, advice)
    renode = look()
    yield Finding("renode engine", renode.complete, renode.summary, renode.next_step, needed=False)
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    yield Finding("C compiler", compiler is not None, compiler or "none", "" if compiler else "apt install gcc")
    toolchain = "ziglang " + version("ziglang") if find_spec("ziglang") else shutil.which("arm-none-eabi-gcc")
    advice = "" if toolchain else "only to build firmware: pip install -r ci/requirements-dev.txt"
    yield Finding("Arm toolchain", toolchain is not None, toolchain or "none", advice, needed=False)


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "missing", "pip install -r requirements.txt")


def _attempt(name: str, probe: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(name, True, probe())
    except (ImportError, OSError, WattbenchError) as error:
        return Finding(name, False, str(error), advice)


def _register_maps() -> str:
    """Read the index of each chip's map."""
    maps = importlib.import_module("wattbench.hw.imxrt.svd_map")
    return ", ".join(f"{chip} {len(maps.SvdMap(chip).blocks)} blocks" for chip in maps.chips())


def _embedded_engine() -> str:
    """Open a Monitor of it, which loads the native core."""
    importlib.import_module("wattbench.engines.embedded").open_monitor()
    return "native core loaded"
