"""The Ethernet MAC's way out: rings, line time, padding, check sequence, pause, errors of the bus."""

import pytest
from enet_bench import BUFFER, CHECK, ETHEREN, LAST, OWN, PEER, RCR_RMII, READY, TX_BUFFERS, TX_RING, Bench, frame

from wattbench.core.ethernet import ethernet_check
from wattbench.hw.imxrt.enet_frames import with_checksums

LONG = frame(bytes(range(256)) * 4, PEER)


def test_a_frame_takes_its_time_on_the_line():
    for rcr, gigabit, ecr, bit_ns in (
        (RCR_RMII | 1 << 9, False, 0, 100),
        (RCR_RMII, False, 0, 10),
        (RCR_RMII & ~(1 << 8) | 1 << 6, True, 1 << 5, 1),
    ):
        bench = Bench(gigabit=gigabit, rcr=rcr, start=False)
        bench.write("ECR", ETHEREN | 1 << 8 | ecr)
        bench.put_frame(LONG)
        length = len(LONG) + 4
        bench.host.run_for((8 + length) * 8 * bit_ns - 1)
        assert bench.mac.port.frames == []
        assert bench.sent_flags(0) & READY
        bench.host.run_for(1)
        (sent,) = bench.mac.port.frames
        assert (sent.data, sent.time_ns, sent.fate) == (LONG, (8 + length) * 8 * bit_ns, "")
        assert not bench.sent_flags(0) & READY


def test_frames_in_a_row_keep_the_gap():
    bench = Bench()
    bench.write("TIPG", 12)
    for number in range(3):
        bench.put_frame(LONG + bytes([number]), go=number == 2)
    bench.run_us(1000)
    slot = (8 + len(LONG) + 1 + 4 + 12) * 80
    assert [sent.time_ns for sent in bench.mac.port.frames] == [slot * n - 12 * 80 for n in (1, 2, 3)]
    assert [sent.data[-1] for sent in bench.mac.port.frames] == [0, 1, 2]
    assert bench.read("TDAR") == 0


def test_short_frames_are_padded_and_checked():
    bench = Bench()
    raw = []
    bench.mac.port._wire_listeners.append(raw.append)
    bench.put_frame(frame(b"hello", PEER))
    bench.run_us(100)
    assert bench.mac.port.frames[0].data == frame(b"hello", PEER).ljust(60, b"\0")
    assert raw == [bench.mac.port.frames[0].data + ethernet_check(bench.mac.port.frames[0].data)]


def test_software_may_bring_the_check_sequence():
    data = LONG + ethernet_check(LONG)
    bench = Bench()
    bench.put_frame(data, flags=0)
    bench.run_us(100)
    assert bench.mac.port.frames[0].data == LONG
    assert bench.mac.port.frames[0].fate == ""
    bench = Bench()
    bench.write("TCR", 1 << 9 | 1 << 2)
    bench.put_frame(LONG)
    bench.run_us(100)
    assert bench.mac.port.frames[0].fate == "wrong check sequence"
    assert bench.read("RMON_T_CRC_ALIGN") == 1


def test_a_descriptor_may_ask_for_a_wrong_check_sequence():
    bench = Bench()
    bench.put_frame(LONG, flags=CHECK | 1 << 9)
    bench.run_us(100)
    assert bench.mac.port.frames[0].fate == "wrong check sequence"


def test_a_frame_may_lie_in_several_buffers():
    bench = Bench()
    bench.put_frame(LONG, 100, 700)
    bench.run_us(1)
    assert [bool(bench.sent_flags(n) & READY) for n in range(3)] == [True] * 3
    bench.run_us(200)
    assert bench.mac.port.frames[0].data == LONG
    assert [bool(bench.sent_flags(n) & READY) for n in range(3)] == [False] * 3
    assert bench.events() == {"TXB", "TXF"}


def test_a_frame_whose_end_is_not_ready_waits_for_the_next_start():
    bench = Bench()
    bench.put_frame(LONG, 100, go=False)
    bench.host.memory[TX_RING + 8 + 3] &= 0x7F
    bench.write("TDAR", 0)
    assert bench.read("TDAR") == 0
    bench.run_us(500)
    assert bench.mac.port.frames == []
    bench.host.memory[TX_RING + 8 + 3] |= 0x80
    bench.write("TDAR", 0)
    bench.run_us(500)
    assert bench.mac.port.frames[0].data == LONG


def test_the_ring_wraps():
    bench = Bench()
    bench.put_frame(LONG, go=True)
    bench.run_us(200)
    bench.put_frame(LONG[:100], wrap=True)
    bench.run_us(200)
    bench.put_frame(LONG[:200])
    bench.run_us(200)
    assert [len(sent.data) for sent in bench.mac.port.frames] == [len(LONG), 100, 200]


def test_nothing_leaves_while_the_mac_is_off():
    bench = Bench(start=False)
    bench.put_frame(LONG)
    assert bench.read("TDAR") == 0
    bench.run_us(500)
    assert bench.mac.port.frames == []


def test_switching_off_loses_the_frame_on_the_line_and_begins_the_ring_anew():
    bench = Bench()
    bench.put_frame(LONG)
    bench.run_us(10)
    bench.write("ECR", 1 << 8)
    bench.run_us(500)
    (lost,) = bench.mac.port.frames
    assert "switched off" in lost.fate
    bench.start()
    bench.write("TDAR", 0)
    bench.run_us(500)
    assert bench.mac.port.frames[1].data == LONG


def test_graceful_stop_lets_the_frame_out_and_holds_the_next():
    bench = Bench()
    bench.put_frame(LONG, go=False)
    bench.put_frame(LONG)
    bench.run_us(10)
    bench.write("TCR", 1 << 2 | 1)
    assert "GRA" not in bench.events()
    bench.run_us(500)
    assert len(bench.mac.port.frames) == 1
    assert "GRA" in bench.events()
    bench.write("EIR", 1 << 28)
    bench.write("TCR", 1 << 2 | 1)
    assert "GRA" not in bench.events()  # only on coming to a stop
    bench.write("TCR", 1 << 2)
    bench.run_us(500)
    assert len(bench.mac.port.frames) == 2


def test_a_pause_frame_is_sent_on_demand():
    bench = Bench()
    bench.write("OPD", 0x1234)
    bench.write("TCR", 1 << 3 | 1 << 2)
    bench.run_us(10)
    (pause,) = bench.mac.port.frames
    assert pause.data.rstrip(b"\0") == bytes.fromhex("0180C2000001") + OWN + bytes.fromhex("880800011234")
    assert len(pause.data) == 60
    assert not bench.read("TCR") & 1 << 3
    assert bench.read("IEEE_T_FDXFC") == 1


def test_a_received_pause_holds_the_transmitter():
    bench = Bench(rcr=RCR_RMII | 1 << 5)
    pause = bytes.fromhex("0180C2000001") + PEER + bytes.fromhex("88080001000A")
    bench.mac.port.send(pause)
    bench.run_us(7)  # 72 bytes at 100 Mbit/s: 5.76 us
    until_ns = 5760 + 10 * 512 * 10
    assert bench.read("TCR") & 1 << 4
    assert "GRA" in bench.events()
    bench.put_frame(LONG)
    bench.run_us(500)
    assert bench.mac.port.frames[0].time_ns == until_ns + (8 + len(LONG) + 4) * 80
    assert not bench.read("TCR") & 1 << 4
    assert bench.mac.port.arrivals[0].fate == "pause frame, taken by the MAC"
    assert bench.read("IEEE_R_FDXFC") == 1


def test_the_own_address_may_be_put_in():
    bench = Bench()
    bench.write("TCR", 1 << 8 | 1 << 2)
    bench.put_frame(LONG)
    bench.run_us(200)
    assert bench.mac.port.frames[0].data == LONG[:6] + OWN + LONG[12:]


def test_accelerators_write_checksums_and_skip_two_bytes():
    header = bytes.fromhex("4500002100004000401100000A0000010A000002")
    packet = PEER + OWN + b"\x08\x00" + header + bytes.fromhex("1F901F91000D0000") + b"hello" + bytes(30)
    right = with_checksums(packet, header=True, payload=True)
    assert right != packet
    bench = Bench()
    bench.write("TACC", 1 << 4 | 1 << 3 | 1)
    bench.put_frame(b"\0\0" + packet)
    bench.run_us(100)
    assert bench.mac.port.frames[0].data == right
    enhanced = Bench(enhanced=True)
    enhanced.put_frame(packet, control=1 << 30 | 1 << 28 | 1 << 27)
    enhanced.run_us(100)
    assert enhanced.mac.port.frames[0].data == right


def test_an_oversized_frame_is_sent_and_noted():
    bench = Bench(rcr=1000 << 16 | RCR_RMII & 0xFFFF)
    bench.put_frame(LONG)
    bench.run_us(200)
    assert bench.mac.port.frames[0].data == LONG
    assert "BABT" in bench.events()
    assert bench.read("RMON_T_OVERSIZE") == 1


def test_statistics_of_sent_frames():
    bench = Bench()
    for data in (frame(b"", b"\xff" * 6), frame(bytes(100), b"\x01" + bytes(5)), LONG):
        bench.put_frame(data, go=data is LONG)
    bench.run_us(500)
    expected = {"PACKETS": 3, "BC_PKT": 1, "MC_PKT": 1, "P64": 1, "P65TO127": 1, "P1024TO2047": 1,
                "OCTETS": 64 + 118 + len(LONG) + 4}  # fmt: skip
    assert {name: bench.read(f"RMON_T_{name}") for name in expected} == expected
    assert bench.read("IEEE_T_FRAME_OK") == 3
    bench.write("MIBC", 1 << 29)
    assert bench.read("RMON_T_PACKETS") == 0
    bench.write("MIBC", 1 << 31)
    bench.put_frame(LONG)
    bench.run_us(500)
    assert bench.read("RMON_T_PACKETS") == 0


def test_an_enhanced_descriptor_asks_for_its_interrupt_and_time_stamp():
    bench = Bench(enhanced=True)
    bench.write("ATINC", 4)
    bench.write("ATCR", 1 << 4 | 1)
    bench.run_us(3)
    bench.put_frame(LONG, control=0)
    bench.run_us(200)
    assert bench.events() == set()
    start_ns = bench.host.now_ns()
    bench.put_frame(LONG, control=1 << 30 | 1 << 29)
    bench.run_us(200)
    assert bench.events() == {"TXB", "TXF", "TS_AVAIL"}
    words = bench.words(TX_RING + 32, 6)
    stamp = (start_ns + 8 * 80) * 240_000_000 // 1_000_000_000 * 4
    assert words[4] == 1 << 31
    assert words[5] == bench.read("ATSTMP") == stamp


def test_a_bus_error_stops_the_mac():
    bench = Bench()
    bench.put_descriptor(TX_RING, READY | LAST | CHECK, 100, 0x9000_0000)
    bench.write("EIMR", 1 << 22)
    bench.write("TDAR", 0)
    assert bench.events() == {"EBERR"}
    assert bench.irq
    assert not bench.read("ECR") & ETHEREN
    assert "bus error at 0x90000000" in bench.host.messages[-1][2]


def test_internal_loop_brings_frames_back():
    bench = Bench(rcr=RCR_RMII & ~(1 << 8) | 1)
    bench.put_frame(frame(b"me", OWN))
    bench.run_us(100)
    assert bench.received(0)[2][:16] == frame(b"me", OWN)
    assert "loop" in bench.mac.port.frames[0].fate


def test_two_macs_on_one_cable():
    first, second = Bench(), Bench()
    second.mac.port.join(first.mac.port)
    first.put_frame(frame(b"over", OWN))
    first.run_us(100)
    assert second.received(0)[2][:18] == frame(b"over", OWN)


@pytest.mark.parametrize("little", [True, False])
def test_descriptors_in_both_byte_orders(little):
    bench = Bench(start=False)
    if not little:
        words = (READY | LAST | CHECK) << 16 | len(LONG), TX_BUFFERS
        bench.host.memory[TX_BUFFERS : TX_BUFFERS + len(LONG)] = LONG
        bench.host.memory[TX_RING : TX_RING + 8] = b"".join(word.to_bytes(4, "big") for word in words)
    else:
        bench.put_frame(LONG, go=False)
    bench.write("ECR", ETHEREN | (1 << 8 if little else 0))
    bench.write("TDAR", 0)
    bench.run_us(200)
    assert bench.mac.port.frames[0].data == LONG
    assert len(LONG) < BUFFER


def test_each_checksum_by_itself():
    header = bytes.fromhex("4500002100004000401100000A0000010A000002")
    packet = PEER + OWN + b"\x08\x00" + header + bytes.fromhex("1F901F91000D0000") + b"hello" + bytes(30)
    for tacc, header_too, payload_too in ((1 << 3, True, False), (1 << 4, False, True)):
        bench = Bench()
        bench.write("TACC", tacc)
        bench.put_frame(packet)
        bench.run_us(100)
        expected = with_checksums(packet, header=header_too, payload=payload_too)
        assert bench.mac.port.frames[0].data == expected != packet


def test_frames_of_a_loop_do_not_leave():
    bench = Bench(rcr=RCR_RMII & ~(1 << 8) | 1)
    other = Bench()
    bench.mac.port.join(other.mac.port)
    bench.put_frame(frame(b"me", OWN))
    bench.run_us(100)
    assert other.mac.port.arrivals == []
