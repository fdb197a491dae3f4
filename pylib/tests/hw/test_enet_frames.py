"""What the Ethernet MAC works out of frames, against examples of the standards and plain arithmetic."""

from wattbench.core.ethernet import EthernetPort, ethernet_check
from wattbench.hw.imxrt.enet_frames import Packet, control_opcode, hash_of, internet_sum, pause_frame, with_checksums

IPV4 = bytes.fromhex("45000073000040004011B861C0A80001C0A800C7")
"""A header of 20 bytes whose checksum is known to be 0xB861, of a packet of 115 bytes."""
HEADER = bytes(12) + b"\x08\x00"


def crc32_by_bits(data):
    """IEEE 802.3, 3.2.9, bit by bit: what the check sequence must be on the line."""
    register = 0xFFFF_FFFF
    for byte in data:
        for bit in range(8):
            top = register >> 31 ^ byte >> bit & 1
            register = (register << 1 & 0xFFFF_FFFF) ^ (0x04C1_1DB7 if top else 0)
    return register


def test_the_check_sequence_is_that_of_the_standard():
    data = bytes(range(60))
    by_bits = crc32_by_bits(data) ^ 0xFFFF_FFFF
    assert ethernet_check(data) == int(f"{by_bits:032b}"[::-1], 2).to_bytes(4, "little")
    assert crc32_by_bits(data + ethernet_check(data)) == 0xC704_DD7B


def test_the_hash_is_the_top_of_the_crc_of_the_address():
    for address in (b"\x01\x00\x5e\x00\x00\x01", b"\x33\x33\x00\x00\x00\x01", b"\x02\xa1\xb2\xc3\xd4\xe5"):
        assert hash_of(address) == int(f"{crc32_by_bits(address):032b}"[::-1], 2) >> 26


def test_internet_sums():
    assert internet_sum(bytes.fromhex("0001F203F4F5F6F7")) == 0xDDF2  # RFC 1071, section 3
    assert internet_sum(IPV4) == 0xFFFF
    assert internet_sum(b"\x12") == 0x1200


def test_ipv4_header_checksum_is_found_and_written():
    body = bytes(range(95))
    good = HEADER + IPV4 + body
    packet = Packet.find(good)
    assert (packet.version, packet.start, packet.payload, packet.end, packet.protocol) == (4, 14, 34, 129, 17)
    assert packet.header_good(good)
    blank = good[:24] + b"\0\0" + good[26:]
    assert not packet.header_good(blank)
    assert with_checksums(blank, header=True, payload=False) == good
    assert with_checksums(blank, header=False, payload=False) == blank


def udp(payload, checksum=0, version=4):
    segment = bytes.fromhex("1F901F91") + (8 + len(payload)).to_bytes(2, "big") + checksum.to_bytes(2, "big") + payload
    if version == 6:
        addresses = bytes(range(16)) + bytes(range(16, 32))
        header = b"\x60\0\0\0" + len(segment).to_bytes(2, "big") + b"\x11\x40" + addresses
        return bytes(12) + b"\x86\xdd" + header + segment
    header = bytearray(IPV4)
    header[2:4] = (20 + len(segment)).to_bytes(2, "big")
    header[10:12] = b"\0\0"
    return with_checksums(HEADER + bytes(header) + segment, header=True, payload=False)


def test_udp_checksum_over_the_pseudo_header():
    plain = udp(b"kWh")
    done = with_checksums(plain, header=False, payload=True)
    packet = Packet.find(done)
    pseudo = done[26:34] + b"\0\x11" + (11).to_bytes(2, "big")
    assert internet_sum(pseudo + done[34:45]) == 0xFFFF
    assert packet.payload_good(done)
    assert packet.payload_good(plain)  # 0 stands for no checksum
    wrong = done[:-1] + bytes([done[-1] ^ 1])
    assert not packet.payload_good(wrong)


def test_ipv6_has_no_header_checksum_but_udp_needs_one():
    plain = udp(b"abcd", version=6)
    packet = Packet.find(plain)
    assert (packet.version, packet.payload, packet.end) == (6, 54, 66)
    assert packet.header_good(plain)
    assert not packet.payload_good(plain)
    assert packet.payload_good(with_checksums(plain, header=True, payload=True))


def test_fragments_and_other_protocols_have_no_checksum_to_write():
    fragment = bytearray(udp(b"abcd"))
    fragment[20] |= 0x20
    assert Packet.find(bytes(fragment)).checksum_at is None
    assert with_checksums(bytes(fragment), header=False, payload=True) == bytes(fragment)


def test_what_is_no_packet():
    assert Packet.find(bytes(60)) is None
    assert Packet.find(HEADER + IPV4) is None  # says it is longer than the frame
    assert with_checksums(bytes(60), header=True, payload=True) == bytes(60)


def test_a_vlan_tag_moves_the_packet():
    tagged = bytes(12) + b"\x81\x00\x00\x05" + udp(b"x")[12:]
    assert (Packet.find(tagged).start, Packet.find(tagged).vlan) == (18, True)


def test_pause_frames():
    pause = pause_frame(b"\x02\0\0\0\0\x09", 0x1234)
    assert pause == bytes.fromhex("0180C2000001 020000000009 8808 0001 1234")
    assert control_opcode(pause) == 1
    assert control_opcode(bytes(60)) is None


def test_a_port_keeps_and_restores_its_records():
    port = EthernetPort()
    heard = []
    port.listen(heard.append)
    port.transmitted(5, b"abcdefgh" + b"1234")
    port.transmitted(6, b"abcdefgh" + b"1234", "wrong check sequence")
    port.arrived(7, b"ABCDEFGH" + b"1234", "no")
    saved = port.save()
    other = EthernetPort()
    other.restore(saved)
    assert other.frames == port.frames
    assert other.arrivals == port.arrivals
    assert [frame.time_ns for frame in heard] == [5]
    assert port.frames[0].data == b"abcdefgh"
