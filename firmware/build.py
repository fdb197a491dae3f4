"""Build the reference firmware, and put the images into builds/ or compare them with those there.

    python firmware/build.py                    build with Clang from the ziglang package, renew builds/
    python firmware/build.py --check            build in a temporary folder; exit 1 unless builds/ is identical
    python firmware/build.py --preset gnu-arm   build with arm-none-eabi-gcc into _build/gnu-arm, builds/ stays

Needs CMake and Ninja (Debian, or `pip install cmake ninja`) and the compiler; exit 3 says which of them is missing.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parent
BUILDS = FIRMWARE / "builds"
IMAGES = (
    "edge_meter_3p.elf",
    "edge_meter_3p_wrong_calibration.elf",
    "edge_meter_3p_no_hysteresis.elf",
    "edge_meter_3p_timing_faults.elf",
)
ZIGLANG = "0.17.1"
"""Version of the compiler that made builds/; another one makes other code."""


class BuildError(Exception):
    """What is missing or went wrong, as one sentence, and the exit code for it."""

    def __init__(self, message: str, code: int) -> None:
        self.code = code
        super().__init__(message)


def tools_path() -> str:
    """PATH with the scripts of this Python first, where pip puts cmake and ninja."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def check_tools(preset: str) -> None:
    """Raise BuildError (exit 3) for the first tool that is missing."""
    if preset == "zig":
        if importlib.util.find_spec("ziglang") is None:
            raise BuildError(
                f"the compiler is missing: {sys.executable} has no package ziglang; "
                f"run `pip install ziglang=={ZIGLANG}` or use --preset gnu-arm",
                3,
            )
    elif shutil.which("arm-none-eabi-gcc", path=tools_path()) is None:
        raise BuildError(
            "the compiler is missing: there is no arm-none-eabi-gcc on PATH; install gcc-arm-none-eabi and "
            "libnewlib-arm-none-eabi or use --preset zig",
            3,
        )
    for tool in ("cmake", "ninja"):
        if shutil.which(tool, path=tools_path()) is None:
            raise BuildError(f"{tool} is missing on PATH; install it or run `pip install {tool}`", 3)


def build(preset: str, folder: Path) -> None:
    """Configure and build in `folder`; BuildError (exit 1) carries what the tools said."""
    environment = {**os.environ, "PATH": tools_path()}
    cmake = shutil.which("cmake", path=tools_path()) or "cmake"
    for command in (
        [cmake, "--preset", preset, "-B", str(folder), f"-DPython3_EXECUTABLE={sys.executable}"],
        [cmake, "--build", str(folder)],
    ):
        result = subprocess.run(
            command, cwd=FIRMWARE, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )
        if result.returncode:
            raise BuildError(f"`{' '.join(command)}` failed:\n{result.stdout}{result.stderr}", 1)


def differences(folder: Path) -> list[str]:
    """One line for each image in `folder` that is not the one in builds/."""
    found = []
    for name in IMAGES:
        built, kept = folder / name, BUILDS / name
        if not kept.is_file():
            found.append(f"{name}: missing in {BUILDS}")
        elif built.read_bytes() != kept.read_bytes():
            digests = [hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in (built, kept)]
            found.append(f"{name}: built {digests[0]}, in builds/ {digests[1]}")
    return found


def run(preset: str, check: bool) -> None:
    """What the command line asked for."""
    check_tools(preset)
    if not check:
        folder = FIRMWARE / "_build" / preset
        build(preset, folder)
        for name in IMAGES:
            if preset == "zig":
                shutil.copyfile(folder / name, BUILDS / name)
            print(f"{BUILDS / name if preset == 'zig' else folder / name}")
        return
    if preset != "zig":
        raise BuildError("--check compares with builds/, which preset zig made; use it without --preset", 2)
    with tempfile.TemporaryDirectory(prefix="wattbench-firmware-") as temporary:
        build(preset, Path(temporary))
        found = differences(Path(temporary))
    if found:
        raise BuildError("the sources give other images than those in builds/:\n" + "\n".join(found), 1)
    print("the sources give exactly the images in builds/")


def main() -> int:
    """Command line; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=("zig", "gnu-arm"), default="zig", help="compiler (default: zig)")
    parser.add_argument("--check", action="store_true", help="compare with builds/ instead of renewing it")
    options = parser.parse_args()
    try:
        run(options.preset, options.check)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
