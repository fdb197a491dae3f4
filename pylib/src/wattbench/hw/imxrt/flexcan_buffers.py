"""Message buffers of a FlexCAN: their memory, internal arbitration, matching, receive FIFO (IMXRT1170RM "CAN").

The memory is made of words; where buffers lie in it follows from MCR.FDEN and FDCTRL.MBDSRn.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from wattbench.core.can_frame import FD_LENGTHS, CanFrame
from wattbench.core.host import Host
from wattbench.core.model import RegisterBlock, on_read, on_write
from wattbench.core.registers import load_table

TABLE = load_table("wattbench.hw.imxrt", "flexcan")
MCR, CTRL1, CTRL2, ESR1, FDCTRL = (TABLE[name] for name in ("MCR", "CTRL1", "CTRL2", "ESR1", "FDCTRL"))
WORDS = 256
KINDS = ("CS", "ID", "WORD0", "WORD1")
RX_INACTIVE, RX_EMPTY, RX_FULL, RX_OVERRUN, RX_ANSWER = 0b0000, 0b0100, 0b0010, 0b0110, 0b1010
TX_INACTIVE, TX_ABORT, TX_DATA, TX_ANSWER = 0b1000, 0b1001, 0b1100, 0b1110
EDL, BRS, ESI, SRR, IDE, RTR = 1 << 31, 1 << 30, 1 << 29, 1 << 22, 1 << 21, 1 << 20
CODE_SHIFT, CODE_MASK, LENGTH_SHIFT = 24, 0xF << 24, 16
FILL_BYTE = 0xCC
FIFO_DEPTH, FIFO_BUFFERS, FIFO_WARNING = 6, 6, 5
FIFO_AVAILABLE, FIFO_NEARLY_FULL, FIFO_LOST = 1 << 5, 1 << 6, 1 << 7


def buffers(fd: bool, size_codes: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """First word and bytes of data of each buffer; `size_codes` are FDCTRL.MBDSR0 and MBDSR1."""
    result = []
    for region, code in enumerate(size_codes if fd else (0, 0)):
        words = 2 + (2 << code)
        first = region * WORDS // 2
        result += [(first + words * number, 8 << code) for number in range(WORDS // 2 // words)]
    return tuple(result)


class FlexcanBuffers(RegisterBlock):
    """The buffers; `Flexcan` is the block around them, which sends and receives."""

    table = TABLE

    def __init__(self, host: Host, name: str) -> None:
        super().__init__(host, name)
        self._memory = [self._index[f"{KINDS[word % 4]}{word // 4}"] for word in range(WORDS)]
        self._clear_buffers()

    def _clear_buffers(self) -> None:
        self._locked: int | None = None
        """Buffer that the processor has read the code of and holds."""
        self._serviced: list[int] = []
        """Full buffers that were read and let go since."""
        self._held_back: tuple[int, CanFrame, int] | None = None
        """Frame that waits for the locked buffer, with its time stamp."""
        self._fifo: list[tuple[CanFrame, int, int]] = []
        """Frames with time stamp and number of the filter."""
        self._sending: int | None = None

    # What the block around provides

    @abstractmethod
    def _set_flag(self, number: int) -> None:
        """Flag a buffer in IFLAG1 or IFLAG2."""

    @abstractmethod
    def _buffers_changed(self) -> None:
        """Something may be ready to be sent."""

    @property
    @abstractmethod
    def error_passive(self) -> bool:
        """Whether too many errors have made the node passive."""

    # Memory

    def word(self, number: int) -> int:
        """A word of the memory."""
        return self.values[self._memory[number]]

    def _put(self, number: int, value: int) -> None:
        self.values[self._memory[number]] = value

    @property
    def _layout(self) -> tuple[tuple[int, int], ...]:
        sizes = FDCTRL["MBDSR0"].get(self["FDCTRL"]), FDCTRL["MBDSR1"].get(self["FDCTRL"])
        found = buffers(bool(self["MCR"] & MCR["FDEN"].mask), sizes)
        return found[: MCR["MAXMB"].get(self["MCR"]) + 1]

    @property
    def _fifo_used(self) -> bool:
        return bool(self["MCR"] & MCR["RFEN"].mask)

    @property
    def _filter_words(self) -> int:
        return 8 * (CTRL2["RFFN"].get(self["CTRL2"]) + 1)

    @property
    def _first_buffer(self) -> int:
        """The first one that the FIFO does not use."""
        return FIFO_BUFFERS + self._filter_words // 4 if self._fifo_used else 0

    def _usable(self) -> Iterator[tuple[int, int, int]]:
        """Number, first word and bytes of each buffer that is one."""
        for number, (at, size) in enumerate(self._layout):
            if number >= self._first_buffer:
                yield number, at, size

    def _code(self, at: int) -> int:
        return self.word(at) >> CODE_SHIFT & 0xF

    def _set_code(self, at: int, code: int) -> None:
        self._put(at, self.word(at) & ~CODE_MASK | code << CODE_SHIFT)

    @on_write("CS{n}")
    def _write_cs(self, number: int, raw: int, old: int) -> None:
        self._memory_written(4 * number)

    @on_write("ID{n}")
    def _write_id(self, number: int, raw: int, old: int) -> None:
        self._memory_written(4 * number + 1)

    @on_write("WORD0{n}")
    def _write_word0(self, number: int, raw: int, old: int) -> None:
        self._memory_written(4 * number + 2)

    @on_write("WORD1{n}")
    def _write_word1(self, number: int, raw: int, old: int) -> None:
        self._memory_written(4 * number + 3)

    def _memory_written(self, word: int) -> None:
        for number, at, _ in self._usable():
            if at == word:
                self._code_written(number, at)
                return

    def _code_written(self, number: int, at: int) -> None:
        if number in self._serviced:
            self._serviced.remove(number)
        if self._code(at) == TX_ABORT and self["MCR"] & MCR["AEN"].mask and number != self._sending:
            self._set_flag(number)
        self._buffers_changed()

    @on_read("CS{n}")
    def _read_cs(self, number: int) -> int:
        return self._memory_read(4 * number)

    @on_read("ID{n}")
    def _read_id(self, number: int) -> int:
        return self._memory_read(4 * number + 1)

    @on_read("WORD0{n}")
    def _read_word0(self, number: int) -> int:
        return self._memory_read(4 * number + 2)

    @on_read("WORD1{n}")
    def _read_word1(self, number: int) -> int:
        return self._memory_read(4 * number + 3)

    def _memory_read(self, word: int) -> int:
        """A word; the code of a receive buffer locks it, and unlocks another."""
        for number, at, _ in self._usable():
            if at == word and self._code(at) in (RX_EMPTY, RX_FULL, RX_OVERRUN):
                if self._locked != number:
                    self._unlock()
                self._locked = number
        return self.word(word)

    def _unlock(self) -> None:
        """The processor lets the locked buffer go; what waited for it is stored now."""
        number, self._locked = self._locked, None
        if number is None:
            return
        if self._code(self._layout[number][0]) in (RX_FULL, RX_OVERRUN) and number not in self._serviced:
            self._serviced.append(number)
        held, self._held_back = self._held_back, None
        if held is not None:
            self._keep(*held)

    # Sending

    def _frame_of(self, at: int, size: int) -> CanFrame:
        """The frame in a transmit buffer."""
        head, identifier = self.word(at), self.word(at + 1)
        extended, code = bool(head & IDE), head >> LENGTH_SHIFT & 0xF
        fd = bool(head & EDL and self["MCR"] & MCR["FDEN"].mask)
        length = FD_LENGTHS[code] if fd else min(code, 8)
        data = b"".join(self.word(at + 2 + word).to_bytes(4, "big") for word in range(size // 4))
        data = data[:length].ljust(length, bytes([FILL_BYTE]))
        remote = bool(head & RTR) and not fd and head >> CODE_SHIFT & 0xF == TX_DATA
        return CanFrame(
            identifier & 0x1FFF_FFFF if extended else identifier >> 18 & 0x7FF,
            b"" if remote else data,
            extended=extended,
            remote=remote,
            fd=fd,
            switched=fd and bool(head & BRS and self["FDCTRL"] & FDCTRL["FDRATE"].mask),
            passive=fd and self.error_passive,
            requested=code if remote else 0,
        )

    def _pick(self) -> int | None:
        """The buffer that is sent next."""
        candidates = []
        for number, at, size in self._usable():
            if self._code(at) in (TX_DATA, TX_ANSWER):
                local = self.word(at + 1) >> 29 if self["MCR"] & MCR["LPRIOEN"].mask else 0
                candidates.append(((local, self._frame_of(at, size).priority), number))
        if not candidates:
            return None
        if self["CTRL1"] & CTRL1["LBUF"].mask:
            return min(number for _, number in candidates)
        return min(candidates)[1]

    def _sent(self, number: int, stamp: int) -> None:
        """The frame of a buffer has passed."""
        at = self._layout[number][0]
        code = self._code(at)
        if code == TX_ANSWER:
            self._set_code(at, RX_ANSWER)
        elif code in (TX_DATA, TX_ABORT):
            self._set_code(at, RX_EMPTY if self.word(at) & RTR and not self.word(at) & EDL else TX_INACTIVE)
        else:
            return
        self._put(at, self.word(at) & ~0xFFFF | stamp)
        self._set_flag(number)

    def _not_sent(self, number: int) -> None:
        """A frame has failed; an abort that waited takes effect."""
        if self._code(self._layout[number][0]) == TX_ABORT:
            self._set_flag(number)

    # Receiving

    def _receive(self, frame: CanFrame, stamp: int) -> None:
        """Find a place for a frame that has passed."""
        fifo_first = not self["CTRL2"] & CTRL2["MRP"].mask
        if fifo_first and self._into_fifo(frame, stamp):
            return
        if self._into_buffer(frame, stamp):
            return
        if not fifo_first:
            self._into_fifo(frame, stamp)

    def _into_buffer(self, frame: CanFrame, stamp: int) -> bool:
        answers = frame.remote and not self["CTRL2"] & CTRL2["RRS"].mask
        queue, last = bool(self["MCR"] & MCR["IRMQ"].mask), None
        for number, at, size in self._usable():
            code = self._code(at)
            if answers:
                if code == RX_ANSWER and self._matches(frame, at, 0x3FFF_FFFF):
                    self._set_code(at, TX_ANSWER)
                    return True
                continue
            if code not in (RX_EMPTY, RX_FULL, RX_OVERRUN) or len(frame.data) > size:
                continue
            if not self._matches(frame, at, self._mask(number)):
                continue
            last = number
            if not queue or ((code == RX_EMPTY or number in self._serviced) and number != self._locked):
                break
        if last is None:
            return False
        if last == self._locked:
            self._held_back = (last, frame, stamp)
        else:
            self._keep(last, frame, stamp)
        return True

    def _mask(self, number: int) -> int:
        if self["MCR"] & MCR["IRMQ"].mask:
            return self[f"RXIMR{number}"]
        return self[{14: "RX14MASK", 15: "RX15MASK"}.get(number, "RXMGMASK")]

    def _matches(self, frame: CanFrame, at: int, mask: int) -> bool:
        head, wanted = self.word(at), self.word(at + 1) & 0x1FFF_FFFF
        whole = bool(self["CTRL2"] & CTRL2["EACEN"].mask)
        if (not whole or mask >> 30 & 1) and bool(head & IDE) != frame.extended:
            return False
        if whole and mask >> 31 and bool(head & RTR) != frame.remote:
            return False
        identifier = frame.identifier if frame.extended else frame.identifier << 18
        return not (identifier ^ wanted) & mask & (0x1FFF_FFFF if frame.extended else 0x1FFC_0000)

    def _words_of(self, frame: CanFrame, stamp: int, code: int) -> list[int]:
        head = code << CODE_SHIFT | frame.length_code << LENGTH_SHIFT | stamp
        head |= IDE * frame.extended | SRR * frame.extended | RTR * frame.remote
        head |= EDL * frame.fd | BRS * frame.switched | ESI * frame.passive
        data = frame.data.ljust(-(-len(frame.data) // 4) * 4, b"\0")
        words = [int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4)]
        return [head, frame.identifier if frame.extended else frame.identifier << 18, *words]

    def _keep(self, number: int, frame: CanFrame, stamp: int) -> None:
        at = self._layout[number][0]
        if self._code(at) not in (RX_EMPTY, RX_FULL, RX_OVERRUN):
            return
        fresh = self._code(at) == RX_EMPTY or number in self._serviced
        if number in self._serviced:
            self._serviced.remove(number)
        for word, value in enumerate(self._words_of(frame, stamp, RX_FULL if fresh else RX_OVERRUN)):
            self._put(at + word, value)
        self._set_flag(number)

    # Receive FIFO

    def _into_fifo(self, frame: CanFrame, stamp: int) -> bool:
        if not self._fifo_used or frame.fd:
            return False
        hit = self._filter_hit(frame)
        if hit is None:
            return False
        if len(self._fifo) == FIFO_DEPTH:
            self["IFLAG1"] |= FIFO_LOST
        else:
            self._fifo.append((frame, stamp, hit))
            if len(self._fifo) == FIFO_WARNING:
                self["IFLAG1"] |= FIFO_NEARLY_FULL
            self._show_fifo()
        return True

    def _show_fifo(self) -> None:
        """Put the oldest frame into buffer 0."""
        if self._fifo and not self["IFLAG1"] & FIFO_AVAILABLE:
            frame, stamp, hit = self._fifo[0]
            for word, value in enumerate(self._words_of(frame, stamp, RX_INACTIVE)):
                self._put(word, value)
            self["RXFIR"] = hit
            self["IFLAG1"] |= FIFO_AVAILABLE

    def _fifo_flags_cleared(self, cleared: int) -> None:
        """IFLAG1 bits of the FIFO were cleared: its output was read."""
        if cleared & FIFO_AVAILABLE and self._fifo:
            del self._fifo[0]
            self._show_fifo()

    def _filter_hit(self, frame: CanFrame) -> int | None:
        """Number of the filter that lets a frame into the FIFO."""
        parts, width = {0: (1, 32), 1: (2, 16), 2: (4, 8)}.get(MCR["IDAM"].get(self["MCR"]), (0, 0))
        place = frame.identifier << 1 if frame.extended else frame.identifier << 19
        whole = frame.remote << 31 | frame.extended << 30 | place
        seen = (place >> 22 if width == 8 else whole >> 32 - width) if width else 0
        own_masks = 8 + 2 * CTRL2["RFFN"].get(self["CTRL2"]) if self["MCR"] & MCR["IRMQ"].mask else 0
        for element in range(self._filter_words):
            mask = self[f"RXIMR{element}"] if element < own_masks else self["RXFGMASK"]
            if parts == 1 and not frame.extended:
                mask &= 0xFFF8_0000
            for part in range(parts):
                shift = 32 - width * (part + 1)
                wanted = self.word(4 * FIFO_BUFFERS + element) >> shift & (1 << width) - 1
                care = mask >> shift & (1 << width) - 1
                if not (wanted ^ seen) & care:
                    return element * parts + part
        return None
