"""The engine on a real Renode: time, memory, UARTs, errors, state, and a whole meter."""

from __future__ import annotations

import struct

import pytest
from elf_writer import image, thumb, write_elf

from wattbench import Bench
from wattbench.core.errors import (
    FirmwareFileError,
    LimitError,
    LockupError,
    MonitorError,
    UnmappedAccessError,
    UsageError,
)
from wattbench.core.unmodelled import UnmodelledAccess

pytestmark = pytest.mark.renode

PLATFORM = """
nvic: IRQControllers.NVIC @ sysbus 0xE000E000
    systickFrequency: 72000000
    priorityMask: 0xF0
    IRQ -> cpu@0

cpu: CPU.CortexM @ sysbus
    cpuType: "cortex-m7"
    nvic: nvic
    PerformanceInMips: 100

itcm: Memory.MappedMemory @ sysbus 0x0
    size: 0x80000

dtcm: Memory.MappedMemory @ sysbus 0x20000000
    size: 0x80000

lpuart1: UART.NXP_LPUART @ sysbus 0x40184000
    IRQ -> nvic@20
"""
# Switches transmitter and receiver on, sends A to E, then keeps each character that comes in at 0x20000000.
SENDS = thumb(0x4806, 0x4907, 0x6181, 0x2141, 0x61C1, 0x3101, 0x2946, 0xD1FB)
SENDS += thumb(0x4B04, 0x69C2, 0x0614, 0xD0FC, 0x601A, 0xE7FA)
SENDS += struct.pack("<III", 0x40184000, 0x000C0000, 0x20000000)
BUSY = thumb(0x3001, 0xE7FD)
READS_NOWHERE = thumb(0x4801, 0x6801, 0xE7FE, 0xBF00) + struct.pack("<I", 0x50000000)
JUMPS_NOWHERE = thumb(0x4801, 0x4700, 0xBF00, 0xBF00) + struct.pack("<I", 0x60000001)
UNDEFINED = thumb(0xDE00, 0xDE01)
SECOND = 0x42
MS = 1_000_000


@pytest.fixture
def start(tmp_path):
    """Makes an engine with machine code at address 0; closes it afterwards."""
    from wattbench.engines.renode.engine import RenodeEngine  # noqa: PLC0415 - only where Renode is

    engines = []

    def make(code=SENDS, **options):
        (tmp_path / "board.repl").write_text(PLATFORM)
        script = tmp_path / "board.resc"
        script.write_text(
            'mach create "m"\nmachine LoadPlatformDescription $ORIGIN/board.repl\n'
            'macro reset\n"""\n    sysbus LoadELF $bin\n    sysbus.cpu VectorTableOffset 0\n"""\nrunMacro $reset\n'
        )
        elf = write_elf(tmp_path / "code.elf", {0: image(code, hard_fault=options.pop("hard_fault", None))})
        engines.append(RenodeEngine(**options))
        engines[-1].run_script(script, {"bin": f"@{elf}"})
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


def test_runs_exactly_as_long_as_asked_and_reads_memory_back(start):
    engine = start()
    engine.run_to(10 * MS)
    assert engine.now_ns == 10 * MS
    engine.run_to(10 * MS + 123)
    assert engine.now_ns == 10 * MS + 123
    assert engine.read_memory(0, 8) == struct.pack("<II", 0x20001000, 0x41)
    engine.write_memory(0x20000100, b"wattbench")
    assert engine.read_memory(0x20000100, 9) == b"wattbench"


def test_uart_bytes_have_the_time_of_their_instruction(start):
    engine = start()
    engine.run_to(MS)
    assert engine.uart("sysbus.lpuart1").data == b"ABCDE"
    assert list(engine.uart("lpuart1").times_ns) == [0, 80, 120, 160, 200]


def test_characters_reach_the_chip(start):
    engine = start()
    engine.run_to(MS)
    engine.uart("lpuart1").send(b"xy")
    engine.run_to(3 * MS)
    assert engine.read_memory(0x20000000, 1) == b"y"


def test_a_listener_stops_the_run_within_a_quantum(start):
    for quantum_ns in (100_000, 1_000):
        engine = start(quantum_ns=quantum_ns)
        engine.uart("lpuart1").listen(lambda time_ns, character, engine=engine: engine.request_stop())
        engine.run_to(MS)
        assert engine.now_ns == quantum_ns
        engine.run_to(MS)
        assert engine.now_ns == MS
        engine.close()


def test_an_error_of_a_listener_is_raised_outside(start):
    engine = start()
    engine.uart("lpuart1").listen(lambda time_ns, character: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        engine.run_to(MS)
    assert engine.uart("lpuart1").data == b"A"
    engine.run_to(2 * MS)
    assert engine.now_ns == 2 * MS


def test_equal_runs_have_equal_digests(start):
    digests = []
    for _ in range(2):
        engine = start()
        engine.run_to(3 * MS)
        digests.append(engine.digest())
        engine.close()
    assert digests[0] == digests[1]


def test_save_and_restore(start):
    engine = start()
    engine.run_to(MS)
    state = engine.save()
    tap = engine.uart("lpuart1")
    tap.send(b"z")
    engine.run_to(3 * MS)
    after = engine.digest()
    assert engine.read_memory(0x20000000, 1) == b"z"
    engine.restore(state)
    assert engine.now_ns == MS
    assert engine.read_memory(0x20000000, 1) == b"\0"
    assert tap.data == b"ABCDE"
    tap.send(b"z")
    engine.run_to(3 * MS)
    assert engine.digest() == after


def test_reset_begins_anew_and_keeps_time(start):
    engine = start()
    engine.run_to(MS)
    engine.reset()
    engine.run_to(2 * MS)
    assert engine.now_ns == 2 * MS
    assert engine.uart("lpuart1").data == b"ABCDEABCDE"


def test_power_off_loses_ram_and_power_on_boots(start):
    engine = start()
    engine.run_to(MS)
    engine.write_memory(0x20000100, b"kept?")
    engine.power_off()
    engine.run_to(2 * MS)
    assert engine.uart("lpuart1").data == b"ABCDE"
    engine.power_on()
    engine.run_to(3 * MS)
    assert engine.uart("lpuart1").data == b"ABCDEABCDE"
    assert engine.read_memory(0x20000100, 5) == bytes(5)


def test_monitor_output_and_errors_are_apart(start):
    engine = start()
    assert engine.execute("sysbus ReadDoubleWord 0") == "0x20001000\n"
    with pytest.raises(MonitorError, match="No such command or device: nonsense"):
        engine.execute("nonsense")
    with pytest.raises(MonitorError, match="sysbus does not provide"):
        engine.execute("sysbus Frobnicate")


def test_a_script_stops_at_its_first_fault(start, tmp_path):
    engine = start()
    script = tmp_path / "bad.resc"
    script.write_text('echo "one"\nnonsense\necho "two"\n')
    with pytest.raises(MonitorError, match=r"bad\.resc: No such command or device: nonsense"):
        engine.run_script(script)
    with pytest.raises(MonitorError, match="No such command or device: nonsense"):
        engine.execute(f"include @{script}")
    with pytest.raises(MonitorError, match="there is no script"):
        engine.run_script(tmp_path / "missing.resc")


def test_run_for_inside_the_monitor_is_recorded_too(start):
    engine = start()
    engine.execute('emulation RunFor "0.001"')
    assert engine.now_ns == MS
    assert engine.uart("lpuart1").data == b"ABCDE"


def test_accesses_to_nothing_are_counted_by_address_and_pc(start):
    engine = start(READS_NOWHERE)
    engine.run_to(MS)
    assert engine.unmodelled() == [UnmodelledAccess("sysbus", "read of 4 bytes at 0x50000000", 0x42, "", None, 1)]


def test_a_jump_to_nowhere_ends_the_run(start):
    engine = start(JUMPS_NOWHERE)
    with pytest.raises(UnmappedAccessError, match="outside RAM or ROM at 0x60000000") as caught:
        engine.run_to(MS)
    assert caught.value.pc == 0x60000000


def test_a_jump_to_nowhere_inside_a_command_does_not_hang(start):
    engine = start(JUMPS_NOWHERE)
    with pytest.raises(UnmappedAccessError):
        engine.execute('emulation RunFor "0.001"')


def test_a_fault_inside_the_handler_of_a_fault_is_a_lockup(start):
    engine = start(UNDEFINED, hard_fault=SECOND)
    with pytest.raises(LockupError, match="UsageFault while the handler of a fault runs"):
        engine.run_to(MS)


def test_the_awake_limit(start):
    engine = start(BUSY)
    engine.limit_awake(30 * MS)
    with pytest.raises(LimitError, match="without sleeping"):
        engine.run_to(100 * MS)
    assert 30 * MS < engine.now_ns <= 60 * MS


def test_names_that_do_not_exist(start):
    engine = start()
    with pytest.raises(FirmwareFileError, match="no symbol `nothing`"):
        engine.symbol("nothing")
    with pytest.raises(UsageError, match="the platform has no `uart7`; it has nvic, cpu"):
        engine.uart("uart7")
    with pytest.raises(MonitorError, match="`nvic` is no UART"):
        engine.uart("nvic")
    with pytest.raises(UsageError, match="has no output"):
        engine.edges("lpuart1", "LIGHT")


def test_one_engine_at_a_time(start):
    engine = start()
    with pytest.raises(UsageError, match="one Renode in a process"):
        start()
    engine.close()
    start().run_to(MS)


def test_running_without_a_machine_is_said(start):
    engine = start()
    engine.execute("Clear")
    with pytest.raises(MonitorError):
        engine.run_to(MS)


@pytest.fixture(scope="module")
def meter():
    """The reference meter, booted."""
    with Bench.load("edge-meter-3p", engine="renode") as bench:
        bench.boot()
        yield bench, bench.save()


def test_the_meter_boots_and_answers(meter):
    bench, state = meter
    bench.restore(state)
    assert bench.console.command("status")[0].startswith("uptime ")
    assert bench.engine.model("lpuart1").port.bits_per_second() == pytest.approx(115200, rel=0.02)


def test_the_meter_repeats_exactly_after_a_restore(meter):
    bench, state = meter
    digests = []
    for _ in range(2):
        bench.restore(state)
        bench.run_for("0.05")
        digests.append(bench.digest())
    assert digests[0] == digests[1]
