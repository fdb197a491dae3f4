"""One-time programmable fuses of the i.MX RT1170 and their controller (IMXRT1170RM "OCOTP", "Fusemap").

There are 272 words of 32 fuses; a fuse address of the manual is 0x800 + 0x10 * word. Words 0 to 143 have shadow
registers, which are loaded at each reset and by RELOAD_SHADOWS, not by programming. A fuse can only go from 0 to 1.
Supplementary words and the bank of the boot configuration keep every bit twice and may be programmed bit by bit, until
WORDLOCK; all other words carry check bits, so they are programmed once as a whole and lock themselves.

Times are those of the array: some 10 us to blow a fuse, 300 ns to read a word.
"""

from __future__ import annotations

import re

from wattbench.core.errors import UsageError
from wattbench.core.host import Host
from wattbench.core.model import model, on_read, on_write
from wattbench.core.registers import load_table
from wattbench.hw.imxrt.aliased import AliasedBlock

WORDS, SHADOWED_WORDS = 272, 144
BITWISE_WORDS = range(0x20)
UNIQUE_ID_WORDS = (0x10, 0x11)
MAC_WORDS = (0x28, 0x29)
DEFAULT_UNIQUE_ID = 0x57B0_2A6C_4E09_1D73
"""Lot, wafer and place on the wafer of a part that is not named otherwise."""
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
WORD_SETTING = re.compile(r"(0x[0-9a-f]+|\d+)\s*=\s*(0x[0-9a-f]+|\d+)", re.IGNORECASE)
MAC_ADDRESS = re.compile(r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}", re.IGNORECASE)


@model("Wattbench.Ocotp")
class Ocotp(AliasedBlock):
    """Fuses and their controller at 0x40CAC000.

    Outputs: `READ_ERROR` (IRQ 115), `READ_DONE` (IRQ 116). Fuses outlive every reset and loss of power.
    """

    size = 0x4000
    table = TABLE
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
        super().__init__(host, name)
        self.fuses = [0] * WORDS
        self.locked = [False] * WORDS
        self.damaged = [False] * WORDS
        """Words with two wrong bits, which the check bits cannot mend."""
        self._access, self._word, self._data = "", 0, 0
        self._read_error = self.output("READ_ERROR")
        self._read_done = self.output("READ_DONE")
        self._finish = self.timer("access", self._finished)
        self._preset(UNIQUE_ID_WORDS[0], unique_id >> 32 & 0xFFFF_FFFF)
        self._preset(UNIQUE_ID_WORDS[1], unique_id & 0xFFFF_FFFF)
        if mac_address:
            self._preset_mac_address(mac_address)
        self._preset_words(fuses)

    def _preset(self, word: int, value: int) -> None:
        """A word as the factory or the maker of the board has left it."""
        self.fuses[word] = value
        self.locked[word] = bool(value) and word not in BITWISE_WORDS

    def _preset_mac_address(self, text: str) -> None:
        if not MAC_ADDRESS.fullmatch(text):
            raise UsageError(f'{self.name}: macAddress takes six bytes such as "02:00:5E:00:53:01", not "{text}".')
        address = int(text.replace(":", "").replace("-", ""), 16)
        self._preset(MAC_WORDS[0], address & 0xFFFF_FFFF)
        self._preset(MAC_WORDS[1], address >> 32)

    def _preset_words(self, text: str) -> None:
        for entry in filter(None, re.split(r"[,;]\s*", text.strip())):
            match = WORD_SETTING.fullmatch(entry.strip())
            if not match:
                raise UsageError(f'{self.name}: fuses takes words such as "0x16=0x10, 0x15=2", not "{entry}".')
            word, value = (int(number, 0) for number in match.groups())
            if word >= WORDS or value >> 32:
                raise UsageError(f"{self.name}: fuse words are 0 to 0x{WORDS - 1:X} of 32 bits, not {entry}.")
            self._preset(word, value)

    def fuse_word(self, word: int) -> int:
        """The 32 fuses of word `word` (0 to 0x10F); ValueError if there is none."""
        return self.fuses[self._checked(word)]

    def blow(self, word: int, ones: int) -> None:
        """Blow the fuses `ones` of a word from outside, locks or not; shadow registers follow at the next load."""
        self.fuses[self._checked(word)] |= ones & 0xFFFF_FFFF

    def damage(self, word: int) -> None:
        """Give a word two wrong bits for good: reading it reports an error that cannot be corrected."""
        self.damaged[self._checked(word)] = True

    def _checked(self, word: int) -> int:
        if word not in range(WORDS):
            raise ValueError(f"{self.name} has fuse words 0 to 0x{WORDS - 1:X}, not {word}")
        return word

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
