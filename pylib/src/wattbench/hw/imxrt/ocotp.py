"""One-time programmable fuses of the i.MX RT1170 and their controller (IMXRT1170RM "OCOTP", "Fusemap").

There are 272 words of 32 fuses; a fuse address of the manual is 0x800 + 0x10 * word. Words 0 to 143 have shadow
registers, which are loaded at each reset and by RELOAD_SHADOWS, not by programming. A fuse can only go from 0 to 1.
Supplementary words and the bank of the boot configuration keep every bit twice and may be programmed bit by bit, until
WORDLOCK; all other words carry check bits, so they are programmed once as a whole and lock themselves.

Times are those of the array: some 10 us to blow a fuse, 300 ns to read a word.
"""

from __future__ import annotations

from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.fuse_words import DEFAULT_UNIQUE_ID, FuseWords

WORDS, SHADOWED_WORDS = 272, 144
BITWISE_WORDS = range(0x20)
UNLOCK_KEY = 0x3E77
BLOW_NS, READ_NS = 10_000, 300
UNREADABLE = 0xBADA_BADA
TABLE = load_table("wattbench.hw.imxrt", "ocotp")
ADDR, BUSY, ERROR, RELOAD, WORDLOCK, WR_UNLOCK = (
    TABLE["CTRL"][name] for name in ("ADDR", "BUSY", "ERROR", "RELOAD_SHADOWS", "WORDLOCK", "WR_UNLOCK")
)
READ_FUSE, READ_COUNT, DONE_ENABLE, ERROR_ENABLE = (
    TABLE["READ_CTRL"][name]
    for name in ("READ_FUSE", "READ_FUSE_CNTR", "READ_FUSE_DONE_INTR_ENA", "READ_FUSE_ERROR_INTR_ENA")
)
STATUS = {name: field.mask for name, field in TABLE["OUT_STATUS"].fields.items()}


@model("Wattbench.Ocotp")
class Ocotp(FuseWords):
    """Fuses and their controller at 0x40CAC000.

    Outputs: `READ_ERROR` (IRQ 115), `READ_DONE` (IRQ 116). Fuses outlive every reset and loss of power.
    """

    size = 0x4000
    table = TABLE
    words = WORDS
    unique_id_words = (0x10, 0x11)
    mac_words = (0x28, 0x29)
    default_output = "READ_DONE"
    state_names = ("fuses", "locked", "damaged", "_access", "_word", "_data")
    missing = (
        "read locks of fuse words (supplementary words 8 and 9, SW_LOCK, BIT_LOCK)",
        "programming locks that the factory has blown",
        "correction of single wrong fuses",
    )

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        fuses: str = "",
        unique_id: int = DEFAULT_UNIQUE_ID,
        mac_address: str = "",
    ) -> None:
        """`fuses` sets words by number: `"0x16=0x10, 0x15=0x2"`; `mac_address` is that of the first Ethernet port.

        Raises UsageError for text that is no such list or address.
        """
        self.locked = [False] * WORDS
        super().__init__(host, name, fuses, unique_id, mac_address)
        self.damaged = [False] * WORDS
        """Words with two wrong bits, which the check bits cannot mend."""
        self._access, self._word, self._data = "", 0, 0
        self._read_error = self.output("READ_ERROR")
        self._read_done = self.output("READ_DONE")
        self._finish = self.timer("access", self._finished)

    def _preset(self, word: int, value: int) -> None:
        super()._preset(word, value)
        self.locked[word] = bool(value) and word not in BITWISE_WORDS

    def damage(self, word: int) -> None:
        """Give a word two wrong bits for good: reading it reports an error that cannot be corrected."""
        self.damaged[self._checked(word)] = True

    def reset(self) -> None:
        """See `Model.reset`; the shadow registers are loaded from the fuses."""
        super().reset()
        self._access, self._word, self._data = "", 0, 0
        self._load_shadows()
        self._drive()

    def _load_shadows(self) -> None:
        for word in range(SHADOWED_WORDS):
            self[f"FUSE{word}"] = self.fuses[word]
            if self.damaged[word]:
                self["OUT_STATUS"] |= STATUS["DED_RELOAD"]

    def _start(self, access: str, duration_ns: int) -> None:
        """Begin an access; one that comes while another is under way is an error."""
        if self["CTRL"] & BUSY.mask:
            self["CTRL"] |= ERROR.mask
            return
        self._access, self._word = access, ADDR.get(self["CTRL"])
        self["CTRL"] |= BUSY.mask
        self._finish.arm(self.host.now_ns() + duration_ns)

    def _finished(self) -> None:
        self["CTRL"] &= ~BUSY.mask
        access, self._access = self._access, ""
        if access == "read":
            self._read_words()
        elif access == "program":
            self._program()
        else:
            self["CTRL"] &= ~RELOAD.mask
            self._load_shadows()
        self._drive()

    def _read_words(self) -> None:
        self["READ_CTRL"] &= ~READ_FUSE.mask
        for place in range(READ_COUNT.get(self["READ_CTRL"]) + 1):
            self[f"READ_FUSE_DATA{place}"] = self._read_word(place, self._word + place)
        self["OUT_STATUS"] |= STATUS["READ_DONE_INTR"]

    def _read_word(self, place: int, word: int) -> int:
        if word >= WORDS:
            self["CTRL"] |= ERROR.mask
            self["OUT_STATUS"] |= STATUS["READ_ERROR_INTR"]
            return UNREADABLE
        if self.damaged[word]:
            self["OUT_STATUS"] |= STATUS["DED"] | STATUS[f"DED{place}"] | STATUS["READ_ERROR_INTR"]
        return self.fuses[word]

    def _program(self) -> None:
        control = self["CTRL"]
        self["CTRL"] &= ~WR_UNLOCK.mask
        if self._word >= WORDS:
            self["CTRL"] |= ERROR.mask
            self["OUT_STATUS"] |= STATUS["PROGFAIL"]
            return
        if self.locked[self._word]:
            self["CTRL"] |= ERROR.mask
            self["OUT_STATUS"] |= STATUS["LOCKED"]
            return
        self.fuses[self._word] |= self._data
        if self._word not in BITWISE_WORDS or control & WORDLOCK.mask:
            self.locked[self._word] = True

    def _drive(self) -> None:
        status, enabled = self["OUT_STATUS"], self["READ_CTRL"]
        self._read_done.set(bool(status & STATUS["READ_DONE_INTR"] and enabled & DONE_ENABLE.mask))
        self._read_error.set(bool(status & STATUS["READ_ERROR_INTR"] and enabled & ERROR_ENABLE.mask))

    @on_write("CTRL")
    def _control_written(self, raw: int, old: int) -> None:
        if self["CTRL"] & ~old & RELOAD.mask:
            self._start("reload", SHADOWED_WORDS * READ_NS)
            if self._access != "reload":
                self["CTRL"] &= ~RELOAD.mask

    @on_write("READ_CTRL")
    def _read_control_written(self, raw: int, old: int) -> None:
        if raw & READ_FUSE.mask and not old & READ_FUSE.mask:
            self._start("read", (READ_COUNT.get(self["READ_CTRL"]) + 1) * READ_NS)
            if self._access != "read":
                self["READ_CTRL"] &= ~READ_FUSE.mask
        self._drive()

    @on_write("DATA")
    def _data_written(self, raw: int, old: int) -> None:
        """Program the word, if the key is there; without it a write is only stored."""
        if WR_UNLOCK.get(self["CTRL"]) == UNLOCK_KEY:
            if not self["CTRL"] & BUSY.mask:
                self._data = self["DATA"]
            self._start("program", max(self["DATA"].bit_count(), 1) * BLOW_NS)

    @on_write("OUT_STATUS")
    def _status_written(self, raw: int, old: int) -> None:
        self._drive()

    @on_read("LOCKED0")
    def _locked_supplementary(self) -> int:
        return self._locks(0, 16)

    @on_read("LOCKED{n}")
    def _locked_words(self, number: int) -> int:
        first = 16 + 32 * (number - 1)
        return self._locks(first, first + 32)

    def _locks(self, first: int, end: int) -> int:
        return sum(locked << place for place, locked in enumerate(self.locked[first:end]))
