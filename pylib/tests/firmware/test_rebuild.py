"""The images in firmware/builds are what the sources give, and a missing compiler is said in a clear sentence."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from native_meter import FIRMWARE

BUILD = FIRMWARE / "build.py"
TOOLCHAIN = "needs ziglang, cmake and ninja (extra `toolchain`)"


def run_build(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BUILD), *arguments],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason=TOOLCHAIN)
def test_rebuild_is_identical() -> None:
    result = run_build("--check")
    assert result.returncode == 0, result.stderr
    assert "exactly" in result.stdout


@pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason=TOOLCHAIN)
def test_check_finds_a_difference(tmp_path: Path) -> None:
    """With one constant of the calibration changed, the check names both kinds of image that differ."""
    copy = tmp_path / "firmware"
    for source in sorted(FIRMWARE.rglob("*")):
        inside = source.relative_to(FIRMWARE)
        if source.is_file() and not inside.parts[0].startswith("_build") and "__pycache__" not in inside.parts:
            (copy / inside).parent.mkdir(parents=True, exist_ok=True)
            (copy / inside).write_bytes(source.read_bytes())
    nominal = copy / "edge_meter_3p" / "calibration" / "nominal.toml"
    nominal.write_text(nominal.read_text(encoding="utf-8").replace("no_load_w = 2.3", "no_load_w = 2.4"))
    result = subprocess.run(
        [sys.executable, str(copy / "build.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1, result.stderr
    assert "edge_meter_3p.elf: built" in result.stderr
    assert "wrong_calibration" not in result.stderr


def test_missing_gnu_compiler(tmp_path: Path) -> None:
    result = run_build("--preset", "gnu-arm", PATH=str(tmp_path))
    assert result.returncode == 3
    assert "no arm-none-eabi-gcc on PATH" in result.stderr
    assert "Traceback" not in result.stderr


HIDE_ZIGLANG = """
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "ziglang" else find(name, package)
"""


def test_missing_ziglang(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDE_ZIGLANG, encoding="utf-8")
    result = run_build(PYTHONPATH=str(tmp_path))
    assert result.returncode == 3
    assert "pip install ziglang==" in result.stderr
    assert "Traceback" not in result.stderr


NAMES = [f"edge_meter_3p{defect}" for defect in ("", "_wrong_calibration", "_no_hysteresis", "_timing_faults")]


@pytest.mark.parametrize("name", NAMES)
def test_images_carry_symbols_lines_and_no_paths(name: str) -> None:
    path = FIRMWARE / "builds" / f"{name}.elf"
    data = path.read_bytes()
    assert len(data) < 1 << 20
    assert not [text for text in (b"/home/", b"/root/", b"/tmp/", b"/usr/", str(FIRMWARE).encode()) if text in data]
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        assert elf.get_section_by_name(".symtab") is not None
        assert elf.get_section_by_name(".debug_line") is not None
        assert elf.get_section_by_name(".vectors")["sh_addr"] == 0x30002000
        assert elf.get_section_by_name(".calibration")["sh_addr"] == 0x300F0000
        assert all(s["p_paddr"] >= 0x30000000 for s in elf.iter_segments() if s["p_filesz"])
