"""One direction of a SAI, transmitter or receiver: its FIFOs, the frame on the wire, and what its flags follow from.

Nothing happens word by word: a frame has a start and a bit clock, and words go between wire and FIFO when somebody
looks or when an alarm falls due, which is set for the next word that an interrupt or a DMA request waits for. A word is
received at the end of its last bit and leaves the FIFO at the start of its first.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from wattbench.core.clock import NS_PER_S
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock
from wattbench.core.registers import load_table
from wattbench.core.wires import AudioFrame, AudioLines, AudioPort

TABLE = load_table("wattbench.hw.imxrt", "sai")
LINES, FIFO_WORDS = 4, 32
_CSR, _CR2, _CR3, _CR4, _CR5 = (TABLE[f"RCR{n}" if n else "RCSR"] for n in (0, 2, 3, 4, 5))
FRDE, FWDE, FRIE, FWIE, FEIE, SEIE, WSIE = (
    _CSR[name].mask for name in ("FRDE", "FWDE", "FRIE", "FWIE", "FEIE", "SEIE", "WSIE")
)
FRF, FWF, FEF, SEF, WSF = (_CSR[name].mask for name in ("FRF", "FWF", "FEF", "SEF", "WSF"))
ENABLE, BIT_CLOCK, HELD, FIFO_RESET = (_CSR[name].mask for name in ("RE", "BCE", "SR", "FR"))
MADE_HERE_CLOCK, MADE_HERE_SYNC = _CR2["BCD"].mask, _CR4["FSD"].mask
FOLLOWS, BYPASS = _CR2["SYNC"].mask, _CR2["BYP"].mask
MSB_FIRST, GO_ON_AT_WORD = _CR4["MF"].mask, _CR4["FCONT"].mask
LATCHED = FEF | SEF | WSF
NO_ERROR = -1


def cut(lines: AudioLines, given: tuple[int, ...], wanted: tuple[int, ...], count: int) -> list[list[int]]:
    """The words of `count` data lines with other widths; what is beyond the words that are there reads as zeros."""
    result = []
    for number in range(count):
        words = lines[number] if number < len(lines) else ()
        if given == wanted and words:
            result.append([word & (1 << width) - 1 for word, width in zip(words, given, strict=False)])
            continue
        stream, left = 0, 0
        for word, width in zip(words, given, strict=False):
            stream, left = stream << width | word & (1 << width) - 1, left + width
        row = []
        for width in wanted:
            left -= width
            row.append((stream >> left if left >= 0 else stream << -left) & (1 << width) - 1)
        result.append(row)
    return result


def mirrored(word: int, bits: int) -> int:
    """The low `bits` of a word in reverse order."""
    return int(f"{word & (1 << bits) - 1:0{bits}b}"[::-1], 2)


class SaiDirection:
    """Transmitter (`letter` "T") or receiver ("R") of `block`; `on_change` is called when its outputs may move."""

    def __init__(self, block: RegisterBlock, letter: str, host: Host, on_change: Callable[[], None]) -> None:
        self._block, self._letter, self._host, self._on_change = block, letter, host, on_change
        self.is_receiver = letter == "R"
        self.csr, self.cr1, self.cr2, self.cr3, self.cr4, self.cr5 = (
            f"{letter}{name}" for name in ("CSR", "CR1", "CR2", "CR3", "CR4", "CR5")
        )
        self.port = AudioPort()
        self.bit_hz: Callable[[], Fraction] = lambda: Fraction(0)
        """Present frequency of the bit clock that this side makes."""
        self.follower: SaiDirection | None = None
        """The other direction, which takes bit clock and frame sync from this one."""
        self.clear()

    # ---- state

    def clear(self) -> None:
        """After a reset: no frame, empty FIFOs, no flags."""
        self.words = [[0] * FIFO_WORDS for _ in range(LINES)]
        self.written, self.taken = [0] * LINES, [0] * LINES
        self.running = False
        """A frame is on the wire, or was and has not been left behind yet."""
        self.start_ns, self.hz = 0, Fraction(1)
        self.widths: tuple[int, ...] = ()
        self.next, self.word_begun, self.error_word = 0, False, NO_ERROR
        self.mask, self.lines_used = 0, 0
        self.msb_first, self.first_bit = True, 0
        self.frame: list[list[int]] = [[] for _ in range(LINES)]
        """Words of the frame by line: as received or, so far, as sent."""
        self.flags = 0

    def save(self) -> dict[str, Any]:
        """State as plain data."""
        return {
            "words": [list(row) for row in self.words], "written": list(self.written), "taken": list(self.taken),
            "running": self.running, "start_ns": self.start_ns, "hz": self.hz, "widths": self.widths,
            "next": self.next, "word_begun": self.word_begun, "error_word": self.error_word, "mask": self.mask,
            "lines_used": self.lines_used, "msb_first": self.msb_first, "first_bit": self.first_bit,
            "frame": [list(row) for row in self.frame], "flags": self.flags,
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `save` gave."""
        for name, value in saved.items():
            setattr(self, name, [list(row) for row in value] if name in ("words", "frame") else value)
        self.written, self.taken = list(self.written), list(self.taken)

    # ---- registers

    @property
    def enabled(self) -> bool:
        """Whether software wants frames."""
        return self._block[self.csr] & (ENABLE | HELD) == ENABLE

    @property
    def makes_frames(self) -> bool:
        """Whether the frame sync comes from this side's own clocks."""
        return bool(self._block[self.cr4] & MADE_HERE_SYNC) and not self.follows

    @property
    def follows(self) -> bool:
        """Whether the other direction gives the clocks."""
        return bool(self._block[self.cr2] & FOLLOWS)

    def used(self) -> int:
        """Data lines in use, a bit each."""
        return _CR3["RCE"].get(self._block[self.cr3])

    def fill(self, line: int) -> int:
        """Words in the FIFO of a line."""
        return (self.written[line] - self.taken[line]) % (2 * FIFO_WORDS)

    def _level(self) -> int:
        """Words in the FIFO that decides the flags, -1 without a line in use."""
        fills = [self.fill(line) for line in range(LINES) if self.used() >> line & 1]
        if not fills:
            return -1
        return max(fills) if self.is_receiver else min(fills)

    def status(self) -> int:
        """Flags, with the running bits of CSR."""
        self.settle()
        level, watermark = self._level(), self._block[self.cr1] & 0x1F
        value = self.flags
        if level >= 0:
            value |= FRF if (level > watermark if self.is_receiver else level <= watermark) else 0
            value |= FWF if level == (FIFO_WORDS if self.is_receiver else 0) else 0
        return value

    def busy(self) -> bool:
        """Whether a frame is on the wire now."""
        return self.running and self._host.now_ns() < self._time(len(self.widths), 0)

    # ---- FIFOs

    def push(self, line: int, word: int) -> bool:
        """Put a word into a FIFO; false if it is full."""
        if self.fill(line) == FIFO_WORDS:
            return False
        self.words[line][self.written[line] % FIFO_WORDS] = word
        self.written[line] = (self.written[line] + 1) % (2 * FIFO_WORDS)
        return True

    def pull(self, line: int) -> int | None:
        """Take a word out of a FIFO; None if it is empty."""
        if not self.fill(line):
            return None
        word = self.words[line][self.taken[line] % FIFO_WORDS]
        self.taken[line] = (self.taken[line] + 1) % (2 * FIFO_WORDS)
        return word

    def empty(self, lines: int) -> None:
        """Reset the pointers of the FIFOs of `lines`."""
        for line in range(LINES):
            if lines >> line & 1:
                self.written[line] = self.taken[line] = 0

    # ---- frames

    def begin(self, frame: AudioFrame) -> None:
        """A frame sync, now: a device's, the other direction's or this side's own."""
        self.settle()
        if self.busy():
            self.flags |= SEF
        self.running = False
        if self.enabled:
            self._take_settings()
            self.running = True
            self.start_ns, self.hz = frame.start_ns, frame.bit_hz
            if self.is_receiver:
                self.frame = cut(frame.lines, frame.widths, self.widths, LINES)
            else:
                self.frame = [[] for _ in range(LINES)]
        if self.follower is not None and self.follower.follows and not self.follows:
            self.follower.begin(self._for_follower(frame))
        self.settle()
        self._on_change()

    def _take_settings(self) -> None:
        block = self._block
        words, bits = _CR4["FRSZ"].get(block[self.cr4]) + 1, _CR5["WNW"].get(block[self.cr5]) + 1
        self.widths = (_CR5["W0W"].get(block[self.cr5]) + 1, *[bits] * (words - 1))
        self.mask, self.lines_used = block[f"{self._letter}MR"], self.used()
        self.msb_first, self.first_bit = bool(block[self.cr4] & MSB_FIRST), _CR5["FBT"].get(block[self.cr5])
        self.next, self.word_begun = 0, False

    def _for_follower(self, frame: AudioFrame) -> AudioFrame:
        """The frame that the other direction begins with this one; a receiver's data comes from its own device."""
        assert self.follower is not None
        return AudioFrame(
            frame.start_ns, frame.bit_hz, frame.widths, self.follower.port.supply(frame) if frame.widths else ()
        )

    def begin_own(self) -> None:
        """Make a frame sync, if this side does and its clock runs."""
        hz = self.bit_hz()
        if not self.enabled or not self.makes_frames or not hz:
            return
        block = self._block
        words, bits = _CR4["FRSZ"].get(block[self.cr4]) + 1, _CR5["WNW"].get(block[self.cr5]) + 1
        frame = AudioFrame(self._host.now_ns(), hz, (_CR5["W0W"].get(block[self.cr5]) + 1, *[bits] * (words - 1)))
        if self.is_receiver:
            frame = frame._replace(lines=self.port.supply(frame))
        self.begin(frame)

    def _time(self, word: int, bits: int) -> int:
        """When word `word` of the frame begins, or `bits` later."""
        if word:
            bits += self.widths[0] + (word - 1) * (self.widths[-1] if len(self.widths) > 1 else 0)
        return self.start_ns - -bits * NS_PER_S * self.hz.denominator // self.hz.numerator

    def _due(self, word: int) -> int:
        """When word `word` goes between wire and FIFO."""
        return self._time(word, self.widths[word] if self.is_receiver else 0)

    def _word_flag(self) -> int:
        return _CR3["WDFL"].get(self._block[self.cr3])

    def settle(self) -> None:
        """Let happen what has happened by now."""
        if not self.running:
            return
        now = self._host.now_ns()
        while self.next < len(self.widths) and self._due(self.next) <= now:
            if not self.mask >> self.next & 1:
                self._exchange(self.next)
            elif not self.is_receiver:
                for row in self.frame:
                    row.append(0)
            self.next += 1
        flagged = self._word_flag()
        if not self.word_begun and flagged < len(self.widths) and self._time(flagged, 0) <= now:
            self.word_begun = True
            self.flags |= WSF

    def _exchange(self, word: int) -> None:
        if self.error_word != NO_ERROR and not self.flags & FEF:
            first = self.error_word if self._block[self.cr4] & GO_ON_AT_WORD else 0
            if word == first:
                self.error_word = NO_ERROR
        stopped = self.error_word != NO_ERROR
        bits = self.widths[word]
        for line in range(LINES):
            used = self.lines_used >> line & 1 and not stopped
            if self.is_receiver:
                if used and not self.push(line, self._stored(self.frame[line][word], bits)):
                    self._fail(word)
            else:
                taken = self.pull(line) if used else 0
                if taken is None:
                    self._fail(word)
                self.frame[line].append(self._sent(taken or 0, bits))

    def _fail(self, word: int) -> None:
        self.flags |= FEF
        self.error_word = word

    def _stored(self, word: int, bits: int) -> int:
        if not self.msb_first:
            return mirrored(word, bits) << self.first_bit & 0xFFFF_FFFF
        shift = self.first_bit + 1 - bits
        return word << shift if shift >= 0 else word >> -shift

    def _sent(self, word: int, bits: int) -> int:
        if not self.msb_first:
            return mirrored(word >> self.first_bit, bits)
        shift = self.first_bit + 1 - bits
        return (word >> shift if shift >= 0 else word << -shift) & (1 << bits) - 1

    def finish(self) -> None:
        """At the alarm: the frame may be over; tell who listens and make the next one."""
        self.settle()
        if self.running and not self.busy():
            self.running = False
            if not self.is_receiver:
                lines = tuple(tuple(row) for row in self.frame)
                self.port.sent(AudioFrame(self.start_ns, self.hz, self.widths, lines))
            self.begin_own()
        self._on_change()

    def next_alarm_ns(self) -> int | None:
        """When an output may move next or the frame's end has to be seen to, None if never."""
        if not self.running:
            return None
        ends = not self.is_receiver or self.makes_frames
        times = [self._time(len(self.widths), 0)] if ends else []
        enables = self._block[self.csr]
        if self.error_word == NO_ERROR:
            wait = self._words_to_wait(enables)
            for word in range(self.next, len(self.widths) if wait else 0):
                wait -= not self.mask >> word & 1
                if not wait:
                    times.append(self._due(word))
                    break
        if enables & WSIE and not self.word_begun and self._word_flag() < len(self.widths):
            times.append(self._time(self._word_flag(), 0))
        return min(times, default=None)

    def _words_to_wait(self, enables: int) -> int:
        """Words until a flag rises that somebody waits for, 0 if nobody does."""
        level, watermark = self._level(), self._block[self.cr1] & 0x1F
        if level < 0:
            return 0
        to_request = watermark + 1 - level if self.is_receiver else level - watermark
        to_warning = FIFO_WORDS - level if self.is_receiver else level
        waits = (
            to_request if enables & (FRDE | FRIE) else 0,
            to_warning if enables & (FWDE | FWIE) else 0,
            to_warning + 1 if enables & FEIE and not self.flags & FEF else 0,
        )
        return min((wait for wait in waits if wait > 0), default=0)
