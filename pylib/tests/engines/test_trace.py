"""Traces through the engine contract, on the reference meter and on a platform without firmware."""

from __future__ import annotations

import pytest

from wattbench.bench import Bench
from wattbench.core.errors import UsageError
from wattbench.engines.embedded import EmbeddedEngine
from wattbench.engines.trace import TraceKind, TraceRequest, rows
from wattbench.labs.grid import Grid

DMA, SPI = 0x40070000, 0x40114000
TCD0, SSRT = DMA + 0x1000, DMA + 0x1D
SOURCE, TARGET = 0x20000000, 0x20001000
PLATFORM = """
nvic: IRQControllers.NVIC @ sysbus 0xE000E000
    priorityMask: 0xF0
    IRQ -> cpu@0
cpu: CPU.CortexM @ sysbus
    cpuType: "cortex-m7"
    nvic: nvic
rom: Memory.MappedMemory @ sysbus 0x0
    size: 0x1000
ram: Memory.MappedMemory @ sysbus 0x20000000
    size: 0x2000
edma0: Wattbench.Edma @ sysbus 0x40070000
    0 -> nvic@0
lpspi1: Wattbench.Lpspi @ sysbus 0x40114000
    frequency: 60000000
    IRQ -> nvic@38
gpio3: Wattbench.Gpio @ sysbus 0x40134000
    3 -> led@0
led: Miscellaneous.LED @ gpio3
"""


@pytest.fixture(params=[True, False], ids=["twins", "models"])
def engine(request):
    engine = EmbeddedEngine(native_twins=request.param)
    engine.execute('mach create "small"')
    engine.emulation.require_board().load_platform_description_from_string(PLATFORM)
    # A core that branches to itself: sp, reset vector, and `b .` at 8.
    engine.write_memory(0, (0x20002000).to_bytes(4, "little") + (9).to_bytes(4, "little") + b"\xfe\xe7")
    yield engine
    engine.close()


def write(engine, address, value, size=4):
    engine.board.machine.bus_write(address, value.to_bytes(size, "little"))


def copy_by_dma(engine, loops):
    """Channel 0: `loops` minor loops of four bytes, each started by software."""
    for offset, value, size in (
        (0x00, SOURCE, 4), (0x04, 4, 2), (0x06, 0x0202, 2), (0x08, 4, 4), (0x0C, 0, 4), (0x10, TARGET, 4),
        (0x14, 4, 2), (0x16, loops, 2), (0x18, 0, 4), (0x1C, 0, 2), (0x1E, loops, 2),
    ):  # fmt: skip
        write(engine, TCD0 + offset, value, size)


def test_dma_chip_selects_and_leds(engine):
    """The native twins and the Python models tell the same."""
    request = TraceRequest(dma=("edma0.0",), dma_services=("edma0.1", "edma0.0"), wires=("led", "lpspi1.PCS1"))
    engine.run_to(1_000)
    tap = engine.trace(request)
    copy_by_dma(engine, 2)
    for time_ns in (2_000, 3_000):
        engine.run_to(time_ns)
        write(engine, SSRT, 0, 1)
    engine.run_to(4_000)
    write(engine, 0x40134004, 1 << 3)
    write(engine, 0x40134000, 1 << 3)
    engine.run_to(5_000)
    write(engine, SPI + 0x24, 1)  # CFGR1: master
    write(engine, SPI + 0x10, 1)  # CR: enabled
    write(engine, SPI + 0x60, 1 << 24 | 7)  # TCR: PCS1, eight bits
    write(engine, SPI + 0x64, 0x55)  # TDR
    engine.run_to(50_000)
    found = [(row.time_ns, TraceKind(row.kind), row.source, row.value) for row in rows(tap.records())]
    selects = [item for item in found if item[1] == TraceKind.EDGE and item[2] == 1]
    assert [item[3] for item in selects] == [1, 0]
    assert selects[0][0] == 5_000
    assert selects[1][0] > 5_100
    assert [item for item in found if item not in selects] == [
        (2_000, TraceKind.SERVICE, 1, 0),
        (3_000, TraceKind.SERVICE, 1, 0),
        (3_000, TraceKind.MAJOR, 0, TARGET + 8),
        (4_000, TraceKind.EDGE, 0, 1),
    ]
    tap.stop()
    write(engine, 0x40134000, 0)
    second = engine.trace(TraceRequest(wires=("lpspi1.PCS1",)))
    write(engine, SSRT, 0, 1)
    write(engine, SPI + 0x64, 0x55)
    engine.run_to(100_000)
    assert [row.value for row in rows(second.records())] == [1, 0]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (TraceRequest(wires=("led.X",)), "no wire `led.X`"),
        (TraceRequest(wires=("lpspi1.PCS7",)), r"no wire `lpspi1.PCS7`; `lpspi1` has IRQ, RxDma, TxDma"),
        (TraceRequest(wires=("nobody",)), "no `nobody`"),
        (TraceRequest(wires=("led", "led")), "asked for twice"),
        (TraceRequest(dma=("edma0",)), "no DMA channel"),
        (TraceRequest(dma=("edma0.32",)), "0 to 31"),
        (TraceRequest(dma=("lpspi1.3",)), "no DMA engine"),
        (TraceRequest(stores=((0x20000000, 0),)), "at least a byte"),
        (TraceRequest(load_window_ns=1000, load_boundaries=(8, 4)), "ascend"),
        (TraceRequest(functions=tuple(range(0, 1000, 2))), "256 functions at most, not 500"),
    ],
)
def test_what_cannot_be_traced_is_refused_and_leaves_nothing_behind(engine, request_, message):
    with pytest.raises(UsageError, match=message):
        engine.trace(request_)
    engine.trace(TraceRequest(exceptions=True)).stop()


def test_one_trace_at_a_time(engine):
    tap = engine.trace(TraceRequest(exceptions=True))
    with pytest.raises(UsageError, match="stop it before"):
        engine.trace(TraceRequest())
    tap.stop()
    engine.trace(TraceRequest()).stop()


@pytest.fixture(scope="module")
def meter():
    with Bench.load("edge-meter-3p") as bench:
        grid = Grid(bench)
        bench.boot()
        grid.set_balanced_load(230, 60)
        yield bench, bench.save()


def everything(bench) -> TraceRequest:
    address = bench.engine.symbol
    return TraceRequest(
        exceptions=True,
        sleep=True,
        functions=tuple(map(address, ("metrology_process", "PendSV_Handler", "output_set"))),
        stores=((address("start_tick"), 4), (address("meter_window_count"), 4), (address("edma_buffers"), 64)),
        wires=("ade_n.DREADY", "lpspi1.PCS0", "led_active_pulse", "gpio3.5"),
        dma=("edma0.6",),
        dma_services=("edma0.5", "edma0.6"),
        load_boundaries=tuple(function.start for function in bench.code.functions),
        load_window_ns=1_000_000,
    )


def facts(bench):
    view = bench.engine.board.machine.look(0)
    return bench.digest(), view.icount, view.time_ns, view.slept_ns, bench.engine.board.machine.save()["native"]


def test_a_trace_of_everything_changes_nothing(meter):
    bench, booted = meter
    bench.restore(booted)
    bench.run_for("0.4213")
    without = facts(bench)
    bench.restore(booted)
    tap = bench.trace(everything(bench))
    bench.run_for("0.4213")
    assert facts(bench) == without
    kinds = {row.kind for row in rows(tap.records())}
    tap.stop()
    assert kinds == set(TraceKind) - {TraceKind.LOOP}


def test_the_same_run_gives_the_same_trace(meter):
    bench, booted = meter
    found = []
    for _ in range(2):
        bench.restore(booted)
        tap = bench.trace(everything(bench))
        bench.run_for("0.05")
        found.append(tap.records().tobytes())
        tap.stop()
    assert found[0] == found[1]


def test_a_restored_state_cuts_the_trace(meter):
    bench, booted = meter
    bench.restore(booted)
    tap = bench.trace(TraceRequest(dma=("edma0.6",)))
    bench.run_for("0.02")
    middle, before = bench.save(), len(tap.records())
    bench.run_for("0.1")
    assert len(tap.records()) > before
    bench.restore(middle)
    assert len(tap.records()) == before
    bench.restore(booted)
    assert tap.began_ns == bench.now_ns
    assert len(tap.records()) == 0
    bench.run_for("0.02")
    assert len(tap.records()) == before
    tap.stop()


def test_every_instruction_of_the_meter_is_in_its_load(meter):
    bench, booted = meter
    bench.restore(booted)
    tap = bench.trace(TraceRequest(load_boundaries=(0x30003000, 0x30004000), load_window_ns=10_000_000))
    before = bench.engine.board.machine.look(0).icount
    bench.run_for("0.3")
    counted = sum(row.value for row in rows(tap.records()))
    assert counted == bench.engine.board.machine.look(0).icount - before
    tap.stop()
