"""Variables, macros, scripts and the Monitor's own commands."""

import logging

import pytest

from wattbench.core.errors import LockupError, MonitorError, SourceError
from wattbench.monitor.script import needs_more


def script(folder, text, name="run.resc"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_variables_are_set_kept_printed_and_used(machine):
    assert machine.execute('$a="x"; $a?="y"; $b?=0x10; $a; $b; echo $a $b') == "x\n0x00000010\nx 16\n"
    machine.execute("set a 5")
    assert machine.execute("cpu Step $a; echo $a") == "5\n"
    assert machine.target.cpu.steps == [5]


def test_variables_belong_to_a_machine_or_to_all(monitor):
    monitor.execute('$v="all"; mach create "m-1"; $w="one"; $v="mine"')
    assert monitor.execute("echo $v $global.v $w $m_1.w") == "mine all one one\n"
    monitor.execute("mach clear")
    assert monitor.execute("echo $v") == "all\n"
    with pytest.raises(MonitorError, match=r"No such variable: \$w"):
        monitor.execute("echo $w")
    monitor.forget()
    with pytest.raises(MonitorError, match="No such variable"):
        monitor.execute("echo $v")


def test_assignments_take_one_value(monitor):
    with pytest.raises(MonitorError, match="takes one value, not 2"):
        monitor.execute("$a=1 2")


def test_backticks_splice_output_into_the_line(machine):
    machine.execute('$name="a b"; $joined=`string $name "-" 3`')
    assert machine.execute("echo $joined; echo `echo 1 2`") == "a b-3\n1 2\n"


def test_require(monitor):
    monitor.execute("$a=1; require $a")
    with pytest.raises(MonitorError, match=r"\$b has to be set"):
        monitor.execute("require $b")


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("macro reset", True),
        ("echo 1; set x", True),
        ('macro reset\n"""', True),
        ('macro reset\n"""\na\n"""', False),
        ("macro reset $x", False),
        ("echo macro", False),
        ('echo "', False),
    ],
)
def test_commands_that_go_on_in_the_next_line(text, more):
    assert needs_more(text) is more


def test_macro_alias_execute(machine):
    machine.execute('macro go """\ncpu Step 3\n# a comment\ncpu Step $n\n"""')
    machine.execute('$n=4; runMacro $go; alias st "cpu Step"; st 6; set text "cpu Step 7; cpu Step 8"; execute $text')
    assert machine.target.cpu.steps == [3, 4, 6, 7, 8]
    with pytest.raises(MonitorError, match="there is no macro `stop`"):
        machine.execute("runMacro $stop")


def test_a_macro_that_runs_itself_is_an_error(machine):
    machine.execute('macro go "runMacro $go"')
    with pytest.raises(MonitorError, match="nested more than 50 deep"):
        machine.execute("runMacro $go")


def test_reset_macro(machine, target):
    machine.after_reset()
    expected = "No action for reset - macro machine_0.reset is not registered."
    assert target.events == [("log", logging.WARNING, expected)]
    machine.execute('macro reset "cpu Step 9"')
    machine.after_reset()
    assert target.cpu.steps == [9]


def test_scripts_know_where_they_are(monitor, target, tmp_path):
    script(tmp_path / "lib", "$bin?=@$ORIGIN/f.elf\necho $ORIGIN\n", "inner.resc")
    (tmp_path / "lib/f.elf").write_text("")
    path = script(
        tmp_path,
        """\
:name: a board
:description: with a header

include @$ORIGIN/lib/inner.resc; mach create "m"
macro reset
\"""
    sysbus LoadELF $bin
    sysbus LoadELF @$ORIGIN/lib/f.elf
    sysbus LoadELF $ORIGIN/lib/f.elf
\"""
echo $ORIGIN
""",
    )
    assert monitor.run_script(path) == f"{tmp_path}/lib\n{tmp_path}\n"
    monitor.after_reset()
    assert [call[0] for call in target.bus.calls] == [tmp_path / "lib/f.elf"] * 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("echo 1\ncpu Step\n\ncpu Stop\ncpu Step\n", 4, "no member `Stop`"),
        ('echo 1\nmacro m """\ncpu Step\ncpu Stop\n"""\necho 1\nrunMacro $m\n', 4, "no member `Stop`"),
        ('cpu Step\nmacro m\n"""\n\ncpu Stop\n"""\nrunMacro $m\n', 5, "no member `Stop`"),
        ("echo 1\ncpu Step; include @sub.resc\n", 2, "No such command or device: no"),
        ("echo 1\ncpu Step\nsysbus LoadELF @run.resc\n", 3, "run.resc is no ELF"),
        ('echo 1\ncpu Step\nset x """\ncpu Stop\n', 3, "never closed"),
        ('echo 1\ncpu Step\necho "a\n', 3, "column 6: this string is never closed"),
    ],
)
def test_a_script_stops_at_the_first_line_that_fails(machine, tmp_path, text, line, words):
    path = script(tmp_path, text)
    script(tmp_path, "echo 1\nno device\n", "sub.resc")
    with pytest.raises(SourceError) as caught:
        machine.run_script(path)
    name = "sub.resc" if "sub" in text else "run.resc"
    assert (caught.value.file, caught.value.line) == (str(tmp_path / name), line)
    assert words in caught.value.message
    assert machine.target.cpu.steps == [1]


def test_machine_errors_keep_their_kind_and_get_the_place_as_a_note(monitor, tmp_path):
    path = script(tmp_path, "mach create\ncpu LockUp\n")
    with pytest.raises(LockupError) as caught:
        monitor.run_script(path)
    assert caught.value.__notes__ == [f"{path}:2: cpu LockUp"]


def test_include_loads_platforms_and_makes_a_machine(monitor, target, tmp_path):
    path = script(tmp_path, "", "board.repl")
    monitor.execute("i @board.repl")
    assert (target.events, monitor.machine, monitor.prompt) == ([("load", path)], "machine-0", "(machine-0) ")
    script(tmp_path, "", "model.py")
    with pytest.raises(MonitorError, match="under real Renode only"):
        monitor.execute("include @model.py")


def test_start_runs_its_script_first(monitor, target, tmp_path):
    script(tmp_path, 'log "hi" Warning\n')
    monitor.execute("start @run.resc; pause")
    assert target.events == [("log", logging.WARNING, "hi"), "start", "pause"]


def test_machines(monitor, target):
    monitor.execute('mach create; mach add "b"; mach create "c"')
    assert monitor.execute("mach") == "0: machine-0\n1: b\n2: c (selected)\n"
    monitor.execute("mach set 1")
    assert (monitor.machine, target.selected) == ("b", "b")
    monitor.execute('mach rem "b"')
    assert (monitor.machine, target.machines) == (None, ["machine-0", "c"])
    for wrong, words in (
        ('mach create "c"', "already"),
        ("mach set 7", "there are: machine-0, c"),
        ("mach x", "used as"),
    ):
        with pytest.raises(MonitorError, match=words):
            monitor.execute(wrong)


def test_paths(monitor, tmp_path):
    script(tmp_path / "lib", "echo found\n")
    with pytest.raises(MonitorError, match="there is no file"):
        monitor.execute("include @run.resc")
    assert monitor.execute("path add @lib; include @run.resc; path") == f"found\n{tmp_path}\n{tmp_path}/lib\n"
    monitor.execute("path reset")
    with pytest.raises(MonitorError, match="there is no file"):
        monitor.execute("include @run.resc")


def test_time_log_levels_analyzers_and_lists(machine, target):
    target.time_ns = 3_723_000_000_001
    assert machine.execute("currentTime") == "Elapsed Virtual Time: 01:02:03.000000001\n"
    machine.execute("logLevel 3; logLevel -1 cpu; showAnalyzer cpu; sa spi.part Console")
    assert target.events == [
        ("level", logging.ERROR, None), ("level", logging.DEBUG - 5, "sysbus.cpu"), ("analyzer", "sysbus.cpu", None),
        ("analyzer", "sysbus.spi.part", "Console"),
    ]  # fmt: skip
    assert machine.execute("peripherals") == "sysbus\nsysbus.cpu\nsysbus.spi\nsysbus.spi.part\n"
    with pytest.raises(MonitorError, match="there is no object `uart`"):
        machine.execute("showAnalyzer uart")


def test_help_echo_quit(monitor):
    assert "runMacro      Run a macro." in monitor.execute("help")
    assert (
        monitor.execute("? sa") == "showAnalyzer object [analyzer]\nShow what a serial port sends.\nother names: sa\n"
    )
    assert monitor.execute('echo -n "a" 1.5; echo') == "a 1.5\n"
    monitor.execute("q 3")
    assert monitor.leaving == 3


@pytest.mark.parametrize(
    "command", ["using 3", "logLevel 9", "numbersMode Octal", "pause 3", "macro x", "help zzz", "3"]
)
def test_wrong_use_is_an_error(monitor, command):
    with pytest.raises(MonitorError):
        monitor.execute(command)


def test_accesses_that_no_model_covers_are_listed(machine):
    assert machine.execute("unmodelled") == "nothing\n"
    machine.execute("start")
    assert machine.execute("unmodelled") == "2 x gpt1: write CR at PC 0x00000040 (main)\n"
    with pytest.raises(MonitorError, match="unmodelled"):
        machine.execute("unmodelled gpt1")
