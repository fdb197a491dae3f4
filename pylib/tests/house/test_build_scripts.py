"""What the build runs works where the package and what it needs are not installed, as in pip's isolated build."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PYLIB = Path(__file__).parents[2]
ALONE = [sys.executable, "-I", "-S"]
"""Without the packages of this environment."""


def test_headers_of_register_tables_are_made(tmp_path):
    script = PYLIB / "native" / "generate_registers.py"
    done = subprocess.run([*ALONE, str(script), str(tmp_path)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "_TABLE" in "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.h"))


def test_copies_of_tables_are_made(tmp_path):
    make = (
        "import importlib.util, pathlib, sys\n"
        "spec = importlib.util.spec_from_file_location('toml_data', sys.argv[1])\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "print(len(module.copies_of(['size = 1'])))\n"
    )
    place = PYLIB / "src" / "wattbench" / "core" / "toml_data.py"
    done = subprocess.run([*ALONE, "-c", make, str(place)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 64
