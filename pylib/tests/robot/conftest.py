import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
import robot

from wattbench.report.outcome import read_outcome
from wattbench.robot import session
from wattbench.robot.results import FILE_NAME

LIBRARIES = ("Emulation", "Grid", "Metering", "PowerQuality")
FAKE = importlib.util.spec_from_file_location("fake_bench", Path(__file__).with_name("fake_bench.py"))


@pytest.fixture
def fakes(monkeypatch):
    """The fake bench in the place of the real one; gives the list of all that were loaded."""
    module = importlib.util.module_from_spec(FAKE)
    FAKE.loader.exec_module(module)
    loaded = []

    def load(product, engine="embedded", image=None):
        loaded.append(module.FakeBench(product, engine))
        return loaded[-1]

    monkeypatch.setattr(session, "Bench", SimpleNamespace(load=load))
    return loaded


@pytest.fixture
def run(tmp_path, fakes):
    """Runs a Robot suite, given as a file or as the text of its body, and gives its outcome."""

    def run(suite, **variables):
        if not isinstance(suite, Path):
            libraries = "".join(f"Library    wattbench.robot.{name}\n" for name in LIBRARIES)
            text = f"*** Settings ***\n{libraries}\n*** Test Cases ***\n{suite}"
            suite = tmp_path / "suite.robot"
            suite.write_text(text, encoding="utf-8")
        out = tmp_path / "out"
        (out / FILE_NAME).unlink(missing_ok=True)
        options = [f"{name}:{value}" for name, value in variables.items()]
        robot.run(str(suite), outputdir=str(out), report="NONE", log="NONE", console="none", variable=options)
        return read_outcome(out)

    return run
