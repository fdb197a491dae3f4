"""What a user may get wrong with an engine ends in one clear sentence."""

from __future__ import annotations

import pytest
from elf_writer import EM_X86_64, image, thumb, write_elf

from wattbench.core.errors import (
    FirmwareFileError,
    LimitError,
    LockupError,
    MonitorError,
    UnmappedAccessError,
    UsageError,
)
from wattbench.engines.embedded import EmbeddedEngine

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
    size: 0x1000
"""
READ_NOTHING = thumb(0x4801, 0x6801, 0xE7FE, 0xBF00) + (0x50000000).to_bytes(4, "little")
UNDEFINED = thumb(0xDE00)
SPIN = thumb(0xE7FE)


@pytest.fixture
def engine():
    engine = EmbeddedEngine()
    engine.execute('mach create "small"')
    engine.emulation.require_board().load_platform_description_from_string(PLATFORM)
    yield engine
    engine.close()


def load(engine, path):
    engine.execute(f"sysbus LoadELF @{path}")


def test_missing_firmware(engine, tmp_path):
    with pytest.raises((MonitorError, FirmwareFileError), match=r"nothing\.elf"):
        load(engine, tmp_path / "nothing.elf")


def test_not_an_elf(engine, tmp_path):
    path = tmp_path / "notes.elf"
    path.write_text("no firmware at all")
    with pytest.raises(FirmwareFileError, match=r"notes\.elf is not a usable ELF file"):
        load(engine, path)


def test_damaged_elf(engine, tmp_path):
    path = write_elf(tmp_path / "cut.elf", {0: image(SPIN)})
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(FirmwareFileError, match=r"cut\.elf is not a usable ELF file"):
        load(engine, path)


def test_elf_for_another_machine(engine, tmp_path):
    path = write_elf(tmp_path / "pc.elf", {0: image(SPIN)}, machine=EM_X86_64)
    with pytest.raises(FirmwareFileError, match="not for a 32-bit little-endian Arm"):
        load(engine, path)


def test_elf_without_contents(engine, tmp_path):
    with pytest.raises(FirmwareFileError, match="nothing to load"):
        load(engine, write_elf(tmp_path / "empty.elf", {}))


def test_image_that_does_not_fit_loads_nothing(engine, tmp_path):
    path = write_elf(tmp_path / "big.elf", {0: image(SPIN), 0x20000800: bytes([0xAA]) * 0x1000})
    with pytest.raises(FirmwareFileError, match=r"does not fit.*0x20001000.*<0x20000000, 0x20001000>"):
        load(engine, path)
    assert engine.read_memory(0, 4) == bytes(4)


def test_unmapped_access_stops_with_address_pc_and_time(engine, tmp_path):
    load(engine, write_elf(tmp_path / "f.elf", {0: image(READ_NOTHING)}))
    with pytest.raises(
        UnmappedAccessError, match=r"read of 4 bytes at 0x50000000.*PC 0x00000042.*virtual time"
    ) as info:
        engine.run_to(1_000_000)
    assert info.value.pc == 0x42
    (access,) = engine.unmodelled()
    assert (access.source, access.access, access.pc) == ("sysbus", "read of 4 bytes at 0x50000000", 0x42)
    assert access.count == 1
    assert 0 < access.first_ns <= engine.now_ns


def test_unmapped_access_may_be_reported_only(engine, tmp_path):
    load(engine, write_elf(tmp_path / "f.elf", {0: image(READ_NOTHING)}))
    engine.execute('sysbus UnhandledAccessBehaviour "Report"')
    engine.run_to(1_000_000)
    assert engine.now_ns >= 1_000_000
    assert int(engine.execute("cpu GetRegister 1"), 16) == 0


def test_unmapped_access_may_be_a_bus_fault(engine, tmp_path):
    load(engine, write_elf(tmp_path / "f.elf", {0: image(READ_NOTHING)}))
    engine.execute('sysbus UnhandledAccessBehaviour "ThrowException"')
    engine.run_to(1_000_000)
    assert engine.board.machine.look().active == 3
    assert engine.board.machine.look().bfar == 0x50000000


def test_lockup_names_the_fault(engine, tmp_path):
    load(engine, write_elf(tmp_path / "f.elf", {0: image(UNDEFINED, hard_fault=0x40)}))
    with pytest.raises(LockupError, match=r"locked up: UNDEFINSTR while in HardFault.*PC 0x00000040"):
        engine.run_to(1_000_000)


def test_erased_memory_locks_up_at_once(engine):
    with pytest.raises(LockupError, match="vector table"):
        engine.run_to(1_000_000)


def test_firmware_that_never_sleeps(engine, tmp_path):
    load(engine, write_elf(tmp_path / "f.elf", {0: image(SPIN)}))
    engine.limit_awake(5_000_000)
    with pytest.raises(LimitError, match="without sleeping"):
        engine.run_to(1_000_000_000)
    assert 5_000_000 <= engine.now_ns < 5_001_000


def test_names_that_do_not_exist(engine):
    with pytest.raises(UsageError, match="no `lpuart9`"):
        engine.model("lpuart9")
    with pytest.raises(MonitorError, match="no UART"):
        engine.uart("rom")
    with pytest.raises(UsageError, match="no output"):
        engine.edges("rom")
    with pytest.raises(FirmwareFileError, match="no firmware is loaded"):
        engine.symbol("main")


def test_a_machine_without_cpu(tmp_path):
    engine = EmbeddedEngine()
    engine.execute('mach create "empty"')
    with pytest.raises(MonitorError, match="has no CPU"):
        engine.run_to(1)
    engine.close()


def test_the_state_of_another_platform_is_refused(engine, tmp_path):
    load(engine, write_elf(tmp_path / "f.elf", {0: image(SPIN)}))
    state = engine.save()
    state["board"]["models"]["stranger"] = {}
    with pytest.raises(UsageError, match="another platform"):
        engine.restore(state)
