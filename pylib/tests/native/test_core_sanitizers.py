"""The native core under AddressSanitizer and UndefinedBehaviorSanitizer: built anew, run by other tests in a child."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wattbench.engines.embedded import native

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "native"
FILES = ["exceptions", "exception_return", "nvic", "faults", "fault_escalation", "instruction_faults"]
FILES += ["stacking_faults", "fp", "mpu", "mpu_execute", "mpu_control", "sleep", "state", "wait_points", "loops"]
FILES += ["cortex_m4", "two_cores", "own_code", "trace"]
# Not shift-base: Unicorn's own header shifts a 1 into the sign bit in every uc_ctl call.
FLAGS = ["-std=gnu11", "-O1", "-g", "-fPIC", "-shared", "-fvisibility=hidden", "-fno-omit-frame-pointer"]
FLAGS += ["-fsanitize=address,undefined", "-fno-sanitize=shift-base", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="module")
def sanitizer() -> Path:
    """GCC's libasan, which has to be there before Python starts."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    found = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    path = Path(found.stdout.strip())
    if not path.is_absolute():
        pytest.skip("gcc has no AddressSanitizer here (Debian: libasan of the same version)")
    return path.resolve()


def test_no_bad_access_and_no_undefined_behaviour(sanitizer, tmp_path):
    generated, library = tmp_path / "generated", tmp_path / "libwattbench_core.so"
    generated.mkdir()
    subprocess.run([sys.executable, str(SOURCES / "generate_registers.py"), str(generated)], check=True)
    unicorn = native.unicorn_folder()
    command = ["gcc", *FLAGS, f"-I{unicorn / 'include'}", f"-I{generated}", f"-I{SOURCES / 'src'}"]
    command += [*sorted(map(str, (SOURCES / "src").glob("*.c"))), str(unicorn / "lib" / "libunicorn.so.2")]
    subprocess.run([*command, "-o", str(library)], check=True)
    # Leaks are not looked for: Python and Unicorn keep memory to the end of the process.
    environment = os.environ | {
        "WATTBENCH_TEST_CORE": str(library),
        "LD_PRELOAD": str(sanitizer),
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    tests = [str(HERE / f"test_core_{name}.py") for name in FILES]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-k",
        "not random and not traced",
        *tests,
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=HERE.parents[1])
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert "100%" in done.stdout


def test_the_compiler_s_analyzer_finds_nothing():
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    core = ["access", "code", "core", "cpu", "dwt", "exceptions", "frames", "lifecycle", "machine", "memory", "mpu"]
    for name in [*core, "idle", "loop", "nvic", "scs", "state", "systick", "trace", "trace_code"]:
        command = ["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-fanalyzer", "-c", "-o", os.devnull]
        command += [f"-I{native.unicorn_folder() / 'include'}", str(SOURCES / "src" / f"{name}.c")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr == ""
