"""The Ethernet MAC's way in: filters, faulty frames, rings, accelerators, and the reason why a frame was dropped."""

import pytest
from enet_bench import OWN, PEER, RCR_RMII, READY, RX_RING, Bench, frame
from test_enet_frames import udp

from wattbench.core.errors import UsageError
from wattbench.core.ethernet import ethernet_check
from wattbench.hw.imxrt.enet_frames import hash_of

LAST = 1 << 11
MISS, BROADCAST, MULTICAST, TOO_LONG, CHECK_WRONG, TRUNCATED = 1 << 8, 1 << 7, 1 << 6, 1 << 5, 1 << 2, 1
DATA = frame(bytes(range(200)))


def fates(bench):
    return [arrival.fate for arrival in bench.mac.port.arrivals]


def test_a_frame_reaches_its_buffer_at_its_last_bit():
    bench = Bench()
    bench.write("EIMR", 1 << 25)
    bench.mac.port.send(DATA)
    due_ns = (8 + len(DATA) + 4) * 80
    bench.host.run_for(due_ns - 1)
    assert bench.received(0)[0] & READY
    assert not bench.irq
    bench.host.run_for(1)
    assert bench.received(0) == (LAST, len(DATA), DATA)
    assert bench.irq
    assert bench.events() == {"RXF"}
    assert bench.mac.port.arrivals[0].time_ns == due_ns
    assert fates(bench) == [""]
    bench.write("EIR", 1 << 25)
    assert not bench.irq


def test_frames_from_outside_come_one_after_the_other():
    bench = Bench()
    for _ in range(3):
        bench.mac.port.send(DATA)
    bench.run_us(1000)
    slot = (8 + len(DATA) + 4 + 12) * 80
    assert [arrival.time_ns for arrival in bench.mac.port.arrivals] == [slot * n - 12 * 80 for n in (1, 2, 3)]


def test_the_check_sequence_stays_unless_taken_off():
    bench = Bench(rcr=RCR_RMII & ~(1 << 14))
    bench.mac.port.send(DATA)
    bench.run_us(100)
    assert bench.received(0) == (LAST, len(DATA) + 4, DATA + ethernet_check(DATA))


def test_a_long_frame_fills_several_buffers():
    bench = Bench(size=64)
    bench.mac.port.send(DATA)
    bench.run_us(100)
    assert [bench.received(n)[:2] for n in range(4)] == [(0, 64), (0, 64), (0, 64), (LAST | 1 << 13, len(DATA))]
    assert b"".join(bytes(bench.host.memory[0x4000 + 64 * n : 0x4040 + 64 * n]) for n in range(4))[: len(DATA)] == DATA
    assert bench.events() == {"RXB", "RXF"}


def test_addresses():
    single, group = b"\x02\x11\x22\x33\x44\x55", bytes.fromhex("01005E000001")
    bench = Bench()
    for destination in (OWN, single, group, b"\xff" * 6):
        bench.mac.port.send(frame(bytes(50), destination))
    bench.run_us(100)
    assert fates(bench) == ["", "not addressed to this MAC", "not addressed to this MAC", ""]
    assert bench.received(1)[0] == LAST | BROADCAST
    for address, names in ((single, ("IALR", "IAUR")), (group, ("GALR", "GAUR"))):
        number = hash_of(address)
        bench.write(names[number >> 5], 1 << (number & 31))
        bench.mac.port.send(frame(bytes(50), address))
    bench.run_us(100)
    assert fates(bench)[4:] == ["", ""]
    assert bench.received(3)[0] == LAST | MULTICAST | 1 << 13


def test_promiscuous_frames_are_marked():
    bench = Bench(rcr=RCR_RMII | 1 << 3)
    bench.mac.port.send(frame(bytes(50), PEER))
    bench.run_us(100)
    assert bench.received(0)[0] == LAST | MISS


def test_broadcasts_may_be_rejected():
    bench = Bench(rcr=RCR_RMII | 1 << 4)
    bench.mac.port.send(frame(bytes(50), b"\xff" * 6))
    bench.run_us(100)
    assert fates(bench) == ["not addressed to this MAC"]
    bench.write("RCR", RCR_RMII | 1 << 4 | 1 << 3)
    bench.mac.port.send(frame(bytes(50), b"\xff" * 6))
    bench.run_us(100)
    assert bench.received(0)[0] == LAST | BROADCAST | MISS


def test_a_wrong_check_sequence_is_marked_or_dropped():
    bench = Bench()
    bench.mac.port.send_raw(DATA + b"oops")
    bench.run_us(100)
    assert bench.received(0)[0] == LAST | CHECK_WRONG
    assert (bench.read("IEEE_R_CRC"), bench.read("RMON_R_CRC_ALIGN")) == (1, 1)
    bench.write("RACC", 1 << 6)
    bench.mac.port.send_raw(DATA + b"oops")
    bench.run_us(100)
    assert fates(bench) == ["", "wrong check sequence (RACC.LINEDIS)"]


def test_short_frames_are_dropped():
    bench = Bench()
    bench.mac.port.send_raw(frame(bytes(20)) + ethernet_check(frame(bytes(20))))
    bench.mac.port.send_raw(b"abc")
    bench.run_us(100)
    assert fates(bench) == ["shorter than 64 bytes", "shorter than a frame's header"]
    assert bench.read("RMON_R_UNDERSIZE") == 1
    with pytest.raises(UsageError, match="at least 14 bytes"):
        bench.mac.port.send(b"abc")


def test_long_frames_are_marked_and_truncated():
    long = frame(bytes(range(256)) * 4)
    bench = Bench(rcr=1000 << 16 | RCR_RMII & 0xFFFF)
    bench.mac.port.send(long)
    bench.run_us(200)
    assert bench.received(0)[0] == LAST | TOO_LONG
    assert bench.events() == {"RXF", "BABR"}
    bench.write("FTRL", 500)
    bench.mac.port.send(long)
    bench.run_us(200)
    assert bench.received(1) == (LAST | TOO_LONG | TRUNCATED, 500, long[:500])
    assert bench.read("RMON_R_OVERSIZE") == 2


def test_padding_comes_off_by_the_length_field():
    short = OWN + PEER + (10).to_bytes(2, "big") + bytes(range(1, 11))
    bench = Bench()
    bench.mac.port.send(short)
    bench.write("RCR", RCR_RMII)
    bench.run_us(50)
    assert bench.received(0)[1] == 60
    bench.write("RCR", RCR_RMII | 1 << 12)
    bench.mac.port.send(short)
    bench.run_us(50)
    assert bench.received(1)[2] == short


def test_padding_comes_off_ip_packets():
    packet = OWN + PEER + udp(b"hi")[12:]
    bench = Bench()
    bench.write("RACC", 1)
    bench.mac.port.send(packet)
    bench.run_us(50)
    assert bench.received(0)[2] == packet


def test_wrong_checksums_are_dropped_where_asked_for():
    good = OWN + PEER + udp(b"hello", 0)[12:]
    wrong_header = good[:24] + b"\x12\x34" + good[26:]
    wrong_payload = good[:40] + b"\x12\x34" + good[42:]
    bench = Bench()
    for data in (wrong_header, wrong_payload):
        bench.mac.port.send(data)
    bench.run_us(100)
    bench.write("RACC", 1 << 2 | 1 << 1)
    for data in (wrong_header, wrong_payload, good):
        bench.mac.port.send(data)
    bench.run_us(100)
    assert fates(bench) == [
        "", "", "wrong IPv4 header checksum (RACC.IPDIS)", "wrong protocol checksum (RACC.PRODIS)", "",
    ]  # fmt: skip


def test_two_bytes_in_front():
    bench = Bench()
    bench.write("RACC", 1 << 7)
    bench.mac.port.send(DATA)
    bench.run_us(100)
    assert bench.received(0) == (LAST, len(DATA) + 2, b"\0\0" + DATA)


def test_the_length_field_may_be_checked():
    bench = Bench(rcr=RCR_RMII | 1 << 30)
    bench.mac.port.send(frame(bytes(100), kind=90))
    bench.mac.port.send(frame(bytes(100), kind=100))
    bench.mac.port.send(frame(bytes(46), kind=10))
    bench.run_us(12)
    assert "PLR" in bench.events()
    bench.write("EIR", 0xFFFF_FFFF)
    bench.run_us(100)
    assert bench.events() == {"RXF"}


def test_control_frames():
    pause = bytes.fromhex("0180C2000001") + PEER + bytes.fromhex("880800010000")
    other = bytes.fromhex("0180C2000001") + PEER + bytes.fromhex("880801010000")
    bench = Bench()
    for rcr in (0, 1 << 15 | 1 << 13):
        bench.write("RCR", RCR_RMII | rcr)
        for data in (pause, other):
            bench.mac.port.send(data)
        bench.run_us(50)
    assert fates(bench) == ["pause frame, taken by the MAC", "", "", "control frame (RCR.CFEN)"]


def test_without_a_descriptor_frames_wait_in_the_fifo_until_it_is_full():
    bench = Bench(count=1)
    for _ in range(11):
        bench.mac.port.send(DATA)
    bench.run_us(1000)
    assert bench.read("RDAR") == 0
    full = "the receive FIFO is full, as the ring has no empty descriptor (RDAR is 0)"
    waiting = 2048 // (len(DATA) + 4)
    assert fates(bench) == ["", *[full] * (10 - waiting)]
    assert bench.read("IEEE_R_MACERR") == 10 - waiting
    bench.refill(0)
    bench.write("RDAR", 0)
    assert fates(bench)[-1] == ""
    assert bench.received(0)[2] == DATA
    assert len(fates(bench)) == 12 - waiting


def test_a_mac_that_is_off_hears_nothing():
    bench = Bench(start=False)
    bench.mac.port.send(DATA)
    bench.run_us(100)
    assert fates(bench) == ["the MAC is off (ECR.ETHEREN)"]


def test_buffers_of_no_size():
    bench = Bench(size=0)
    bench.mac.port.send(DATA)
    bench.run_us(100)
    assert fates(bench) == ["the buffers have no size (MRBR)"]


def test_switching_off_loses_what_waits():
    bench = Bench(count=1)
    bench.mac.port.send(DATA)
    bench.mac.port.send(DATA)
    bench.run_us(100)
    bench.write("ECR", 1 << 8)
    assert fates(bench) == ["", "the MAC was switched off before it reached RAM"]


def test_a_bus_error_in_a_buffer():
    bench = Bench()
    bench.put_descriptor(RX_RING, READY, 0, 0x7000_0000)
    bench.mac.port.send(DATA)
    bench.run_us(100)
    assert "EBERR" in bench.events()
    assert not bench.read("ECR") & 1 << 1


def test_enhanced_descriptors_tell_more():
    bench = Bench(enhanced=True)
    bench.write("ATINC", 4)
    bench.write("ATCR", 1)
    packet = OWN + PEER + udp(b"hello there")[12:]
    bench.mac.port.send(packet)
    bench.mac.port.send(frame(bytes(50), b"\xff" * 6))
    bench.run_us(100)
    first, _, control, protocol, updated, stamp = bench.words(RX_RING, 6)
    assert first >> 16 == LAST
    assert control == 1 << 24 | 1 << 23
    assert protocol >> 16 == 5 << 11 | 17
    assert updated == 1 << 31
    assert stamp == 8 * 80 * 240_000_000 // 1_000_000_000 * 4
    assert bench.words(RX_RING + 32, 6)[2] == 1 << 23 | 1 << 5 | 1 << 4
    assert bench.events() == {"RXF"}


def test_an_enhanced_descriptor_without_int_stays_silent():
    bench = Bench(enhanced=True)
    bench.put_descriptor(RX_RING, READY, 0, 0x4000, 0)
    bench.mac.port.send(DATA)
    bench.run_us(100)
    assert bench.received(0)[2] == DATA
    assert bench.events() == set()


def test_statistics_of_received_frames():
    bench = Bench()
    bench.mac.port.send(DATA)
    bench.mac.port.send(frame(bytes(50), b"\xff" * 6))
    bench.mac.port.send(frame(bytes(50), PEER))
    bench.run_us(100)
    names = ("RMON_R_PACKETS", "RMON_R_BC_PKT", "RMON_R_P128TO255", "RMON_R_P65TO127", "IEEE_R_FRAME_OK")
    assert [bench.read(name) for name in names] == [2, 1, 1, 1, 2]
    assert bench.read("RMON_R_OCTETS") == bench.read("IEEE_R_OCTETS_OK") == len(DATA) + 4 + 68


def test_a_length_field_below_the_payload_is_wrong_beyond_padding():
    bench = Bench(rcr=RCR_RMII | 1 << 30)
    bench.mac.port.send(frame(bytes(60), kind=50))
    bench.run_us(50)
    assert "PLR" in bench.events()


def test_enhanced_descriptors_tell_wrong_checksums():
    good = OWN + PEER + udp(b"hello there", 0)[12:]
    bench = Bench(enhanced=True)
    bench.mac.port.send(good[:24] + b"\x12\x34" + good[26:])
    bench.mac.port.send(good[:40] + b"\x12\x34" + good[42:])
    bench.mac.port.send(good[:23] + b"\x63" + good[24:])
    bench.run_us(100)
    control = [bench.words(RX_RING + 32 * number, 3)[2] & 0x3F for number in range(3)]
    assert control[0] == 1 << 5  # the header
    assert control[1] == 1 << 4  # the payload
    assert control[2] & 1 << 4  # a protocol without a known checksum
