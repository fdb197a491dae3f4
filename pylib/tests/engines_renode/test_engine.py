"""The engine over a fake Renode: everything that needs no .NET."""

from __future__ import annotations

from pathlib import Path

import pytest
from engines_renode.fake_runtime import FakeRuntime

from wattbench.core.errors import LimitError, LockupError, MonitorError, UsageError
from wattbench.core.unmodelled import UnmodelledAccess
from wattbench.engines.renode import engine as engine_module
from wattbench.engines.renode.session import Session
from wattbench.engines.trace import TraceRequest

MS = 1_000_000


class FakeRoom:
    """A model room without models."""

    def __init__(self, runtime, *, native_twins):
        self.models, self.error, self.calls, self.bound = {}, None, [], False

    def prepare(self):
        self.calls.append("prepare")

    def bind(self):
        fresh, self.bound = not self.bound, True
        return fresh

    def advance(self):
        self.calls.append("advance")

    def pending_error(self):
        error, self.error = self.error, None
        return error

    def unmodelled(self):
        return [UnmodelledAccess("spi", "read X", 4, "", 0, 2)]

    def announce_reset(self):
        self.announced = True

    def reset(self):
        self.calls.append("reset")

    def close(self):
        self.calls.append("close")

    def save(self):
        return {"room": 1}

    def restore(self, saved):
        self.calls.append(f"restore {saved}")


@pytest.fixture
def make(monkeypatch):
    monkeypatch.setattr(engine_module, "ModelRoom", FakeRoom)

    def make(program=(), **options):
        engine = engine_module.RenodeEngine(runtime=FakeRuntime(program, **options))
        engine.execute("mach create")
        return engine

    return make


def test_characters_and_edges_are_recorded_with_their_times(make):
    program = [(5, lambda r: r.sends(65)), (7, lambda r: r.shines(True)), (9, lambda r: r.sends(66))]
    engine = make(program)
    engine.run_to(MS)
    assert engine.uart("sysbus.uart1").data == b"AB"
    assert list(engine.uart("uart1").times_ns) == [5, 9]
    assert list(engine.edges("led1").times_ns) == [7]
    assert list(engine.edges("led1").levels) == [True]


def test_characters_to_the_chip_come_at_line_speed(make):
    engine = make()
    engine.uart("uart1").send(b"xy")
    character_ns = round(10 * 1e9 / 115200)
    engine.run_to(character_ns)
    assert engine.runtime.uart.received == b"x"
    engine.run_to(2 * character_ns)
    assert engine.runtime.uart.received == b"xy"


def test_a_stop_ends_the_run_at_the_quantum(make):
    engine = make([(150_000, lambda r: r.sends(65))])
    engine.uart("uart1").listen(lambda time_ns, character: engine.request_stop())
    engine.run_to(MS)
    assert engine.now_ns == 200_000
    engine.run_to(MS)
    assert engine.now_ns == MS


def test_an_error_of_a_model_is_raised(make):
    engine = make()
    engine.room.error = ValueError("a model's")
    with pytest.raises(ValueError, match="a model's"):
        engine.run_to(MS)


def test_a_lockup_is_raised_with_its_place(make):
    engine = make()
    engine.runtime.locked_up = "a fault"
    with pytest.raises(LockupError, match=r"locked up: a fault \(PC 0x00000040"):
        engine.run_to(MS)


def test_the_awake_limit_counts_only_cores_that_never_sleep(make):
    engine = make(asleep=False)
    engine.limit_awake(30 * MS)
    with pytest.raises(LimitError):
        engine.run_to(1000 * MS)
    assert engine.now_ns == 50 * MS
    sleeper = make()
    sleeper.limit_awake(30 * MS)
    sleeper.run_to(1000 * MS)


def test_a_second_engine_is_refused_until_the_first_is_closed(make):
    engine = make()
    with pytest.raises(UsageError, match="one Renode in a process"):
        engine_module.RenodeEngine(runtime=engine.runtime)
    engine.close()
    engine_module.RenodeEngine(runtime=engine.runtime)


def test_start_in_a_command_is_noted_and_renode_is_paused(make):
    engine = make()
    assert not engine.started
    engine.execute("start")
    assert engine.started
    assert not engine.runtime.is_started


def test_script_variables_are_set_first(make):
    engine = make()
    engine.run_script(Path("/x.resc"), {"bin": "@/f.elf"})
    assert engine.runtime.commands[-2:] == ["$bin=@/f.elf", "script /x.resc"]


def test_power(make):
    engine = make()
    engine.power_off()
    assert engine.runtime.calls[-2:] == ["halt True", "clear ram"]
    engine.power_on()
    assert engine.room.announced
    assert engine.runtime.calls[-2:] == ["reset", "halt False"]
    assert engine.room.calls[-1] == "reset"


def test_save_and_restore_cut_the_records_and_follow_the_new_objects(make):
    engine = make([(5, lambda r: r.sends(65)), (2 * MS, lambda r: r.sends(66)), (2 * MS, lambda r: r.shines(True))])
    engine.run_to(MS)
    state = engine.save()
    engine.write_memory(0, b"new")
    engine.run_to(3 * MS)
    assert engine.uart("uart1").data == b"AB"
    engine.restore(state)
    assert engine.now_ns == MS
    assert engine.read_memory(0, 3) == bytes(3)
    assert engine.uart("uart1").data == b"A"
    assert not engine.edges("led1").times_ns
    engine.runtime.program.append((2 * MS, lambda r: r.sends(67)))
    engine.run_to(3 * MS)
    assert engine.uart("uart1").data == b"AC"


def test_what_cannot_be_saved_is_said(make, monkeypatch):
    engine = make()

    def refuse(path):
        raise MonitorError("a pointer")

    monkeypatch.setattr(engine.runtime, "save", refuse)
    with pytest.raises(UsageError, match=r"load the product anew instead \(a pointer\)"):
        engine.save()


def test_unmodelled_accesses_of_models_and_bus_are_one_count(make):
    engine = make()
    engine.runtime.log.take(2, "sysbus", "[cpu: 0x8] ReadByte from non existing peripheral at 0x9.")
    assert engine.unmodelled() == [
        UnmodelledAccess("spi", "read X", 4, "", 0, 2),
        UnmodelledAccess("sysbus", "read of 1 bytes at 0x00000009", 8, "", None, 1),
    ]


def test_names_and_outputs_that_do_not_exist(make):
    engine = make()
    with pytest.raises(UsageError, match="no `uart7`"):
        engine.uart("uart7")
    with pytest.raises(MonitorError, match="`nvic` is no UART"):
        engine.uart("nvic")
    with pytest.raises(UsageError, match="`led1` has no output `OTHER`"):
        engine.edges("led1", "OTHER")


def test_the_digest_tells_memories_and_records_apart(make):
    one, other = make(), make()
    assert one.digest() == other.digest()
    other.write_memory(0, b"x")
    assert one.digest() != other.digest()


def test_without_a_machine_nothing_runs(monkeypatch):
    monkeypatch.setattr(engine_module, "ModelRoom", FakeRoom)
    with pytest.raises(MonitorError, match="no CPU"):
        engine_module.RenodeEngine(runtime=FakeRuntime()).run_to(MS)


def test_a_session_runs_on_after_start_and_pauses_at_an_error(make):
    shown = []
    session = Session(shown.append, make())
    session.engine.runtime.log.take(2, "sysbus", "careful")
    assert shown == ["[WARNING] sysbus: careful\n"]
    assert session.prompt == "(fake) "
    assert session.execute("one") == "[one]\n"
    session.execute("start")
    session.run_slice()
    assert session.started
    assert session.engine.now_ns == 10 * MS
    session.engine.runtime.locked_up = "a fault"
    with pytest.raises(LockupError):
        session.run_slice()
    assert not session.started


def test_a_session_pauses_and_leaves(make):
    session = Session(print, make())
    session.execute("start")
    session.execute("p")
    assert not session.started
    assert session.leaving is None
    session.execute("quit 3")
    assert session.leaving == 3
    with pytest.raises(MonitorError):
        session.execute("bad")


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        (TraceRequest(exceptions=True), "exceptions"),
        (TraceRequest(functions=(8,), stores=((0x20000000, 4),)), "calls of functions, stores to variables"),
        (TraceRequest(load_window_ns=1000), "CPU load"),
    ],
)
def test_what_happens_in_a_core_cannot_be_traced(make, request_, what):
    with pytest.raises(UsageError, match=f"cannot trace {what}: trace wires and DMA only"):
        make().trace(request_)
