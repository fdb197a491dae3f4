"""Finds Renode the way pyrenode3 does, without starting anything, and says what is missing and what to do next.

pyrenode3 looks at `PYRENODE_PKG` (a package as .tar.gz), `PYRENODE_BUILD_DIR` with `PYRENODE_BUILD_OUTPUT` (a build
from source) and `PYRENODE_BIN` (a portable binary), of which at most one may be set, then for an installed package
under `/opt/renode`; `PYRENODE_RUNTIME` is `mono` (its default) or `coreclr`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from wattbench.core.errors import SetupError

OLDEST = (1, 16, 1)
PLACES = ("PYRENODE_PKG", "PYRENODE_BUILD_DIR", "PYRENODE_BIN")
RUNTIMES = ("mono", "coreclr")
DEFAULT_OUTPUT = "output/bin/Release"
INSTALLED = Path("/opt/renode")
DOTNET_FOLDERS = ("/usr/share/dotnet", "/usr/lib/dotnet", "/usr/lib64/dotnet", "/usr/local/share/dotnet")

GET_PACKAGES = "pip install -r ci/requirements-renode.txt"
GET_RENODE = (
    "download Renode 1.16.1 or later for .NET (renode-*.linux-portable-dotnet.tar.gz) from "
    "https://github.com/renode/renode/releases, unpack it, and set PYRENODE_RUNTIME=coreclr and "
    "PYRENODE_BIN=<folder>/renode"
)


@dataclass(frozen=True)
class Part:
    """One thing that the engine needs: what was found of it, or what to do to get it."""

    name: str
    found: str
    """What is there; empty if it is missing or cannot be used."""
    advice: str = ""
    """The next step, empty if there is none."""


@dataclass(frozen=True)
class Installation:
    """What was found. `parts` are Renode, the runtime of .NET, pythonnet and pyrenode3."""

    parts: tuple[Part, ...]

    @property
    def complete(self) -> bool:
        """Whether the engine can be started."""
        return all(part.found for part in self.parts)

    @property
    def summary(self) -> str:
        """All that was found, in one line."""
        return ", ".join(part.found for part in self.parts if part.found) or "nothing found"

    @property
    def next_step(self) -> str:
        """What to do first; empty if nothing is missing."""
        return next((f"{part.name}: {part.advice}" for part in self.parts if not part.found), "")


def package_version(name: str) -> str | None:
    """Version of an installed Python package, None if it is not there."""
    if find_spec(name) is None:
        return None
    try:
        return version(name)
    except PackageNotFoundError:
        return "of unknown version"


def look(
    environment: Mapping[str, str] | None = None,
    *,
    package: Callable[[str], str | None] = package_version,
    which: Callable[[str], str | None] = shutil.which,
    installed: Path = INSTALLED,
    dotnet_folders: tuple[str, ...] = DOTNET_FOLDERS,
) -> Installation:
    """Look for everything that the engine needs. The arguments stand for the host and are given by tests only."""
    variables = os.environ if environment is None else environment
    runtime = variables.get("PYRENODE_RUNTIME", RUNTIMES[0])
    bundled = bool(variables.get("PYRENODE_BIN"))
    return Installation(
        (
            _renode(variables, runtime, which, installed),
            _runtime(variables, runtime, bundled, which, dotnet_folders),
            _package("pythonnet", package),
            _package("pyrenode3", package),
        )
    )


def require_renode() -> Installation:
    """What was found; raises SetupError with the next step unless it is complete."""
    installation = look()
    if not installation.complete:
        raise SetupError(f"Renode cannot be used; {installation.next_step}")
    return installation


def _package(name: str, package: Callable[[str], str | None]) -> Part:
    found = package(name)
    return Part(name, f"{name} {found}" if found else "", "" if found else GET_PACKAGES)


def _renode(variables: Mapping[str, str], runtime: str, which: Callable[[str], str | None], installed: Path) -> Part:
    given = [name for name in PLACES if variables.get(name)]
    if len(given) > 1:
        return Part("Renode", "", f"unset all but one of {', '.join(given)}")
    if not given:
        if which("renode") is None or not (installed / "bin").is_dir():
            return Part("Renode", "", GET_RENODE)
        if runtime != "mono":
            advice = "pyrenode3 loads an installed Renode under mono only: set PYRENODE_RUNTIME=mono, or " + GET_RENODE
            return Part("Renode", "", advice)
        return _versioned(installed, "", "package")
    name, path = given[0], Path(variables[given[0]])
    if not path.exists():
        return Part("Renode", "", f"{name} names {path}, which does not exist; correct it")
    if name == "PYRENODE_BIN":
        if runtime != "coreclr":
            return Part("Renode", "", "a portable binary needs PYRENODE_RUNTIME=coreclr")
        return _versioned(path.parent, path.resolve().parent.name, f"portable binary {path}")
    if name == "PYRENODE_PKG":
        return _versioned(path.parent, path.name, f"package {path}", use_file=False)
    output = path / variables.get("PYRENODE_BUILD_OUTPUT", DEFAULT_OUTPUT)
    library = output / ("Renode.dll" if runtime == "coreclr" else "Renode.exe")
    if not library.is_file():
        advice = f"there is no {library}; build Renode, or set PYRENODE_BUILD_OUTPUT to its output folder"
        return Part("Renode", "", advice)
    return _versioned(path, path.name, f"build {path}")


def _versioned(folder: Path, label: str, what: str, *, use_file: bool = True) -> Part:
    """Judge the version, from the file `tools/version` of a source tree or else from the name of what was unpacked."""
    file = folder / "tools" / "version"
    text = file.read_text(encoding="utf-8") if use_file and file.is_file() else label
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    if match is None:
        return Part("Renode", f"Renode of unknown version ({what})")
    if tuple(map(int, match.groups())) < OLDEST:
        return Part("Renode", "", f"{what} is version {match[0]}, which is too old; {GET_RENODE}")
    return Part("Renode", f"Renode {match[0]} ({what})")


def _runtime(
    variables: Mapping[str, str],
    runtime: str,
    bundled: bool,
    which: Callable[[str], str | None],
    dotnet_folders: tuple[str, ...],
) -> Part:
    if runtime not in RUNTIMES:
        return Part("runtime", "", f"PYRENODE_RUNTIME is `{runtime}`; set it to {' or '.join(RUNTIMES)}")
    if runtime == "mono":
        found = which("mono")
        advice = "install mono (apt install mono-complete), or use Renode for .NET with PYRENODE_RUNTIME=coreclr"
        return Part("runtime", f"mono ({found})" if found else "", "" if found else advice)
    if bundled:
        return Part("runtime", ".NET inside the portable binary")
    program = which("dotnet")
    folders = [variables.get("DOTNET_ROOT", ""), str(Path(program).resolve().parent) if program else ""]
    for folder in [*folders, *dotnet_folders]:
        shared = Path(folder or "/nonexistent") / "shared" / "Microsoft.NETCore.App"
        versions = [entry.name for entry in shared.iterdir()] if shared.is_dir() else []
        if versions:
            return Part("runtime", f".NET {max(versions, key=_numbers)} ({folder})")
    return Part("runtime", "", "install the .NET 8 runtime (https://dotnet.microsoft.com) and set DOTNET_ROOT to it")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))
