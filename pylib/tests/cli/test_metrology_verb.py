import importlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from wattbench.bench.products import home
from wattbench.labs.metrology import campaign
from wattbench.labs.metrology.points import Result

VERB = importlib.import_module("wattbench.cli.metrology")


@pytest.fixture
def conducted(monkeypatch):
    """No machine: every point comes to the verdict that the test wants; gives the points asked for."""
    asked = []

    def conduct(product, point):
        asked.append(point)
        verdict = "not run" if point.blocked else conduct.verdict
        by_class = {} if point.blocked else {limit.accuracy_class: verdict for limit in point.limits}
        return Result(point, verdict, point.blocked or "because", 0.1, 0.01, booted="digest", by_class=by_class)

    conduct.verdict = "passed"
    conduct.asked = asked
    monkeypatch.setattr(campaign, "conduct", conduct)
    monkeypatch.setattr(VERB, "process_pool", ThreadPoolExecutor)
    monkeypatch.setenv("WATTBENCH_HOME", str(home()))
    return conduct


def run(wattbench, *arguments):
    return wattbench("metrology", "--product", "edge-meter-3p", *arguments)


def test_passed_points_are_exit_code_0_and_files(wattbench, conducted, tmp_path):
    code, out, err = run(wattbench, "--class", "C", "--out", "table")
    assert (code, err) == (0, "")
    assert "class C is met" in out
    assert "PASSED" in out
    table = json.loads((tmp_path / "table" / "class_table.json").read_text(encoding="utf-8"))
    assert table["active_class"] == "C"
    assert len(table["points"]) == len(conducted.asked)


@pytest.mark.parametrize("verdict", ["failed", "undecided"])
def test_what_is_not_certainly_passed_is_exit_code_1(wattbench, conducted, verdict):
    conducted.verdict = verdict
    code, out, _ = run(wattbench, "--select", "constant")
    assert code == 1
    assert "because" in out
    assert "no class is met" in out


def test_a_selection_shows_no_class(wattbench, conducted):
    code, out, _ = run(wattbench, "--class", "C", "--select", "accuracy")
    assert code == 0
    assert "class C is met" not in out
    assert "not C: EN 50470-3 voltage Imin PF 1 balanced 0.9 Un was not measured, and" in out


def test_points_that_cannot_be_run_are_named(wattbench, conducted):
    code, out, _ = run(wattbench, "--class", "C", "--select", "influence")
    assert code == 0
    assert "- EN 50470-3 radio-frequency-fields" in out
    assert "no RF fields" in out


def test_the_plan_alone_runs_nothing(wattbench, conducted, tmp_path):
    code, out, _ = run(wattbench, "--class", "C", "--plan")
    assert code == 0
    assert "no magnetic fields" in out
    assert "points to run" in out
    assert "EN 50470-3:2006/A1:2018, 8.1, table 4" in out
    assert not conducted.asked
    assert list(tmp_path.iterdir()) == []
    table = json.loads(run(wattbench, "--class", "C", "--plan", "--json")[1])
    assert {point["verdict"] for point in table["points"]} == {"not run"}


def test_json_is_the_table(wattbench, conducted):
    code, out, _ = run(wattbench, "--select", "constant", "--json")
    assert code == 0
    assert json.loads(out)["counts"]["passed"] == 2


def test_a_standard_is_chosen_by_its_name(wattbench, conducted):
    code, out, _ = run(wattbench, "--class", "C", "--standard", "OIML R46", "--plan")
    assert code == 0
    assert "OIML R46 unity Imax" in out
    assert "Laboratory steadiness" in out
    assert "EN 50470-3" not in out
    assert "OIML R46" not in run(wattbench, "--class", "C", "--plan")[1]


CORRECTION = """\
[[correction]]
standard = "EN 50470-3"
row = "unity"
class = "C"
percent = 0.4
source = "page 7"
"""


def test_a_correction_shows_in_the_plan(wattbench, conducted, tmp_path):
    (tmp_path / "mine.toml").write_text(CORRECTION, encoding="utf-8")
    out = run(wattbench, "--class", "C", "--plan", "--limits", "mine.toml")[1]
    assert "corrected" in out
    assert "±0.4 %" in out
    assert "corrected" not in run(wattbench, "--class", "C", "--plan")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--class", "X"], "no class X"),
        (["--standard", "OIML R64"], "no standard `OIML R64`"),
        (["--standard", "IEC 62053-22"], "no class C"),
        (["--class", "0.2S"], "transformer connection only"),
        (["--limits", "missing.toml"], "no file of limits"),
        (["--select", "nothing"], "no point of the plan"),
        (["--jobs", "0"], "--jobs"),
        (["--out", "/dev/null/x"], "cannot be written"),
    ],
)
def test_wrong_use_is_exit_code_2(wattbench, conducted, arguments, message):
    code, _, err = run(wattbench, *arguments)
    assert code == 2
    assert message in err
    assert not conducted.asked


def test_a_product_that_is_no_meter_is_named(wattbench):
    code, _, err = wattbench("metrology", "--product", "no-such-meter")
    assert code == 2
    assert "no-such-meter" in err
