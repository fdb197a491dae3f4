"""CAN frames bit by bit, against arithmetic of polynomials and counts by hand."""

import itertools

import pytest

from wattbench.core.can_frame import CRC_15, CRC_17, CRC_21, CanFrame, crc
from wattbench.core.errors import UsageError


def remainder(bits, width, generator, first_bit):
    """The same remainder by long division of one big number."""
    value = int("0" + bits, 2) << width
    value ^= first_bit << len(bits) + width - 1
    divisor = generator | 1 << width
    while value.bit_length() > width:
        value ^= divisor << value.bit_length() - width - 1
    return value


@pytest.mark.parametrize(("kind", "first_bit"), [(CRC_15, 0), (CRC_17, 1), (CRC_21, 1)])
def test_remainders(kind, first_bit):
    for bits in ("1", "0" * 40, "1011" * 20, "0000001101110101100011"):
        assert crc(bits, *kind, first_bit) == remainder(bits, *kind, first_bit)


def test_all_zeros_have_the_most_stuff_bits_for_their_length():
    # 34 zeros from the start of frame to the end of the check sequence: one stuff bit after each five.
    assert CanFrame(0).check == 0
    assert CanFrame(0).bits == (34 + 6, 0)


def test_a_frame_without_long_runs_has_no_stuff_bits():
    found = 0
    for last in range(256):
        frame = CanFrame(0x555, bytes([*[0x55] * 7, last]))
        header = "0" + "10101010101" + "000" + "1000" + "01010101" * 7 + f"{last:08b}"
        sequence = header + f"{frame.check:015b}"
        assert frame.check == remainder(header, *CRC_15, 0)
        if max(len(list(group)) for _, group in itertools.groupby(sequence)) < 5:
            assert frame.bits == (len(sequence), 0)
            found += 1
    assert found > 20


def test_no_frame_exceeds_the_known_bounds():
    for data in (b"", b"\0" * 8, b"\xff" * 8, bytes(range(8)), b"\x0f" * 5):
        for identifier, extended in ((0, False), (0x7FF, False), (0x0F0, False), (0, True), (0x1FFF_FFFF, True)):
            bits, fast = CanFrame(identifier, data, extended=extended).bits
            plain = (54 if extended else 34) + 8 * len(data)
            assert plain <= bits <= plain + (plain - 1) // 4
            assert fast == 0


def test_a_stuff_bit_counts_for_the_next_run():
    # Start of frame and four zeros make five; the stuff bit 1 and four ones more make five again.
    frame = CanFrame(0b00001111000)
    assert frame.bits[0] >= 34 + 2


def test_fd_frames_have_fixed_stuff_bits_in_the_check_sequence():
    # No stuff bits up to the data: 17 bits at the nominal rate, ESI and DLC, then 4 + 17 bits and 6 fixed ones.
    frame = CanFrame(0x555, fd=True, switched=True)
    assert frame.bits == (17, 5 + 21 + 6)
    assert CanFrame(0x555, fd=True).bits[1] == 0
    long = CanFrame(0x555, b"\x55" * 64, fd=True, switched=True)
    assert long.bits[0] == 17
    assert long.bits[1] == 5 + 8 * 64 + 25 + 7


def test_priority_is_that_of_the_bus():
    order = [
        CanFrame(0x100),
        CanFrame(0x100, remote=True),
        CanFrame(0x100 << 18, extended=True),
        CanFrame(0x100 << 18 | 1, extended=True),
        CanFrame(0x101),
    ]
    assert all(first.priority < second.priority for first, second in itertools.pairwise(order))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"identifier": 0x800}, "11 bits"),
        ({"identifier": 1 << 29, "extended": True}, "29 bits"),
        ({"identifier": 1, "data": bytes(9)}, "9 bytes"),
        ({"identifier": 1, "data": bytes(13), "fd": True}, "CAN FD frame cannot carry 13 bytes"),
        ({"identifier": 1, "data": b"a", "remote": True}, "remote"),
    ],
)
def test_what_no_frame_can_be(arguments, message):
    with pytest.raises(UsageError, match=message):
        CanFrame(**arguments)
