"""Builds what the package holds beside Python: the native core, the register maps of the chips, copies of its tables.

The core is a plain shared library, so that a C compiler is enough and no Python headers are needed. The maps come out
of the SVD files of pyOCD's wheel. It is no build requirement, as pip would install its two dozen dependencies for every
build; the environment that wattbench is installed into has it before (`ci/requirements-data.txt`).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

HERE = Path(__file__).parent.resolve()
NATIVE = HERE / "native"
LIBRARY = Path("wattbench/engines/embedded/libwattbench_core.so")
SVD_MAPS = Path("wattbench/hw/imxrt/svd")
TOML_COPIES = Path("wattbench/toml_copies.json")
FLAGS = ["-std=gnu11", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"]
OPTIMISATIONS = (["-O3", "-flto=auto"], ["-O2"])
"""The best one first; not every compiler is installed with what it needs to optimise over all files."""


def unicorn_folder() -> Path:
    """Where the Unicorn wheel lies: it brings headers and library."""
    spec = importlib.util.find_spec("unicorn")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("the Unicorn wheel is missing: pip install unicorn==2.1.4")
    return Path(spec.submodule_search_locations[0])


def run_generator(script: Path, *arguments: Path) -> None:
    """Run a script of the build. It exits where one fails, as setuptools goes on after an exception."""
    done = subprocess.run([sys.executable, str(script), *map(str, arguments)], check=False)
    if done.returncode:
        sys.exit(f"{script} failed; its messages are above")


def build_library(target: Path) -> None:
    """Compile native/src into `target`; the library finds libunicorn.so.2 already loaded by its name."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        sys.exit("wattbench's native core needs a C compiler: install gcc (Debian: apt install gcc libc6-dev)")
    unicorn, generated = unicorn_folder(), NATIVE / "build"
    generated.mkdir(exist_ok=True)
    run_generator(NATIVE / "generate_registers.py", generated)
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [f"-I{unicorn / 'include'}", f"-I{generated}", f"-I{NATIVE / 'src'}"]
    command += sorted(str(path) for path in (NATIVE / "src").glob("*.c"))
    command += [str(unicorn / "lib" / "libunicorn.so.2"), "-o", str(target)]
    for flags in OPTIMISATIONS:
        done = subprocess.run([compiler, *FLAGS, *flags, *command], check=False, capture_output=True, text=True)
        if not done.returncode:
            return
    sys.exit(f"{done.stderr}\n{compiler} could not build wattbench's native core; its messages are above")


def svd_archive() -> Path:
    """The SVD files in pyOCD's package: in this environment, or in the one that an isolated build is for."""
    spec = importlib.util.find_spec("pyocd")
    folders = [Path(place) for place in (spec.submodule_search_locations or ())] if spec is not None else []
    folders.append(Path(sysconfig.get_path("purelib"), "pyocd"))
    for folder in folders:
        archive = folder / "debug" / "svd" / "svd_data.zip"
        if archive.is_file():
            return archive
    sys.exit(
        "the vendor's register descriptions are missing: pip install --no-deps -r ci/requirements-data.txt "
        "(pyOCD's wheel, of which only these files are read) into the same environment, then build again"
    )


def build_svd_maps(target: Path) -> None:
    """Write the register maps of the chips into `target`."""
    run_generator(HERE / "generate_svd_maps.py", svd_archive(), target)


def build_toml_copies(target: Path) -> None:
    """Write the package's register tables and other TOML as JSON into `target`."""
    place = HERE / "src" / "wattbench" / "core" / "toml_data.py"
    spec = importlib.util.spec_from_file_location("toml_data", place)
    if spec is None or spec.loader is None:
        sys.exit(f"{place} cannot be loaded")
    toml_data = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(toml_data)
    texts = [path.read_text(encoding="utf-8") for path in sorted((HERE / "src").rglob("*.toml"))]
    target.write_text(toml_data.copies_of(texts), encoding="utf-8")


class BuildPy(build_py):
    """Adds the library, the register maps and the copies of tables to the package."""

    def run(self) -> None:
        """See setuptools."""
        super().run()
        target = HERE / "src" if self.editable_mode else Path(self.build_lib)
        build_svd_maps(target / SVD_MAPS)
        build_toml_copies(target / TOML_COPIES)
        build_library(target / LIBRARY)


class PlatformWheel(bdist_wheel):
    """Tags the wheel for this platform and any Python 3: the library does not use Python's ABI."""

    def get_tag(self) -> tuple[str, str, str]:
        """See wheel."""
        return "py3", "none", super().get_tag()[2]


class BinaryDistribution(Distribution):
    """A distribution that holds a library."""

    def has_ext_modules(self) -> bool:
        """See setuptools."""
        return True


setup(
    distclass=BinaryDistribution,
    cmdclass={"build_py": BuildPy, "bdist_wheel": PlatformWheel, "editable_wheel": editable_wheel},
)
