import pytest

from wattbench.core.host import FakeHost
from wattbench.hw.imxrt.flexspi import FlexSpi
from wattbench.hw.parts.nor_flash import NorFlash

MCR0, INTEN, INTR, LUTKEY, LUTCR = 0x00, 0x10, 0x14, 0x18, 0x1C
IPCR0, IPCR1, IPCMD, IPRXFCR, IPTXFCR, STS0, STS1, RX_FILL = 0xA0, 0xA4, 0xB0, 0xB8, 0xBC, 0xE0, 0xE4, 0xF0
RFDR, TFDR, LUT = 0x100, 0x180, 0x200
FLSHA1CR0, FLSHCR2A1 = 0x60, 0x80
DONE, ERROR, RX, TX = 1, 1 << 3, 1 << 5, 1 << 6
CMD, ADDRESS, WRITE, READ, DUMMY = 1, 2, 8, 9, 12
READ_ID, READ_STATUS, WRITE_ENABLE, FAST_READ, PROGRAM, ERASE, BROKEN, JUMP = range(8)


def instructions(*pairs):
    words = [kind << 10 | operand for kind, operand in pairs] + [0] * 8
    return [words[n] | words[n + 1] << 16 for n in range(0, 8, 2)]


SEQUENCES = {
    READ_ID: instructions((CMD, 0x9F), (READ, 4)),
    READ_STATUS: instructions((CMD, 0x05), (READ, 4)),
    WRITE_ENABLE: instructions((CMD, 0x06)),
    FAST_READ: instructions((CMD, 0x0B), (ADDRESS, 24), (DUMMY, 8), (READ, 4)),
    PROGRAM: instructions((CMD, 0x02), (ADDRESS, 24), (WRITE, 4)),
    ERASE: instructions((CMD, 0x20), (ADDRESS, 24)),
    BROKEN: instructions((CMD, 0x9F), (0x1E, 0)),
    JUMP: instructions((CMD, 0x9F), (0x1F, 0)),
}


@pytest.fixture
def flexspi():
    host = FakeHost()
    block, flash = FlexSpi(host, "flexspi1"), NorFlash(host, "nor")
    block.attach(flash, 0)
    block.flash = flash
    for model in (flash, block):
        model.reset()
    block.write(LUTKEY, 4, 0x5AF05AF0)
    block.write(LUTCR, 4, 2)
    for number, words in SEQUENCES.items():
        for word, value in enumerate(words):
            block.write(LUT + 16 * number + 4 * word, 4, value)
    return block


def start(block, sequence, address=0, size=0):
    block.write(INTR, 4, DONE | ERROR)
    block.write(IPRXFCR, 4, block.read(IPRXFCR, 4) | 1)
    block.write(IPCR0, 4, address)
    block.write(IPCR1, 4, sequence << 16 | size)
    block.write(IPCMD, 4, 1)


def drain(block, size):
    """Read as Phoenix-RTOS plo does: up to eight bytes one by one, then take the flag back."""
    data = b""
    while len(data) < size:
        assert block.read(INTR, 4) & RX
        data += bytes(block.read(RFDR + n, 1) for n in range(min(8, size - len(data))))
        block.write(INTR, 4, RX)
    assert not block.read(INTR, 4) & RX
    return data


def test_idle_after_reset_and_software_reset_clears_itself(flexspi):
    assert flexspi.read(STS0, 4) == 3
    flexspi.write(MCR0, 4, flexspi.read(MCR0, 4) | 1)
    assert flexspi.read(MCR0, 4) == 0xFFFF80C2
    assert flexspi.read(INTR, 4) == TX


def test_identity_of_three_bytes(flexspi):
    start(flexspi, READ_ID, size=3)
    assert flexspi.read(INTR, 4) & (DONE | ERROR) == DONE
    assert flexspi.read(RX_FILL, 4) == 1
    assert drain(flexspi, 3).hex() == "9d7017"


@pytest.mark.parametrize("size", [1, 8, 200, 256, 1000])
def test_reads_of_any_size(flexspi, size):
    flexspi.flash.contents[0x12345 : 0x12345 + size] = bytes(n * 7 & 0xFF for n in range(size))
    start(flexspi, FAST_READ, 0x12345, size)
    assert bool(flexspi.read(INTR, 4) & DONE) is (size <= 256)
    assert drain(flexspi, size) == bytes(n * 7 & 0xFF for n in range(size))
    assert flexspi.read(INTR, 4) & DONE


def test_watermark_of_several_entries(flexspi):
    flexspi.flash.contents[0:64] = bytes(range(64))
    flexspi.write(IPRXFCR, 4, 3 << 2)
    start(flexspi, FAST_READ, 0, 64)
    assert bytes(flexspi.read(RFDR + n, 1) for n in range(32)) == bytes(range(32))
    flexspi.write(INTR, 4, RX)
    assert flexspi.read(RFDR, 4) == 0x23222120
    flexspi.write(INTR, 4, RX)
    assert not flexspi.read(INTR, 4) & RX


@pytest.mark.parametrize("preloaded", [True, False])
def test_page_program_with_data_before_or_after_the_start(flexspi, preloaded):
    data = bytes(range(0x40, 0x54))
    start(flexspi, WRITE_ENABLE)
    if not preloaded:
        start(flexspi, PROGRAM, 0x100, len(data))
        assert flexspi.read(STS0, 4) == 8
        assert not flexspi.read(INTR, 4) & DONE
    for at in range(0, len(data), 8):
        assert flexspi.read(INTR, 4) & TX
        for n, byte in enumerate(data[at : at + 8]):
            flexspi.write(TFDR + n, 1, byte)
        flexspi.write(INTR, 4, TX)
    if preloaded:
        start(flexspi, PROGRAM, 0x100, len(data))
    assert flexspi.read(STS0, 4) == 3
    assert flexspi.read(INTR, 4) & DONE
    start(flexspi, READ_STATUS, size=1)
    assert drain(flexspi, 1)[0] & 3 == 3
    flexspi.host.run_for(200_000)
    assert flexspi.flash.contents[0x100 : 0x100 + 21] == data + b"\xff"


def test_a_command_that_waits_for_data_is_refused_when_its_sequence_was_spoilt_meanwhile(flexspi):
    start(flexspi, WRITE_ENABLE)
    start(flexspi, PROGRAM, 0x100, 16)
    flexspi.write(INTR, 4, TX)
    flexspi.write(LUT + 16 * PROGRAM, 4, 0x7800_040B)
    assert flexspi.read(STS0, 4) == 8
    flexspi.write(INTR, 4, TX)
    assert flexspi.read(STS0, 4) == 3
    assert flexspi.read(INTR, 4) & (DONE | ERROR) == DONE | ERROR
    assert flexspi.read(STS1, 4) == 3 << 24 | PROGRAM << 16
    assert flexspi.flash.contents[0x100:0x110] == b"\xff" * 16


def test_erase(flexspi):
    flexspi.flash.contents[0x3000:0x5000] = bytes(0x2000)
    start(flexspi, WRITE_ENABLE)
    start(flexspi, ERASE, 0x3FFF)
    flexspi.host.run_for(70_000_000)
    assert bytes(flexspi.flash.contents[0x3000:0x5000]) == b"\xff" * 0x1000 + bytes(0x1000)


@pytest.mark.parametrize(("sequence", "code"), [(BROKEN, 3), (JUMP, 2)])
def test_refused_sequence(flexspi, sequence, code):
    start(flexspi, sequence, size=1)
    assert flexspi.read(INTR, 4) & (DONE | ERROR) == DONE | ERROR
    assert flexspi.read(STS1, 4) == code << 24 | sequence << 16
    flexspi.write(INTR, 4, ERROR)
    assert flexspi.read(STS1, 4) == 0


def test_address_beyond_every_flash(flexspi):
    for register in (0x60, 0x64, 0x68, 0x6C):
        flexspi.write(register, 4, 8192)
    start(flexspi, FAST_READ, 4 * 8192 * 1024, 1)
    assert flexspi.read(STS1, 4) >> 24 == 6
    start(flexspi, READ_ID, 8192 * 1024, 1)
    assert drain(flexspi, 1) == b"\xff"


def test_send_fifo_takes_no_more_than_it_holds(flexspi):
    for _ in range(100):
        flexspi.write(INTR, 4, TX)
    assert flexspi.read(0xF4, 4) == 32
    assert not flexspi.read(INTR, 4) & TX
    flexspi.write(IPTXFCR, 4, 1)
    assert flexspi.read(INTR, 4) & TX


def test_interrupt_line(flexspi):
    flexspi.write(INTEN, 4, DONE)
    assert not flexspi.outputs["IRQ"].level
    start(flexspi, WRITE_ENABLE)
    assert flexspi.outputs["IRQ"].level
    flexspi.write(INTR, 4, DONE)
    assert not flexspi.outputs["IRQ"].level


def test_table_is_locked_by_its_key(flexspi):
    flexspi.write(LUTCR, 4, 1)
    flexspi.write(LUT, 4, 0)
    assert flexspi.read(LUTCR, 4) == 2
    assert flexspi.read(LUT, 4) == 0
    flexspi.write(LUTKEY, 4, 0x5AF05AF0)
    flexspi.write(LUTCR, 4, 1)
    flexspi.write(LUT, 4, 0x12345678)
    assert flexspi.read(LUT, 4) == 0


def test_only_serial_flashes_attach(flexspi):
    with pytest.raises(TypeError, match="takes serial flashes at 0 to 3"):
        flexspi.attach(FlexSpi(flexspi.host, "other"), 1)


def test_round_trip_in_mid_transfer(flexspi):
    flexspi.flash.contents[0:16] = bytes(range(16))
    start(flexspi, FAST_READ, 0, 16)
    flexspi.write(INTR, 4, RX)
    saved = flexspi.save()
    flexspi.write(INTR, 4, RX)
    other = FlexSpi(FakeHost(), "other")
    other.restore(saved)
    assert drain(other, 8) == bytes(range(8, 16))


@pytest.fixture
def window():
    """A FlexSPI whose flash lies in memory at 0, set up to read it with sequence 3 on one pad."""
    host = FakeHost(memory_size=0x800000)
    block, flash = FlexSpi(host, "flexspi1"), NorFlash(host, "nor", base=0)
    block.attach(flash, 0)
    for model in (flash, block):
        model.reset()
    assert host.closed_memories[0] == "", "untouched since reset, as after the boot ROM"
    for offset, value in ((LUTKEY, 0x5AF05AF0), (LUTCR, 2), (FLSHCR2A1, FAST_READ), (MCR0, 0xFFFF80C0)):
        block.write(offset, 4, value)
    for word, value in enumerate(SEQUENCES[FAST_READ]):
        block.write(LUT + 16 * FAST_READ + 4 * word, 4, value)
    assert host.closed_memories[0] == ""
    block.flash = flash
    return block


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (MCR0, 0xFFFF80C2, "flexspi1 is off (MCR0.MDIS)"),
        (FLSHA1CR0, 0, "flexspi1 gives it no size (FLSHA1CR0)"),
        (FLSHCR2A1, ERASE, "sequence 5 of flexspi1 reads with 0x00, which it does not obey"),
        (LUT + 16 * FAST_READ, 0x0818_04EB, "reads with 0xEB, which it does not obey"),
        (LUT + 16 * FAST_READ, 0x7800_040B, "sequence 3 of flexspi1, its read, is invalid"),
    ],
)
def test_the_core_reads_the_flash_only_where_the_controller_could(window, offset, value, reason):
    before = window.read(offset, 4)
    window.write(offset, 4, value)
    assert reason in window.host.closed_memories[0]
    window.write(offset, 4, before)
    assert window.host.closed_memories[0] == ""


def test_quad_reads_work_once_the_flash_is_told(window):
    window.write(LUT + 16 * FAST_READ, 4, 0x0818_04EB)
    assert window.host.closed_memories[0]
    window.flash.execute(0x06, None, b"", 0)
    window.flash.execute(0x01, None, b"\x40", 0)
    assert "it writes its status" in window.host.closed_memories[0]
    window.host.run_for(2_000_000)
    assert window.host.closed_memories[0] == ""


def test_other_sequences_do_not_matter_to_the_core(window):
    window.write(LUT, 4, 0x7800_040B)
    assert window.host.closed_memories[0] == ""
    window.reset()
    assert window.host.closed_memories[0] == ""
