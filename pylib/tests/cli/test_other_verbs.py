import importlib
import io
import json
import sys

import pytest

from wattbench.cli.main import VERBS
from wattbench.core.errors import MonitorError

PLATFORM = "mem: Memory.MappedMemory @ sysbus 0x20000000\n    size: 0x1000\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(wattbench, verb):
    code, out, _ = wattbench(verb, "-h")
    assert code == 0
    assert f"wattbench {verb}" in out.partition("example:")[2]


def test_without_a_verb_the_use_is_shown(wattbench):
    code, _, err = wattbench()
    assert code == 2
    assert "VERB" in err


def test_a_missing_package_is_named(wattbench, monkeypatch):
    monkeypatch.delitem(sys.modules, "wattbench.cli.doctor", raising=False)
    monkeypatch.setitem(sys.modules, "wattbench.cli.table", None)
    code, _, err = wattbench("doctor")
    assert code == 3
    assert "wattbench.cli.table" in err


class Session:
    prompt = "(monitor) "
    started = False

    def __init__(self):
        self.leaving = None
        self.lines = []

    def execute(self, line):
        self.lines.append(line)
        if line == "quit":
            self.leaving = 0
        if line == "bad":
            raise MonitorError("bad is no command")
        return f"[{line}]\n"


@pytest.fixture
def session(monkeypatch):
    fake = Session()
    monkeypatch.setattr(importlib.import_module("wattbench.cli.monitor"), "open_monitor", lambda engine: fake)
    return fake


@pytest.fixture
def no_renode(monkeypatch):
    """A host without Renode, whatever is installed."""
    for name in ("PYRENODE_PKG", "PYRENODE_BUILD_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYRENODE_BIN", "/nowhere/renode")


ADVICE = "PYRENODE_BIN names /nowhere/renode, which does not exist; correct it"


def test_monitor_carries_out_commands_in_order(wattbench, session):
    assert wattbench("monitor", "-e", "one", "-e", "two") == (0, "[one]\n[two]\n", "")


def test_monitor_starts_a_file_first(wattbench, session, tmp_path):
    path = tmp_path / "a b.resc"
    path.write_text("", encoding="utf-8")
    assert wattbench("monitor", path, "-e", "one")[0] == 0
    assert session.lines == ["include @" + str(path).replace(" ", "\\ "), "one"]


def test_monitor_ends_at_the_first_fault(wattbench, session):
    assert wattbench("monitor", "-e", "bad", "-e", "one") == (2, "", "wattbench: bad is no command\n")
    assert session.lines == ["bad"]


def test_monitor_reads_a_pipe_until_quit(wattbench, session, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\nquit\ntwo\n"))
    assert wattbench("monitor")[0] == 0
    assert session.lines == ["one", "quit"]


def test_monitor_as_json(wattbench, session):
    code, out, _ = wattbench("monitor", "--json", "-e", "one")
    assert code == 0
    assert json.loads(out) == [{"command": "one", "output": "[one]\n"}]
    assert wattbench("monitor", "--json")[0] == 2


def test_monitor_goes_on_after_a_fault_at_a_terminal(wattbench, session, monkeypatch):
    typed = iter(["bad", "one", "quit", "two"])
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    code, out, err = wattbench("monitor")
    assert code == 0
    assert session.lines == ["bad", "one", "quit"]
    assert "bad is no command" in err
    assert "[one]" in out


@pytest.mark.parametrize("name", ["none.resc", "none.repl", "none.txt"])
def test_monitor_names_a_file_it_cannot_start(wattbench, session, name):
    code, _, err = wattbench("monitor", name)
    assert code == 2
    assert name in err


def test_check_passes_what_is_right(wattbench, tmp_path):
    (tmp_path / "good.repl").write_text(PLATFORM, encoding="utf-8")
    (tmp_path / "good.resc").write_text('echo "x"\n', encoding="utf-8")
    assert wattbench("check", "good.repl", "good.resc") == (0, "✓ good.repl\n✓ good.resc\n", "")


def test_check_says_what_is_wrong_where_and_goes_on(wattbench, tmp_path):
    (tmp_path / "bad.repl").write_text(PLATFORM + "uart: UART.NoSuch @ @\n", encoding="utf-8")
    (tmp_path / "good.repl").write_text(PLATFORM, encoding="utf-8")
    code, out, _ = wattbench("check", "--parse-only", "bad.repl", "good.repl", "none.repl", "x.txt")
    assert code == 2
    first, _, caret, second, third, fourth = out.splitlines()
    assert first.startswith("✗ bad.repl:3:")
    assert caret.strip() == "^"
    assert second == "✓ good.repl"
    assert "there is no file none.repl" in third
    assert "there is no file x.txt" in fourth


def test_check_as_json(wattbench, tmp_path):
    (tmp_path / "good.repl").write_text(PLATFORM, encoding="utf-8")
    code, out, _ = wattbench("check", "--json", "good.repl")
    assert code == 0
    assert json.loads(out) == [{"file": "good.repl", "fault": None}]


def test_products_are_those_that_can_be_run(wattbench):
    code, out, _ = wattbench("products", "--json")
    assert code == 0
    assert "edge-meter-3p" in {entry["name"] for entry in json.loads(out)}


def test_renode_that_is_missing_is_said_with_the_next_step(wattbench, no_renode, tmp_path):
    suite = tmp_path / "suite.robot"
    suite.touch()
    said = (3, "", f"wattbench: Renode cannot be used; Renode: {ADVICE}\n")
    assert wattbench("monitor", "--engine", "renode", "-e", "version") == said
    assert wattbench("run", suite, "--engine", "renode", "--out", tmp_path / "out") == said
    assert wattbench("monitor", "-e", "echo 'embedded'")[0] == 0


def test_doctor_passes_where_tests_run(wattbench, no_renode):
    code, out, _ = wattbench("doctor", "--json")
    assert code == 0
    found = {entry["name"]: entry for entry in json.loads(out)["findings"]}
    assert found["embedded engine"]["ok"]
    assert "MIMXRT1176_cm7 198 blocks" in found["register maps"]["found"]
    assert not found["renode engine"]["ok"]
    assert found["renode engine"]["advice"] == f"Renode: {ADVICE}"


def test_doctor_gives_3_and_advice_where_something_is_missing(wattbench, monkeypatch):
    doctor = importlib.import_module("wattbench.cli.doctor")

    def broken():
        raise OSError("libwattbench_core.so: cannot open shared object file")

    monkeypatch.setattr(doctor, "_embedded_engine", broken)
    code, out, _ = wattbench("doctor")
    assert code == 3
    assert "✗  embedded engine" in out
    assert "pip install -e pylib" in out


def test_doctor_says_what_to_do_about_register_maps_that_were_not_built(wattbench, monkeypatch, tmp_path):
    monkeypatch.setattr("wattbench.hw.imxrt.svd_map.FOLDER", tmp_path)
    code, out, _ = wattbench("doctor")
    assert code == 3
    assert "✗  register maps" in out
    assert "ci/requirements-data.txt" in out
